# Two commands matter: `make run` and `make test`. Everything else is convenience.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
export PYTHONWARNINGS := ignore

.DEFAULT_GOAL := help
.PHONY: help run test ui faults docs lint format lock clean install

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Create the virtual environment with pinned dependencies

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tieout needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make run PYTHON=python3.11" >&2; exit 1; }
	@echo "Installing pinned dependencies into $(VENV) (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

run: $(STAMP) ## Run the nightly job (on the sample company when nothing has landed yet)
	@$(BIN)/tieout run

test: $(STAMP) ## Run all tests
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

ui: $(STAMP) ## Open the Dagster UI on http://localhost:3000
	@$(BIN)/tieout ui

faults: $(STAMP) ## Kill runs, fill disks and cut files for hours; writes tests/faults/results.md
	@$(BIN)/python -m tests.faults.run

docs: $(STAMP) ## Build the dbt docs and the Great Expectations Data Docs
	@$(BIN)/tieout docs

lint: $(STAMP) ## Check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(STAMP) ## Apply style and formatting
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: $(STAMP) ## Pin the dependencies of pyproject.toml anew
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock

clean: ## Delete everything that runs have made (landing files, warehouse, reports, history)
	@rm -rf .tieout dbt/target dbt/logs .pytest_cache .ruff_cache .hypothesis
