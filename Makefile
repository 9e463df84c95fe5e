# Indelible
# Two commands do everything: `make run` and `make test`. The others are for those who change the code.
PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ./data
JOBS   ?= 2
BIN    := $(VENV)/bin
RUN    := $(VENV)/.run-installed
DEV    := $(VENV)/.dev-installed
# A lock is complete, so --no-deps: there is nothing to resolve, and no resolver that could find something newer.
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench docs nightly lock clean

help:            ## this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | awk -F ': .*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(RUN)      ## set up, import the bundled real events into ./data, serve them on 127.0.0.1:8420
	@$(BIN)/indelible demo run --data $(DATA)

test: $(DEV)     ## everything that CI runs, on a fresh machine too
	@scripts/install-test-tools
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m scripts.docs --check
	$(BIN)/pytest -n $(JOBS) --dist loadgroup --cov --cov-report=term --cov-fail-under=90

lint: $(DEV)     ## ruff, mypy, import layers; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)   ## put the code into its one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEV)    ## measure this machine and write the table in docs/benchmarks.md
	$(BIN)/python -m benchmarks
	$(BIN)/python -m scripts.docs

docs: $(DEV)     ## write the generated pages of docs/ again: command line, Python, HTTP, benchmarks
	$(BIN)/python -m scripts.docs

nightly: $(DEV)  ## the long tests: more crashes, more flips, a million fuzzed inputs
	@scripts/install-test-tools
	$(BIN)/pytest -n $(JOBS) --dist loadgroup -m nightly --hypothesis-profile=nightly --timeout=14400

lock: $(DEV)     ## resolve dependencies again, with hashes and without addresses
	scripts/lock $(BIN)/python

clean:           ## remove what can be made again; never ./data
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find src tests benchmarks scripts -name __pycache__ -type d -exec rm -rf {} +

$(BIN)/python:
	@scripts/make-venv $(PYTHON) $(VENV)

$(RUN): pyproject.toml requirements/server.lock | $(BIN)/python
	$(PIP) --require-hashes -r requirements/server.lock
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(DEV): pyproject.toml requirements/dev.lock | $(BIN)/python
	$(PIP) --require-hashes -r requirements/dev.lock
	$(PIP) --no-build-isolation --editable .
	@touch $@ $(RUN)
