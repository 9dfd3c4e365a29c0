#!/bin/bash
# The commands of docs/journal.md on the journal of the installed agent: on the host's systemd (Debian 12: 252, texts only) and on that of
# Debian 13 (257, with fields and the message catalog), each in a box of namespaces, on the simulated board.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
. "$here/box-root.sh"
export SDBOX=${SDBOX:-pinbus}
"$here/prepare" || exit 1
root=$(box_root) || exit 1
rm -rf build/evidence-box && mkdir -p build/evidence build/evidence-box
trap '"$here/sdbox" stop' EXIT
for from in host "$root"; do
  "$here/sdbox" stop
  "$here/sdbox" start --root "$from" --bind "$PWD:/project" --bind "$PWD/build/evidence-box:/evidence" || exit 1
  tally "$here/sdbox" run -- /usr/bin/env -C /project /usr/bin/node build/test/machine/journal.js build/package.tar docs/journal.md /evidence < /dev/null
done
cp build/evidence-box/* build/evidence/ 2> /dev/null
closing_line
