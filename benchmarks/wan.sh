#!/usr/bin/env bash
# Wan2.1 1.3B at its full size on the CPU, from end to end: prompts, a plan, a pass in float32 and in bfloat16 beside diffusers',
# a step of AMD with LoRA at 128 x 208 and 5 frames, its checkpoint, a film strip, a kill, a resume, the exports, and diffusers
# that loads them. Weights are random, and the text encoder has one layer. Takes 12 GB of memory and, on 2 busy cores, 40 minutes.
#
#   benchmarks/wan.sh FOLDER
#   LATENTS="2 8 12" STEPS=20 benchmarks/wan.sh FOLDER --size tiny
#
# FEWSTEP and PYTHON choose the program, and a Python with benchmarks/requirements.txt. What follows the folder are options of
# wan_model.py; LATENTS is the size of the pass in frames, rows and columns; with more STEPS the kill comes before the end of a
# tiny model's run. The two sides compare best if the program is built on PyTorch's libtorch.
set -euo pipefail
folder=$(mkdir -p "${1:?name a folder for the model and the run}" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
fewstep=$(realpath "${FEWSTEP:-.build/release/fewstep}")
python=$(realpath --no-symlinks "${PYTHON:-.venv-torch/bin/python}")
benchmarks=$(pwd)/benchmarks
read -ra latents <<< "${LATENTS:-5 60 104}"
source "$benchmarks/measured.sh"

[ -e "$folder/model/model_index.json" ] || {
  rm -rf "$folder/model"
  "$python" "$benchmarks/wan_model.py" "$folder/model" "$@"
}
cd "$folder"
printf 'a red fox in the snow\na harbour at dawn\n' > prompts.txt
cat > recipe.yaml <<YAML
name: wan
backbone:
  {kind: wan, model: model, prompts: prompts, size: [128, 208], frames: 5, precision: bfloat16, gradient-checkpointing: true}
reward: {kind: intrinsic}
objective: {kind: amd, group-size: 2}
matching: {guidance: 3, guidance-passes: 2, steps: last}
student:
  steps: [1, 0.75, 0.5, 0.25]
  learning-rate: 5e-5
  lora: &adapters {rank: 16, alpha: 16, layers: [to_q, to_k, to_v, to_out.0, ffn.net.0.proj, ffn.net.2]}
fake-teacher: {updates: 1, learning-rate: 5e-5, lora: *adapters}
training: {steps: ${STEPS:-2}, batch: 2}
output: {checkpoint-every: 1, sample-every: 1, samples: 1, diagnostics-every: 10}
monitor: {every: 0}
YAML
"$fewstep" doctor | grep -E '^(libtorch|BLAS|threads|CPU)'
rm -rf prompts run exported && mkdir exported
measured "prompts" "$fewstep" prepare prompts prompts.txt --model model --into prompts --precision bfloat16
measured "plan" "$fewstep" plan recipe.yaml

for dtype in float32 bfloat16; do
  measured "diffusers, $dtype" "$python" "$benchmarks/wan_forward.py" . --dtype $dtype --latents "${latents[@]}"
  measured "fewstep, $dtype, smallest inputs" \
    "$fewstep" denoise model --input smallest.safetensors --output smallest.h5 --precision $dtype
  loading=$seconds
  measured "fewstep, $dtype" "$fewstep" denoise model --input inputs.safetensors --output fewstep-$dtype.h5 --precision $dtype
  awk -v all="$seconds" -v loading="$loading" -v dtype=$dtype \
    'BEGIN {printf "fewstep, %s: %.1f s a pass, without loading\n", dtype, all - loading}'
done
"$python" "$benchmarks/wan_forward.py" . --compare fewstep-float32.h5 fewstep-bfloat16.h5

kill_at=run/checkpoints/step-1.h5 measured "training, killed" "$fewstep" run recipe.yaml --into run
measured "training, resumed" "$fewstep" run recipe.yaml --into run --resume --profile
ls -l run/samples run/checkpoints
for format in peft comfyui; do
  measured "$format" "$fewstep" export run --format $format --output exported/$format.safetensors --dtype float32
done
for format in component original; do
  measured "$format" "$fewstep" export run --format $format --into exported/$format --dtype float32
done
measured "diffusers, loading" "$python" "$benchmarks/wan_load.py" .
