# make demo and make test are all a newcomer needs; both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
PEERS := .venv-peers
# Small networks run fastest on one thread, and two test workers then share two cores without a fight.
export OMP_NUM_THREADS ?= 1

.PHONY: setup demo test learning lint format voice bench clean
setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Isthmus needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/isthmus demo --out demo

test: setup
	$(BIN)/pytest --numprocesses 2 --dist worksteal --durations 15

lint: setup
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix src tests benchmarks tools
	$(BIN)/ruff format src tests benchmarks tools

# The voice model that comes with the package, from recordings that are CC BY 4.0 (see NOTICE).
voice: setup
	$(BIN)/python tools/bundle_voice.py

# The peers a benchmark runs against live in an environment of their own.
$(PEERS)/.ready: benchmarks/requirements.txt constraints.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement benchmarks/requirements.txt --editable '.[compare,maps,speech]'
	touch $@

bench: setup $(PEERS)/.ready
	$(PEERS)/bin/python benchmarks/run_all.py

clean:
	rm -rf .venv $(PEERS) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
