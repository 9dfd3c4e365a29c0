#!/bin/bash
# pinbus on arm64 and armhf with Debian 13's own Node under QEMU's user-mode emulation: the native part loads, two examples pass `check`,
# the demo's scenario runs. Needs root, a kernel >= 6.7 with binfmt_misc, and
#   apt-get install qemu-user-static mmdebstrap debian-archive-keyring
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
mirror=${PINBUS_MACHINE_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed 1q)}
[ -n "$mirror" ] || { echo "arm.sh: no Debian mirror known to apt: run apt-get update, or set PINBUS_MACHINE_MIRROR" >&2; exit 1; }
cache=${PINBUS_MACHINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pinbus-machine}
passed=0 failed=0

# Inside the namespaces of one architecture: the emulator is known here only, and nothing of the host's own registrations is touched.
if [ "${1:-}" = --inside ]; then
  root=$2 emulator=$3
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || { echo "arm.sh: binfmt_misc in a user namespace needs a kernel >= 6.7" >&2; exit 1; }
  # With flag F: the emulator is opened now, so that it is found in the other root, too.
  cat "/usr/lib/binfmt.d/$emulator.conf" > /proc/sys/fs/binfmt_misc/register || exit 1
  mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 1
  shift 3
  exec env -i PATH=/usr/bin HOME=/tmp NO_COLOR=1 /usr/sbin/chroot "$root" "$@"
fi

for c in mmdebstrap unshare "/usr/lib/binfmt.d/qemu-arm.conf"; do
  command -v "$c" > /dev/null || [ -e "$c" ] || { echo "arm.sh: $c is missing: apt-get install qemu-user-static mmdebstrap debian-archive-keyring" >&2; exit 1; }
done
npm run --silent build || exit 1
"$here/stage" build/arm.tar || exit 1

# Node and what it needs, unpacked; no program of it runs here.
root_of() { # architecture
  local root=$cache/root-$1
  if [ ! -e "$root/usr/bin/node" ]; then
    rm -rf "$root"
    mmdebstrap --quiet --variant=extract --architectures="$1" --include=nodejs trixie "$root" "$mirror" >&2 || return
    ln -sfn usr/lib "$root/lib"
  fi
  rm -rf "$root/usr/lib/pinbus"
  mkdir -p "$root/usr/lib/pinbus" "$root/proc" "$root/dev" "$root/tmp"
  tar -xf build/arm.tar -C "$root/usr/lib/pinbus"
  echo "$root"
}

# What the native part must be able to do without a chip.
addon='
const { loadNative } = await import("/usr/lib/pinbus/dist/gpio/native.js");
const native = loadNative();
try { native.openChip("/dev/no-such-chip"); } catch (error) { if (error.code === "ENOENT") console.log("ok", process.arch, process.version); else throw error; }
'
try() { # name, what its output must match, command…
  local name=$1 pattern=$2 start=$SECONDS
  shift 2
  if unshare --user --map-root-user --mount -- "$0" --inside "$root" "$emulator" "$@" > build/arm.log 2>&1 < /dev/null && grep -qE "$pattern" build/arm.log; then
    passed=$((passed + 1))
    echo "ok - $architecture: $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "not ok - $architecture: $name ($((SECONDS - start)) s)"
    sed 's/^/    /' build/arm.log
  fi
}

for pair in arm64:qemu-aarch64 armhf:qemu-arm; do
  architecture=${pair%:*} emulator=${pair#*:}
  root=$(root_of "$architecture") || { failed=$((failed + 1)); continue; }
  try "the native part loads and asks the kernel" "^ok arm" node --input-type=module -e "$addon"
  grep -E "^ok arm" build/arm.log | sed 's/^/# /'
  # The third one wants a file of users beside it.
  for example in config/examples/{starter,demo}.yaml; do
    try "pinbus check $(basename "$example")" . node /usr/lib/pinbus/dist/agent/main.cjs check --config "/usr/lib/pinbus/$example"
  done
  try "pinbus demo runs its scenario" "." node /usr/lib/pinbus/dist/agent/main.cjs demo --script
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
