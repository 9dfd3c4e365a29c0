# Sourced by the runners that look at the installed agent in a box: goes to the project, builds it, and stages its package as build/package.tar.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cd "$here/../.."
. "$here/tally.sh"
export SDBOX=${SDBOX:-pinbus}
npx tsc -p tsconfig.test.json || exit 1
npm run --silent build || exit 1
"$here/stage" build/package.tar || exit 1
trap '"$here/sdbox" stop' EXIT
