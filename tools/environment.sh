#!/usr/bin/env bash
# Makes or refreshes .venv and installs one locked set into it: environment.sh demo|dev
#
# A virtual environment, a pinned uv installed by pip with hashes, then the hashed lock, then the
# project itself without dependencies (pip and uv refuse hashes together with an editable install).
set -euo pipefail
cd "$(dirname "$0")/.."

set_name="${1:?usage: tools/environment.sh demo|dev}"
lock="locks/${set_name}.txt"
venv="${VENV:-.venv}"
[ -f "$lock" ] || { echo "There is no lock $lock. The sets are: demo, dev." >&2; exit 6; }

# Several packages of the locks have no wheels for later versions.
is_served() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null
}

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$name" >/dev/null && is_served "$name"; then
      command -v "$name"
      return
    fi
  done
  echo "Python 3.11 to 3.14 is needed. Install one, or name it: make PYTHON=/path/to/python3" >&2
  exit 6
}

# Debian and Ubuntu ship venv without ensurepip unless python3-venv is installed.
make_venv() {
  local python="$1"
  rm -rf "$venv"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$venv"
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip "$venv"
  elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing python3-venv with apt-get (this Python has no ensurepip)." >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >&2
    "$python" -m venv "$venv"
  else
    echo "This Python cannot make virtual environments. Run: sudo apt install python3-venv" >&2
    exit 6
  fi
}

# The pip to use: the environment's own, else the system's pointed at the environment.
pip_install() {
  if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$venv/bin/python" -m pip --disable-pip-version-check install "$@"
  else
    "$python" -m pip --disable-pip-version-check --python "$venv/bin/python" install "$@"
  fi
}

# uv does not read pip's settings: hand over the certificate and the mirror that pip was given.
hand_over_pip_settings() {
  local index="${PIP_INDEX_URL:-}" cert="${PIP_CERT:-}"
  if [ -z "$index" ]; then
    index="$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)"
  fi
  if [ -z "$cert" ]; then
    cert="$("$venv/bin/python" -m pip config get global.cert 2>/dev/null || true)"
  fi
  if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
  fi
  if [ -n "$cert" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    export SSL_CERT_FILE="$cert"
  elif [ -f /etc/ssl/certs/ca-certificates.crt ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    export UV_SYSTEM_CERTS=1
  fi
}

python="$(find_python)"
if ! is_served "$venv/bin/python"; then
  make_venv "$python"
fi
echo "Installing $lock into $venv" >&2
pip_install -q --require-hashes -r locks/uv.txt
hand_over_pip_settings
export VIRTUAL_ENV="$PWD/$venv"
[[ "$venv" = /* ]] && export VIRTUAL_ENV="$venv"
# A terminal gets uv's progress bar; a log gets no list of two hundred names.
quiet=()
[ -t 2 ] || quiet=(--quiet)
"$venv/bin/uv" --no-config pip install "${quiet[@]}" --require-hashes -r "$lock"
"$venv/bin/uv" --no-config pip install --quiet --no-deps --no-build-isolation -e .
touch "$venv/.installed-$set_name"
