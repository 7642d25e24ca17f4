#!/usr/bin/env bash
# Everything that needs a GPU, on a bare machine with PyTorch for CUDA, diffusers, peft and g++, and no Swift: installs the wheel,
# compares the device with the CPU (operators, then whole runs of each model family), and measures training steps of SDXL at
# 1024 x 1024 and of Wan2.1 1.3B at 480 x 832 beside the plan's bytes and beside the same step in diffusers. Weights are random.
#
#   make wheel && benchmarks/gpu.sh dist/fewstep-*.whl RESULTS
#   DEVICE=cpu SIZE=tiny benchmarks/gpu.sh dist/fewstep-*.whl RESULTS      # a rehearsal
#
# Meant for under 9 minutes on one H100; it has not run on a GPU yet. A part that fails does not stop the others. RESULTS gets gpu.json, gpu.md and the logs.
# PYTHON chooses the Python (python3); MODELS names a folder that keeps the models.
set -uo pipefail
wheel=$(realpath "${1:?name the wheel}")
results=$(mkdir -p "${2:?name a folder for the results}" && cd "$2" && pwd)
benchmarks=$(cd "$(dirname "$0")" && pwd)
python=$(command -v "${PYTHON:-python3}")
device=${DEVICE:-cuda}
size=${SIZE:-full}
work=$(mktemp -d)
models=${MODELS:-$work/models}
trap 'rm -rf "$work"' EXIT
mkdir -p "$models"
cd "$work"
began=$SECONDS

# part NAME COMMAND...: its output into a log, its seconds and status into parts.tsv.
part() {
  local name=$1 start status=0
  shift
  start=$(date +%s.%N)
  "$@" > "$results/$name.log" 2>&1 || status=$?
  printf '%s\t%s\t%.1f\n' "$name" "$status" "$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN {print b - a}')" >> "$results/parts.tsv"
  printf '%4d s  %s: %s\n' "$((SECONDS - began))" "$name" "$([ $status = 0 ] && echo done || echo "FAILED, see $name.log")"
  return "$status"
}
rm -f "$results/parts.tsv"

part machine bash -c 'uname -sr; lscpu | grep "Model name"; command -v nvidia-smi > /dev/null && nvidia-smi || true'
part install "$python" -m pip install --quiet --no-index --no-deps --upgrade --target "$work/site" "$wheel" || exit 1
export PYTHONPATH=$work/site${PYTHONPATH:+:$PYTHONPATH} XDG_CACHE_HOME=$work/cache
fewstep=("$python" -c "import fewstep; fewstep.main()")
part compile "${fewstep[@]}" doctor || exit 1
operators() { "${fewstep[@]}" doctor --device "$device" --json > "$results/operators.json"; }
part operators operators

# Whole runs of each family, on the device and on the CPU. A large epsilon, or AdamW makes whole steps of rounding.
cp -r "$work"/site/fewstep/share/{weights,recipes} .
part sdxl-model "$python" "$benchmarks/full_size_model.py" "$models/sdxl" --size "$size" &
part wan-model "$python" "$benchmarks/wan_model.py" "$models/wan" --size "$([ "$size" = tiny ] && echo tiny || echo 1.3B)" &
"$python" "$benchmarks/full_size_model.py" tiny-sdxl --size tiny > "$results/tiny-models.log" 2>&1
"$python" "$benchmarks/wan_model.py" tiny-wan --size tiny --dtype float32 >> "$results/tiny-models.log" 2>&1
printf 'a red fox in the snow\na harbour at dawn\n' > prompts.txt
small() {
  cat << YAML
objective: {kind: amd, group-size: 2}
reward: {kind: intrinsic}
matching: {guidance: 3, guidance-passes: 2, steps: last}
student: {steps: [1, 0.5], learning-rate: 1e-3, epsilon: 0.01}
fake-teacher: {updates: 2, learning-rate: 1e-3, epsilon: 0.01}
training: {steps: 3, batch: 4, micro-batches: 2}
output: {checkpoint-every: 3, sample-every: 0, diagnostics-every: 100}
monitor: {every: 0}
YAML
}
{ echo "name: mixture"; echo "backbone: {kind: gaussian-mixture}"; small; } > mixture.yaml
{ echo "name: pixel-unet"; echo "backbone: {kind: pixel-unet, teacher: weights/league/teacher.safetensors}"; small; } > pixel-unet.yaml
{ echo "name: sdxl"; echo "backbone: {kind: sdxl, model: tiny-sdxl, prompts: prompts-sdxl, size: [64, 64], gradient-checkpointing: true}"; small; } > sdxl.yaml
{ echo "name: wan"; echo "backbone: {kind: wan, model: tiny-wan, prompts: prompts-wan, size: [32, 32], frames: 5, gradient-checkpointing: true}"; small; } > wan.yaml
family() {
  [ ! -d "tiny-$1" ] || "${fewstep[@]}" prepare prompts prompts.txt --model "tiny-$1" --into "prompts-$1" || return
  "${fewstep[@]}" run "$1.yaml" --into "runs/$1-reference" &&
    "${fewstep[@]}" run "$1.yaml" --set "device=$device" --into "runs/$1-device" &&
    "${fewstep[@]}" diff "runs/$1-reference/checkpoints/step-3.h5" "runs/$1-device/checkpoints/step-3.h5" \
      --tolerance 2e-3 --json > "$results/family-$1.json"
}
for name in mixture pixel-unet sdxl wan; do
  part "family-$name" family "$name"
