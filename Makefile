# Counterpoint. `make help` lists the targets.
PYTHON ?= $(shell sh scripts/find-python.sh)
BIN := .venv/bin
# Tests wait for brokers and groups as much as they compute: four at a time keep two cores busy, each with its own servers.
WORKERS ?= 4
# Images of Python often switch its cache of compiled modules off; then each stage of a test compiles all of ours anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help pin-images fuzz baseline setup setup-local setup-matrix setup-dev setup-studies setup-training setup-llm demo test test-browser test-training test-llm faults test-tls audit compiled-tests lint bench eval studies account screenshot locks clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Make .venv with the counterpoint command
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py runtime

setup-local: ## The same, with what runs broker, database and Triton on this machine
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py local

setup-matrix: ## The same, with a Matrix homeserver
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py matrix

setup-dev: ## The same, with what tests and checks need
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py dev

setup-studies: ## Make .venv with what `counterpoint study` fits and tests with
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py studies

setup-training: ## Make .venv-training, which fine-tunes a feedback model (several gigabytes)
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py training

setup-llm: ## The same, with a small Llama and what serves it on a CPU
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py llm

demo: $(if $(filter matrix,$(PLATFORM)),setup-matrix,setup-local) ## Run the whole of it on bundled samples; ONCE=1 ends after the digest, PLATFORM=matrix lets Matrix users say them
	@exec $(BIN)/counterpoint demo $(if $(ONCE),--once) $(if $(PLATFORM),--platform $(PLATFORM))

test: setup-dev ## Run checks and tests, against real Kafka, PostgreSQL, Triton and Synapse
	@$(MAKE) --no-print-directory --jobs 2 lint compiled-tests
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

faults: setup-dev ## Hurt the system for some half an hour, and write what held into docs/guarantees.md; ARGS="--seed 7"
	@exec $(BIN)/python -m pytest tests/faults -v --long --guarantees docs/guarantees.md $(ARGS)

compiled-tests: .venv/compiled-tests ## Compile changed tests once, on the core that the type check leaves free, and not in each process of the run

.venv/compiled-tests: $(shell find tests -name '*.py') | setup-dev
	@$(BIN)/python -m pytest --collect-only --quiet > /dev/null 2>&1 || true # the run itself says what is wrong
	@touch $@

lint: setup-dev ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

fuzz: setup-dev ## Send 100,000 generated deliveries through the real gateway, broker and worker, and account for each; ARGS="--seed 7"
	@exec $(BIN)/python -m pytest tests/fuzz/test_deliveries.py -v --long $(ARGS)

bench: setup-dev ## Measure speed, memory and bytes beside what else one could build: make bench ARGS="--only lag"
	@exec $(BIN)/python -m bench $(ARGS)

test-tls: setup-dev ## PostgreSQL over TLS; needs the distribution's server (Debian: postgresql), so no part of `make test`
	@exec $(BIN)/python -m pytest tests/tls/postgres_tls.py $(ARGS)

test-browser: setup-dev ## The pages in Debian's Chromium, each in light, dark and on a phone; ARGS="--pictures folder" keeps pictures
	@command -v chromium > /dev/null || { echo "Chromium is missing: sudo apt-get install chromium" >&2; exit 2; }
	@exec $(BIN)/python -m pytest -n 2 -o python_files='*_journey.py' tests/browser $(ARGS)

test-training: setup-llm ## The training recipes end to end on tiny models; needs .venv-training, so no part of `make test`
	@exec .venv-training/bin/python -m pytest --noconftest -W default tests/training/feedback/end_to_end.py \
		tests/training/reader/end_to_end.py tests/training/preference/end_to_end.py $(ARGS)

test-llm: setup-dev setup-llm ## A small Llama of the recipe behind a real Triton; an hour or more, so no part of `make test`: RUN=folder[:fold-0]
	@test -n "$(RUN)" || { echo "say which run of training.feedback: make test-llm RUN=folder" >&2; exit 2; }
	@COUNTERPOINT_LLM_RUN="$(RUN)" exec $(BIN)/python -m pytest -p no:randomly -v tests/llm/contract.py tests/llm/model_check.py $(ARGS)

