#!/usr/bin/env bash
# Does the number of processes change nothing but rounding? 20 steps of the league's task (14 x 14 garments) in one process, and in
# 2 and 4 Gloo processes, whole and sharded each way: the largest difference of all weights, moments and averages, as a table.
#
#   benchmarks/processes.sh FOLDER [ROWS]
#
# FEWSTEP chooses the program; it needs a libtorch with process groups (`fewstep doctor`). ROWS runs only rows that match a pattern.
# Takes ten minutes on two cores. Rows that are in FOLDER already are not run again.
set -euo pipefail
folder=$(mkdir -p "${1:?name a folder for the runs}" && cd "$1" && pwd)
rows=${2:-.}
cd "$(dirname "$0")/.."
fewstep=$(realpath "${FEWSTEP:-.build-libtorch/release/fewstep}")
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

cat > "$folder/recipe.yaml" <<YAML
extends: $(pwd)/recipes/league/base.yaml
name: processes
# A small epsilon would make whole steps of the rounding of tiny gradients.
student: {epsilon: 0.01}
fake-teacher: {epsilon: 0.01}
training: {batch: 8, micro-batches: 4}
output: {checkpoint-every: 100, sample-every: 0, diagnostics-every: 1000}
monitor: {every: 0}
YAML

dmd2="objective={kind: dmd2}"
amd="objective={kind: amd}"
adapters="student.lora={rank: 8, alpha: 8}"
fake_adapters="fake-teacher.lora={rank: 8, alpha: 8}"

# run NAME PROCESSES UNTIL [OPTION...]
run() {
  local name=$1 processes=$2 until=$3 status=0
  shift 3
  local launch=("$fewstep")
  [ "$processes" = 1 ] || launch+=(launch --processes "$processes")
  "${launch[@]}" run "$folder/recipe.yaml" --into "$folder/$name" --stop-after "$until" "$@" >> "$folder/$name.log" 2>&1 ||
    status=$?
  # 75: stopped where it should.
  [ "$status" = 75 ] || { tail -n 5 "$folder/$name.log" >&2; exit 1; }
}

largest() {
  "$fewstep" diff "$folder/$1/checkpoints/step-20.h5" "$folder/$2/checkpoints/step-20.h5" --json |
    sed -n 's/^  "largest" : "*\([^",]*\).*/\1/p'
}

# row OBJECTIVE REFERENCE "PROCESSES[ PROCESSES]" SHARDING [SETTING...]: with two numbers, the second goes on from step 10.
row() {
  local objective=$1 reference=$2 processes=($3) sharding=$4 options=() setting
  shift 4
  local name="$reference-${processes[*]}-$sharding"
  name=${name//[^a-z0-9]/-}
  echo "$name" | grep -q -- "$rows" || return 0
  for setting in "$@"; do options+=(--set "$setting"); done
  if [ ! -e "$folder/$reference/checkpoints/step-20.h5" ]; then run "$reference" 1 20 "${options[@]}"; fi
  if [ ! -e "$folder/$name/checkpoints/step-20.h5" ]; then
    rm -rf "${folder:?}/$name"
    local kinds=()
    [ "$sharding" = none ] || kinds=(--set "sharding={$sharding}")
    if [ ${#processes[@]} = 1 ]; then
      run "$name" "${processes[0]}" 20 "${options[@]}" "${kinds[@]}"
    else
      run "$name" "${processes[0]}" 10 "${options[@]}" "${kinds[@]}"
      run "$name" "${processes[1]}" 20 "${options[@]}" "${kinds[@]}" --resume
    fi
  fi
  local first=${processes[0]} second=${processes[1]:-}
  printf '| %s | %s | `%s` | %.1e |\n' "$objective" "$first${second:+, from step 10 on $second}" "$sharding" \
    "$(largest "$reference" "$name")"
}

optimizer="student: optimizer, fake-teacher: optimizer"
full="teacher: full, student: full, fake-teacher: full"
echo "| objective | processes | \`sharding\` | largest difference |"
echo "| --- | ---: | --- | ---: |"
for objective in dmd2 amd; do
  label=$([ $objective = dmd2 ] && echo "DMD2 with its GAN" || echo AMD)
  for processes in 2 4; do
    row "$label" $objective $processes none "${!objective}"
    row "$label" $objective $processes "$optimizer" "${!objective}"
    row "$label" $objective $processes "$full" "${!objective}"
  done
  row "$label" $objective 4 "$full, group-size: 2" "${!objective}"
done
row "DMD2 with its GAN" dmd2 "4 2" "$full" "$dmd2"
row "AMD, adapters" lora 2 none "$amd" "$adapters" "$fake_adapters"
row "AMD, adapters" lora 2 "teacher: full, student: optimizer, fake-teacher: optimizer" "$amd" "$adapters" "$fake_adapters"
row "AMD, adapters" lora 4 "teacher: full, student: optimizer, fake-teacher: optimizer" "$amd" "$adapters" "$fake_adapters"
