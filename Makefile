# The same few commands for people and CI. `make help` lists them.

# Any Python from 3.11 on: `make up PYTHON=/path/to/python3`.
PYTHON ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header
LOCK := $(COMPILE) --extra embedded --extra build
PAGE := gateway/dashboard/built/sources.json

.NOTPARALLEL: # all of them write to .venv, or need what is written there
.PHONY: help up demo test test-live check bench bench-quick bench-page screenshots verify-compose proto lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

up: .venv/run.stamp $(PAGE) ## Run all of Windsock on this machine; Ctrl-C stops it
	@exec $(BIN)/windsock up

demo: .venv/run.stamp $(PAGE) ## The same with made-up devices, to see it alive; their readings are kept in ./data-demo
	@exec $(BIN)/windsock demo

test: .venv/dev.stamp .venv/npm.stamp $(PAGE) ## Install what the tests need, and run them
	@. deploy/needs.sh && need_redis 7 && need_mosquitto && need_chromium
	@$(BIN)/python -m pytest -n auto --dist loadfile || { [ $$? = 1 ] && echo "Once more, alone, what failed:" \
		&& exec $(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

test-live: .venv/dev.stamp ## Ask the real weather services; WINDSOCK_WEATHER_CONTACT and keys open those that demand them
	@exec $(BIN)/python -m pytest -m live -rs tests/live

check: .venv/dev.stamp ## Format, lint, types, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/bench.stamp ## Measure Windsock beside its peers (some 15 minutes); tables and chart go to benchmarks/results
	@exec $(BIN)/python -m benchmarks

bench-quick: .venv/bench.stamp ## The same with less of everything, in under two minutes
	@exec $(BIN)/python -m benchmarks --quick

bench-page: .venv/dev.stamp $(PAGE) ## How fast the page is in Chromium: first paint, updates, memory, 5,000 devices
	@. deploy/needs.sh && need_redis 7 && need_chromium
	@exec $(BIN)/python -m pytest -q -s -p no:xdist tests/end_to_end/test_page_speed.py

screenshots: .venv/dev.stamp $(PAGE) ## Make the pictures in docs anew, of the demo in Chromium
	@. deploy/needs.sh && need_redis 7 && need_chromium
	@exec $(BIN)/python -m tests.pictures

verify-compose: .venv/dev.stamp ## Build and check the deployment with Docker, from HAProxy to several gateways
	@exec $(BIN)/python -m tests.compose.verify

proto: .venv/dev.stamp ## Compile the schema of the Centrifuge protocol anew
	$(BIN)/uv tool run -q --from grpcio-tools==1.85.1 python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. \
		gateway/clients/centrifuge/protocol.proto

lock: .venv/dev.stamp ## Pin the requirements anew, with hashes; what runs is what is tested
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	$(LOCK) --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt
	$(COMPILE) --group node -c requirements/dev.txt -o requirements/node.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix browser_packages --package-lock-only --loglevel error

clean: ## Remove what the other targets made; readings in ./data and ./data-demo stay
	rm -rf .venv gateway/dashboard/vendor gateway/dashboard/built browser_packages/node_modules tests/javascript/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@. deploy/needs.sh && make_venv "$(PYTHON)"

.venv/npm.stamp: tests/javascript/package-lock.json | .venv/dev.stamp
	@echo "Installing the JavaScript packages of the tests ..."
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix tests/javascript --loglevel error
	@touch $@

# The page's modules in a few small files, anew when one was edited.
$(PAGE): hatch_build.py $(shell find gateway/dashboard -path '*/.*' -prune -o -path '*/built' -prune -o -type f -print) | .venv/bin/python
	@$(BIN)/python -c 'import hatchling' 2>/dev/null || $(MAKE) .venv/run.stamp
	@$(BIN)/python hatch_build.py
	@touch $@

.venv/%.stamp: requirements/%.txt pyproject.toml hatch_build.py browser_packages/package-lock.json | .venv/bin/python
	@echo "Installing requirements/$*.txt into .venv ..."
	@$(PIP) install --require-hashes -r requirements/$*.txt
	@$(BIN)/python hatch_build.py
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
