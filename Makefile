# Every target sets itself up: it needs Python 3.11+, make, and a package index that pip can reach.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo faults test bench test-postgres test-postgres-quick check check-style check-types check-bandit check-audit wheel lock clean

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed (set PYTHON=...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(BIN)/dondoc demo

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The parts that meet a database, on PostgreSQL: a throw-away cluster where its programs are installed.
ON_POSTGRES := DONDOC_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n auto --dist worksteal
test-postgres: $(READY)
	$(ON_POSTGRES) tests/registry tests/scheduler tests/e2e/test_delivery.py tests/dialogs \
	  -k "not test_dialog or console" $(ARGS)

# The most telling part of it, in a minute: what is written, sent and claimed, and four conversations.
# Left out: what make test plays on PostgreSQL anyway, and what is SQLite's or needs no database.
QUICK_WITHOUT := postgres moving agency_changes matching proof
test-postgres-quick: $(READY)
	$(ON_POSTGRES) tests/registry tests/scheduler/test_deliver.py tests/dialogs \
	  $(QUICK_WITHOUT:%=--ignore=tests/registry/test_%.py) \
	  -k "not test_dialog or (console and (acceptance or directives or handover or officer))" $(ARGS)

# Some minutes; ARGS="--only path,limits --rounds 5". What it shows is explained in docs/performance.md.
# make faults SCENE=name for one; the names: make faults SCENE=--help
faults: $(READY)
	$(BIN)/python -m tests.faults $(SCENE)

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

# Side by side: the types take the longest.
check: $(READY)
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-types check-style check-bandit check-audit

check-style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check-types: $(READY)
	$(BIN)/mypy

# A reason stands at each "nosec"; what it says of those that were not needed is left out. SQL put together
# from words is ruff's to find (S608), whose exceptions may stand for a whole file.
BANDIT := --skip B608 deadlines registry intake reports scheduler bot
check-bandit: $(READY)
	@echo "bandit: $(BANDIT)"
	@$(BIN)/bandit --quiet --recursive $(BANDIT) 2>/dev/null || $(BIN)/bandit --recursive $(BANDIT)

# Where the database of weaknesses cannot be reached it says so and passes. AUDIT="--ignore-vuln ID"
check-audit: $(READY)
	@$(BIN)/python .ci/audit.py requirements-dev.lock $(AUDIT)

wheel: $(READY)
	$(BIN)/python -m build --no-isolation --outdir dist .

# For maintainers: needs uv. No index lines, so that the files name no package host.
UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock:
	$(UV_COMPILE) -o requirements.lock pyproject.toml
	$(UV_COMPILE) --group dev -o requirements-dev.lock pyproject.toml
	touch requirements-dev.lock

clean:
	rm -rf $(VENV) dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
