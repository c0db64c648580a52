# Each line is a command a person could type.
#   make run     simulated machine, broker, recipe R1 whole, batch report
#   make test    the tests
#   make check   format, lint, types, architecture, strict C, sanitizers
#   make rig-check  the rig's firmware: types of MicroPython, its compiler
#   make scenarios  every fault of the catalogue against the simulated press
#   make bench   speed beside its references -> build/bench.json

PYTHON ?= python3
BIN := .venv/bin
C_SOURCES := $(wildcard native/kernel/*.[ch] native/plant/*.[ch])

.PHONY: run test check rig-check scenarios bench constraints clean

run: .venv/built
	$(BIN)/hotpress demo

test: .venv/built
	$(BIN)/pytest -q -n 2

check: .venv/built
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh native/verify/strict.sh $(CURDIR)/$(BIN)/python
	sh tools/check_symbols.sh $(CURDIR)/$(BIN)/python
	sh native/verify/sanitize.sh $(CURDIR)/$(BIN)/python

rig-check: .venv/built
	sh tools/rig_check.sh $(CURDIR)/$(BIN)/python

scenarios: .venv/built
	$(BIN)/hotpress-hil run --all --face sim --jobs 2

bench: .venv/built
	$(BIN)/python -m tools.bench --json build/bench.json

# The C is compiled again when it changed.
.venv/built: .venv/installed pyproject.toml setup.py native/build.py $(C_SOURCES)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed: constraints.txt tools/prerequisites.sh
	sh tools/prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	touch $@

# Versions and hashes of everything, no address of anything.
constraints:
	$(BIN)/uv pip compile pyproject.toml --extra test --extra dev --universal \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --output-file constraints.txt --quiet

clean:
	rm -rf .venv build dist *.egg-info controller/_press*.so hil/_plant*.so
