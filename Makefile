# Everything is set up in $(VENV) from PyPI; nothing outside the checkout is touched but pip's and
# JAX's caches.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
TESTS ?= tests
# The newest that starts: pyenv has names for versions that are not there.
NEWEST = $(shell for v in 15 14 13 12 11; do python3.$$v -c 'import ensurepip' 2>/dev/null && { echo python3.$$v; break; }; done)
# Of OpenBLAS: they differ in the last bits. SkylakeX needs AVX512, which not every machine has.
KERNELS ?= Nehalem Sandybridge Haswell
# Parts of `make weekly`, each of which a hosted job can run alone (.github/workflows/weekly.yml).
WEEKLY := test-long test-optimized test-newest test-lowest test-dist test-kernel test-verdicts test-verdicts-runs test-verdicts-trained test-recovery
# What runs once need not be fast: LLVM's plain code, and no fusions, compile in a sixth of the time.
# `make weekly`, whole runs on the newest JAX and the demo compile what users compile.
COMPILE_QUICKLY := JAX_DISABLE_MOST_OPTIMIZATIONS=1 XLA_FLAGS=--xla_cpu_use_fusion_emitters=false

# Without what other targets run.
ORDINARY := -n $(WORKERS) --dist worksteal -m "not golden and not laws and not runs and not weekly" \
  --ignore tests/golden --ignore tests/laws --ignore tests/runs --ignore tests/interop

.PHONY: demo test lint lines docs bench bench-finders peers finders notebook format doctor clean
.PHONY: attack archive dist test-golden test-proofs test-report test-runs test-laws test-search test-interop weekly $(WEEKLY)

demo: $(VENV)/installed  ## Train the primer's network, take it apart, write a report
	$(BIN)/separatrix run yang2020 --out runs/yang2020 --force

test: $(VENV)/installed-test  ## Run the tests, but for the laws, whole runs and other libraries
	$(COMPILE_QUICKLY) $(BIN)/python -m pytest $(ORDINARY) tests

test-newest: $(VENV)-newest/installed  ## Run them (or TESTS) on the newest Python here with the newest of everything
	$(VENV)-newest/bin/python -m pytest $(ORDINARY) -W default $(TESTS)
	$(VENV)-newest/bin/separatrix run yang2020 --out runs/newest --force

test-lowest: $(VENV)-lowest/installed  ## Run them (or TESTS) with the lowest versions that pyproject.toml allows
	$(VENV)-lowest/bin/python -m pytest $(ORDINARY) -W default $(TESTS)

test-golden: $(VENV)/installed-test  ## Search the systems of the golden table (tests/golden/README.md)
	$(COMPILE_QUICKLY) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not weekly" tests/golden

test-kernel: $(VENV)/installed-test  ## Run the tests under other kernels of OpenBLAS, and on one core (KERNELS="Nehalem Haswell")
	for kernel in $(KERNELS); do \
	  OPENBLAS_CORETYPE=$$kernel $(COMPILE_QUICKLY) $(BIN)/python -m pytest $(ORDINARY) $(TESTS) || exit 1; done
	$(COMPILE_QUICKLY) taskset -c 0 $(BIN)/python -m pytest $(ORDINARY) -n 1 $(TESTS)

test-runs: $(VENV)/installed-test  ## Run the command line, the classics, the examples (also of docstrings) and the how-to pages
	$(COMPILE_QUICKLY) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --check outer -m "runs and not weekly" tests --ignore tests/golden --ignore tests/laws --ignore tests/interop

test-laws: $(VENV)/installed-test  ## Check the laws over every system, network and task, and over all parameters
	$(COMPILE_QUICKLY) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --check all -m "laws and not weekly" tests --ignore tests/golden --ignore tests/runs --ignore tests/interop

test-long: $(VENV)/installed-test  ## Run the tests of all kinds that take longest
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m weekly tests --ignore tests/interop

test-optimized:  ## Run those of the golden table, the laws and whole runs compiled as users compile them
	$(MAKE) test-golden test-laws test-runs COMPILE_QUICKLY=

