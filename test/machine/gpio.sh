#!/bin/bash
# The GPIO contract suite on real kernel lines: chardev and sysfs, on a board labelled as Pi 4 and on one as Pi 5.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export PINBUS_MACHINE_NAME=${PINBUS_MACHINE_NAME:-contract}
"$here/prepare" || exit 1
trap '"$here/machine" stop' EXIT
revive() { "$here/machine" stop; "$here/machine" start; }
revive || exit 1
for board in pi4 pi5; do
  for driver in chardev sysfs; do
    echo "# $driver on $board"
    tally "$here/machine" run -- node build/test/gpio/contract/run.js "$driver" "$board" < /dev/null
  done
done
closing_line
