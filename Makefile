# Targets for people and for .ci/run. `make` lists them.

# LIBTORCH=/path: another libtorch than the system's, with build folders of its own, so that switching rebuilds nothing.
JOBS ?= 2
# Options for pip where PyTorch should come from another index than the default one (for a build without CUDA, say):
# make torch TORCH_PIP="--extra-index-url ..."
TORCH_PIP ?=
# Options of benchmarks/run.sh: make bench BENCH="--rounds 9 --save"
BENCH ?=

ifeq ($(strip $(LIBTORCH)),)
# To Package.swift an empty variable is not the same as none.
unexport LIBTORCH
SCRATCH := .build
else
override LIBTORCH := $(abspath $(LIBTORCH))
export LIBTORCH
SCRATCH := .build-libtorch
endif

RELEASE := -c release --jobs $(JOBS)
# Tests look inside the modules, which a release build allows only if asked. The other flags need another folder, or each
# build after a test would compile everything again.
TESTABLE := $(RELEASE) -Xswiftc -enable-testing --scratch-path $(SCRATCH)-testable
SWIFT_FILES := Sources Plugins Tests benchmarks Package.swift

.DEFAULT_GOAL := help
.PHONY: help install build quickstart test test-release test-all golden venv lint format docs bench wheel torch clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  LIBTORCH=/path  another libtorch (a folder with include/ and lib/)    JOBS=$(JOBS)  compilers at once"

install: ## Install what is missing of the system packages
	@scripts/install.sh

build: ## Build in release
	swift build $(RELEASE) --scratch-path $(SCRATCH)

quickstart: install build ## Install, build and run the first recipe
	$(SCRATCH)/release/fewstep run recipes/quickstart.yaml

# Tests run in parallel, and whoever tries the quickstart may have other work running: libtorch's threads would spin while they
# wait, and slow down small tensors many times.
quickstart test test-release golden: export OMP_WAIT_POLICY = passive

test: install venv ## Test in debug
	swift test --jobs $(JOBS) --scratch-path $(SCRATCH)

test-release: install venv ## Test in release
	swift test $(TESTABLE)

test-all: test torch ## Test in debug on the system's libtorch, and in release on PyTorch's
	$(MAKE) test-release LIBTORCH="$$($(MAKE) --silent torch | tail -n 1)"

golden: ## Compare what small runs compute with the recorded hashes, after `make test`
	FEWSTEP=$(SCRATCH)/debug/fewstep scripts/golden.sh --short

venv: install
	@scripts/venv.sh .venv Tests/requirements.txt

lint: ## Check the format of every Swift file
	swift format lint --strict -r $(SWIFT_FILES)

format: ## Format every Swift file
	swift format -i -r $(SWIFT_FILES)

docs: ## Make the public API's documentation, a DocC archive
	@scripts/docs.sh $(SCRATCH)

bench: install ## Compare with PyTorch; options in BENCH, such as BENCH=--save
	JOBS=$(JOBS) benchmarks/run.sh $(BENCH)

wheel: install build ## Make dist/*.whl, to install with pip where there is no Swift, for any PyTorch from 2.4 on
	@scripts/wheel.sh $(SCRATCH)/release

torch: ## Make .venv-torch with PyTorch 2.13, and print its folder for LIBTORCH
	@scripts/venv.sh .venv-torch benchmarks/requirements.txt $(TORCH_PIP)
	@.venv-torch/bin/python -c 'import os, torch; print(os.path.dirname(torch.__file__))'

clean: ## Remove everything that was built; the Python environments stay
	rm -rf .build .build-testable .build-libtorch .build-libtorch-testable
