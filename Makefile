.DEFAULT_GOAL := help
.PHONY: help setup demo up services services-down test simulate soak check bench format lock clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
SERVICES := $(BIN)/python -m skalds.testing.services
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

export PIP_ROOT_USER_ACTION = ignore

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Every target sets up what it needs. Another interpreter: make PYTHON=python3.12 setup'

setup: $(READY) ## Create .venv with the pinned dependencies
	@echo '.venv is ready'

demo: $(READY) ## Run a small cluster with tasks and show what it does (ENGINE=distributed ARGS=...)
	@$(if $(filter distributed,$(ENGINE)),$(SERVICES) run -- )$(BIN)/skalds demo $(if $(ENGINE),--engine $(ENGINE)) $(ARGS)

up: $(READY) ## Run a controller and nodes on this machine (ARGS="--nodes 3")
	@$(BIN)/skalds up $(ARGS)

services: $(READY) ## Start MongoDB, Redis and Kafka on loopback; print their addresses
	@$(SERVICES) up

services-down: $(READY) ## Stop what "make services" has started, and remove its data
	@$(SERVICES) down

# The acceptance tests mostly wait for processes, so more of them than cores can run side by side.
test: $(READY) ## Run every test, on real servers too (SKALDS_REQUIRE_ENGINES=1 skips none)
	@$(BIN)/python -m pytest --quiet --numprocesses 3 --dist loadfile $(ARGS)

simulate: $(READY) ## Live through random failures in virtual time (SEEDS=500; SEED=17 shows one)
	@$(BIN)/python -m skalds.testing.simulation $(if $(SEED),--seed $(SEED) --trace,--seeds $(or $(SEEDS),200) --processes 2)

# A good part of the tests waits for something, so three workers keep two cores busy. The types are checked meanwhile, and
# what became of them is told after the tests, so that neither tears the lines of the other.
check: $(READY) ## Format, lint, types, architecture and unit tests; under a minute
	@$(BIN)/ruff format --check --quiet . || { echo 'Some files are not formatted. Try: make format' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@mkdir -p .mypy_cache; $(BIN)/mypy --strict >.mypy_cache/said 2>&1 & types=$$!; \
	$(BIN)/python -m pytest --quiet --numprocesses 3 --dist loadfile tests/architecture tests/unit; tests=$$?; \
	wait $$types; types=$$?; cat .mypy_cache/said; test $$types -eq 0 -a $$tests -eq 0

soak: $(READY) ## Run the demo ten times with a killed node, ten times with a killed controller
	@for round in 1 2 3 4 5 6 7 8 9 10; do for fault in --kill --kill-controller; do \
		echo "Round $$round of 10: skalds demo $$fault"; $(BIN)/skalds demo $$fault $(ARGS) || exit 1; \
	done; done

bench: $(READY) ## Measure the figures of the design (ONLY=planner for one)
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

format: $(READY) ## Format the sources and mend what the linter can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

lock: $(READY) ## Pin the dependencies anew (ARGS=--upgrade for newer versions)
	@echo 'Locking requirements/dev.txt, requirements/base.txt and requirements/services.txt'
	@$(LOCK) $(ARGS) --extra distributed --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	@$(LOCK) --constraint requirements/dev.txt --output-file requirements/base.txt --no-annotate pyproject.toml
	@$(LOCK) $(ARGS) --no-deps --output-file requirements/services.txt requirements/services.in

clean: ## Remove .venv and everything a tool has left behind
	@test ! -L .services/standing || $(SERVICES) down
	@rm -rf .services .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist bench/out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter named on the command line replaces the one .venv was made with.
IDENTITY := -c 'import sys; print(sys.base_prefix, sys.version)'
ifeq ($(origin PYTHON),command line)
ifneq ($(shell { $(PYTHON) $(IDENTITY); } 2>/dev/null),$(shell { $(BIN)/python $(IDENTITY); } 2>/dev/null))
REPLACED := .venv
.PHONY: other-interpreter
$(READY): other-interpreter
endif
endif

$(READY): pyproject.toml requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) was not found. Try: make PYTHON=/path/to/python3.12 setup' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "Skalds needs Python 3.11 or newer, $(PYTHON) is %d.%d. Try: make PYTHON=python3.12 setup" % v[:2])'
	@echo 'Setting up .venv (the first time takes about half a minute)'
	@rm -rf $(REPLACED)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@