done
wait

# Steps at full size.
if [ "$size" = full ]; then sdxl_size="[1024, 1024]" latents=128 wan_size="[480, 832]" frames=81 rank=64
else sdxl_size="[64, 64]" latents=8 wan_size="[32, 32]" frames=5 rank=4; fi
layers="[to_q, to_k, to_v, to_out.0, proj_in, proj_out, ff.net.0.proj, ff.net.2]"
lora="lora: {rank: $rank, alpha: 8, layers: $layers}"
step_recipe() {  # NAME BACKBONE OBJECTIVE BATCH ADAPTERS
  cat > "$1.yaml" << YAML
name: $1
device: $device
backbone: {$2, precision: bfloat16, gradient-checkpointing: true}
reward: {kind: intrinsic}
objective: $3
matching: {guidance: 8, guidance-passes: 2, steps: last, scale: dmd2}
student: {steps: [1, 0.75, 0.5, 0.25], learning-rate: 1e-6${5:+, $5}}
fake-teacher: {updates: 1, learning-rate: 1e-6${5:+, $5}}
training: {steps: 3, batch: $4}
output: {checkpoint-every: 100, sample-every: 0, diagnostics-every: 100}
monitor: {every: 0}
YAML
}
sdxl="kind: sdxl, model: $models/sdxl, prompts: step-sdxl, size: $sdxl_size"
wan="kind: wan, model: $models/wan, prompts: step-wan, size: $wan_size, frames: $frames"
step_recipe sdxl-dmd-lora "$sdxl" "{kind: dmd}" 2 "$lora"
step_recipe sdxl-amd-lora "$sdxl" "{kind: amd, group-size: 2}" 2 "$lora"
step_recipe sdxl-dmd-full "$sdxl" "{kind: dmd}" 2
step_recipe sdxl-amd-full "$sdxl" "{kind: amd, group-size: 2}" 2
step_recipe wan-dmd-lora "$wan" "{kind: dmd}" 1 "lora: {rank: $rank, alpha: 8, layers: [to_q, to_k, to_v, to_out.0, ffn.net.0.proj, ffn.net.2]}"
step() {
  "${fewstep[@]}" plan "$1.yaml" --json > "$results/$1-plan.json" &&
    "${fewstep[@]}" run "$1.yaml" --into "runs/$1" --profile && gzip -c "runs/$1/profile.json" > "$results/$1-profile.json.gz"
}
part prompts-sdxl "${fewstep[@]}" prepare prompts prompts.txt --model "$models/sdxl" --into step-sdxl --device "$device"
part sdxl-amd-lora step sdxl-amd-lora
part sdxl-dmd-lora step sdxl-dmd-lora
part diffusers-lora "$python" "$benchmarks/sdxl_step.py" "$models/sdxl/unet" --size "$latents" --device "$device" --rank "$rank"
part sdxl-amd-full step sdxl-amd-full
part sdxl-dmd-full step sdxl-dmd-full
part diffusers-full "$python" "$benchmarks/sdxl_step.py" "$models/sdxl/unet" --size "$latents" --device "$device"
part prompts-wan "${fewstep[@]}" prepare prompts prompts.txt --model "$models/wan" --into step-wan --device "$device"
part wan-dmd-lora step wan-dmd-lora
part report "$python" "$benchmarks/gpu_report.py" "$results"
cat "$results/gpu.md"
