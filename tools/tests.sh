#!/usr/bin/env bash
# Runs every test and docstring example once, with branch coverage of the six real folders.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${VENV:-.venv}/bin"
mkdir -p build/coverage
# One thread for each numeric library: results then do not depend on the number of cores.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
said=build/tests.txt
status=0
"$bin/pytest" --numprocesses "${WORKERS:-auto}" --maxprocesses 4 --dist loadfile --doctest-modules --cov --cov-report=term:skip-covered "$@" tests src/answerable \
  | tee "$said" || status=$?
# Native libraries may complain while the interpreter ends: the summary stands last all the same.
grep -E '^(FAILED|ERROR|SKIPPED) ' "$said" || true
grep -E '^=+ .* in [0-9.]+s( \(.*\))? =+$' "$said" | tail -1
exit "$status"
