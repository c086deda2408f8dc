# Everything here needs Go, and a C compiler for the race detector; the linter
# is built from the tools module on first use.

SHELL := bash
.DEFAULT_GOAL := help

MODULE       := github.com/seed-588517f9/pusher-go
GOLANGCI     := .bin/golangci-lint
COVER_DIR    := .cover
COVER_GATED  := pusher backend crypto
COVER_MIN    ?= 90
FUZZTIME     ?= 20s
BENCHFLAGS   ?=
SOAKFLAGS    ?=
E2EFLAGS     ?=
# Examples with dependencies of their own are modules of their own.
NESTED       := $(patsubst %/go.mod,%,$(wildcard examples/*/go.mod))

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Send events to an in-process Channels server and show what arrives
	@go run ./examples/demo

.PHONY: test
test: ## Run every test under the race detector
	go test -race ./...
	@echo "go test -run Allocations (without the race detector, which allocates by itself)"
	@go test -run 'Allocations|allocations' ./crypto ./pusher ./backend/async
	@set -e; for dir in $(NESTED); do \
		echo "go test -race ./... (in $$dir)"; \
		(cd "$$dir" && go test -race ./...); \
	done

.PHONY: e2e
e2e: ## Run real clients: pusher-js under Node and in Chromium, the official SDKs
	@./e2e/install.sh
	cd e2e && go test -race -count=1 -timeout 10m $(E2EFLAGS) ./...

.PHONY: lint
lint: lint-format lint-modules lint-code ## Check formatting, modules and code

.PHONY: lint-format
lint-format:
	@set -e; unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then \
		echo "gofmt would change:" >&2; \
		echo "$$unformatted" >&2; \
		exit 1; \
	fi

.PHONY: lint-modules
lint-modules:
	@set -e; for dir in . tools e2e $(NESTED); do \
		(cd "$$dir" && go mod tidy -diff) || { echo "run go mod tidy in $$dir" >&2; exit 1; }; \
	done

.PHONY: lint-code
lint-code: $(GOLANGCI)
	$(GOLANGCI) run ./...
	@set -e; for dir in e2e $(NESTED); do \
		echo "$(GOLANGCI) run ./... (in $$dir)"; \
		(cd "$$dir" && "$(CURDIR)/$(GOLANGCI)" run ./...); \
	done

$(GOLANGCI): tools/go.mod tools/go.sum
	@echo "building golangci-lint (about a minute, once)"
	@cd tools && go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: bench
bench: ## Measure the cost of a call against its floor
	@go run ./internal/bench $(BENCHFLAGS)

.PHONY: soak
soak: ## Send 200,000 events through each backend to a server that fails
	@go run ./internal/soak $(SOAKFLAGS)

# Prints "package target" for each fuzz target: go test -list names a package's
# targets before the package itself.
FUZZ_TARGETS = go test -list '^Fuzz' ./... | \
	awk '/^Fuzz/ { name[n++] = $$1 } $$1 == "ok" { for (i = 0; i < n; i++) print $$2, name[i]; n = 0 }'

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (20s)
	@set -eo pipefail; targets=$$($(FUZZ_TARGETS)); \
	if [ -z "$$targets" ]; then echo "no fuzz target found" >&2; exit 1; fi; \
	while read -r package target; do \
		echo "== $$target in $$package for $(FUZZTIME)"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime '$(FUZZTIME)' "$$package" </dev/null; \
	done <<<"$$targets"

# Several test binaries cover the same block: it counts once, as covered if any
# of them ran it.
.PHONY: cover
cover: ## Measure statement coverage; pusher, backend and crypto need 90 %
	@mkdir -p $(COVER_DIR)
	go test -coverpkg=./pusher/...,./backend/...,./crypto/... -coverprofile=$(COVER_DIR)/profile.txt ./...
	@awk -v gated='$(COVER_GATED)' -v min='$(COVER_MIN)' -v prefix='$(MODULE)/' ' \
		FNR == 1 { next } \
		{ statements[$$1] = $$2; if ($$3 > 0) ran[$$1] = 1 } \
		END { \
			for (block in statements) { \
				package = block; \
				sub(/\/[^\/]*$$/, "", package); \
				package = substr(package, length(prefix) + 1); \
				total[package] += statements[block]; \
				if (block in ran) covered[package] += statements[block]; \
			} \
			for (package in total) if (!index(" " gated " ", " " package " ")) \
				printf "  %-20s %5.1f %%\n", package, 100 * covered[package] / total[package]; \
			count = split(gated, names, " "); \
			for (i = 1; i <= count; i++) { \
				package = names[i]; \
				percent = total[package] ? 100 * covered[package] / total[package] : 0; \
				low = percent < min; \
				if (low) failed = 1; \
				printf "  %-20s %5.1f %% (at least %s %%)%s\n", package, percent, min, low ? " TOO LOW" : ""; \
			} \
			exit failed \
		}' $(COVER_DIR)/profile.txt

.PHONY: clean
clean: ## Remove what make has built
	rm -rf .bin $(COVER_DIR) e2e/node_modules e2e/.venv