audit: ## Look up known vulnerabilities, write build/sbom.json, check licences against the list
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/setup.py audit
	@exec $(BIN)/python -m scripts.audit

eval: setup-dev ## Detector and reader against labels of public transcripts: make eval DATA=folder
	@test -n "$(DATA)" || { echo "say where the data lie: make eval DATA=folder" >&2; exit 2; }
	@$(BIN)/python -m training.detector eval "$(DATA)"
	@$(BIN)/python -m training.reader eval "$(DATA)"
	@$(BIN)/python -m training.reader eval "$(DATA)" --served

STUDIES ?= build/studies

studies: setup-dev ## Ask real sessions what the question files ask, a report each: make studies DATA=folder [STUDIES=folder]
	@test -n "$(DATA)" || { echo "say where the data lie: make studies DATA=folder" >&2; exit 2; }
	@$(BIN)/python -m training.studies tables "$(DATA)" "$(STUDIES)/tables"
	@test -d "$(STUDIES)/tables/simulated" || $(BIN)/counterpoint study trial simulate \
		training/studies/questions/simulated-trial.toml --folder "$(STUDIES)/tables/simulated" --effect 0.8 --leave 6
	@for file in training/studies/questions/*.toml; do \
		name=$$(basename $$file .toml); echo; echo "$$name:"; \
		$(BIN)/counterpoint study run $$file --tables "$(STUDIES)/tables/$${name%%-*}" --out "$(STUDIES)/$$name" || exit; \
	done

account: setup-local ## Replay real conversations on a stack of its own and account for each session: make account DATA=folder
	@test -n "$(DATA)" || { echo "say where the data lie: make account DATA=folder" >&2; exit 2; }
	@exec $(BIN)/counterpoint demo --once "$(DATA)/mibot/transcripts" "$(DATA)/annomi/AnnoMI-simple.csv"

pin-images: ## Print the images of the Compose file with their digests, for .env; asks Docker on this machine
	@test -n "$(PYTHON)" && "$(PYTHON)" scripts/pin_images.py

baseline: setup-dev ## After a change to the CPU baseline: its fingerprint, its check, its activation
	@exec $(BIN)/python -m scripts.baseline

screenshot: setup-dev ## Make the pictures of the documents from a running demo (needs Debian's chromium)
	@exec $(BIN)/python -m scripts.screenshot

# Pins stay unless their source changed; delete a lock file to take everything new.
COMPILE = .venv-uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make locks'

locks: setup-dev ## Resolve the lock files again (developers)
	@$(COMPILE) requirements/uv.in -o requirements/uv.lock
	@$(COMPILE) pyproject.toml requirements/build.in -o requirements/runtime.lock
	@$(COMPILE) --no-deps requirements/page.in -o requirements/page.lock
	@$(COMPILE) requirements/local.in -o requirements/local.lock
	@$(COMPILE) requirements/dev.in -o requirements/dev.lock
	@$(COMPILE) requirements/studies.in -o requirements/studies.lock
	@$(COMPILE) requirements/audit.in -o requirements/audit.lock
	@$(COMPILE) requirements/training.in -o requirements/training.lock
	@$(COMPILE) --no-deps requirements/llm.in -o requirements/llm.lock
	@$(COMPILE) --no-deps requirements/triton-models.in -o requirements/triton-models.lock
	@$(COMPILE) --no-deps requirements/triton.in -o requirements/triton.lock
	@$(COMPILE) requirements/synapse.in -o requirements/synapse.lock
	@$(BIN)/python -m plugin.local.jars lock

clean: ## Remove what setup and local runs made, data included
	rm -rf .venv .venv-triton .venv-synapse .venv-audit .venv-training .venv-uv .counterpoint build *.egg-info
