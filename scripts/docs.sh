#!/usr/bin/env bash
# The public API's documentation as a DocC archive, one module beside the other. The toolchain's own docc makes it: a package
# plugin for it would have to be fetched by everybody who builds Fewstep.
#
# usage: scripts/docs.sh SCRATCH-FOLDER
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$1
archive=$scratch/Fewstep.doccarchive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# It ends with an error where the tests were not built, after it has written the graphs of everything else.
swift package --scratch-path "$scratch" dump-symbol-graph --minimum-access-level public --skip-synthesized-members || true
graphs=$(find "$scratch" -type d -name symbolgraph | head -n 1)
for module in Encoders Fewstep Files Media Networks ObjectiveChecks Processes Tensors; do
  mkdir "$work/$module"
  cp "$graphs/$module".symbols.json "$graphs/$module"@*.symbols.json "$work/$module"
  # Its landing page, where it has one.
  docc convert Sources/"$module"/*.docc --additional-symbol-graph-dir "$work/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "org.fewstep.$module" \
    --output-path "$work/$module.doccarchive"
done
rm -rf "$archive"
docc merge "$work"/*.doccarchive --output-path "$archive" \
  --synthesized-landing-page-name Fewstep --synthesized-landing-page-kind Framework
echo "made $archive; to read it: python3 -m http.server --directory $archive, then http://localhost:8000/documentation"
