#!/usr/bin/env bash
# Install a wheel or an sdist alone into an empty environment, and run tests (all of `make test`, or
# those named) with it, away from the sources. The tests are those of the sdist that lies beside it.
#
#   tools/test_alone.sh dist/separatrix-0.1.0-py3-none-any.whl [tests/…]
set -euo pipefail
cd "$(dirname "$0")/.."
built=$(realpath "$1")
shift

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --constraint constraints.txt "${built}[test]"
mkdir "$scratch/sdist"
tar --extract --gzip --file "$(dirname "$built")"/*.tar.gz --directory "$scratch/sdist" --strip-components 1
rm -r "$scratch/sdist/src"

cd "$scratch/sdist"
echo "$(basename "$built"):"
"$scratch/venv/bin/separatrix" --version
"$scratch/venv/bin/separatrix" list >/dev/null
"$scratch/venv/bin/python" -m pytest -n "${WORKERS:-2}" --dist worksteal \
  -m "not golden and not laws and not runs" "${@:-tests}" \
  --ignore tests/golden --ignore tests/laws --ignore tests/runs --ignore tests/interop
