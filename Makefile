# Every command makes its own environment; a fresh machine needs Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help

help: ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	$(BIN)/python -m compileall -q src
	@touch $@

install: $(STAMP) ## make the environment in .venv

demo: $(STAMP) ## dry-run the example company's rules over its leads
	$(BIN)/leadrules plan --project examples/acme

check: $(STAMP) ## ruff, mypy, layers
	$(BIN)/ruff check src tests examples action
	$(BIN)/ruff format --check src tests examples action
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## all checks and tests that fit in ten minutes
	$(BIN)/python -m pytest -n 2 -q

test-all: check ## the same with many more random examples
	LAW_EXAMPLES=2000 $(BIN)/python -m pytest -n 2 -q

bench: $(STAMP) ## a million leads and ten million events against the floor
	$(BIN)/python -m tests.benchmarks.run

bench-report: $(STAMP) ## the report of a million leads and ten million events
	$(BIN)/python -m tests.benchmarks.report

bench-state: $(STAMP) ## the same with routes, sequences, triggers and a state of the day before
	$(BIN)/python -m tests.benchmarks.lifecycle

examples: $(STAMP) ## make the example data again
	$(BIN)/python examples/generate.py

docs: $(STAMP) ## make the pages that come from the registry
	$(BIN)/python -m leadrules.review.pages docs

tables: $(STAMP) ## make the parser's tables again, after an edit of the grammar
	$(BIN)/python -m leadrules.syntax.tables grammar

node-tools: ## what npm gives to the tests: the extension's tools, and Mermaid
	mkdir -p editors/vscode/grammar build
	cp grammar/leadrules.tmLanguage.json editors/vscode/grammar/
	cp LICENSE editors/vscode/
	cd editors/vscode && npm install --no-audit --no-fund --silent
	npm install --prefix build/node --no-audit --no-fund --silent mermaid@11 jsdom@26

vscode: node-tools ## test the colours and package the VS Code extension (needs npm)
	cd editors/vscode && npm test
	cd editors/vscode && npx vsce package --out ../../build/leadrules.vsix

clean: ## remove what the commands made
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: vscode node-tools help install demo check test test-all bench bench-report bench-state examples docs tables clean
