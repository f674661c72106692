# Two commands: `make report` reads the sample study, `make test` installs the rest and passes the tests.

VENV   := .venv
PYTHON ?= python3
STUDY  ?= samples/effusion.dcm
OUT    ?= out
# Wheels compiled once on this machine; later installations take seconds.
WHEELS ?= $(HOME)/.cache/radscr-edge/wheels

pinned = $(shell sed -n "s/^$(1)==//p" constraints.txt)

INSTALL := $(VENV)/bin/pip install --quiet --constraint constraints.txt --find-links $(WHEELS)
COMPILE := $(VENV)/bin/pip wheel --quiet --no-deps --no-cache-dir --constraint constraints.txt \
	--wheel-dir $(WHEELS)

.PHONY: report test check clean

report: $(VENV)/.runtime
	$(VENV)/bin/radscr-edge read $(STUDY) --out $(OUT)

test: $(VENV)/.development
	$(VENV)/bin/pytest

check: $(VENV)/.development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) $(OUT) build

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	@mkdir -p $(WHEELS)
	@ls $(WHEELS)/hnswlib-$(call pinned,hnswlib)-* >/dev/null 2>&1 || { echo "Compiling hnswlib (half a minute) ..."; \
		HNSWLIB_NO_NATIVE=1 $(COMPILE) hnswlib; } \
		|| echo "hnswlib could not be compiled: sentences will be searched exactly."
	@ls $(WHEELS)/llama_cpp_python-$(call pinned,llama_cpp_python)-* >/dev/null 2>&1 || { \
		echo "Compiling llama.cpp (minutes; once on this machine) ..."; \
		CMAKE_ARGS="-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF -DLLAMA_OPENSSL=OFF" \
		CMAKE_BUILD_PARALLEL_LEVEL=$$(nproc) $(COMPILE) llama-cpp-python; } \
		|| echo "llama.cpp could not be compiled: the plain decoder will write the reports."
	-@$(INSTALL) hnswlib --only-binary hnswlib
	-@$(INSTALL) llama-cpp-python --only-binary llama-cpp-python
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	$(INSTALL) --editable '.[hnsw,export,dev]'
	@touch $@
