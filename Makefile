# isoaudit: `make scan` to try it, `make test` to hold it to its word, `make help` for the rest.

VENV ?= .venv
BIN := $(VENV)/bin
LAB := $(CURDIR)/.lab

.DEFAULT_GOAL := help
.PHONY: help scan test lint format docs recordings bench fuzz lab-setup clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

scan: $(VENV)/installed ## set up .venv, then audit this host, what runs on it, and examples/
	@# CI asks for named targets; here this machine is what is meant.
	@env -u CI $(BIN)/isoaudit scan --report-only
	@echo
	@$(BIN)/isoaudit scan examples/ examples/evidence/lab.json.gz --report-only

test: lab-setup $(VENV)/tested ## install what the tests need, start the engines, run every test
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/tested ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy isoaudit

format: $(VENV)/tested ## put the code in its usual shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/tested ## write the generated pages of docs/ anew
	$(BIN)/python tools/write_docs.py

recordings: lab-setup $(VENV)/tested ## record the engines' answers anew
	ISOAUDIT_RECORD=1 $(BIN)/pytest tests/lab -n 2 --dist loadfile

bench: $(VENV)/tested ## measure against floors of the same run
	$(BIN)/python benchmarks/run.py

fuzz: $(VENV)/tested ## try the score's laws on 20,000 configurations of each kind
	$(BIN)/python tools/fuzz_model.py

lab-setup: ## install engines and a guest kernel, where that is possible
	@tools/test-setup.sh

$(VENV)/installed: pyproject.toml tools/make-venv.sh
	@tools/make-venv.sh $(VENV)
	@touch $@

$(VENV)/tested: pyproject.toml tools/make-venv.sh
	@tools/make-venv.sh $(VENV) test
	@touch $@ $(VENV)/installed

clean: ## remove what make made
	rm -rf $(VENV) $(LAB) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
