# Every target sets up what it needs in .venv and is safe to repeat.
# Another interpreter: make demo PYTHON=python3.12
PYTHON ?= python3
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadgroup

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.docs-installed

# Several workers share the cores, so that each one's linear algebra keeps to one thread.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MPLBACKEND ?= Agg
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The variables, unlike -c, also pin what builds the packages: the first for pip up to 25.2, the second from 25.3 on.
PINNED := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt

SUPPORTED := import sys; sys.exit(not (3, 11) <= tuple(sys.version_info[:2]) <= (3, 13))
MINOR := import sys; print(*sys.version_info[:2])

.PHONY: help demo test lint format docs bench install clean

help:
	@echo "make demo    refine the shipped example and write demo-result/report.html"
	@echo "make test    run all tests"
	@echo "make lint    ruff and mypy"
	@echo "make docs    build the documentation into docs/_build/html, tutorials included"
	@echo "make bench   run the benchmarks one after the other"
	@echo "make clean   remove .venv, results and caches"

demo: $(INSTALLED)
	@$(BIN)/xtal demo -o demo-result --force

test: $(INSTALLED)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Warnings are errors; tutorials and examples run; the README's pictures are made anew. The HTML works without a network.
docs: $(DOCS_INSTALLED)
	$(BIN)/python tools/make_pictures.py
	$(BIN)/python docs/check_links.py README.md CHANGELOG.md docs
	$(BIN)/python -m pytest -q tests/docs/test_examples.py
	$(BIN)/python -m sphinx -b html -E -W --keep-going -q docs docs/_build/html
	@echo "documentation: docs/_build/html/index.html"

bench: $(INSTALLED)
	@set -e; found=; for script in tests/benchmarks/bench_*.py; do \
	  [ -e "$$script" ] || continue; found=yes; echo "== $$script"; $(BIN)/python "$$script"; \
	done; [ -n "$$found" ] || echo "tests/benchmarks holds no benchmark yet."

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt xtal/_version.py
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "xtal needs Python 3.11, 3.12 or 3.13, and there is no '$(PYTHON)' here; name one: make demo PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c '$(SUPPORTED)' || { \
	  echo "xtal needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1); name another: make demo PYTHON=python3.12" >&2; exit 1; }
	@if [ "$$($(BIN)/python -c '$(MINOR)' 2>/dev/null)" != "$$("$(PYTHON)" -c '$(MINOR)')" ]; then \
	  echo "making $(VENV) (the first time takes some minutes)"; "$(PYTHON)" -m venv --clear $(VENV); fi
	$(PINNED) $(BIN)/python -m pip install --quiet -e '.[all,dev]'
	@touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	$(PINNED) $(BIN)/python -m pip install --quiet -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) demo-result build dist docs/_build docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
