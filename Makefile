# Verbs for people who type make. They call ./sophia, whose exit codes say more: checks call it itself.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv setup up preview plan drift down test check golden docs bench soak

STACK ?= dev
BASE ?= HEAD
PYTHON ?= python3
READY := .venv/.ready

help: ## Show the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "make: $(PYTHON) 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "make: $(PYTHON) cannot make virtual environments; on Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing Python packages (about 1 min the first time)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check pip==26.3
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --group dev
	@touch $@

setup: $(READY) ## Bring every tool, in its pinned version
	@./sophia setup

up: $(READY) ## Bring a stack up on this machine, check it, and write its page (STACK=dev)
	@./sophia up $(STACK)
	@./sophia report $(STACK)

preview: $(READY) ## Show what the engine would change (STACK=dev)
	@./sophia preview $(STACK)

plan: $(READY) ## Show what changes since a commit, offline (STACK=dev BASE=HEAD)
	@./sophia plan $(STACK) --base $(BASE)

drift: $(READY) ## Show what differs from what is declared (STACK=dev)
	@./sophia drift $(STACK)

down: $(READY) ## End the rehearsal of every stack, or of one (STACK=)
	@./sophia down $(if $(filter command environment,$(firstword $(origin STACK))),$(or $(STACK),--all),--all)

test: setup ## Run all tests, the real engine's among them
	@./sophia test all

check: $(READY) ## Run the formatter, the linters and the type checker
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy .
	@.venv/bin/yamllint --strict .
	@"$$(.venv/bin/python -m rehearsal.toolchain actionlint)" -shellcheck= -pyflakes=
	@.venv/bin/zizmor --offline --persona auditor --no-progress --quiet .github
	@git ls-files -z | xargs -0 .venv/bin/detect-secrets-hook --baseline .secrets.baseline --plugin .ci/secret_shapes.py

golden: $(READY) ## Write the goldens: the resource graph of every stack
	@./sophia golden

docs: $(READY) ## Write the generated documents
	@./sophia docs

bench: setup ## Measure, and print ratios from one run
	@.venv/bin/python -m benchmarks

soak: setup ## Hours of faults, kills and scale
	@./sophia test soak
