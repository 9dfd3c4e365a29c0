#!/bin/sh
# Builds gpio/chardev.c, with its two headers, into prebuilds/<platform>-<arch>/pinbus.node, for x64, and for arm64 and arm when the cross compilers are there.
#   sh gpio/build.sh            all targets that this machine can build
#   sh gpio/build.sh x64        only that one
#   sh gpio/build.sh --check    rebuilds x64 beside the committed file and fails when the bytes differ
# Needs: npm ci (node-api-headers) and Debian's gcc libc6-dev libuv1-dev; for the others gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# gcc-arm-linux-gnueabihf libc6-dev-armhf-cross. The bytes are those of the compiler in the line below; another one makes others.
set -eu
made_with="12.2.0" # Debian 12
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "gpio/build.sh: $*" >&2; exit 1; }
[ -f node_modules/node-api-headers/include/node_api.h ] || fail "node_api.h is missing: run npm ci"
[ -f /usr/include/uv.h ] || fail "uv.h is missing: apt-get install libuv1-dev"
# Only uv's own headers: /usr/include as a whole would shadow the cross compilers' headers.
mkdir "$work/include"
cp -r /usr/include/uv.h /usr/include/uv "$work/include/"

# -nostdlib -lc on arm: Debian's start files are ARMv7, a shared object needs none of them, and Pi Zero and 1 are ARMv6.
compile() { # arch, output
  flags=
  case $1 in
    x64) cc=${CC:-x86_64-linux-gnu-gcc} ;;
    arm64) cc=aarch64-linux-gnu-gcc ;;
    arm) cc=arm-linux-gnueabihf-gcc flags="-march=armv6+fp -marm -mfpu=vfp -nostdlib" ;;
    *) fail "no such target: $1 (x64, arm64, arm)" ;;
  esac
  command -v "$cc" > /dev/null || return 1
  "$cc" -std=gnu11 -O2 -g0 -fPIC -shared -fvisibility=hidden -ffile-prefix-map="$PWD"=. -Wall -Wextra -Werror -Wno-cast-function-type \
    $flags -Inode_modules/node-api-headers/include -I"$work/include" gpio/chardev.c -o "$2" \
    -Wl,--build-id=none -Wl,-z,relro,-z,now -Wl,--no-undefined-version -s -lc || fail "$cc could not build gpio/chardev.c"
}

if [ "${1:-}" = --check ]; then
  compile x64 "$work/pinbus.node" || fail "no compiler for x64: apt-get install gcc"
  cmp "$work/pinbus.node" prebuilds/linux-x64/pinbus.node && { echo "gpio/build.sh: linux-x64 is what gpio/chardev.c makes"; exit 0; }
  fail "prebuilds/linux-x64/pinbus.node is not what gpio/chardev.c makes with $(x86_64-linux-gnu-gcc -dumpfullversion) (committed: $made_with); run sh gpio/build.sh and commit prebuilds/"
fi
for arch in ${*:-x64 arm64 arm}; do
  mkdir -p "prebuilds/linux-$arch"
  if compile "$arch" "$work/$arch.node"; then
    mv "$work/$arch.node" "prebuilds/linux-$arch/pinbus.node"
    chmod 644 "prebuilds/linux-$arch/pinbus.node"
    echo "prebuilds/linux-$arch/pinbus.node $(wc -c < "prebuilds/linux-$arch/pinbus.node") bytes"
  elif [ $# -gt 0 ]; then fail "no compiler for $arch"; else echo "prebuilds/linux-$arch left as it is: no compiler for it" >&2; fi
done
