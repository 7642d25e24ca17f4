#!/usr/bin/env bash
# Does what docs/tutorial.md says, in a folder that is removed afterwards: a block whose first line names a file becomes that
# file, `sh` blocks are run one after the other, others are for reading.
#
# The tutorial's `fewstep` is the debug build of this checkout, whose scratch folder its package shares, so that little is built.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${JOBS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fewstep() { "$root/.build/debug/fewstep" "$@"; }
swift() { command swift "$1" --jobs "$jobs" --scratch-path "$root/.build" "${@:2}"; }

awk '
  /^```/ && open { if (file) print "END_OF_FILE"; open = 0; next }
  /^```/ {
    open = 1; file = $2; runs = ($1 == "```sh")
    if (file) print "cat > " file " <<\"END_OF_FILE\""
    next
  }
  open && (file || runs)
' "$root/docs/tutorial.md" > "$work/tutorial.bash"

cd "$work"
set -x
# shellcheck source=/dev/null
source tutorial.bash
