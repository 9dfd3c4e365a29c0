#!/bin/bash
# Button to broker on kernel lines, as an installed service under systemd: chardev and sysfs, Pi 4 and Pi 5.
# Crash, watchdog and broken configuration: chardev on Pi 5 and sysfs on Pi 4.
#   end-to-end.sh [chardev|sysfs pi4|pi5]     one of them, or all four
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export PINBUS_MACHINE_NAME=${PINBUS_MACHINE_NAME:-e2e}
"$here/prepare" || exit 1
trap '"$here/machine" stop' EXIT
revive() { "$here/machine" stop; "$here/machine" start && "$here/machine" run -- board "$board"; }
for board in pi4 pi5; do
  for driver in chardev sysfs; do
    [ $# = 0 ] || [ "$*" = "$driver $board" ] || continue
    # A fresh machine each time: what one leaves must not help the next.
    revive || exit 1
    tally "$here/machine" run -- node build/test/machine/end-to-end.js "$driver" "$board" build/package.tar build/evidence < /dev/null
  done
done
closing_line