test-report: $(VENV)/installed-test  ## Open the demo's report in Chromium (Debian: chromium)
	$(BIN)/separatrix run yang2020 --out runs/report-check --force
	$(BIN)/python -m pytest tests/report/browser.py --report runs/report-check/report.html

test-interop: $(VENV)-interop/installed  ## Run the tests against PyTorch, NeuroGym, Keras, Flax, BrainPy, diffrax, reservoirpy, jaxley, vbjax, Dask and dsa-metric
	$(VENV)-interop/bin/python -m pytest -n $(WORKERS) --dist worksteal tests/interop tests/networks/interop

attack: $(VENV)/installed-test  ## Damage files and kill commands, twenty times as long as `make test-runs` does (SEED=1, ROUNDS=20)
	SEED=$${SEED:-1} ROUNDS=$${ROUNDS:-20} $(BIN)/python -m pytest -m runs tests/attack

test-proofs: $(VENV)/installed-test  ## Prove some rows of the golden table, and check the proofs with python-flint alone
	$(BIN)/python benchmarks/verify_golden.py --quick

dist: $(VENV)-dist/installed  ## Build the sdist, and the wheel from it, into dist/; a wheel of more than 1.25 MB stops it
	rm -rf dist
	$(VENV)-dist/bin/python -m build
	@wc -c dist/*
	@test $$(cat dist/*.whl | wc -c) -le 1250000 || { echo "The wheel is larger than 1.25 MB."; exit 1; }

test-dist: dist  ## Install the wheel, then the sdist, each alone in an empty environment, and run the tests (or TESTS) there
	PYTHON=$(PYTHON) WORKERS=$(WORKERS) tools/test_alone.sh dist/*.whl $(TESTS)
	PYTHON=$(PYTHON) WORKERS=$(WORKERS) tools/test_alone.sh dist/*.tar.gz $(TESTS)

lint: $(VENV)/installed-lint  ## Check style, layers and types
	$(BIN)/ruff check src tests benchmarks examples tools docs/*.py
	$(BIN)/ruff format --check src tests benchmarks examples tools docs/*.py
	$(BIN)/lint-imports
	$(BIN)/mypy

lines: $(VENV)/installed  ## Count the lines of the package, and what one search runs of it
	$(BIN)/python benchmarks/lines.py --search

docs: $(VENV)/installed-docs  ## Build the documentation as a site, into site/; a broken link or page stops it
	rm -rf site
	$(BIN)/python docs/pages.py .cache/pages
	$(BIN)/python -m sphinx --quiet --fail-on-warning --fresh-env -c docs -d .cache/doctrees .cache/pages site
	$(BIN)/python docs/check_site.py site

test-search: docs  ## Ask the site's search in Chromium (Debian: chromium), from the disk
	$(BIN)/python docs/check_search.py site

notebook: $(VENV)/installed-test  ## Make the notebooks of the examples, without outputs
	$(BIN)/jupytext --to ipynb --set-kernel python3 --output examples/yang2020.ipynb examples/plot_yang2020.py
	$(BIN)/jupytext --to ipynb --set-kernel python3 examples/flipflop_cube.py examples/pytorch_from_a_to_z.py

format: $(VENV)/installed-lint  ## Mend style
	$(BIN)/ruff check --fix src tests benchmarks examples tools docs/*.py
	$(BIN)/ruff format src tests benchmarks examples tools docs/*.py

peers:  ## An environment of its own for BrainPy, NeuroGym and nolds, which the benchmarks measure against
	$(PYTHON) -m venv .cache/peers
	.cache/peers/bin/python -m pip install --quiet --requirement benchmarks/peers/requirements.txt \
	  --requirement benchmarks/peers/requirements-dynamics.txt

finders:  ## An environment of its own for BrainPy and RNNToolkit, with the package, for bench-finders
	$(PYTHON) -m venv .cache/finders
	.cache/finders/bin/python -m pip install --quiet --requirement benchmarks/peers/requirements-finders.txt \
	  --editable .

bench: $(VENV)/installed-bench  ## Measure (benchmarks/README.md); then `make bench-finders`
	$(BIN)/python -m pytest benchmarks -p no:cacheprovider --benchmark-sort=name

bench-finders: $(VENV)/installed-test  ## Measure finders over the golden table, write docs/benchmark.md
	$(BIN)/python -m benchmarks.nothing_lost

weekly:  ## What takes hours: all tests on the newest and the lowest versions and of what is built, and verdicts
	for part in $(WEEKLY); do $(MAKE) $$part || exit 1; done

test-verdicts: $(VENV)/installed-test  ## Compare verdicts on planted systems with what is planted (benchmarks/README.md)
	$(BIN)/python benchmarks/verdicts.py --first 1000 --seeds 20
	$(BIN)/python benchmarks/thresholds.py
	$(BIN)/python benchmarks/first_sight.py --seeds 5 --check-for 120

test-verdicts-runs: $(VENV)/installed-test  ## Check verdicts of whole runs by the dumber program
	$(BIN)/python benchmarks/run_verdicts.py
	$(BIN)/python benchmarks/run_verdicts.py yang2020 yang2020-pytorch yang2020-line --first 1 --seeds 50

test-verdicts-trained: $(VENV)-interop/installed  ## Check verdicts on networks that PyTorch trained
	$(VENV)-interop/bin/python benchmarks/trained_memories.py
	$(VENV)-interop/bin/python benchmarks/trained_verdicts.py .cache/trained_memories --checker

test-recovery: $(VENV)/installed-test  ## Judge fits to 96 circuits, planted by someone who had not read the code, that are seen in part
	for part in $$(seq $(WORKERS)); do \
	  OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/recovery.py .cache/recovery --part $$part/$(WORKERS) & done; wait
	$(BIN)/python benchmarks/recovery.py .cache/recovery --table --check

archive: $(VENV)/installed-test  ## Pack small files of this version into tests/archives, which later versions must read
	$(BIN)/python tests/archive.py

doctor: $(VENV)/installed
	$(BIN)/separatrix doctor

clean:
	rm -rf $(VENV) $(VENV)-interop $(VENV)-newest $(VENV)-lowest $(VENV)-dist .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .benchmarks site dist

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

# Named, because a comma would end the argument of `call`.
WITH_LINT := .[test,lint]
WITH_INTEROP := .[test,interop]

define install
$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable "$(1)"
touch $@
endef

$(VENV)/installed: $(VENV)/created pyproject.toml constraints.txt
	$(call install,.)

$(VENV)/installed-test: $(VENV)/installed
	$(call install,.[test])

$(VENV)/installed-lint: $(VENV)/installed
	$(call install,$(WITH_LINT))

$(VENV)/installed-docs: $(VENV)/installed
	$(call install,.[docs])

# Apart from the rest, because NeuroGym asks for an older NumPy and Matplotlib.
$(VENV)-interop/installed: pyproject.toml constraints-interop.txt
	$(PYTHON) -m venv $(VENV)-interop
	$(VENV)-interop/bin/python -m pip install --quiet --constraint constraints-interop.txt \
	  --editable "$(WITH_INTEROP)"
	touch $@

# Without constraints, so that what is new is met here first.
$(VENV)-newest/installed: pyproject.toml
	$(NEWEST) -m venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable ".[test]"
	touch $@

$(VENV)-lowest/installed: pyproject.toml tools/lowest.py
	$(PYTHON) -m venv $(VENV)-lowest
	$(PYTHON) tools/lowest.py > $(VENV)-lowest/lowest.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --constraint $(VENV)-lowest/lowest.txt --editable ".[test]"
	touch $@

$(VENV)-dist/installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-dist
	$(VENV)-dist/bin/python -m pip install --quiet --constraint constraints.txt build
	touch $@

$(VENV)/installed-bench: $(VENV)/installed
	$(call install,.[bench])
