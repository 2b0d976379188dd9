# Install, run, test and document a checkout. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help up down pipelines cluster test lint bench attack chaos calm failover mutants docs snapshot clean lock

# Names a Python to use instead of the one that setup/check finds.
PYTHON ?=
BIN := .venv/bin
# Lists everything that is missing on this machine, then installs what is not yet installed.
INSTALL = python=$$(sh setup/check $(PYTHON)) && "$$python" setup/install.py

# One file runs sooner alone: a second process would start servers of its own. Three share two
# processors well, because many tests wait for servers; those come first (tests/conftest.py).
PARALLEL = $(if $(findstring .py,$(path)),,--numprocesses 3 --dist loadfile --no-loadscope-reorder)

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

up: ## Install, start the local stack, migrate, load the demo
	@$(INSTALL) runtime node
	@$(BIN)/control up
	@$(BIN)/control load demo

down: ## Stop the local stack and keep its data
	@test ! -e .venv -a ! -e .aspen || { $(INSTALL) runtime && $(BIN)/control down; }

pipelines: ## Install Augur for phylogenetic runs; MAFFT and IQ-TREE: apt-get install mafft iqtree
	@python=$$(sh setup/check $(PYTHON)) && "$$python" -m venv .venv-pipelines
	@.venv-pipelines/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement pipelines/requirements.txt

cluster: ## Install Patroni for control cluster; etcd and PgBouncer: apt-get install etcd-server pgbouncer
	@python=$$(sh setup/check $(PYTHON)) && "$$python" -m venv .venv-cluster
	@.venv-cluster/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement cluster/requirements.txt

test: ## Run all tests, or path=tests/sql/test_parse_date.py; seed=7 makes other examples
	@$(INSTALL) development node
	@$(BIN)/python -m pytest $(PARALLEL) $(if $(seed),--hypothesis-seed=$(seed)) $(path)

lint: ## Check style and types: ruff, mypy, sqlfluff, squawk
	@$(INSTALL) development node
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar sql migrations
	@$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder control/sql
	@$(BIN)/squawk migrations/*.sql

docs: ## Write the pages of docs/ that come from commands, rules and tables
	@$(INSTALL) development
	@$(BIN)/control reference > docs/cli.md
	@$(BIN)/python -m tests.catalog.generated docs

snapshot: ## Write tests/catalog/snapshots from the database, for review
	@$(INSTALL) development
	@$(BIN)/python -m tests.catalog.generated snapshot

bench: ## Run the benchmarks; each prints a ratio and its target
	@$(INSTALL) benchmark node
	@$(BIN)/python -m tests.bench

attack: ## Try a thousand attacks on a separate stack; ARGS="--seed 7 floods"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.attack $(ARGS)

chaos: ## Kill everything at random while jobs run, and look what is lost; ARGS="--seed 7 --jobs 20"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.chaos $(ARGS)

calm: ## Change a separate stack and a cluster in use, and count who noticed; ARGS="--seed 7 --only stack"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.calm $(ARGS)

failover: ## Kill the primary of a cluster in use, and look what is lost; ARGS="--seed 7 --kills 10"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.failover $(ARGS)

mutants: ## Weaken each clause that protects a row; ARGS="--seed 7 --count 20"
	@$(INSTALL) development node
	@$(BIN)/python -m tests.mutants $(ARGS)

clean: down ## Stop the stack; delete its data and everything installed
	rm -rf .aspen .venv .venv-pipelines .venv-cluster node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

lock: ## Resolve the lock files again (needs the network)
	python=$$(sh setup/check $(PYTHON)) && "$$python" -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet pip-tools==7.6.2
	.ci/lock .venv/lock/bin
	npm install --package-lock-only
