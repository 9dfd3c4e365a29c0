# Sourced by the runners that look at the installed agent in a box: goes to the project and has it prepared (`prepare`).
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export SDBOX=${SDBOX:-pinbus}
"$here/prepare" || exit 1
trap '"$here/sdbox" stop' EXIT
