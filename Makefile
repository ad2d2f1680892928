# The two commands of the README. Each does its own set-up: a virtual environment in .venv.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: bitstream test lint clean

bitstream: $(VENV)/base.installed
	$(RUN) -m hw.build --board ulx3s $(ARGS)

# One thread each: on a busy machine torch's threads mostly wait for each other.
test: $(VENV)/dev.installed
	OMP_NUM_THREADS=1 $(RUN) -m pytest tests/ sim/ $(ARGS)

lint: $(VENV)/dev.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

clean:
	rm -rf build

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
