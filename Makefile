# The private environment is made once and again only when setup.cfg or pyproject.toml change.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

# Twice as many tests beside each other as there are cores: those with processes wait half of their time.
PYTEST := pytest -n $(shell expr 2 '*' $$(nproc)) --dist worksteal $(ARGS)

# Hundreds of processes load the same modules, which are compiled once, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick check coverage general foreign packages docs man simulate mutants test static compiled format bench
.PHONY: cluster clean

demo: $(VENV)/.runtime
	$(BIN)/smppgate demo $(ARGS)

quick: static
	SEEDS=50 EXAMPLES=20 $(BIN)/$(PYTEST) --ignore tests/e2e -m 'not thorough'

check: static test

# The same tests, and which lines and branches they have reached: half as long again.
coverage: $(VENV)/.dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# The general way alone, which the lane passes by in `check`: all that has a gate in it. The tests left
# out are of what is below it; of the simulated world's seeds half go without the lane in `check`.
BELOW := txsmpp routing store settings simulation
general: $(VENV)/.dev
	GATE_LANE=off $(BIN)/$(PYTEST) $(BELOW:%=--ignore=tests/%)

# Needs kannel, tshark, haproxy, redis-server, libfaketime, chromium, chromium-driver, node and npm
# besides, which .ci/run installs. Few tests, some a minute long: handed out one by one, lest two of
# those wait for each other.
foreign: $(VENV)/.foreign
	$(BIN)/$(PYTEST) --dist load --maxschedchunk 1 tests/foreign tests/browser

# What is handed out: sdist and wheel, units, the Debian package, the image. The package is installed on
# this machine and removed again, so that takes root on Debian; elsewhere those tests are skipped.
packages: $(VENV)/.docs
	$(BIN)/pytest $(ARGS) tests/packages

# The pages of docs/ as a site, in docs/_build/html.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto docs docs/_build/html

# The pages of the manual, made of the commands and settings anew.
man: $(VENV)/.runtime
	$(BIN)/python -m smppgate.cli.manual man

# The simulated world: make simulate SEEDS=10000; make simulate SEED=1234 shows that one.
SEEDS ?= 1000
simulate: $(VENV)/.dev
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.simulation --mutants $(ARGS)

# Some of it starts Redis servers: without redis-server, which .ci/run installs, that is skipped.
test: $(VENV)/.dev
	$(BIN)/$(PYTEST)

static: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Modules of tests are compiled once here, not by each of the processes that run them: with --jobs 2
# while `static` has the other core. What cannot be loaded is told by `check`.
compiled: $(VENV)/.dev
	-$(BIN)/pytest --quiet --collect-only >/dev/null

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.runtime
	$(BIN)/python -m benchmarks $(ARGS)

# Three nodes with Redis, a replica and Sentinels behind HAProxy, on this machine, while one thing after
# the other breaks: make cluster ARGS="--seconds 30 --faults node,redis". Needs redis-server and haproxy.
cluster: $(VENV)/.redis
	$(BIN)/python -m benchmarks.cluster $(ARGS)

clean:
	rm -rf $(VENV) build dist docs/_build docs/_generated *.egg-info .coverage .coverage.*

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BIN)/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[tools]'
	touch $@

$(VENV)/.redis: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --editable '.[tools,redis]'
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --editable '.[tools,dev]'
	touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

$(VENV)/.foreign: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[tools,foreign]'
	npm install --silent --no-audit --no-fund --prefix $(VENV)/node smpp@0.5.1 axe-core@4.14.1
	touch $@
