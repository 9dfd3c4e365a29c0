#!/bin/bash
# The power goes while events and readings wait for a broker that is away, and messages in the built-in one of another agent, on a disk with
# ext4 that outlives the machine: power-cut.ts.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export PINBUS_MACHINE_NAME=${PINBUS_MACHINE_NAME:-power-cut} PINBUS_MACHINE_DISK=$PWD/build/power-cut.img
story=build/evidence/power-cut.log
"$here/prepare" || exit 1
mkdir -p build/evidence
rm -f "$PINBUS_MACHINE_DISK"
truncate -s 64M "$PINBUS_MACHINE_DISK" && /usr/sbin/mkfs.ext4 -q "$PINBUS_MACHINE_DISK" || exit 1
trap '"$here/machine" stop; rm -f "$PINBUS_MACHINE_DISK"' EXIT
"$here/machine" stop
"$here/machine" start || exit 1
"$here/machine" run -- node build/test/machine/power-cut.js before build/package.tar < /dev/null > "$story" 2>&1 &
# Some seconds of it, and then at any moment.
for _ in $(seq 2400); do # 4 min
  [ "$(grep -c '"events"' "$story")" -ge 40 ] && break
  kill -0 $! 2> /dev/null || break
  sleep 0.1
done
sleep $((RANDOM % 4)).$((RANDOM % 10))
"$here/machine" cut
wait
tail -1 "$story"
"$here/machine" start || exit 1
tally "$here/machine" run -- node build/test/machine/power-cut.js after build/package.tar "$story" < /dev/null
closing_line
