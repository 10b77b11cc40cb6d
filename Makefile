# Thin: `make help` lists the targets; the work is in `python -m infra.local.…`.
# PYTHON=… chooses the interpreter (3.11 or later; 3.13, as on Lambda, is preferred).
.DEFAULT_GOAL := help
.PHONY: help demo sam run deploy-local test bench soak key replay sweep lint check-template format docs measure-cost lock clean
.DELETE_ON_ERROR:

PY := .venv/bin/python
VENV := .venv/.ready
NODES := infra/local/node/node_modules/.ready
READY := $(VENV) $(NODES)
TOOLS := .local/tools
# SAM=… names another SAM CLI, AWS_ENDPOINT_URL=… an emulator that runs already.
EMULATED := $(if $(SAM),,$(TOOLS)/sam/.ready) $(if $(AWS_ENDPOINT_URL),,$(TOOLS)/ministack/.ready)
CHECKS := .local/checks/.ready
export PYTHONPATH := layers/core/python:layers/migrate/python:functions:.

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(READY) ## Take one payment per method from HTTP call to Kafka event, and show it
	@$(PY) -m infra.local.demo

sam: $(READY) ## The same in containers of `sam local`, with LocalStack (needs Docker and the SAM CLI)
	@$(PY) -m infra.local.sam

run: $(READY) ## Keep the stack up until Ctrl-C: API on PORT (3000), sandbox on SANDBOX_PORT (3001)
	@$(PY) -m infra.local.run

deploy-local: $(READY) $(EMULATED) ## Deploy the template to an emulator of AWS and pay there; ARGS=--keep leaves it up
	@$(PY) -m infra.local.deploy $(ARGS)

test: lint ## Run everything: lint, types, unit, contract, integration, end to end
	$(PY) -m pytest -m "not bench and not soak and not built" -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

bench: $(READY) ## Measure against floors taken in the same run; writes .local/bench.json
	@$(PY) -m tests.bench $(ARGS)

soak: $(READY) ## The long outages
	$(PY) -m pytest -m soak --timeout 3600 $(ARGS)

key: $(READY) ## Create an API key: make key ARGS="--kind signing --scopes payments:read"
	@$(PY) -m infra.local.key $(ARGS)

replay: $(READY) ## Send stored events again: make replay ARGS="--payment PAY_… | --from T --to T"
	@$(PY) -m infra.local.replay $(ARGS)

sweep: $(READY) ## Plan collecting money at the treasury: make sweep ARGS="plan --network ethereum"
	@$(PY) -m infra.local.sweep $(ARGS)

lint: $(READY) ## Check format, lint and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

check-template: $(READY) $(CHECKS) ## Lint template.yaml and infra/stacks with cfn-lint and checkov
	@sh infra/checks/check.sh

format: $(READY) ## Format, and fix what lint can fix
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: ## Resolve requirements*.in again into pinned, hashed requirements*.txt (needs uv)
	python3 -m uv pip compile $(LOCK) requirements.in -o requirements.txt
	python3 -m uv pip compile $(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	python3 -m uv pip compile $(LOCK_LAYER) --no-emit-package click layers/deps/requirements.in \
		-o layers/deps/requirements.txt
	python3 -m uv pip compile $(LOCK_LAYER) --no-emit-package markupsafe --no-emit-package typing-extensions \
		layers/migrate/requirements.in -o layers/migrate/requirements.txt
	python3 -m uv pip compile $(LOCK_LAYER) $(IN_DEPS:%=--no-emit-package %) \
		layers/chain/requirements.in -o layers/chain/requirements.txt
	python3 -m uv pip compile $(LOCK) .ci/requirements-sam.in -o .ci/requirements-sam.txt
	python3 -m uv pip compile $(LOCK_ANY) --python-version 3.13 infra/local/deploy/requirements.in \
		-o infra/local/deploy/requirements.txt
	python3 -m uv pip compile $(LOCK) .ci/requirements-checks.in -o .ci/requirements-checks.txt
	python3 -m uv pip compile $(LOCK) tests/bench/peers/requirements.in -o tests/bench/peers/requirements.txt
	python3 -m uv pip compile $(LOCK_OLD) --python-version 3.9 tests/bench/peers/ethereum_etl.in \
		-o tests/bench/peers/ethereum_etl.txt
	python3 -m uv pip compile $(LOCK) tests/contract/localstripe_environment/requirements.in \
		-o tests/contract/localstripe_environment/requirements.txt
	python3 -m uv pip compile $(LOCK) tests/contract/tronpy_environment/requirements.in \
		-o tests/contract/tronpy_environment/requirements.txt
	cd infra/local/node && npm install --package-lock-only --ignore-scripts --no-audit --no-fund
	python3 infra/local/node/complete_lock.py
LOCK_ANY := --quiet --universal --generate-hashes --no-emit-index-url --no-header
# For the pip that comes with Python 3.9, which wants extras to be named.
LOCK_OLD := $(filter-out --universal,$(LOCK_ANY)) --no-strip-extras
LOCK := $(LOCK_ANY) --python-version 3.11
# What the chain layer needs and finds in the deps layer, which stands beside it.
IN_DEPS := certifi charset-normalizer idna pycryptodome requests typing-extensions urllib3
LOCK_LAYER := $(LOCK_ANY) --python-version 3.13 -c requirements.txt

docs: $(READY) ## Write docs/states.md, rails.md, cost.md, the tables of alarms.md and template.yaml's request models
	@$(PY) -m infra.docs.states
	@$(PY) -m infra.docs.rails
	@$(PY) -m infra.docs.alarms
	@$(PY) -m infra.docs.request_models
	@$(PY) -m infra.docs.cost

measure-cost: $(READY) ## Measure what payments and idle minutes use, for docs/cost.md (some 20 minutes)
	@$(PY) -m infra.local.metering

.env.example: $(READY) ## Write the settings and their defaults from the code
	@$(PY) -m infra.local.env_example > $@.new && mv $@.new $@
.PHONY: .env.example

clean: $(READY) ## Remove what the local stack keeps (databases, keys, logs)
	@$(PY) -m infra.local.clean

$(VENV): requirements-dev.txt infra/local/venv.sh
	@PYTHON="$(PYTHON)" sh infra/local/venv.sh

$(NODES): infra/local/node/package-lock.json infra/local/node/.npmrc infra/local/node.sh
	@sh infra/local/node.sh

$(TOOLS)/sam/.ready: .ci/requirements-sam.txt infra/local/tool.sh
	@PYTHON="$(PYTHON)" sh infra/local/tool.sh sam $<

# Functions run on its Python, so it is the one that layers are built for.
$(TOOLS)/ministack/.ready: infra/local/deploy/requirements.txt infra/local/tool.sh
	@PYTHON="$(PYTHON)" sh infra/local/tool.sh ministack $< 3.13

$(CHECKS): .ci/requirements-checks.txt | $(VENV)
	@rm -rf $(@D) && .venv/bin/python -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@
