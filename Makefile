# The commands of this project. `make demo` and `make test` need nothing but Python 3.11 to 3.14,
# git, make and a package registry: each makes its environment first.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench crash histories docs lock clean

VENV ?= .venv
export VENV
BIN := $(VENV)/bin
HOUSE := pyproject.toml tools/environment.sh locks/uv.txt
# The development set contains the demo set: where it is installed, it is enough.
DEV_READY := $(VENV)/.installed-dev
DEMO_READY := $(if $(wildcard $(DEV_READY)),$(DEV_READY),$(VENV)/.installed-demo)

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 15

setup: $(DEV_READY) ## Make the development environment

$(VENV)/.installed-demo: $(HOUSE) locks/demo.txt
	@tools/environment.sh demo

$(DEV_READY): $(HOUSE) locks/dev.txt
	@tools/environment.sh dev

demo: $(DEMO_READY) ## Run the whole road on real loan decisions (SERVE=0: end without the console)
	@$(BIN)/answerable demo $(if $(filter 0,$(SERVE)),--no-serve)

test: $(DEV_READY) ## Run every test and every example in the docstrings
	@tools/browser.sh
	@tools/postgres.sh
	@tools/tests.sh

check: $(DEV_READY) ## Run every check that needs no test
	@tools/checks.sh

bench: $(DEV_READY) ## Measure, and print what was measured on which machine
	@$(BIN)/python benchmarks/run.py
	@$(BIN)/python benchmarks/audit/append.py
	@$(BIN)/python benchmarks/audit/verify.py --entries 100000
	@$(BIN)/python benchmarks/audit/proofs.py --entries 100000
	@$(BIN)/python benchmarks/audit/overhead.py --entries 50000
	@$(BIN)/python benchmarks/audit/queries.py --entries 200000

crash: $(DEV_READY) ## Kill ROUNDS=500 times, fill disks and cut connections a tenth as often, and tell the counts
	@ANSWERABLE_CRASH_ROUNDS=$(or $(ROUNDS),500) $(BIN)/pytest -q tests/crash

histories: $(DEV_READY) ## Verify ROUNDS=300 random clean histories on each database, and tell of how many entries
	@ANSWERABLE_HISTORIES=$(or $(ROUNDS),300) $(BIN)/pytest -q tests/laws/test_clean_histories_raise_no_alarm.py

docs: $(DEV_READY) ## Write the tables of the documents from the code, and check every document
	@$(BIN)/python tools/reference.py
	@$(BIN)/pytest -q tests/docs

lock: $(DEV_READY) ## Rewrite the hashed locks from pyproject.toml (UPGRADE=1: newest versions)
	@tools/lock.sh

clean: ## Remove everything that was made, the environment included
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
