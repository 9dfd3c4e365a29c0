#!/bin/bash
# The Debian packages, from nothing to purged, under the host's own systemd (Debian 12: 252, with the package pinbus-node) and under Debian 13's
# (257, with Debian's own nodejs), in boxes of namespaces, on the simulated board. Before: lintian, and the same bytes from a second build.
# Then the same with what `npm i -g` installs and `pinbus service install`. PACKAGE=npm: that alone.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
. "$here/box-root.sh"
export SDBOX=${SDBOX:-pinbus}
work=$PWD/build/package
"$here/prepare" || exit 1
rm -rf "$work" build/evidence-package && mkdir -p "$work" build/evidence build/evidence-package
arch=$(dpkg --print-architecture)
# As a release: prepack builds.
npm pack --silent --pack-destination "$work" > /dev/null || exit 1
node systemd/deb/build.mjs --out "$work" || exit 1
if [ "${PACKAGE:-all}" = all ]; then
  node systemd/deb/build.mjs --out "$work/old" --arch "$arch" --version 0.0.9 || exit 1
  node systemd/deb/node.mjs --out "$work" --arch "$arch" || exit 1
fi

# One line of result for each of these, as for the cases in the boxes.
expect() {
  local name=$1
  shift
  if "$@"; then echo "ok - package: $name" && passed=$((passed + 1)); else echo "not ok - package: $name" && failed=$((failed + 1)); fi
}

# The same files in another folder, by somebody with another umask and time zone.
same_bytes() {
  local copy deb
  copy=$(mktemp -d)
  git ls-files -z --cached --others --exclude-standard | grep -zv '^node_modules$' | xargs -0 cp --parents -t "$copy" || return
  ln -s "$PWD/node_modules" "$copy/node_modules"
  (
    umask 077
    export SOURCE_DATE_EPOCH TZ=Pacific/Auckland
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    cd "$copy" && npm run --silent build && node systemd/deb/build.mjs --out "$copy/out" > /dev/null
  ) || return
  for deb in "$copy"/out/*.deb; do cmp "$deb" "$work/$(basename "$deb")" || return; done
  rm -rf "$copy"
}

# What a person does who has the npm package; scripts of packages may be blocked.
from_npm() {
  local prefix=$work/prefix
  npm install --global --ignore-scripts --prefer-offline --no-audit --no-fund --silent --prefix "$prefix" "$work"/pinbus-*.tgz || return
  "$prefix/bin/pinbus" check --config "$prefix/lib/node_modules/pinbus/config/examples/starter.yaml" > /dev/null || return
  "$prefix/bin/pinbus" demo --script | grep -q "^Done: every step was seen"
}

expect "npm i -g --ignore-scripts makes a pinbus whose check and demo run" from_npm
if [ "${PACKAGE:-all}" = all ]; then
  expect "two builds give the same bytes" same_bytes
  expect "lintian finds nothing that is not explained" \
    lintian --allow-root --display-info --fail-on error,warning,info "$work"/pinbus_*.deb "$work"/pinbus-node_*.deb
fi

# story ROOT [NODE]: the cases in a box; NODE is the Node.js to install where Debian's is too old.
story() {
  local root=$1 result
  "$here/sdbox" stop
  "$here/sdbox" start --root "$root" --bind "$PWD:/project" --bind "$work:/debs" --bind "$(command -v node):/opt/node" \
    --bind "$PWD/build/evidence-package:/evidence" --bind /usr/lib/systemd/system/rabbitmq-server.service:/opt/rabbitmq-server.service || exit 1
  "$here/sdbox" run -- systemctl --version | head -1
  tally "$here/sdbox" run -- /usr/bin/env -C /debs /opt/node /project/build/test/machine/package.js /evidence ${2:-} < /dev/null
}

# npm_story ROOT: the cases of the service that npm's pinbus installs.
npm_story() {
  local deb
  deb=$(echo "$work"/pinbus_*_"$arch".deb)
  "$here/sdbox" stop
  "$here/sdbox" start --root "$1" --bind "$PWD:/project" --bind "$work:/debs" --bind "$(command -v node):/opt/node" || exit 1
  "$here/sdbox" run -- systemctl --version | head -1
  tally "$here/sdbox" run -- /opt/node /project/build/test/machine/from-npm.js /debs/prefix "/debs/$(basename "$deb")" < /dev/null
}

trap '"$here/sdbox" stop' EXIT
root=$(box_root) || exit 1
if [ "${PACKAGE:-all}" = all ]; then
  story host pinbus-node
  story "$root"
fi
npm_story host
npm_story "$root"
cp build/evidence-package/* build/evidence/ 2> /dev/null
closing_line
