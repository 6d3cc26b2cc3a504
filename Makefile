# make run and make test do everything on a machine with Python 3.11+, make and a package registry.

PORT ?= 8501
HOST ?= localhost
# 1 lets HOST be another address although nobody signs in: docs/security.md.
OPEN ?=
DATA ?= ../shared/data
NAMES ?=
# Which tests run; the slowest only by test-all.
MARKED ?= not slow
# Files that make fuzz gives to readers, over all of them, and which.
FUZZ ?= 100000
SEED ?= 1
# Processes that run tests, of one thread each: one more than processors, since browsers and
# trainings are waited for half of the time.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := $(VENV)/tools
# torch's threads wait for each other without spinning; spinning made explanations up to 100 times
# slower beside another job.
export OMP_WAIT_POLICY ?= PASSIVE
# What Python compiled is kept: compiled anew by each process, torch takes twice as long to import
# and a text's first class on the page four times.
unexport PYTHONDONTWRITEBYTECODE

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# So that .venv/bin/python knows dlexplain in any folder.
INSTALL_OURSELVES = $(PIP) --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help run test test-all fuzz lint format bench zoo lock sbom audit clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/installed-run ## install what is needed and start the dashboard (PORT=8501 HOST=localhost OPEN=)
	@exec $(BIN)/python scripts/serve.py --server.port $(PORT) --server.address $(HOST) \
		$(if $(filter-out 0,$(OPEN)),--open)

test: $(VENV)/installed-dev ## install what tests need, a Chromium and a PostgreSQL too, and run the tests
	@CHROMIUM="$$(scripts/find_chromium.sh $(BIN))" || exit 1; \
	CHROMIUM="$$CHROMIUM" POSTGRES_BIN="$$(scripts/find_postgres.sh)" OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
		-m "$(MARKED)" $(TESTS)

test-all: ## run the slowest tests too
	@$(MAKE) --no-print-directory test MARKED=""

fuzz: $(VENV)/installed-dev ## 100,000 damaged and hostile files against every reader (FUZZ=100000 SEED=1); a quarter of an hour
	@FUZZ=$(FUZZ) FUZZ_SEED=$(SEED) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist load \
		tests/security/test_fuzz.py $(TESTS)

lint: $(VENV)/installed-dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/installed-dev ## format and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/installed-dev ## measure speed against Captum, bare loops, floors and the clock; about half an hour
	@mkdir -p build; status=0; \
	CHROMIUM="$$(scripts/find_chromium.sh $(BIN))" || exit 1; export CHROMIUM; \
	for name in explain folder page first_paint train beside runs text text_generation text_attention latent quality attack fair sessions heavy_uploads; do \
		$(BIN)/python benchmarks/$$name.py --json build/bench-$$name.json || status=1; \
	done; exit $$status

zoo: $(VENV)/installed-run ## train the zoo's models anew (DATA=../shared/data, NAMES="digits-cnn ..."); hours
	@$(BIN)/python -m dlexplain zoo train $(NAMES) --data-path "$(DATA)"

lock: $(TOOLS)/installed ## write requirements*.lock anew: the SHA-256 of every file of each release
	@scripts/lock.sh $(TOOLS)/bin/uv

sbom: $(VENV)/installed-run $(TOOLS)/installed ## what is installed, as CycloneDX: build/sbom.json
	@mkdir -p build
	@$(TOOLS)/bin/cyclonedx-py environment --of JSON -o build/sbom.json $(BIN)/python

audit: $(TOOLS)/installed ## known vulnerabilities of what is installed; fails where nobody can be asked
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes $(patsubst %,-r %,$(LOCKS) $(DEV_LOCKS))

clean: ## remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

# A stamp is written last, so an interrupted installation is taken up again. First everything by its
# hash; then torch, whose files are others on each kind of machine, and what another version of
# Python needs besides: docs/decisions/0046. Last what is installed without what it asks for.
LOCKS = requirements.lock requirements-no-deps.lock
DEV_LOCKS = requirements-dev.lock requirements-dev-no-deps.lock
BY_HASH = --no-deps --require-hashes
$(VENV)/installed-run: requirements.txt $(LOCKS) | $(VENV)/python
	@echo "Installing what dlexplain needs; the first time this takes some minutes ..."
	@$(PIP) $(BY_HASH) -r requirements.lock
	@$(PIP) -r requirements.txt
	@$(PIP) $(BY_HASH) -r requirements-no-deps.lock
	@$(INSTALL_OURSELVES)
	@touch $@

# Python compiles what is imported when it is first; all of it beforehand takes a minute and a half.
$(VENV)/installed-dev: requirements-dev.txt requirements-ray.txt requirements-postgres.txt requirements.txt $(LOCKS) $(DEV_LOCKS) | $(VENV)/python
	@echo "Installing what tests and linters need; the first time this takes some minutes ..."
	@$(PIP) --no-compile $(BY_HASH) -r requirements.lock -r requirements-dev.lock
	@$(PIP) --no-compile -r requirements-dev.txt
	@$(PIP) --no-compile $(BY_HASH) -r requirements-no-deps.lock -r requirements-dev-no-deps.lock
	@$(INSTALL_OURSELVES)
	@touch $@ $(VENV)/installed-run

$(TOOLS)/installed: requirements-tools.txt | $(VENV)/python
	@scripts/make_venv.sh $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	@touch $@

$(VENV)/python:
	@scripts/make_venv.sh $(VENV)
	@touch $@
