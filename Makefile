# The developer's manual: every word below is one that CI types too.
#
#   make demo        see it work: a laptop cloud, two tickets, one table
#   make test        all checks, then every test
#   make help        the other words

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := requirements/bootstrap.lock requirements/dev.lock
# any Python from 3.11 on; PYTHON=... chooses another
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# jsii finds the environment's own Node this way, whatever the machine has
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# hundreds of processes start here: without bytecode each compiles us anew
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= 2

.PHONY: help
help:  ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): $(LOCKS) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none is on the path" >&2; exit 1; }
	@echo "environment: making $(VENV) with $$($(PYTHON) --version), once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@echo "environment: installing what requirements/dev.lock names, by hash"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(READY)  ## make the environment in .venv

.PHONY: demo
demo: $(READY)  ## see it work on this machine, offline; MODEL_URL=... MODEL=... asks a model of yours
	@$(BIN)/python -m interlock.demo

.PHONY: up
up: $(READY)  ## bring the laptop cloud up and leave it running (interlock local down ends it)
	@$(BIN)/interlock local up

.PHONY: down
down: $(READY)  ## end the laptop cloud
	@$(BIN)/interlock local down

.PHONY: format
format: $(READY)  ## write the code as the checks want it
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

CHECKS := check-templates check-types check-format check-imports check-workflows
.PHONY: check $(CHECKS)
check: $(READY)  ## format, lint, types, import contracts, workflows, templates
	@mkdir -p build
	@$(MAKE) --jobs $(WORKERS) $(CHECKS)
check-format:
	@echo "check: format and lint";    $(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
check-types:
	@echo "check: types";              $(BIN)/mypy --no-error-summary
check-imports:
	@echo "check: import contracts";   $(BIN)/lint-imports --no-cache > build/imports.log 2>&1 || { cat build/imports.log; exit 1; }
check-workflows:
	@echo "check: workflows";          $(BIN)/interlock workflows validate
check-templates:
	@echo "check: templates";          $(BIN)/python -m infra.check

.PHONY: test
test: $(READY)  ## the checks, then every test
	@mkdir -p build
	@$(MAKE) check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

GATEWAYS := build/gateways

$(GATEWAYS)/.ready: $(READY) requirements/gateways.lock
	@echo "gateways: making $(GATEWAYS)/venv, some 600 MB"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(GATEWAYS)/venv
	@$(BIN)/uv pip install --quiet --python $(GATEWAYS)/venv/bin/python --require-hashes -r requirements/gateways.lock
	@touch $@

.PHONY: test-gateways
test-gateways: $(GATEWAYS)/.ready  ## an AI task behind real gateways of others (LiteLLM); no part of make test
	@GATEWAYS_VENV=$(GATEWAYS)/venv $(BIN)/python -m pytest tests/gateways

.PHONY: simulate
simulate: $(READY)  ## 500,000 schedules of the contracts' real code
	@$(BIN)/python -m pytest tests/simulation -n $(WORKERS) --schedules 500000

.PHONY: bench
bench: $(READY)  ## measure, write build/bench.json, print the figures against their goals
	@mkdir -p build
	@$(BIN)/python -m tests.bench $(if $(DATA),--data $(DATA))

.PHONY: quality
quality: $(READY)  ## compare our verdicts with those of others (DATA=folder); write build/quality.json
	@mkdir -p build
	@$(BIN)/python -m tests.quality $(if $(DATA),--data $(DATA))

.PHONY: structural
structural: $(READY)  ## hostile texts as tickets, no detector, an obedient model (DATA=folder): what do they change?
	@$(BIN)/python -m tests.structural $(if $(DATA),--data $(DATA))

.PHONY: kills
kills: $(READY)  ## kill workers before and after every store call, request and return
	@$(BIN)/python -m tests.kills $(if $(SEED),--seed $(SEED))

.PHONY: newcomers
newcomers: $(READY)  ## walk docs/first-ten-minutes.md in a new clone; print commands and seconds
	@$(BIN)/python -m tests.newcomers $(if $(SAY),--say)

.PHONY: race
race: $(READY)  ## 64 callers on one small budget while everything goes wrong; write build/race.json
	@$(BIN)/python -m tests.race $(if $(SEED),--seed $(SEED))

.PHONY: mutate-iam
mutate-iam: $(READY)  ## delete each statement of each role in turn, and see that something fails
	@$(BIN)/python -m tests.mutate_iam

.PHONY: mutate-guards
mutate-guards: $(READY)  ## switch each guard off in turn, and see which attacks notice (WRITE=1: into docs/adversarial.md)
	@$(BIN)/python -m tests.adversarial --workers $(WORKERS) $(if $(WRITE),--write)

.PHONY: synth
synth: $(READY)  ## synthesize the templates that cdk deploy would send, into cdk.out (STAGE=prod: another stage's)
	@$(BIN)/python -m infra.app $(if $(STAGE),-c stage=$(STAGE))

.PHONY: wheel
wheel: $(READY)  ## build the release that companies install, into dist (then: interlock init)
	@$(BIN)/python -m hatchling build -t wheel -d dist

.PHONY: verify-aws
verify-aws: $(READY)  ## deploy to the account of your credentials, try it, remove it
	@$(BIN)/python -m interlock.verify

.PHONY: lock
lock: $(READY)  ## resolve requirements/*.in anew into the lock files
	@cd requirements && for name in bootstrap layer guards runtime dev gateways; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade $$name.in -o $$name.lock; done

.PHONY: clean
clean:  ## remove everything that was made here
	@rm -rf $(VENV) .interlock build cdk.out
