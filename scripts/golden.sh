#!/usr/bin/env bash
# Trains small runs and compares the hash of every tensor they leave with the recorded ones: a change that is meant to change
# nothing that is computed can be shown to do so.
#
#   scripts/golden.sh            every run; a few minutes on one core
#   scripts/golden.sh --short    fewer steps, for CI
#   scripts/golden.sh --record   writes them down (with --short: those of the short form), after a change that was meant
#   scripts/golden.sh --list F   writes the hash of every tensor to the file F: two of them show which tensors differ
#
# Recorded is one line a file: how many tensors, and a digest of their sorted hashes. Names do not count, so that a renamed
# tensor or column is no difference.
#
# FEWSTEP names the command (default .build/release/fewstep). The slowest kernels of every library are chosen, on one thread:
# they give the same bits on any x86-64 machine. Hashes belong to Debian's libtorch; another one gives others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
fewstep=$(realpath "${FEWSTEP:-.build/release/fewstep}")

form=full
record=
list=
while [ $# -gt 0 ]; do
  case $1 in
    --short) form=short ;;
    --record) record=yes ;;
    --list) list=${2:?--list needs a file}; shift ;;
    *) printf 'golden: unknown option %s\n' "$1" >&2; exit 64 ;;
  esac
  shift
done
expected=$root/scripts/golden/$form.txt

export OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default DNNL_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem
export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX2_Usable,-FMA_Usable

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# train NAME RECIPE [OPTION...]: a run, then a line for each tensor it left: run, file, tensor, hash.
train() {
  local name=$1 recipe=$2
  shift 2
  printf '%s\n' "$name" >&2
  "$fewstep" run "$recipe" --into "$work/$name" "$@" > "$work/$name.log" 2>&1 || { cat "$work/$name.log" >&2; exit 1; }
  local file
  for file in "$work/$name"/student.safetensors "$work/$name"/checkpoints/*.h5 "$work/$name"/*.h5; do
    "$fewstep" inspect "$file" | awk -v run="$name" -v file="$(basename "$file")" '
      length($NF) == 16 && $NF ~ /^[0-9a-f]+$/ && $2 != "text" { print run, file, $1, $NF }'
  done
  if [ -f "$work/$name/evaluation.json" ]; then
    awk -v run="$name" '{ sub(/,$/, "") } $NF ~ /^-?[0-9]/ { print run, "evaluation.json", ++count, $NF }' \
      "$work/$name/evaluation.json"
  fi
}

if [ "$form" = full ]; then mixture=200 pixels=6; else mixture=40 pixels=2; fi
shared=(--set output.checkpoint-every=1000000 --set output.diagnostics-every=1 --set threads=1)

quickstart() {
  train quickstart recipes/quickstart.yaml "${shared[@]}" --set training.steps=$pixels --set training.batch=16 --set output.sample-every=1000000 \
    --set monitor.samples=16 --set monitor.teacher-steps=2 --set evaluation.samples=20 --set evaluation.teacher-steps=[2]
}

mixtures() {
  local objective
  for objective in '{kind: dmd}' '{kind: dmd2}' '{kind: amd, sharpening: 1, group-size: 16}' '{kind: decoupled-dmd}' \
    '{kind: reward-forcing}' '{kind: sid}'; do
    local name=${objective#*kind: }
    train "mixture-${name%%[,\}]*}" recipes/ablations/mixture/base.yaml "${shared[@]}" --set training.steps=$mixture \
      --set training.batch=64 --set "objective=$objective" --set 'data={kind: mixture}' --set output.diagnostics-every=10 \
      --set 'student.steps=[1, 0.5]' --set evaluation.samples=200 --set evaluation.teacher-steps=[4] \
      --set backbone.network.warm-start=50 --set training.micro-batches=2
  done
}

sdxl() {
  local model=$root/Tests/PluginTests/SDXL/Fixtures/pipeline clip=$root/Tests/EncodersTests/Fixtures/clip-model
  printf '%s\n' "a cat!" "the end of the road" > "$work/prompts.txt"
  "$fewstep" prepare prompts "$work/prompts.txt" --model "$model" --into "$work/prompts" > /dev/null
  mkdir "$work/images"
  cp "$root"/Tests/MediaTests/Fixtures/{420,444,progressive}.jpg "$root/Tests/MediaTests/Fixtures/colour.png" \
    "$work/images"
  "$fewstep" prepare images "$work/images" --model "$model" --into "$work/latents" --size 16x16 > /dev/null
  cat > "$work/base.yaml" << RECIPE
name: tiny
backbone: {kind: sdxl, model: $model, prompts: $work/prompts, size: [16, 16]}
data: {kind: prepared, folder: $work/latents}
reward: {kind: clip-score, model: $clip}
objective: {kind: dmd}
matching: {guidance: 3}
student: {learning-rate: 0.01, ema: {decay: 0.5}}
fake-teacher: {updates: 2}
training: {steps: 3, batch: 4, micro-batches: 2}
monitor: {samples: 8, teacher-steps: 2}
RECIPE
  local lora='{rank: 2, alpha: 6}' gan='{student-weight: 0.1, discriminator-weight: 0.1}'
  train sdxl-dmd2-full "$work/base.yaml" "${shared[@]}" --set "objective={kind: dmd2, gan: $gan}"
  train sdxl-dmd2-lora "$work/base.yaml" "${shared[@]}" --set "objective={kind: dmd2, gan: $gan}" \
    --set "student.lora=$lora" --set "fake-teacher.lora=$lora"
  train sdxl-amd-full "$work/base.yaml" "${shared[@]}" --set 'objective={kind: amd, group-size: 2}'
  train sdxl-amd-lora "$work/base.yaml" "${shared[@]}" --set 'objective={kind: amd, group-size: 2}' \
    --set "student.lora=$lora" --set "fake-teacher.lora=$lora"
}

{ quickstart; mixtures; sdxl; } > "$work/all.txt"
[ -z "$list" ] || cp "$work/all.txt" "$list"
cut -d ' ' -f 1,2 "$work/all.txt" | uniq | while read -r run file; do
  hashes=$(awk -v run="$run" -v file="$file" '$1 == run && $2 == file { print $NF }' "$work/all.txt" | sort)
  printf '%s %s %d %s\n' "$run" "$file" "$(wc -l <<< "$hashes")" "$(sha256sum <<< "$hashes" | cut -c 1-16)"
done > "$work/found.txt"
if [ -n "$record" ]; then
  mkdir -p "$(dirname "$expected")"
  cp "$work/found.txt" "$expected"
  printf '%s is written.\n' "${expected#"$root"/}"
elif diff "$expected" "$work/found.txt"; then
  printf 'All %d tensors and numbers are the recorded ones.\n' "$(wc -l < "$work/all.txt")"
else
  printf 'golden: what is computed has changed: < recorded, > found\n' >&2
  exit 1
fi
