#!/usr/bin/env bash
# moving.sh: the task of moving garments in order, from videos to the tables of two students.
# FEWSTEP and PYTHON name the programs, and SEEDS the seeds of the students.
set -euo pipefail

fewstep=${FEWSTEP:-.build/release/fewstep}
python=${PYTHON:-.venv/bin/python}
model=moving/model

"$python" scripts/moving.py
"$fewstep" train-autoencoder recipes/moving/autoencoder.yaml
length="max-sequence-length=8"
"$fewstep" prepare prompts moving/prompts.txt --model $model --into moving/prepared/prompts --dtype float32 --set "$length"
for part in train test; do
  "$fewstep" prepare videos moving/$part --model $model --into moving/prepared/$part --size 32x32x9 --fps 10 --dtype float32 \
    --set "$length"
done
"$fewstep" train-teacher recipes/moving/teacher.yaml
"$fewstep" train-classifier recipes/moving/evaluation.yaml
"$fewstep" train-classifier recipes/moving/reward.yaml
for seed in ${SEEDS:-0 1 2}; do
  for student in dmd2 amd; do
    "$fewstep" run recipes/moving/$student-4step.yaml --set seed="$seed" --into runs/moving-$student-4step/seed-"$seed"
  done
done
