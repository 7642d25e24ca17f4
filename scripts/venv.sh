#!/usr/bin/env bash
# venv.sh FOLDER REQUIREMENTS [PIP OPTION...]: makes a Python environment with what a requirements file lists.
#
# Does nothing where the environment was already made from the same file by the same Python.
set -euo pipefail

folder=$1
requirements=$2
shift 2
python=${PYTHON:-python3}

fail() { printf 'venv: %s\n' "$*" >&2; exit 1; }

version=$("$python" -c 'import sys; print(sys.version)') || fail "there is no $python"
stamp=$folder/made-from
mark=$({ printf '%s\n' "$version"; cat "$requirements"; } | sha256sum | cut -d ' ' -f 1)
if [ -x "$folder/bin/python" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$mark" ]; then
  exit 0
fi

printf 'Making %s from %s\n' "$folder" "$requirements"
rm -rf "$folder"
"$python" -m venv "$folder" || fail "$python cannot make environments; 'make install' brings python3-venv"
"$folder/bin/python" -m pip install --disable-pip-version-check --no-input --quiet --requirement "$requirements" "$@" \
  || fail "pip could not install what $requirements lists; its own words are above"
# Last, so that what was interrupted is made again.
printf '%s\n' "$mark" > "$stamp"
