#!/usr/bin/env bash
# Tests packages outside the tree: Tests/OutOfTree, and one of each kind that `fewstep new` writes. Each trains its recipe too.
#
# They share the scratch folder of this checkout's debug build, so that Fewstep is not built again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${JOBS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shared=(--jobs "$jobs" --scratch-path "$root/.build")

cp -R "$root/Tests/OutOfTree" "$work/reweighting"
FEWSTEP_PACKAGE=$root swift test "${shared[@]}" --package-path "$work/reweighting"

cd "$work"
for kind in objective reward backbone; do
  "$root/.build/debug/fewstep" new "$kind" "my-$kind"
  (
    cd "my-$kind"
    swift format lint --strict --configuration "$root/.swift-format" -r Package.swift Sources Tests
    swift test "${shared[@]}"
    swift run "${shared[@]}" "my-$kind" run recipe.yaml --set training.steps=50
  )
done
