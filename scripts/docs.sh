#!/usr/bin/env bash
# The reference of the public API as a DocC archive, by the toolchain's own docc: no package of ours depends on a plugin for it.
#
# usage: scripts/docs.sh SCRATCH-FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$1
archive=$scratch/Fewstep.doccarchive
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT

swift package --scratch-path "$scratch" dump-symbol-graph --minimum-access-level public --skip-synthesized-members
found=$(find "$scratch" -type d -name symbolgraph | head -n 1)
for module in Fewstep Networks Storage Tensors; do
  mkdir -p "$graphs/$module"
  cp "$found/$module".symbols.json "$found/$module"@*.symbols.json "$graphs/$module" 2>/dev/null || true
  catalog=Sources/$module/$module.docc
  [ -d "$catalog" ] || catalog=
  docc convert $catalog --additional-symbol-graph-dir "$graphs/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "org.fewstep.$module" \
    --output-path "$graphs/$module.doccarchive"
done

rm -rf "$archive"
docc merge "$graphs"/*.doccarchive --output-path "$archive" \
  --synthesized-landing-page-name Fewstep --synthesized-landing-page-kind Framework
echo "made $archive; read it with: python3 -m http.server --directory $archive"
