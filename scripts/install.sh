#!/usr/bin/env bash
# Installs the system packages that Fewstep is built on, where any are missing (Debian and Ubuntu), and looks for Swift.
#
# With nothing missing it asks nobody and opens no connection. Root is used only for what is missing: directly, through sudo,
# or by printing the command to run. With LIBTORCH set, neither Debian's libtorch nor its BLAS is needed.
set -euo pipefail

needed_swift=6.2

say() { printf '%s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

# Runs a command as root, or prints it. sudo may ask for a password only where somebody can answer.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env "$@"
  elif command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
    sudo env "$@"
  else
    return 126
  fi
}

is_installed() {
  case "$1" in
    # Also provided by other packages and by hand.
    g++ | make | pkg-config) command -v "$1" > /dev/null ;;
    gnuplot-nox) command -v gnuplot > /dev/null ;;
    ffmpeg) command -v ffmpeg > /dev/null && command -v ffprobe > /dev/null ;;
    *) [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null)" = installed ] ;;
  esac
}

install_packages() {
  local wanted=(libhdf5-dev libyaml-dev libpng-dev libturbojpeg0-dev libwebp-dev zlib1g-dev dataset-fashion-mnist
    python3-venv gnuplot-nox ffmpeg g++ make pkg-config libgloo-dev)
  if [ -z "${LIBTORCH:-}" ]; then
    # libopenblas-dev would bring the pthread build, whose threads fight with libtorch's.
    wanted=(libtorch-dev libopenblas-openmp-dev "${wanted[@]}")
  fi
  local missing=()
  for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "All system packages are there."
    return
  fi

  say "Missing: ${missing[*]}"
  local options=(-o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
  local install=(apt-get "${options[@]}" install --yes --no-install-recommends "${missing[@]}")
  # Lists may be absent or old; a source that fails matters only if the packages cannot be had.
  local status=0
  as_root DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" --quiet update || status=$?
  if [ "$status" -eq 126 ]; then
    fail "this needs root, and sudo is not there or wants a password. Run as root:
  apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}
and then this again."
  fi
  [ "$status" -eq 0 ] || say "apt-get update failed (above); trying with the package lists that are there."
  as_root DEBIAN_FRONTEND=noninteractive "${install[@]}" || fail "apt-get could not install: ${missing[*]}
Its own words are above. The usual causes: no connection to the mirror; another apt that holds the lock; a release without
these packages (Debian 12 has all of them in its section main). Without a libtorch-dev, set LIBTORCH to the folder of
another libtorch."
  for package in "${missing[@]}"; do
    is_installed "$package" || fail "apt-get succeeded, but $package is still missing"
  done
}

# The dynamic linker takes BLAS and LAPACK through Debian's alternatives, which prefer OpenBLAS's pthread build when both are
# installed. Another choice, such as MKL, was somebody's own and stays.
select_openmp_blas() {
  [ -z "${LIBTORCH:-}" ] || return 0
  local link name folder active openmp
  for link in /usr/lib/*-linux-gnu*/lib{openblas.so.0,blas.so.3,lapack.so.3}; do
    [ -L "$link" ] || continue
    folder=$(dirname "$link")
    name=$(basename "$link")
    active=$(readlink --canonicalize "$link")
    openmp=$folder/openblas-openmp/$name
    case "$active" in
      */openblas-openmp/*) continue ;;
      */openblas-pthread/* | */openblas-serial/* | */blas/* | */lapack/*) ;;
      *)
        say "Note: $name is $active, which is not OpenBLAS; it is left as it is."
        continue
        ;;
    esac
    [ -e "$openmp" ] || continue
    say "Warning: $name is $active, which is slow beside libtorch's threads; switching to OpenBLAS's OpenMP build."
    local switch=(update-alternatives --set "$name-$(basename "$folder")" "$openmp")
    local status=0
    as_root "${switch[@]}" || status=$?
    # Only the speed is at stake: go on.
    [ "$status" -eq 0 ] || say "Warning: it could not be switched. Run as root: ${switch[*]}"
  done
}

list_needs() {
  cat << 'NEEDS'
This is neither Debian nor Ubuntu, so nothing is installed. Fewstep needs, with headers:
  libtorch 1.13 or any 2.x (set LIBTORCH to its folder), with OpenBLAS in its OpenMP build or MKL
  HDF5, libyaml, libpng, libjpeg-turbo with its TurboJPEG interface, libwebp, zlib
  g++ (for libstdc++), make, pkg-config
  gnuplot (only for the reports and fields that it draws), ffmpeg (only for videos)
  Gloo's headers (only for several processes, on libtorch 2.4 or later)
  Python 3 with venv (only for the tests), the four Fashion-MNIST files (only for the recipes that use them)
NEEDS
}

check_swift() {
  local found
  command -v swift > /dev/null || fail "there is no Swift on the PATH. Fewstep needs Swift $needed_swift or newer:
  https://www.swift.org/install/linux/"
  found=$(swift --version 2> /dev/null | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)*).*/\1/p' | head -n 1)
  [ -n "$found" ] || fail "'swift --version' does not tell a version; is this the Swift compiler? $(command -v swift)"
  if [ "$(printf '%s\n' "$needed_swift" "$found" | sort --version-sort | head -n 1)" != "$needed_swift" ]; then
    fail "Swift $found is too old. Fewstep needs Swift $needed_swift or newer: https://www.swift.org/install/linux/"
  fi
  say "Swift $found."
}

if [ -n "${LIBTORCH:-}" ] && ! { [ -d "$LIBTORCH/include" ] && [ -d "$LIBTORCH/lib" ]; }; then
  fail "LIBTORCH is $LIBTORCH, which has no include/ and lib/"
fi
if command -v apt-get > /dev/null && command -v dpkg-query > /dev/null; then
  install_packages
  select_openmp_blas
else
  list_needs
fi
check_swift
