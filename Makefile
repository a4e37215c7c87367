# Every command of the project, each doing its own set-up. `make help` lists them.
# Stamp files record what is installed, so that a second run needs no network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

.PHONY: help demo test check lock clean services bench-setup

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime  ## set up, then check a re-posted clip against an earlier one, on this machine alone
	@$(BIN)/python -m demo

test: check services  ## set up, then every check and every test
	@$(BIN)/python -m pytest

check: $(VENV)/.dev  ## lint, types, who imports whom, and the lock
	@$(BIN)/ruff check --quiet . scripts/lock scripts/settings-table
	@$(BIN)/ruff format --quiet --check . scripts/lock scripts/settings-table
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --no-cache > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/python scripts/lock --check

lock: $(VENV)/.dev  ## resolve the dependencies anew into requirements/
	@$(BIN)/python scripts/lock

services:  ## install the servers and the browser that the tests start
	@scripts/services

bench-setup: $(VENV)-bench/.peers  ## install the tools that bench/peers.py compares with, apart from the rest

clean:  ## remove everything that the commands above made
	rm -rf $(VENV) $(VENV)-bench demo-output test-artefacts build ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@scripts/venv "$(PYTHON)" $(VENV)

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked packages (once) ..."
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing the locked packages of the tests (once) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)-bench/bin/python:
	@scripts/venv "$(PYTHON)" $(VENV)-bench

$(VENV)-bench/.peers: requirements/bench.txt | $(VENV)-bench/bin/python
	@echo "Installing the locked packages of the peers (once) ..."
	@$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/bench.txt
	@touch $@
