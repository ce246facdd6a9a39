# Gainsay. Needs Python 3.11 or newer, make and a package index.
#   make demo        everything for a first look, then the site on http://127.0.0.1:8000
#   make test        the whole test suite, browser included
#   make help        the rest

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
# A package index for torch alone, such as one with builds for the CPU only.
TORCH_INDEX ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo demo-data test test-default test-browser test-slow lint train-bundle messages bench lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed  ## virtual environment with what the site needs

install-dev: $(VENV)/.installed-dev  ## the same with what tests and development need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements.txt
	$(if $(TORCH_INDEX),$(BIN)/pip install -q --index-url $(TORCH_INDEX) torch==2.13.0)
	$(BIN)/pip install -q -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install -q -r requirements-dev.txt
	@touch $@

demo-data: install  ## database, generated songs, demo campaign and study; starts nothing
	$(BIN)/python manage.py migrate -v 0
	$(BIN)/python manage.py demo --url http://127.0.0.1:$(PORT)
	$(BIN)/python manage.py demo_study --url http://127.0.0.1:$(PORT)

demo: demo-data  ## the same, then worker and server until Ctrl+C
	$(BIN)/python -m config.serve --port $(PORT)

test: install-dev  ## all tests; where no browser can be had, says so and runs the rest
	PYTHON=$(BIN)/python sh tests/run.sh

test-default: install-dev  ## the fast suite alone
	$(BIN)/python -m pytest

test-browser: install-dev  ## the browser suite alone
	$(BIN)/python -m pytest -m browser

test-slow: install-dev  ## long runs, short forms of which are in the fast suite
	$(BIN)/python -m pytest -m slow

lint: install-dev  ## style, types, import contract, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

train-bundle: install  ## the bundled checkpoints anew, from generated and CC0 songs; under 40 minutes on two cores
	$(BIN)/python manage.py train_models --preset small --seed 1 --real modeling/cc0_songs \
		--out modeling/checkpoints --resume

messages: install-dev  ## texts of participants and annotators into the catalogues, and these compiled; needs gettext
	$(BIN)/python manage.py make_messages --all
	$(BIN)/python manage.py compilemessages -v 0 --ignore $(VENV)

bench: install-dev  ## the benchmark table
	$(BIN)/python -m benchmarks

lock: install-dev  ## requirements*.txt from the pins of pyproject.toml
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-header --allow-unsafe -o requirements.txt pyproject.toml
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-header --allow-unsafe --extra dev \
		-o requirements-dev.txt pyproject.toml
	sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' requirements.txt requirements-dev.txt

clean:  ## forget the virtual environment and everything the site stored here
	rm -rf $(VENV) var
