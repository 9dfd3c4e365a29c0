#!/bin/bash
# What happens to the installed service when the machine around it fails, on the kernel lines of a Pi 5: ordeal.ts says what. Then the
# agent's death again and again, under the host's own systemd: restarts.ts.
#   ordeal.sh [PATTERN]     only the cases whose names match this pattern, and no deaths
#   RESTARTS=300         how many deaths; 40 without it
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export PINBUS_MACHINE_NAME=${PINBUS_MACHINE_NAME:-ordeal} SDBOX=${SDBOX:-pinbus-ordeal}
"$here/prepare" || exit 1
mkdir -p build/evidence build/evidence-box
rm -f build/evidence/ordeal.txt
trap '"$here/machine" stop; "$here/sdbox" stop' EXIT
revive() { "$here/machine" stop; "$here/machine" start && "$here/machine" run -- board pi5; }
revive || exit 1
tally "$here/machine" run -- node build/test/machine/ordeal.js build/package.tar build/evidence "$@" < /dev/null
"$here/machine" stop
if [ $# = 0 ]; then
  "$here/sdbox" stop
  "$here/sdbox" start --bind "$PWD:/project" || exit 1
  tally "$here/sdbox" run -- /usr/bin/env -C /project "$(command -v node)" build/test/machine/restarts.js build/package.tar "${RESTARTS:-40}" < /dev/null
fi
closing_line
