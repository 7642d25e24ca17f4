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

RELEASE := -c release --jobs $(JOBS) --scratch-path $(SCRATCH)
# Some tests look inside the modules, which a release allows only when asked. In a folder of its own: with other flags,
# everything would be rebuilt each time that a build follows a test.
RELEASE_TEST := -c release --jobs $(JOBS) --scratch-path $(SCRATCH)-testable -Xswiftc -enable-testing
SWIFT_FILES := Sources Plugins Tests benchmarks Package.swift

.DEFAULT_GOAL := help
.PHONY: help install build quickstart test test-debug test-release venv lint format docs bench torch clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  LIBTORCH=/path  another libtorch (a folder with include/ and lib/)    JOBS=$(JOBS)  compilers at once"

install: ## Install what is missing of the system packages
	@scripts/install.sh

build: ## Build in release
	swift build $(RELEASE)

quickstart: install build ## Install, build and run the first recipe
	$(SCRATCH)/release/fewstep run recipes/quickstart.yaml

# Tests run beside each other, and who tries the quickstart may have other work running: there, libtorch's threads would spin
# while they wait, and slow small tensors down many times.
quickstart test-debug test-release: export OMP_WAIT_POLICY = passive

test: test-debug test-release ## Test in debug and in release

test-debug: install venv ## Test in debug
	swift test --jobs $(JOBS) --scratch-path $(SCRATCH)

test-release: install venv ## Test in release
	swift test $(RELEASE_TEST)

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

torch: ## Make .venv-torch with PyTorch 2.13, and print its folder for LIBTORCH
	@scripts/venv.sh .venv-torch benchmarks/requirements.txt $(TORCH_PIP)
	@.venv-torch/bin/python -c 'import os, torch; print(os.path.dirname(torch.__file__))'

clean: ## Remove everything that was built; the Python environments stay
	rm -rf .build .build-testable .build-libtorch .build-libtorch-testable
