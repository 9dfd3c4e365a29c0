#!/bin/bash
# The installed unit, what it shows of other units and does with them, and the terminal UI over ssh, under the host's own systemd (Debian 12: 252), in a box of
# namespaces, on the simulated board.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export SDBOX=${SDBOX:-pinbus}
"$here/prepare" || exit 1
rm -rf build/evidence-box && mkdir -p build/evidence build/evidence-box
trap '"$here/sdbox" stop' EXIT
"$here/sdbox" stop
# The box sees the host's files but not its /tmp, where a clone may be; what it writes is gone with it, except in what is bound.
"$here/sdbox" start --bind "$PWD:/project" --bind "$PWD/build/evidence-box:/evidence" || exit 1
systemctl --version | head -1
tally "$here/sdbox" run -- /usr/bin/env -C /project "$(command -v node)" build/test/machine/service.js build/package.tar /evidence < /dev/null
tally "$here/sdbox" run -- /usr/bin/env -C /project "$(command -v node)" build/test/machine/services.js build/package.tar /evidence < /dev/null
tally "$here/sdbox" run -- /usr/bin/env -C /project "$(command -v node)" build/test/machine/doctor.js build/package.tar /evidence < /dev/null
tally "$here/sdbox" run -- /usr/bin/env -C /project "$(command -v node)" build/test/machine/tour.js build/package.tar /evidence < /dev/null
cp build/evidence-box/* build/evidence/ 2> /dev/null
closing_line
