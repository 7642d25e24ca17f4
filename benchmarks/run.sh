#!/usr/bin/env bash
# run.sh [--rounds N] [--case NAME] [--save]: training steps in Swift and in PyTorch, on the same libtorch, in turn.
#
# FEWSTEP_TORCH_PYTHON names a Python that has PyTorch; otherwise the Makefile makes one. OMP_NUM_THREADS (2 where it is
# not set) and OMP_WAIT_POLICY hold for both sides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

if [ -z "${FEWSTEP_TORCH_PYTHON:-}" ]; then
  make --silent torch > /dev/null
  FEWSTEP_TORCH_PYTHON=.venv-torch/bin/python
fi
LIBTORCH=$("$FEWSTEP_TORCH_PYTHON" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export LIBTORCH

build=(swift build -c release --jobs "${JOBS:-2}" --scratch-path .build-libtorch)
"${build[@]}" --product StepBenchmark >&2
exec "$FEWSTEP_TORCH_PYTHON" benchmarks/compare.py "$("${build[@]}" --show-bin-path)/StepBenchmark" "$@"
