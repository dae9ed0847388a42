# The everyday commands. `make demo` and `make test` are all that a new user needs.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first Python on the path that is new enough; `make PYTHON=/path/to/python3.12` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
# Tests in so many processes at once.
JOBS ?= 2
# More for pytest: make test ARGS="tests/jobs -k lease"
ARGS ?=

.PHONY: help setup demo clean-demo up test lint format types imports lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /:/' | awk -F: '{printf "  make %-12s %s\n", $$1, $$2}'

demo: STARTED := $(shell date +%s)
# exec: a signal to make reaches the demo itself, and not a shell between them.
demo: setup ## set up, load samples (or PHOTOS=folder), start, show the whole loop (MODEL_SET=classical-mini: nothing is trained; CROWD=1)
	@exec $(BIN)/python manage.py demo --photos "$(PHOTOS)" --model-set "$(MODEL_SET)" $(if $(CROWD),--crowd) --started $(STARTED)

clean-demo: setup ## remove what the demo put into its data folder (YES=1: also where others have brought something)
	@$(BIN)/python manage.py demo --remove $(if $(YES),--yes)

up: setup ## start web, workers and scheduler on what is there
	@exec $(BIN)/python manage.py up

test: setup ## set up and run the whole test suite
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup ## ruff: lint and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## who may import whom
	$(BIN)/lint-imports

setup: $(VENV)/.stamp ## make .venv from requirements.lock

# Done once, and again when the lock or the project's own description changes.
$(VENV)/.stamp: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none is on the path. Install it, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit("Python 3.11 or newer is needed; %s is %d.%d. Name another: make PYTHON=/path/to/python3.12" % (sys.executable, v[0], v[1]) if v < (3, 11) else 0)'
	@echo "Setting up $(VENV): a minute or two, once."
	@$(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV); "$(PYTHON)" -m venv $(VENV); } || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
	@command -v uv >/dev/null || test -x $(BIN)/uv || { \
		awk '/^[^ ]/ { ours = /^uv==/ } ours' requirements.lock >$(VENV)/uv.txt && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
# What cuts products out is compiled at its first import, a minute on one core, and kept beside it: here, so that no
# worker has to, let alone several at the same time.
	@$(BIN)/python -c 'import pymatting'
	@touch $@

lock: setup ## pin every version anew
	PATH="$(CURDIR)/$(BIN):$$PATH" uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet -o requirements.lock

clean: ## remove .venv and the tools' caches (the data in var/ stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
