# unionbot. `make` alone lists the commands.
#
# One .venv, two stamps: what it takes to run, and what it takes to test. A stamp is older than a changed lock, so a changed
# lock is installed at the next command.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8090
ARGS ?=
COUNT ?= 1000000
STEPS ?= 10000

.DEFAULT_GOAL := help
.PHONY: help setup demo test run check rehearsal lint types bench chaos chaos-cluster fuzz audit screenshots lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | while IFS='|' read -r c d; do printf '%-18s %s\n' "$$c" "$$d"; done

setup: $(VENV)/run.stamp ## install into .venv and nothing else

demo: $(VENV)/run.stamp ## play a semester against a local Telegram, then play on in the browser (KEEP=1 keeps its data, PORT=8090)
	@$(BIN)/unionbot demo --port $(PORT) $(if $(KEEP),--keep)

# It starts the program some dozen times: what is compiled is kept, whatever the shell says of that.
test: $(VENV)/test.stamp ## the suite (ARGS="-k story" for a part of it)
	@sh .ci/chromium
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

run: $(VENV)/run.stamp ## the bot itself: config.toml, UNIONBOT_TOKEN and UNIONBOT_KEY; before the first time `unionbot migrate --new`
	@$(BIN)/unionbot run

check: lint types test ## ruff, mypy --strict, the suite

rehearsal: $(VENV)/test.stamp ## what takes longer: every role and name, whole processes, an academic year, the demo to its Ctrl-C; with `check` what CI runs
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal -m "rehearsal and not long" $(ARGS)
	@$(BIN)/python -m pytest -m long tests/bot/test_start.py tests/bot/test_demo.py tests/stories/test_year.py $(ARGS)

lint: $(VENV)/test.stamp ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/test.stamp ## mypy --strict
	@$(BIN)/mypy --num-workers 2

bench: $(VENV)/test.stamp ## measured comparisons, some minutes
	@$(BIN)/python -m bench $(ARGS)

chaos: $(VENV)/test.stamp ## kill -9, SIGTERM and power cuts at random, and broken on purpose (MINUTES=60 goes on and writes docs/reliability.md)
	@$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

chaos-cluster: $(VENV)/test.stamp ## three machines under Patroni on this one (root, Debian's packages): the primary killed, paused, cut off
	@$(BIN)/python -m tests.chaos.cluster --write $(ARGS)

audit: $(VENV)/audit.stamp ## what is known against what the lock names: withdrawn, weak (asks PyPI; ADVISORIES=folder of OSV files instead)
	@$(BIN)/pip check
	@$(BIN)/python -m tests.audit $(if $(ADVISORIES),--advisories $(ADVISORIES)) $(ARGS)

fuzz: $(VENV)/test.stamp ## a million strange updates, ten thousand steps of the desk, bent files, every button by every role, hostile names; hours (COUNT=20000 STEPS=500 for less)
	@COUNT=$(COUNT) STEPS=$(STEPS) $(BIN)/python -m pytest -m long -p no:cacheprovider tests/fuzz tests/security $(ARGS)

screenshots: $(VENV)/test.stamp ## drive the chat page and take docs/screenshots anew
	@sh .ci/chromium
	@fc-list | grep -qi emoji || { echo "the pictures need emoji: apt-get install fonts-noto-color-emoji" >&2; exit 1; }
	@$(BIN)/python -m tests.screenshots

lock: $(VENV)/test.stamp ## resolve the dependencies anew and write the locks
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" --extra build -o requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" --extra build --extra dev -c requirements.txt -o requirements-dev.txt
	@echo "pip-audit>=2.10" | $(BIN)/uv pip compile - --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" -o requirements-audit.txt

clean: ## remove what was made here: .venv, the demo's data, caches
	@rm -rf $(VENV) data/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements.txt pyproject.toml .ci/venv
	@sh .ci/venv $(VENV) requirements.txt
	@touch $@

$(VENV)/test.stamp: requirements.txt requirements-dev.txt pyproject.toml .ci/venv
	@sh .ci/venv $(VENV) requirements-dev.txt
	@touch $(VENV)/run.stamp $@

# Apart from what is audited: it must not change it.
$(VENV)/audit.stamp: requirements-audit.txt $(VENV)/test.stamp
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/pip install --quiet --require-hashes -r requirements-audit.txt
	@touch $@
