# `make help` lists the targets. Needs: make, and python3 (3.11 or newer) with its venv module.
# Everything else is installed into .venv, pinned by hash.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench lock clean system-libraries test-programs
.SILENT:

help: ## List the targets
	grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -e 's/:.*## /\t/' | expand -t 10

setup: ## Make the environment: .venv with everything pinned in it, and the `readiness` command
	$(PYTHON) .ci/setup.py $(VENV)

run: setup system-libraries ## Start Readiness with demo data at http://localhost:8000 (PORT=8001 for another port)
	exec $(BIN)/readiness run --demo --exit-with-parent

test: setup system-libraries test-programs ## Run every test: unit, integration, browser
	exec $(BIN)/python -m pytest

check: setup ## Run linters, types, and the checks of the project itself
	exec $(BIN)/python .ci/check.py

bench: setup system-libraries ## Measure: CPU and queries per request, packets (docs/performance.md)
	exec $(BIN)/python -m tests.bench

lock: ## Pin the newest allowed dependencies, with hashes
	$(PYTHON) -m venv var/lock && var/lock/bin/python -m pip install -q uv
	var/lock/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--extra dev --no-emit-package readiness pyproject.toml -o requirements/dev.txt
	var/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		-c requirements/dev.txt pyproject.toml -o requirements/base.txt

clean: ## Remove the environment and caches. Data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system-libraries: setup
	$(BIN)/python -m readiness.embedded.system libraries

test-programs: setup
	$(BIN)/python -m readiness.embedded.system tests
