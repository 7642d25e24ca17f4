#!/usr/bin/env bash
# run.sh [--rounds N] [--case NAME] [--save]: training steps in Swift and in PyTorch, on the same libtorch, in turn.
# run.sh unet [--size N] [--dtype NAME] [--passes N] [--save]: forward passes of SDXL's U-Net, ours and diffusers'.
#
# FEWSTEP_TORCH_PYTHON names a Python that has PyTorch; otherwise the Makefile makes one. OMP_NUM_THREADS (2 where it is
# not set) and OMP_WAIT_POLICY hold for both sides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

product=StepBenchmark
script=benchmarks/compare_steps.py
if [ "${1:-}" = unet ]; then
  shift
  product=UNetBenchmark
  script=benchmarks/compare_unet.py
fi

if [ -z "${FEWSTEP_TORCH_PYTHON:-}" ]; then
  make --silent torch > /dev/null
  FEWSTEP_TORCH_PYTHON=.venv-torch/bin/python
fi
LIBTORCH=$("$FEWSTEP_TORCH_PYTHON" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export LIBTORCH

build=(swift build -c release --jobs "${JOBS:-2}" --scratch-path .build-libtorch)
"${build[@]}" --product "$product" >&2
exec "$FEWSTEP_TORCH_PYTHON" "$script" "$("${build[@]}" --show-bin-path)/$product" "$@"
