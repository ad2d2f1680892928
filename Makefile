# Each target does its own set-up: a virtual environment in .venv.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help bitstream test lint clean

# A line for each target that says "## what it does".
help:
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo 'ARGS="…" is handed on: make bitstream ARGS="--clock 120", make test ARGS="-k plan"'

bitstream: $(VENV)/base.installed  ## the packaged network for a ULX3S: build/ulx3s/top.bit
	$(RUN) -m hw.build --board ulx3s $(ARGS)

# Two processes, a file of tests at a time. One thread each: torch's threads mostly wait for each other.
test: $(VENV)/dev.installed  ## the tests and the co-simulations
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile tests/ sim/ $(ARGS)

lint: $(VENV)/dev.installed  ## style
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# Only what comes again by itself. Networks that were trained, and bitstreams, are a user's work.
clean:  ## remove caches; what was trained or built stays
	rm -rf build/sim build/lib build/bdist.* .pytest_cache .ruff_cache

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo 'Python lacks venv: apt-get install python3-venv' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.installed: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# torch is a CPU wheel here; everything the tests use, simulator included, comes from PyPI.
$(VENV)/dev.installed: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/base.installed
