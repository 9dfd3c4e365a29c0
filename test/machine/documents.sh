#!/bin/bash
# What documents 002 and 003 print of their services, seen on the installed agent with two of its examples: on the host's systemd, in a box of
# namespaces, on the simulated board.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export SDBOX=${SDBOX:-pinbus}
"$here/prepare" || exit 1
trap '"$here/sdbox" stop' EXIT
"$here/sdbox" stop
"$here/sdbox" start --bind "$PWD:/project" || exit 1
tally "$here/sdbox" run -- /usr/bin/env -C /project /usr/bin/node build/test/machine/documents.js build/package.tar < /dev/null
closing_line
