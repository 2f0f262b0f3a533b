# make demo   everything, on a real Label Studio, from nothing (KEEP=1 leaves it running)
# make test   every test that needs no more than pip
# make browser  the tests that use Label Studio's editor in a browser (needs Chromium)
# make check  lint, format, types
# make serve  the server, with the settings of your environment
# make image-steps  what the Dockerfile does, without a Docker engine
# make bench  the benchmark, against a fake Label Studio and a simulated model

PYTHON ?= python3
APP = .venvs/app
STUDIO = .venvs/label-studio
BIN = $(APP)/bin
CHROMIUM = $(shell command -v chromium || command -v chromium-browser)
# A freshly made Label Studio database, kept to begin each test session's with.
export LS_DATA_TEMPLATE = $(CURDIR)/.cache/label-studio-$(shell cksum < requirements-label-studio.txt | cut -d' ' -f1)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-fast browser check serve bench faults screenshot docs image-steps clean

demo: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/python -m ml_backend demo --label-studio $(STUDIO)/bin/label-studio $(if $(KEEP),--keep)

# Tests on a real Label Studio wait a lot, those in its editor compute a lot: they go well together.
test: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/python -m pytest -m "not live and not faults and not browser" -n 3 --dist worksteal
	$(BIN)/python -m pytest -m "(live$(if $(CHROMIUM), or browser)) and not faults" -n 4 --dist load --maxschedchunk 1
	@$(if $(CHROMIUM),,echo "Left out: the tests that use Label Studio's editor in a browser. For these:"; \
	  echo "  apt-get install chromium && make browser")

test-fast: $(APP)/.ready
	$(BIN)/python -m pytest -m "not live and not faults and not browser and not slow" -n 3 --dist worksteal

browser: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/python -m pytest -m browser -n 2 --dist worksteal

faults: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/python -m pytest -m faults -n 3 --dist worksteal --timeout 3600

check: $(APP)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: $(APP)/.ready
	$(BIN)/python -m ml_backend serve

bench: $(APP)/.ready
	$(BIN)/python -m benchmarks

screenshot: $(APP)/.ready $(STUDIO)/.ready
	$(BIN)/pip install --quiet -r scripts/requirements.txt
	$(BIN)/python scripts/screenshot.py --label-studio $(STUDIO)/bin/label-studio

docs: $(APP)/.ready
	PYTHONPATH=. $(BIN)/python scripts/labeling_configs.py

image-steps:
	$(PYTHON) scripts/image_steps.py

clean:
	rm -rf .venvs .cache build dist *.egg-info

$(APP)/.ready: requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(APP)
	$(BIN)/pip install --quiet -r requirements.txt -r requirements-dev.txt
	touch $@

$(STUDIO)/.ready: requirements-label-studio.txt
	$(PYTHON) -m venv $(STUDIO)
	$(STUDIO)/bin/pip install --quiet -r requirements-label-studio.txt
	touch $@
