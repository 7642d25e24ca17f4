#!/usr/bin/env bash
# glyphs.sh: all of docs/sdxl-glyphs.md in order, from pictures to the tables of two students.
# FEWSTEP and PYTHON name the programs.
set -euo pipefail

fewstep=${FEWSTEP:-.build/release/fewstep}
python=${PYTHON:-python3}
model=glyphs/model

"$python" scripts/glyphs.py
"$fewstep" train-autoencoder recipes/glyphs/autoencoder.yaml
"$fewstep" prepare prompts glyphs/prompts.txt --model $model --into glyphs/prepared/prompts --batch 40
for part in train test; do
  "$fewstep" prepare images glyphs/$part --model $model --into glyphs/prepared/$part --size 32 --batch 100
done
"$fewstep" train-teacher recipes/glyphs/teacher.yaml
"$fewstep" train-classifier recipes/glyphs/evaluation.yaml
"$fewstep" train-classifier recipes/glyphs/reward.yaml
for student in dmd2 amd; do "$fewstep" run recipes/glyphs/$student-4step.yaml; done
