#!/usr/bin/env bash
# Stable Diffusion XL at its full size on the CPU, from end to end: prompts, a plan, a step of LoRA training at 512 x 512, its
# checkpoint, a picture, a kill, a resume, the export, and diffusers that loads it. Weights are random. It takes 17 GB of
# memory and, on 2 cores, 8 minutes.
#
#   benchmarks/full-size.sh FOLDER
#
# FEWSTEP and PYTHON choose the program, and a Python with benchmarks/requirements.txt.
set -euo pipefail
folder=$(mkdir -p "${1:?name a folder for the model and the run}" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
fewstep=$(realpath "${FEWSTEP:-.build/release/fewstep}")
python=$(pwd)/${PYTHON:-.venv-torch/bin/python}
benchmarks=$(pwd)/benchmarks

[ -d "$folder/model" ] || "$python" "$benchmarks/full_size_model.py" "$folder/model"
cd "$folder"
printf 'a red fox in the snow\na harbour at dawn\n' > prompts.txt
cat > recipe.yaml <<'YAML'
name: full-size
backbone: {kind: sdxl, model: model, prompts: prompts, size: [512, 512], gradient-checkpointing: true}
objective: {kind: dmd}
matching: {guidance: 8, guidance-passes: 2, steps: last}
student:
  steps: [1, 0.5]
  learning-rate: 5e-5
  lora: &adapters {rank: 8, alpha: 8, layers: [to_q, to_k, to_v, to_out.0, proj_in, proj_out, ff.net.0.proj, ff.net.2]}
fake-teacher: {updates: 1, learning-rate: 5e-5, lora: *adapters}
training: {steps: 2, batch: 1}
output: {checkpoint-every: 1, sample-every: 1, samples: 1, diagnostics-every: 10}
monitor: {every: 0}
YAML
"$fewstep" prepare prompts prompts.txt --model model --into prompts
"$fewstep" plan recipe.yaml | tee plan.txt

# Starts the program, and prints the most memory that it had and its seconds when it ends.
measured() {
  local start=$SECONDS most=0 now
  "$@" &
  local process=$!
  while now=$(awk '/VmHWM/ {print $2}' "/proc/$process/status" 2> /dev/null) && [ -n "$now" ]; do
    most=$now
    # The first run is killed while it makes the picture of the step that it has just saved.
    if [ -n "${kill_at:-}" ] && [ -e "$kill_at" ]; then sleep 5; kill -9 "$process"; fi
    sleep 1
  done
  wait "$process" || true
  echo "memory at most: $((most / 1024)) MiB, $((SECONDS - start)) s"
}

rm -rf run
kill_at=run/checkpoints/step-1.h5 measured "$fewstep" run recipe.yaml --into run
measured "$fewstep" run recipe.yaml --into run --resume --profile
ls -l run/samples run/checkpoints
"$fewstep" export run --format peft --output lora.safetensors
"$python" "$benchmarks/full_size_load.py" model lora.safetensors
