# Everything a checkout needs. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help up down test lint bench attack chaos docs clean lock
# A step that fails leaves no stamp behind.
.DELETE_ON_ERROR:

PYTHON ?= python3.11
BIN := .venv/bin
# Byte-compiling everything at once takes longer than compiling what is used.
PIP_INSTALL := $(BIN)/python -m pip install --no-compile --disable-pip-version-check --progress-bar off
# One stamp per lock file: installed once, again when the lock changes.
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
BENCHMARK := .venv/.benchmark
NODE := node_modules/.installed

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

up: $(RUNTIME) $(NODE) ## Install, start the local stack, migrate, load the demo
	@$(BIN)/control up
	@$(BIN)/control load demo

down: ## Stop the local stack; data stays
	@test ! -x $(BIN)/control || $(BIN)/control down

test: $(DEVELOPMENT) $(NODE) ## Run every test, with servers of its own
	@$(BIN)/python -m pytest

lint: $(DEVELOPMENT) $(NODE) ## Check style and types: ruff, mypy, sqlfluff, squawk
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar sql migrations
	@$(BIN)/squawk migrations/*.sql

docs: $(RUNTIME) ## Write docs/cli.md from the commands themselves
	@$(BIN)/control docs > docs/cli.md

bench: $(BENCHMARK) $(NODE) ## Run the benchmarks; each prints a ratio
	@$(BIN)/python -m tests.bench

attack: $(DEVELOPMENT) $(NODE) ## Try a thousand attacks on a stack of its own; ARGS="--seed 7 floods"
	@$(BIN)/python -m tests.attack $(ARGS)

chaos: $(DEVELOPMENT) $(NODE) ## Break a stack of its own at random and bring it up again; ARGS="--seed 7 --rounds 50"
	@$(BIN)/python -m tests.stack.chaos $(ARGS)

clean: down ## Stop the stack and forget its data and everything installed
	rm -rf .aspen .venv node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

lock: ## Resolve both lock files anew (needs the network)
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet pip-tools==7.6.2
	.ci/lock .venv/lock/bin
	npm install --package-lock-only

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(RUNTIME): .venv/bin/python requirements.txt pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	$(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

$(BENCHMARK): $(DEVELOPMENT) requirements-bench.txt
	$(PIP_INSTALL) --require-hashes -r requirements-bench.txt
	@touch $@

$(NODE): package.json package-lock.json
	npm ci --no-audit --no-fund --no-update-notifier
	@touch $@
