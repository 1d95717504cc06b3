# What people and CI run; `make help` lists it.

# PostgreSQL majors for `make oracle`, `make recipes` and `make pages`: words such as 15 or 12..18
MAJORS ?= 12..18
# For `make oracle-fuzz`
SEED ?= 1
N ?= 2000
FUZZ_MAJORS ?= 15,18
# For `make test`: only tests whose name contains this
FILTER ?=

.PHONY: help demo test lint fmt bench oracle oracle-fuzz recipes pages bootstrap
.DEFAULT_GOAL := help

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.* ## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: bootstrap ## Lint the bundled examples in fixtures/demo and show the output
	@cargo build --quiet
	@cargo run --quiet -- check fixtures/demo || [ $$? -eq 1 ] # 1: there are findings, as there should be

test: bootstrap ## Run all tests, or with FILTER=word those whose name contains it
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run $(FILTER) && cargo test --quiet --doc $(FILTER); \
	else \
		cargo test $(FILTER); \
	fi

lint: bootstrap ## Check the format (rustfmt) and the code (clippy); warnings are errors
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt

bench: bootstrap ## Measure humdrum and squawk on the same files: time and memory
	@tools/bench

oracle: bootstrap ## Ask real servers again what the oracle recorded: MAJORS="15 18", default 12..18
	@cargo run --quiet --example oracle_record -- --majors "$(MAJORS)"

oracle-fuzz: bootstrap ## Random DDL on real servers and through the model: SEED=1 N=2000 FUZZ_MAJORS=15,18
	@cargo run --quiet --example oracle_fuzz -- --seed $(SEED) --count $(N) --majors $(FUZZ_MAJORS)

recipes: bootstrap ## Run every recipe on real servers: MAJORS="15 18", FILTER=word; same schema and rows, nobody waits for work
	@cargo run --quiet --example prove_recipes -- $(MAJORS:%=--majors %) $(FILTER:%=--filter %)

pages: bootstrap ## Ask real servers about every example of every page: MAJORS="15 18"
	@cargo run --quiet --example prove_recipes -- --pages $(MAJORS:%=--majors %) $(FILTER:%=--filter %)

bootstrap: ## Find or install what the build needs (every target that builds does it by itself)
	@tools/bootstrap
