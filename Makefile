# Counterpoint. `make help` lists the targets.
PYTHON ?= $(shell sh scripts/find-python.sh)
BIN := .venv/bin

.PHONY: help setup setup-local setup-dev demo test lint eval account screenshot locks clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Make .venv with the counterpoint command
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py runtime

setup-local: ## The same, with what runs broker, database and Triton on this machine
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py local

setup-dev: ## The same, with what tests and checks need
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py dev

demo: setup-local ## Run the whole of it on bundled samples; ONCE=1 ends after the digest
	@exec $(BIN)/counterpoint demo $(if $(ONCE),--once)

test: setup-dev lint ## Run checks and tests, against real Kafka, PostgreSQL and Triton
	@exec $(BIN)/python -m pytest $(ARGS)

lint: setup-dev ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

eval: setup-dev ## Cross-validate the detector: make eval DATA=folder
	@test -n "$(DATA)" || { echo "say where the data lie: make eval DATA=folder" >&2; exit 2; }
	@exec $(BIN)/python -m training.detector eval "$(DATA)"

account: setup-local ## Replay real conversations on a stack of its own and account for each session: make account DATA=folder
	@test -n "$(DATA)" || { echo "say where the data lie: make account DATA=folder" >&2; exit 2; }
	@exec $(BIN)/counterpoint demo --once "$(DATA)/mibot/transcripts" "$(DATA)/annomi/AnnoMI-simple.csv"

screenshot: setup-dev ## Make docs/session.png from a running demo (needs Debian's chromium and chromium-driver)
	@exec $(BIN)/python scripts/screenshot.py

# Pins stay unless their source changed; delete a lock file to take everything new.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make locks'

locks: setup-dev ## Resolve the lock files anew (developers)
	@$(COMPILE) pyproject.toml requirements/build.in -o requirements/runtime.lock
	@$(COMPILE) requirements/local.in -o requirements/local.lock
	@$(COMPILE) requirements/dev.in -o requirements/dev.lock
	@$(COMPILE) --no-deps requirements/triton.in -o requirements/triton.lock
	@$(BIN)/python -m plugin.local.jars lock

clean: ## Remove what setup and local runs made, data included
	rm -rf .venv .venv-triton .counterpoint build *.egg-info
