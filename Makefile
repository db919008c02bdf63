# What a newcomer and a pipeline need. `make help` lists it.
.POSIX:
PREFIX = $(HOME)/.local
CARGO = cargo

.PHONY: help demo test bench lint docs install

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "make %-9s %s\n", $$1, $$2}'

demo: ## Open the console on the embedded environment
	$(CARGO) run --release --locked --quiet -- demo

test: ## Install what tests need (as root on Debian), run all of them, print the total
	scripts/test

bench: ## Measure against the peers; the figures of docs/performance.md are made so
	scripts/bench

lint: ## Formatting, clippy, documentation, licences and sources of what is linked
	scripts/lint

docs: ## Write the generated files under docs/ anew
	scripts/docs

install: ## Install qd, its man pages and completions below PREFIX (default ~/.local)
	scripts/install "$(PREFIX)"
