#!/usr/bin/env bash
# Rewrites every file in locks/ from pyproject.toml: hashed, universal, without any URL.
#
# The widest set is resolved first and constrains the others, so that one version of a package is
# installed everywhere. `fewest` keeps newer Pythons on the versions that CI tests.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="${VENV:-.venv}"
uv="${UV:-$venv/bin/uv}"
[ -x "$uv" ] || { echo "$uv is missing. Run: make setup" >&2; exit 6; }
[ -n "${SSL_CERT_FILE:-${PIP_CERT:-}}" ] || export UV_SYSTEM_CERTS=1
SSL_CERT_FILE="${SSL_CERT_FILE:-${PIP_CERT:-}}"

# Only these variables reach uv, and an empty home: a machine's own index or find-links settings
# must not leave a trace in the locks.
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
compile() {
  env -i PATH="$PATH" HOME="$scratch" ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} \
    ${UV_SYSTEM_CERTS:+UV_SYSTEM_CERTS=1} \
    "$uv" --no-config pip compile --quiet --no-header --universal --fork-strategy fewest \
    --python-version 3.11 --generate-hashes --no-emit-index-url ${UPGRADE:+--upgrade} "$@"
}

compile locks/uv.in -o locks/uv.txt
compile pyproject.toml locks/build.in --extra dev -c locks/constraints.in -o locks/dev.txt
compile pyproject.toml locks/build.in --extra demo -c locks/dev.txt -o locks/demo.txt
compile pyproject.toml locks/build.in -c locks/dev.txt -o locks/core.txt
