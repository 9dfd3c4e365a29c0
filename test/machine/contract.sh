#!/bin/bash
# What buttons and outputs promise, on the kernel lines of a Pi 5 in the test machine, as an installed service: contract.ts says what.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export PINBUS_MACHINE_NAME=${PINBUS_MACHINE_NAME:-contract}
"$here/prepare" || exit 1
trap '"$here/machine" stop' EXIT
"$here/machine" stop
"$here/machine" start || exit 1
"$here/machine" run -- board pi5 || exit 1
tally "$here/machine" run -- node build/test/machine/contract.js build/package.tar < /dev/null
closing_line
