#!/usr/bin/env bash
# Trains a tiny SDXL and a tiny Wan for three steps, exports the students in every format, and lets Python's diffusers load
# them.
#
# Needs the command to be built (FEWSTEP, by default .build/debug/fewstep), and a Python with diffusers (PYTHON, by default
# that of `make torch`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fewstep=$(realpath "${FEWSTEP:-.build/debug/fewstep}")
model=$PWD/Tests/PluginTests/SDXL/Fixtures/pipeline
checks=$PWD/scripts
python=$(realpath --no-symlinks "${PYTHON:-.venv-torch/bin/python}")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\n' "a cat!" "the end of the road" > prompts.txt
"$fewstep" prepare prompts prompts.txt --model "$model" --into prompts
cat > full.yaml << RECIPE
name: tiny
backbone: {kind: sdxl, model: $model, prompts: prompts, size: [16, 16]}
objective: {kind: dmd}
student: {learning-rate: 0.01, ema: {decay: 0.5}}
fake-teacher: {updates: 1}
training: {steps: 3, batch: 2}
monitor: {every: 0}
RECIPE
cat > lora.yaml << RECIPE
extends: full.yaml
student:
  lora:
    {rank: 2, alpha: 6, layers: [to_q, to_k, to_v, to_out.0, proj_in, proj_out, ff.net.0.proj, ff.net.2, conv1, conv2,
      conv_shortcut, downsamplers.0.conv, upsamplers.0.conv, time_emb_proj]}
fake-teacher: {lora: {rank: 2}}
RECIPE
for recipe in full lora; do
  "$fewstep" run $recipe.yaml --into $recipe
  "$fewstep" export $recipe --into $recipe-folder --dtype float32
done
"$fewstep" export lora --format peft --output peft.safetensors --dtype float32
"$fewstep" export lora --format kohya --output kohya.safetensors --dtype float32
"$fewstep" export full --format component --into unet --dtype float32

"$python" "$checks/load_with_diffusers.py" "$fewstep" "$model"

fixtures=$(dirname "$checks")/Tests/PluginTests/Wan/Fixtures
mkdir wan && cp -r "$fixtures/pipeline" wan/model && cp -r "$fixtures/tokenizer" wan/model/tokenizer && cd wan
gunzip model/tokenizer/*.gz
"$fewstep" prepare prompts ../prompts.txt --model model --into prompts
cat > lora.yaml << RECIPE
name: tiny
backbone: {kind: wan, model: model, prompts: prompts, size: [32, 48], frames: 5, shift: 5}
objective: {kind: dmd}
student: {learning-rate: 0.01, lora: {rank: 2, alpha: 6, layers: [to_q, to_k, to_v, to_out.0, ffn.net.0.proj, ffn.net.2]}}
fake-teacher: {updates: 1, lora: {rank: 2}}
training: {steps: 3, batch: 2}
monitor: {every: 0}
output: {samples: 0}
RECIPE
"$fewstep" run lora.yaml --into lora
for format in diffusers component original; do
  "$fewstep" export lora --format $format --into $format --dtype float32
done
for format in peft comfyui; do "$fewstep" export lora --format $format --output $format.safetensors --dtype float32; done
"$python" "$checks/load_wan_with_diffusers.py" "$fewstep"
