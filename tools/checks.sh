#!/usr/bin/env bash
# Runs every check and names the ones that failed; all of them run, so that one run shows all.
set -uo pipefail
cd "$(dirname "$0")/.."
bin="${VENV:-.venv}/bin"
failed=()

check() {
  local name="$1"
  shift
  echo "== $name"
  "$@" || failed+=("$name")
}

check "links" "$bin/python" tools/check_layout.py
check "locks" "$bin/python" tools/check_locks.py
check "ruff check" "$bin/ruff" check --quiet --output-format concise .
check "ruff format" "$bin/ruff" format --check --quiet --output-format concise .
check "mypy" "$bin/mypy"
check "imports" "$bin/lint-imports" --no-logo
check "own lint" "$bin/python" tools/lint_rules.py
check "banned words" "$bin/python" tools/banned_words.py

if [ "${#failed[@]}" -gt 0 ]; then
  echo "FAILED:$(printf ' [%s]' "${failed[@]}")"
  exit 1
fi
echo "All checks passed."
