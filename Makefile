# Thin aliases of the commands in the README.
PYTHON ?= python3
BIN := .venv/bin
DATA ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check format clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install: .venv/.installed ## Make .venv and install everything, pinned

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --progress-bar on --constraint constraints.txt --editable ".[cpu,postgres,mcp,dev]"
	@touch $@

demo: install ## Fetch, ingest, train and open the app (DATA=folder for your own catalogue)
	$(BIN)/tastemaker demo $(if $(DATA),--data "$(DATA)")

test: install ## Run the tests
	$(BIN)/python -m pytest

check: install ## Lint, types, import contracts, commands in the documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m tests.documents

format: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the virtual environment and caches
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
