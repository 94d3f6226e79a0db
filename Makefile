# Every target stands alone: it builds what it runs and installs what it needs, or says what is missing.

.DEFAULT_GOAL := help
.PHONY: help run build test check race clients browser faults attack siege bench bench-edge load fuzz clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# Go's own mends come with its toolchain: go.mod names one without known holes, which is used where it can be had.
export GOTOOLCHAIN := $(shell GOTOOLCHAIN=auto go version >/dev/null 2>&1 && echo auto || echo local)

TOOLS       := $(CURDIR)/.tools/bin
STATICCHECK := $(TOOLS)/staticcheck-v0.8.2
GOVULNCHECK := $(TOOLS)/govulncheck-v1.9.0
K6          := $(TOOLS)/k6-v1.8.1

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: build ## try it: everything in one process, nothing to set up
	@bin/tollgate dev $(ARGS)

build: ## build bin/tollgate
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/tollgate ./cmd/tollgate

test: ## run every test, on memory and on a real Redis
	@.ci/need redis-server
	go test -count=1 -timeout 30m ./... # never a remembered result: the end-to-end tests build what they test
	GODEBUG=cpu.avx512ifma=off go test -count=1 ./flows/keys ./flows/token # as on a processor that signs with the library

check: $(STATICCHECK) $(GOVULNCHECK) ## format, vet, staticcheck, govulncheck, imports
	@echo gofmt -l .; files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "not formatted: $$files"; exit 1; }
	go vet ./...
	go vet -tags attacks,clients,faults,siege ./...
	$(STATICCHECK) -tags attacks,clients,faults,siege ./...
	@.ci/vulncheck $(GOVULNCHECK)
	go test -count=1 -run '^TestHouse' ./cmd/tollgate

race: ## run every test under the race detector
	@.ci/need redis-server cc
	go test -race -count=1 -timeout 30m -p 1 ./... # one package at a time: what measures time shares its two cores with nobody

# What the kinds of Redis must not make a difference to: real clients, races, and what ends.
ANYWHERE := ^Test(Clients|Code|Refresh|Consent|Revoke|Keys|End|User|Client|Logout|Restart)_

clients: build ## run real clients (x/oauth2, go-oidc, zitadel/oidc, openid-client) and races, on every kind of Redis
	@.ci/need redis-server node npm
	cd cmd/tollgate/e2e/openid-client && npm ci --no-audit --no-fund
	TOLLGATE_BIN="$(CURDIR)/bin/tollgate" go test -count=1 -timeout 30m -tags clients -run '^TestClients_' -v ./cmd/tollgate/e2e
	@for redis in sentinel cluster tls; do \
		echo "on $$redis"; \
		E2E_REDIS=$$redis TOLLGATE_BIN="$(CURDIR)/bin/tollgate" go test -count=1 -timeout 30m -short -tags clients -run '$(ANYWHERE)' ./cmd/tollgate/e2e || exit 1; \
	done

browser: build ## run the pages in headless Chromium
	@.ci/need node npm chromium
	cd server/browsertest && npm ci --no-audit --no-fund && node --test

faults: ## break Redis, nodes, clocks and networks; the table goes to deploy/RELIABILITY.md
	@.ci/need redis-server cc
	FAULTS_REPORT=$(CURDIR)/deploy/RELIABILITY.md go test -tags faults -count=1 -timeout 60m -v ./cmd/tollgate/e2e/faults

attack: build ## send what attackers send, on every kind of store; the table goes to deploy/SECURITY.md
	@.ci/need redis-server nginx
	ATTACKS_REPORT=$(CURDIR)/deploy/SECURITY.md TOLLGATE_BIN="$(CURDIR)/bin/tollgate" go test -tags attacks -count=1 -timeout 30m -v ./cmd/tollgate/e2e/attacks

SIEGE ?=
siege: ## 10,000 slow clients, a million hostile requests, timing, races; the table goes to deploy/SECURITY.md
	@.ci/need redis-server
	SIEGE_REPORT=$(CURDIR)/deploy/SECURITY.md go test -tags siege -count=1 -timeout 100m -v -run '^Test[A-Za-z]+_$(SIEGE)' ./cmd/tollgate/e2e/siege

BENCH ?= .
BENCHTIME ?= 1s
BENCHCOUNT ?= 1
bench: ## run the Go benchmarks: every stage and endpoint, in memory and on Redis; BENCHCOUNT=6 for benchstat
	@.ci/need redis-server
	go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -count $(BENCHCOUNT) ./bench ./cache ./flows/keys/... ./flows/token ./server

bench-edge: build ## measure beside bare fasthttp, HAProxy, nginx, oidc-provider and fosite; writes bench/RESULTS.md
	@.ci/need redis-server taskset
	@.ci/need haproxy || true # what is not here is named in the results
	@.ci/need nginx || true
	@.ci/need node npm || true
	go build -o bin/edge ./bench/edge
	bin/edge $(ARGS)

PROFILE ?= short
load: ## drive two nodes on Redis with k6, in three minutes once built; ARGS='token spike' for some scripts, PROFILE=long for hours; writes loadtest/results/summary.md
	@.ci/need redis-server
	@$(MAKE) --no-print-directory build $(K6)
	go build -o bin/load ./loadtest/run
	@exec bin/load -k6 $(K6) -tollgate bin/tollgate -profile $(PROFILE) $(ARGS)

FUZZTIME ?= 10s
fuzz: ## run every fuzz target for FUZZTIME, 10s by default
	@grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | awk '{print $$2}' | sort -u | while read -r target; do \
		dir=$$(dirname "$$(grep -rlE --include='*_test.go' "^func $$target\(" .)"); \
		.ci/fuzz "$$dir" "$$target" $(FUZZTIME) || exit 1; \
	done

clean: ## remove what was built
	rm -rf bin .tools
	find . -name node_modules -type d -prune -exec rm -rf {} +

# A tool's version stands in its name, so that a new one here is installed and an old one not used.
$(STATICCHECK): PACKAGE := honnef.co/go/tools/cmd/staticcheck@v0.8.2
$(GOVULNCHECK): PACKAGE := golang.org/x/vuln/cmd/govulncheck@v1.9.0
$(K6): PACKAGE := go.k6.io/k6@v1.8.1
$(STATICCHECK) $(GOVULNCHECK) $(K6):
	@mkdir -p $(TOOLS)
	GOBIN=$@.new go install $(PACKAGE)
	@mv $@.new/* $@ && rmdir $@.new
