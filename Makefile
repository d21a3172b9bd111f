# Names the commands a developer runs. tools/setup.sh installs what a command needs and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run serve test cpp-test python-test peer-test e2e bench valgrind lint format clean

VENV := .venv/bin
JOBS ?= $(shell nproc)
# Where a recording comes from when INPUT is not given: Debian's and Ubuntu's own copy of LibriVox clips.
RECORDINGS := pocketsphinx-testdata

WHEEL_SOURCES := pyproject.toml CMakeLists.txt LICENSE README.md \
  $(shell find cmake include src python web -type f -not -name '*.pyc')
WHEEL := .venv/.remotemedia
PURE := build/pure

export CMAKE_CXX_COMPILER_LAUNCHER := ccache
# Another compiler than ours may warn of more: for CI only.
export REMOTEMEDIA_WERROR ?= OFF
# Build folders share what they compile with the same options.
export CCACHE_NOHASHDIR := 1
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make run             a recording of speech through examples/graphs/speech.yaml, into out/"
	@echo "make run INPUT=FILE  the same with a file of yours"
	@echo "make serve           the WebRTC server on http://localhost:8080; GRAPH=FILE for a graph of yours"
	@echo "make test            everything: C++, Python native and fallback, examples, foreign peers"
	@echo "make e2e             the server and its page in Chromium and Firefox"
	@echo "make bench           speed, quality and accuracy beside every peer, into docs/benchmarks.md"
	@echo "make bench QUICK=1   the same with few rounds, into build/ only"
	@echo "make bench PARTS=\"formats servers\"   these alone, the others as measured before"
	@echo "make bench PAGE=benchmarks-avx2   all, into a page of another name, for another machine"
	@echo "make valgrind        kernels under memcheck, and their instructions against the record"
	@echo "make lint            formatting, layers, ruff, mypy"
	@echo "make format          format C++ and Python in place"
	@echo "make clean           remove what was built"

run:
	@tools/setup.sh run
	@$(MAKE) --no-print-directory $(WHEEL)
	@mkdir -p out
	@input="$(INPUT)"; \
	input=$${input:-$$(dpkg -L $(RECORDINGS) | sed -n '/librivox.*0870\.wav$$/p')}; \
	$(VENV)/remotemedia run examples/graphs/speech.yaml -i "$$input" -o out/speech.wav \
	  --report out/report.html --metrics out/metrics.json; \
	echo; \
	echo "input    $$input"; \
	echo "audio    out/speech.wav"; \
	echo "report   out/report.html (open it in a browser)"; \
	echo "metrics  out/metrics.json"

# Loopback only; ARGS are options of remotemedia serve.
serve:
	@tools/setup.sh run
	@$(MAKE) --no-print-directory $(WHEEL)
	$(VENV)/remotemedia serve $(GRAPH) $(ARGS)

test:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory cpp-test
	@$(MAKE) --no-print-directory python-test
	@$(MAKE) --no-print-directory peer-test

cpp-test:
	cmake --preset release
	cmake --build --preset release
	ctest --preset release -j $(JOBS)

# Three times: on native code, on the fallback by choice, and from the wheel without native code.
python-test: $(WHEEL) $(PURE)
	$(VENV)/python -m pytest
	REMOTEMEDIA_RUNTIME=python $(VENV)/python -m pytest -m "not native_only"
	PYTHONPATH=$(PURE) $(VENV)/python -m pytest -m "not native_only"

# WebRTC peers that are not ours, on programs that cpp-test has built.
peer-test:
	$(VENV)/python -m pytest tests/peers

e2e:
	@tools/setup.sh e2e
	@$(MAKE) --no-print-directory $(WHEEL)
	node --test tests/web/*.test.mjs
	$(VENV)/python -m pytest tests/e2e

# The build tree stays in build/, so a second wheel compiles only what changed.
$(WHEEL): $(WHEEL_SOURCES) requirements/dev.txt
	@echo "building the wheel into .venv"
	@CMAKE_ARGS=-DREMOTEMEDIA_WERROR=$(REMOTEMEDIA_WERROR) \
	$(VENV)/pip install -q --no-build-isolation --no-deps --force-reinstall .
	@touch $@

$(PURE): $(WHEEL_SOURCES) requirements/dev.txt
	@echo "building the pure-Python wheel into $@"
	@rm -rf $@
	@REMOTEMEDIA_PURE_PYTHON=1 $(VENV)/pip install -q --no-build-isolation --no-deps --target $@ .

bench:
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory $(WHEEL)
	cmake --preset bench
	cmake --build --preset bench
	$(VENV)/python bench/run.py $(PARTS) $(if $(QUICK),--quick --out build/bench/quick,--docs docs $(if $(PAGE),--page $(PAGE)))
	build/bench/bench/resampler_quality >build/bench/resampler_quality.md

# Valgrind has no AVX-512, and its fused multiply-add of -0 gives +0, which the mix kernel's test sees.
# A test replaces operator new, which it takes for a mismatch.
VALGRIND_TESTS := *Kernel*/AVX2:*Kernel*/SSSE3:Dither.*:ConvertFormat.*:ToMono.*:EnergyVad.*:Resampler.*:-*MixKernel*/AVX2

valgrind:
	@tools/setup.sh bench
	@tools/setup.sh valgrind
	cmake --preset release
	cmake --build --preset release --target dsp_test
	valgrind -q --error-exitcode=1 --show-mismatched-frees=no \
	  build/release/tests/dsp/dsp_test --gtest_brief=1 --gtest_filter='$(VALGRIND_TESTS)'
	cmake --preset bench
	cmake --build --preset bench --target kernel_workload
	$(VENV)/python tools/count_instructions.py build/bench/bench/kernel_workload

CPP_FILES = git ls-files -co --exclude-standard -- '*.cc' '*.h'

lint:
	@tools/setup.sh ci
	$(CPP_FILES) | xargs $(VENV)/clang-format --dry-run -Werror
	$(VENV)/python tools/check_layers.py
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy

format:
	@tools/setup.sh ci
	$(CPP_FILES) | xargs $(VENV)/clang-format -i
	$(VENV)/ruff check --fix
	$(VENV)/ruff format

clean:
	rm -rf build out $(WHEEL)
