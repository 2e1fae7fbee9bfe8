# Four targets for a newcomer, each of which sets itself up in .venv:
#   make demo    a real photo and a sentence become demo.mp4 and demo.png
#   make test    everything: make check, then all tests
#   make check   style, types, import rules
#   make bench   speed and memory of engine and service, as ratios in one run
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench
.DELETE_ON_ERROR:

demo: .venv/ready-run
	@$(BIN)/talkies generate examples/astronaut.jpg "$$(cat examples/astronaut.txt)" -o demo.mp4 --seed 7
	@$(BIN)/talkies inspect demo.mp4 --sheet demo.png
	@echo "demo.mp4 is the clip: open it with any video player or browser. demo.png shows it frame by frame."

test: check
	$(BIN)/pytest -n 2 --dist worksteal

check: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready-bench
	$(BIN)/python -m bench

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

.venv/ready-run: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/ready-test: pyproject.toml .venv/ready-run
	$(BIN)/pip install --quiet --editable ".[provenance,languages,postgresql]" --group test
	@touch $@

.venv/ready-bench: pyproject.toml .venv/ready-run
	$(BIN)/pip install --quiet --group bench
	@touch $@
