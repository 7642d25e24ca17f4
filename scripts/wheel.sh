#!/usr/bin/env bash
# wheel.sh [FOLDER]: makes dist/fewstep-VERSION-py3-none-linux_x86_64.whl from a release build in FOLDER (.build/release).
#
# In it is the program with Swift's runtime and the C libraries that it needs, and the sources of its part for libtorch, which is
# compiled for the PyTorch that is there where it is installed. So it needs no Swift there, no root, and no package of Debian's.
# The build may be on any libtorch: only its C++ knows which.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-.build/release}")
swift=$(dirname "$(dirname "$(realpath "$(command -v swiftc)")")")
version=$(sed -n 's/.*let version = "\(.*\)"/\1/p' Sources/Fewstep/Version.swift)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r scripts/wheel/. "$work"
package=$work/fewstep
mkdir -p "$package"/{bin,lib,shim,share} "$work/licenses"

# The program, without its C++: all of that becomes a library of its own.
grep -v '/CTorch.build/' "$build/fewstep.product/Objects.LinkFileList" > "$work/objects"
mkdir "$work/stub"
# The library's names, to link with before there is one.
nm --defined-only --extern-only "$build"/CTorch.build/*.o | awk '$2 == "T" && $3 ~ /^ct_/ {print "void " $3 "(void) {}"}' |
  gcc -shared -x c - -o "$work/stub/libCTorch.so" -Wl,-soname,libCTorch.so
# An rpath of the old kind: the libraries find each other by it too.
foundation=(Foundation FoundationInternationalization FoundationEssentials _FoundationCShims _FoundationCollections
  CoreFoundation _FoundationICU dispatch BlocksRuntime)
swiftc -static-stdlib -emit-executable -o "$package/bin/fewstep" "@$work/objects" \
  -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=FewstepMain_main -Xlinker --export-dynamic \
  -Xlinker --disable-new-dtags -Xlinker '-rpath=$ORIGIN/../lib' -Xlinker --start-group "${foundation[@]/#/-l}" -Xlinker --end-group \
  $(pkg-config --libs hdf5 yaml-0.1 libpng libturbojpeg libwebp zlib) "-L$work/stub" -lCTorch -lstdc++ -lm 2>&1 |
  { grep error: >&2 || true; }
strip "$package/bin/fewstep"

# The C libraries, but for glibc and what C++ programs find on every Linux.
LD_LIBRARY_PATH=$work/stub ldd "$package/bin/fewstep" | awk '$3 ~ /^\// {print $3}' |
  grep -vE '/lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+|CTorch)\.so' |
  while read -r library; do
    cp -L "$library" "$package/lib"
    owner=$(dpkg-query --search "*/$(basename "$(realpath "$library")")" | head -n 1 | cut -d : -f 1)
    mkdir -p "$work/licenses/$owner"
    cp "/usr/share/doc/$owner/copyright" "$work/licenses/$owner/copyright"
  done
cp LICENSE NOTICE "$work/licenses"
mkdir "$work/licenses/swift" "$work/licenses/libgloo-dev"
cp "$swift/share/swift/LICENSE.txt" "$work/licenses/swift"
cp /usr/share/doc/libgloo-dev/copyright "$work/licenses/libgloo-dev"

cp -r Sources/System/CTorch/*.cpp Sources/System/CTorch/*.h Sources/System/CTorch/include "$package/shim"
mkdir "$package/shim/gloo"
cp -r /usr/include/gloo "$package/shim/gloo/gloo"
mkdir "$package/share/scripts"
cp -r recipes weights "$package/share"
cp -r scripts/slurm scripts/scorers "$package/share/scripts"
echo "$version" | tee "$work/VERSION" > "$package/VERSION"
cp README.md "$work"

rm -f dist/fewstep-*.whl
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip wheel --disable-pip-version-check --quiet --no-deps --wheel-dir dist "$work"
ls -l dist/*.whl
