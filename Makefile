# make demo    the whole product on this machine, nothing configured (needs Python >= 3.11 and its wheels, no more)
# make test    every check and test; installs what it needs and names it first
# make check   format, lint, types, import rules
# make bench   figures of the README, side by side with the peers
# make docs    docs/settings.md, docs/fields.md, docs/words.md, docs/incidents.md from the code
# make soak    the long runs: Elasticsearch 8, crash loops, load, fuzzing, floods
# make fuzz    only the fuzzing: SECONDS_EACH of each target

# the system's own Python is built with profile-guided optimisation: a sixth faster than one compiled at home
PYTHON ?= $(or $(shell for python in /usr/bin/python3 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done),python3)
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_FLAGS ?= -n 2 --dist loadscope

SECONDS_EACH ?= 300

.PHONY: demo serve-demo test check format bench soak fuzz docs clean

demo: $(VENV)/.demo
	$(BIN)/stripwatch demo --once

serve-demo: $(VENV)/.demo
	$(BIN)/stripwatch demo

test: $(VENV)/.dev
	sh tests/setup.sh
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m "not long"

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m bench

docs: $(VENV)/.dev
	$(BIN)/python -m stripwatch.reference docs

soak: $(VENV)/.dev
	sh tests/setup.sh
	STRIPWATCH_TEST_ELASTICSEARCH_VERSION=8.19.0 $(BIN)/python -m pytest $(PYTEST_FLAGS) -m "elasticsearch and not long"
	STRIPWATCH_TEST_KILLS=1000 $(BIN)/python -m pytest -m long --timeout 7200
	STRIPWATCH_TEST_KILLS=1000 $(BIN)/python -m pytest -s tests/crash --timeout 14400
	$(MAKE) --no-print-directory fuzz

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS_EACH)

$(VENV)/bin/python:
	sh tests/venv.sh $(PYTHON) $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
