# One line a target. `make demo` and `make test` work from a bare checkout.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs bench profiles region lock wheelhouse clean

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && $(BIN)/python -m pip install --quiet --no-deps --editable . && touch $@

demo: $(VENV)/installed
	$(BIN)/problemsolving demo

test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: $(VENV)/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

docs: $(VENV)/installed
	$(BIN)/python scripts/make_reference.py

bench: $(VENV)/installed
	for file in benchmarks/bench_*.py; do env -u PYTHONDONTWRITEBYTECODE $(BIN)/python $$file || exit 1; done

profiles: $(VENV)/installed
	$(BIN)/python scripts/make_profiles.py

region: $(VENV)/installed
	$(BIN)/problemsolving simulate problemsolving-region --size region --threads 2

lock:
	uv pip compile --universal --generate-hashes --no-header --extra test --python-version 3.11 pyproject.toml -o requirements.lock

wheelhouse: $(VENV)/installed
	$(BIN)/python scripts/make_wheelhouse.py

clean:
	rm -rf $(VENV) wheelhouse problemsolving-demo problemsolving-region build dist
