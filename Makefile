# make run    set up, crawl the bundled sample, answer three questions, serve the Dagster UI (UI=0: no UI)
# make test   set up, run the tests (ARGS="-k name" picks some)
# make lint   style, types, import rules, Dagster definitions
# make soak   the tests that take minutes to hours
# make docs   write the pages of docs/ that are generated
# make lock   pin the dependencies anew after changing pyproject.toml (needs uv)
# make clean  remove what the other targets made, except data/

.DEFAULT_GOAL := run
.PHONY: run test lint soak docs lock clean

# Everything below happens inside .venv, which scripts/python-environment keeps up to date.
bin := .venv/bin
typed := registry_assets registry_assets_tests $(wildcard benchmarks examples)
# Tests wait more than they compute; four at once are enough for any machine.
parallel = -n auto --maxprocesses 4 --dist worksteal
test_path = PATH="$(CURDIR)/.tools/bin:$(CURDIR)/$(bin):$$PATH:/usr/sbin:/sbin"

run:
	@scripts/python-environment run
	@$(bin)/registry-assets demo $(if $(filter 0,$(UI)),--no-ui)

test:
	@scripts/python-environment dev
	@scripts/test-servers
	$(test_path) $(bin)/python -m pytest $(parallel) $(ARGS)

soak:
	@scripts/python-environment dev
	@scripts/test-servers
	$(test_path) $(bin)/python -m pytest -m soak $(ARGS)

lint:
	@scripts/python-environment dev
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy $(typed)
	$(bin)/lint-imports
	env -i PATH="$$PATH" HOME="$$HOME" REGISTRY_PROVIDERS=providers.example.yaml \
	  $(bin)/dagster definitions validate -m registry_assets.definitions

docs:
	@scripts/python-environment dev
	$(bin)/python -m registry_assets.providers.documentation
	$(bin)/python -m registry_assets.cli.documentation

lock:
	requirements/compile $(ARGS)

clean:
	rm -rf .venv .tools .dagster build *.egg-info
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage
	find registry_assets registry_assets_tests -name __pycache__ -prune -exec rm -rf {} +
