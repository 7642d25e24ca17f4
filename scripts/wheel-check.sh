#!/usr/bin/env bash
# wheel-check.sh BUILD: makes the wheel from a release build, and tries it as on a machine without Swift: in a fresh environment, on
# the PyTorch of .venv-torch, from an empty folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/wheel.sh "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
realpath .venv-torch/lib/python3*/site-packages > "$(echo "$work"/python/lib/python3*/site-packages)/torch.pth"
"$work/python/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps dist/fewstep-*.whl

export PATH=$work/python/bin:/usr/bin:/bin XDG_CACHE_HOME=$work/cache OMP_WAIT_POLICY=passive
if command -v swift; then echo "wheel-check: there is a Swift in /usr/bin" >&2; exit 1; fi
mkdir "$work/empty"
cd "$work/empty"
fewstep doctor --device cpu
fewstep run quickstart --set training.steps=3 --set evaluation=null --into run
fewstep launch --processes 2 run league/base --set training.steps=2 --set training.micro-batches=2 --set evaluation=null --into two
fewstep inspect two/student.safetensors > /dev/null
