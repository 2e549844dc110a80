# `make demo` shows it, `make test` proves it, `make check` is the inner loop.

SHELL := /bin/bash
.DEFAULT_GOAL := help

INFRA := $(or $(CARGO_TARGET_DIR),target)/release/infra
# The binaries of tests that boot throwaway hosts have names that begin with lab.
NOT_LAB := not binary(/^lab/)
# Throwaway hosts are small, and mostly wait for packages.
LAB_JOBS ?= 4

.PHONY: help
help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: tools
tools: ## Installs what building and testing need (Debian, as root)
	@scripts/install-tools

.PHONY: build
build: ## Builds the release binary
	@scripts/install-tools build
	cargo build --release --locked
	@size=$$(stat -c %s $(INFRA)); [ $$size -lt $$((20 * 1024 * 1024)) ] || { echo "$(INFRA) has $$size bytes, 20 MiB are allowed" >&2; exit 1; }

.PHONY: check
check: tools ## Formatting, lints, dependencies, and all tests that need no host
	scripts/format --check
	cargo clippy --locked --all-targets -- -D warnings
	scripts/check-shell
	scripts/check-dependencies
	cargo nextest run --locked -E '$(NOT_LAB)'

.PHONY: uses
uses: tools ## Records on hosts of Debian 12 what the programs of each kind use (RECORD=check compares)
	INFRA_TEST_RELEASE=bookworm INFRA_RECORD_USES=$(or $(RECORD),write) \
		cargo nextest run --locked --no-fail-fast --test-threads $(LAB_JOBS) -E 'binary(lab_kinds)'
	@[ "$(RECORD)" = check ] || $(MAKE) docs

.PHONY: advisories
advisories: tools ## Known vulnerabilities in what infra is built from (fetches their database)
	scripts/check-dependencies --advisories

.PHONY: test
test: check ## All of check, the page on adding a kind, then every kind and the first system on hosts of Debian 12
	cargo nextest run --locked --run-ignored only -E 'test(the_page_makes_a_kind_that_works)'
	@scripts/test-hosts bookworm

.PHONY: test-full
test-full: test ## All of test, what each kind uses compared, then the same on Debian 13, in more orders and rounds
	$(MAKE) uses RECORD=check
	@INFRA_TEST_ORDERS=20 INFRA_TEST_ROUNDS=2000 INFRA_TEST_LOCK_ROUNDS=100 INFRA_TEST_SEED=$${INFRA_TEST_SEED:-$$RANDOM} scripts/test-hosts trixie

.PHONY: bench
bench: tools ## Measures this machine's side of a run: time and memory for up to 100,000 resources
	cargo bench --locked --bench core

.PHONY: docs
docs: ## Writes the generated reference anew
	INFRA_UPDATE_DOCS=1 cargo test --quiet --locked --test fast docs::

.PHONY: demo
demo: build ## Boots a throwaway host and takes a real system onto it
	@scripts/install-tools demo
	@scripts/demo $(INFRA)

.PHONY: bench-peers
bench-peers: tools ## Measures infra beside Ansible, Mitogen, pyinfra and shell scripts (ARGS="--workload b")
	cargo bench --locked --bench peers -- --json target/peers/results.json $(ARGS)
