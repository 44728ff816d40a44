# The commands of this project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup run test quick check lock clean

PY := .venv/bin/python
# Four at once, also on two cores: tests that kill and restart processes mostly wait. Bytecode is kept: every process of
# the run, and every program a test starts, would compile the same modules again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder
# Every room and module of ours that has Python in it.
OURS = $(sort $(patsubst %/,%,$(dir $(wildcard */*.py)))) $(wildcard *.py)
# Whole servers are started in these: `make quick` leaves them.
LEAVES := --ignore=tests/simulator --ignore=tests/database --ignore=tests/demo --ignore=tests/test_settings.py
# Limits what pytest runs, e.g. make test TESTS=tests/rules
TESTS ?= tests

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: ## makes .venv, with what tests and checks need, and the pages; done already, it takes a moment
	@scripts/setup.sh

run: ## everything on this machine, with example data; sets up what it needs and prints where to open it
	@scripts/setup.sh run
	@$(PY) -m demo

test: setup ## every test; installs Chromium where it may
	@scripts/browser.sh
	@$(PYTEST) $(TESTS)

quick: setup ## under a minute: what needs no browser and no database of its own, and claiming
	@$(PYTEST) -m "not slow and not browser and not database" $(LEAVES) $(TESTS)
	@$(PY) -m pytest -m "not slow" tests/rules/test_claims.py

check: setup ## lint, format, types, and who may import whom
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(OURS)
	$(if $(wildcard tests/test_architecture.py),$(PY) -m pytest tests/test_architecture.py)

lock: setup ## resolves requirements*.in anew into the two locked lists
	@scripts/lock.sh

clean: ## removes caches and what tests left; keeps .venv and the data in var/
	@scripts/clean.sh
