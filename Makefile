# make run and make test do everything on a machine with Python 3.11+, make and a package registry.

PORT ?= 8501
HOST ?= localhost
# 1 lets HOST be another address although nobody signs in: docs/security.md.
OPEN ?=
DATA ?= ../shared/data
NAMES ?=
# Which tests run; the slowest only by test-all.
MARKED ?= not slow
# Processes that run tests, of one thread each: one more than processors, since browsers and
# trainings are waited for half of the time.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
# torch's threads wait for each other without spinning; spinning made explanations up to 100 times
# slower beside another job.
export OMP_WAIT_POLICY ?= PASSIVE
# What Python compiled is kept: compiled anew by each process, torch takes twice as long to import
# and a text's first class on the page four times.
unexport PYTHONDONTWRITEBYTECODE

# So that .venv/bin/python knows dlexplain in any folder.
INSTALL_OURSELVES = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help run test test-all lint format bench zoo clean

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
	for name in explain folder page first_paint train beside runs text text_generation text_attention latent quality attack; do \
		$(BIN)/python benchmarks/$$name.py --json build/bench-$$name.json || status=1; \
	done; exit $$status

zoo: $(VENV)/installed-run ## train the zoo's models anew (DATA=../shared/data, NAMES="digits-cnn ..."); hours
	@$(BIN)/python -m dlexplain zoo train $(NAMES) --data-path "$(DATA)"

clean: ## remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

# A stamp is written last, so an interrupted installation is taken up again.
$(VENV)/installed-run: requirements.txt requirements-no-deps.txt | $(VENV)/python
	@echo "Installing what dlexplain needs; the first time this takes some minutes ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-no-deps.txt
	@$(INSTALL_OURSELVES)
	@touch $@

# Python compiles what is imported when it is first; all of it beforehand takes a minute and a half.
$(VENV)/installed-dev: requirements-dev.txt requirements-ray.txt requirements-postgres.txt requirements-dev-no-deps.txt requirements.txt requirements-no-deps.txt | $(VENV)/python
	@echo "Installing what tests and linters need; the first time this takes some minutes ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
		-r requirements-no-deps.txt -r requirements-dev-no-deps.txt
	@$(INSTALL_OURSELVES)
	@touch $@ $(VENV)/installed-run

$(VENV)/python:
	@scripts/make_venv.sh $(VENV)
	@touch $@
