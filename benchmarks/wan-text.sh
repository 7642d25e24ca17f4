#!/usr/bin/env bash
# UMT5-XXL, Wan2.1's text encoder, at its full size on the CPU: two prompts with `fewstep embed` and with transformers, in
# bfloat16; seconds, memory and the difference. Weights are random. Takes 11.1 GB of memory.
#
#   benchmarks/wan-text.sh FOLDER
#   benchmarks/wan-text.sh FOLDER --size tiny
#
# FEWSTEP and PYTHON choose the program, and a Python with benchmarks/requirements.txt; DTYPE=float32 another dtype. What follows
# the folder are options of wan_model.py.
set -euo pipefail
folder=$(mkdir -p "${1:?name a folder for the model}" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
fewstep=$(realpath "${FEWSTEP:-.build/release/fewstep}")
python=$(realpath --no-symlinks "${PYTHON:-.venv-torch/bin/python}")
benchmarks=$(pwd)/benchmarks
dtype=${DTYPE:-bfloat16}
source "$benchmarks/measured.sh"

[ -e "$folder/model/model_index.json" ] || {
  rm -rf "$folder/model"
  "$python" "$benchmarks/wan_model.py" "$folder/model" --layers 1 --text-encoder xxl --dtype "$dtype" "$@"
}
cd "$folder"
printf 'a red fox in the snow\na harbour at dawn\n' > prompts.txt
"$fewstep" doctor | grep -E '^(libtorch|BLAS|threads|CPU)'

cat model/text_encoder/*.safetensors > /dev/null  # so that all find the files in the system's cache, as far as it goes
measured "fewstep, $dtype, a prompt of one token" "$fewstep" embed model "a" --output smallest.h5 --precision "$dtype"
loading=$seconds
measured "fewstep, $dtype" "$fewstep" embed model --file prompts.txt --output text.h5 --precision "$dtype"
awk -v all="$seconds" -v loading="$loading" -v dtype="$dtype" \
  'BEGIN {printf "fewstep, %s: %.1f s for the prompts, without loading\n", dtype, all - loading}'
measured "transformers, $dtype" "$python" "$benchmarks/wan_text.py" . --dtype "$dtype" --compare text.h5
