# Everything a checkout needs. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help up down test lint bench attack chaos docs clean lock

# Which Python, where the one that setup/check finds is not wanted.
PYTHON ?=
BIN := .venv/bin
# Names all that is missing on this machine, then installs what was not yet, or was cut off.
INSTALL = python=$$(sh setup/check $(PYTHON)) && "$$python" setup/install.py

# One file runs sooner alone: a second process would start servers of its own.
PARALLEL = $(if $(findstring .py,$(path)),,--numprocesses 2 --dist loadfile)

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

up: ## Install, start the local stack, migrate, load the demo
	@$(INSTALL) runtime node
	@$(BIN)/control up
	@$(BIN)/control load demo

down: ## Stop the local stack; data stays
	@test ! -e .venv -a ! -e .aspen || { $(INSTALL) runtime && $(BIN)/control down; }

test: ## Run every test, or path=tests/sql/test_parse_date.py; seed=7 makes other examples
	@$(INSTALL) development node
	@$(BIN)/python -m pytest $(PARALLEL) $(if $(seed),--hypothesis-seed=$(seed)) $(path)

lint: ## Check style and types: ruff, mypy, sqlfluff, squawk
	@$(INSTALL) development node
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar sql migrations
	@$(BIN)/squawk migrations/*.sql

docs: ## Write docs/cli.md from the commands themselves
	@$(INSTALL) runtime
	@$(BIN)/control docs > docs/cli.md

bench: ## Run the benchmarks; each prints a ratio
	@$(INSTALL) benchmark node
	@$(BIN)/python -m tests.bench

attack: ## Try a thousand attacks on a stack of its own; ARGS="--seed 7 floods"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.attack $(ARGS)

chaos: ## Break a stack of its own at random and bring it up again; ARGS="--seed 7 --rounds 50"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.stack.chaos $(ARGS)

clean: down ## Stop the stack and forget its data and everything installed
	rm -rf .aspen .venv node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

lock: ## Resolve both lock files anew (needs the network)
	python=$$(sh setup/check $(PYTHON)) && "$$python" -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet pip-tools==7.6.2
	.ci/lock .venv/lock/bin
	npm install --package-lock-only
