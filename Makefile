# DeepScaler's developer commands. `make` alone explains them. Needed: Go, git, make, bash and a C
# compiler; everything else is a Go module, pinned here and built on first use.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

MODULE := github.com/deepscaler/deepscaler
# A source tarball has no git, and one that is unpacked in some other checkout is not described by that.
VERSION ?= $(or $(shell GIT_CEILING_DIRECTORIES=$(abspath ..) git describe --tags --always --dirty 2>/dev/null),unknown)
# A release has a version and a registry that somebody chose, never the defaults.
given = $(if $(filter command line environment,$(origin $1)),$($1))
IMAGE ?= deepscaler

# These may come from the environment or the command line.
DURATION ?=
FUZZTIME ?= 10s
BENCH ?= .
BENCHCOUNT ?= 6
ARGS ?=
OUTPUT ?= bin/deepscaler
SCHEDULER ?= bin/deepscaler-scheduler

SOURCES := $(wildcard cmd adapter estimator learner test hack)
TOOL := go tool -modfile=hack/tools/go.mod
GOVULNCHECK := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/deepscaler/tools/govulncheck
comma := ,
HEARTBEAT := hack/tools/heartbeat
LDFLAGS = -s -w -X main.version=$(VERSION)

# A package that imports hack/controlplane starts a real control plane in its tests.
LIST_IMPORTS = go list -f '{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}} ' ./...
CONTROL_PLANE_PACKAGES = $(LIST_IMPORTS) | awk '/\/hack\/controlplane / {print $$1}'
OTHER_PACKAGES = $(LIST_IMPORTS) | awk '!/\/hack\/controlplane / {print $$1}'
# Nested modules are only tested when they hold Go code of their own, and only vetted when that has no
# tests: kube-scheduler with the race detector would take minutes to compile, for nothing. The benchmark
# in test/schedulerperf links a whole control plane and is left out: docs/placement.md has its command.
NESTED_MODULES = $$(find . -mindepth 2 -name go.mod | sort | while read -r file; do \
	dir=$${file%/go.mod}; if [ "$$dir" != ./test/schedulerperf ] && [ -n "$$(find "$$dir" -name '*.go' -print -quit)" ]; then echo "$$dir"; fi; done)

.PHONY: help
help: ## Explain the targets (this text)
	@echo "DeepScaler $(VERSION)"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it

.PHONY: demo
demo: ## Run the whole system under a bursty load on a real control plane (DURATION=10m ends it)
	@[ -e bin/demo ] || echo "the first time, the demo builds Kubernetes and itself from source: about 15 minutes on two cores; after that it starts within a minute"
	@$(HEARTBEAT) "compiling the demo" go build -o bin/demo ./hack/demo
	@exec bin/demo $(if $(DURATION),--duration $(DURATION))

.PHONY: lab
lab: ## Compare autoscalers in virtual time, in a terminal and on a page (about a minute; ARGS are its flags)
	@$(HEARTBEAT) "compiling the lab" go build -o bin/lab ./test/lab
	@bin/lab --seeds 2 --duration 20m --report dist/lab.html $(ARGS)

.PHONY: eval
eval: ## Reproduce the tables and figures of the paper into docs/evaluation.md (about half an hour on two cores)
	@$(HEARTBEAT) "compiling the lab" go build -buildvcs=false -o bin/lab ./test/lab
	@bin/lab evaluate $(ARGS)

.PHONY: cluster-up
cluster-up: bin/cluster ## Start a real control plane without containers and print its kubeconfig
	@exec bin/cluster up

.PHONY: cluster-down
cluster-down: bin/cluster ## Stop the control plane that cluster-up started
	@exec bin/cluster down

.PHONY: bin/cluster
bin/cluster:
	@$(HEARTBEAT) "compiling bin/cluster" go build -o bin/cluster ./hack/controlplane/cmd/cluster

##@ Build it

.PHONY: build
build: ## Build the static binary bin/deepscaler (GOOS and GOARCH choose another platform)
	@CGO_ENABLED=0 $(HEARTBEAT) "compiling $(OUTPUT) $(VERSION)" \
		go build -trimpath -ldflags '$(LDFLAGS)' -o $(OUTPUT) ./cmd/deepscaler
	@echo "built $(OUTPUT) $(VERSION)"

.PHONY: build-scheduler
build-scheduler: ## Build bin/deepscaler-scheduler, kube-scheduler with the plugin (its own module; a minute on two cores)
	@cd cmd/scheduler && CGO_ENABLED=0 "$(abspath $(HEARTBEAT))" "compiling the scheduler" go build -trimpath \
		-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)-deepscaler" \
		-o "$(abspath $(SCHEDULER))" .
	@echo "built $(SCHEDULER)"

.PHONY: image
image: bin/release ## Build the images of adapter and scheduler for amd64 and arm64 into dist, without docker (PUSH=1 pushes IMAGE:VERSION)
	@bin/release --images --version $(VERSION) --image $(IMAGE) --out dist/images $(if $(PUSH),--push)

.PHONY: manifests
manifests: ## Render every kustomization into dist/manifests, with the image IMAGE:VERSION
	@$(HEARTBEAT) "rendering the manifests" go run ./hack/verify/manifests/render --image $(IMAGE):$(VERSION) --out dist/manifests

.PHONY: release
release: bin/release ## Make what a release publishes into dist/VERSION (give VERSION=v0.1.0 and IMAGE; PUSH=1 pushes the images)
	@bin/release --version "$(call given,VERSION)" --image "$(call given,IMAGE)" --out "dist/$(VERSION)" $(if $(PUSH),--push)

.PHONY: bin/release
bin/release:
	@cd hack/release && "$(abspath $(HEARTBEAT))" "compiling bin/release" go build -o ../../bin/release .

##@ Check it

.PHONY: test
test: check test-unit test-nested test-cluster ## Every check and every test there is (the one test command)
	@echo "make test: everything passed"

# Only estimator and learner have code that depends on the processor; to compile Kubernetes' libraries once
# more for another one would take minutes and show nothing.
.PHONY: check
check: ## gofmt, go vet, tidy modules, the fast linters, and the builds for other processors
	@echo "== gofmt, go vet, go mod tidy"
	@unformatted=$$(gofmt -l $(SOURCES)); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make update:"; echo "$$unformatted"; exit 1; fi
	@$(HEARTBEAT) "compiling and vetting" go vet ./...
	@go mod tidy -diff
	@cd cmd/scheduler && go mod tidy -diff
	@echo "== arm64, and the kernels without assembly"
	@GOARCH=arm64 CGO_ENABLED=0 $(HEARTBEAT) "compiling for arm64" go build ./estimator/... ./learner/...
	@$(HEARTBEAT) "testing without assembly" go test -tags purego ./estimator/gnn/...
	@echo "== fast linters, import directions among them"
	@$(HEARTBEAT) "building the linter" $(TOOL) golangci-lint version
	@$(HEARTBEAT) "linting" $(TOOL) golangci-lint run --fast-only ./...

.PHONY: test-unit
test-unit: ## The tests that need no control plane, with the race detector
	@echo "== tests with the race detector"
	@packages=$$($(OTHER_PACKAGES)); \
	$(HEARTBEAT) "compiling and testing" go test -race -timeout 20m $$packages

.PHONY: test-nested
test-nested:
	@for dir in $(NESTED_MODULES); do \
		echo "== module $$dir"; \
		if [ -z "$$(find "$$dir" -name '*_test.go' -print -quit)" ]; then \
			(cd "$$dir" && "$(abspath $(HEARTBEAT))" "compiling and vetting $$dir" go vet ./...); continue; fi; \
		(cd "$$dir" && "$(abspath $(HEARTBEAT))" "compiling and testing $$dir" go test -race -timeout 20m ./...); \
	done

.PHONY: test-cluster
test-cluster: ## The tests on a real control plane (the first run builds it: about 11 minutes on two cores)
	@echo "== tests on a real control plane, two packages at a time: they wait more than they compute"
	@packages=$$($(CONTROL_PLANE_PACKAGES)); \
	$(HEARTBEAT) "compiling and testing on a real control plane" go test -p 2 -v -timeout 60m $$packages

.PHONY: test-keda
test-keda: ## DeepScaler behind the real KEDA on a real control plane (the first run builds KEDA, which takes as long as Kubernetes)
	@$(HEARTBEAT) "compiling and testing with KEDA" go test -tags keda -v -count 1 -timeout 60m -run KEDA ./test/e2e

.PHONY: test-release
test-release: ## Make a release twice and compare them (compiles for five platforms)
	@$(MAKE) release VERSION=v0.0.0-test IMAGE=registry.example.com/deepscaler
	@rm -rf dist/v0.0.0-test.first && mv dist/v0.0.0-test dist/v0.0.0-test.first
	@$(MAKE) release VERSION=v0.0.0-test IMAGE=registry.example.com/deepscaler
	@diff -r dist/v0.0.0-test.first dist/v0.0.0-test && echo "make test-release: both releases are the same"

.PHONY: verify
verify: ## The documentation, and every manifest against a real API server
	@$(HEARTBEAT) "verifying" go test -p 1 -v -count 1 -timeout 60m ./hack/verify/...

.PHONY: lint
lint: ## golangci-lint (pinned; the first run builds it: about 3 minutes on two cores)
	@$(HEARTBEAT) "building the linter" $(TOOL) golangci-lint version
	@$(HEARTBEAT) "linting" $(TOOL) golangci-lint run ./...

.PHONY: vulnerabilities
vulnerabilities: $(GOVULNCHECK) ## govulncheck (pinned; needs the Go vulnerability database, https://vuln.go.dev)
	@$(HEARTBEAT) "looking for known vulnerabilities" $(GOVULNCHECK) ./...

# A rebuild follows every change of the pinned versions.
$(GOVULNCHECK): hack/tools/go.mod
	@$(HEARTBEAT) "building govulncheck" go build -modfile=hack/tools/go.mod -o $@ golang.org/x/vuln/cmd/govulncheck

.PHONY: vulnerabilities-if-built
vulnerabilities-if-built:
	@if [ ! -x $(GOVULNCHECK) ]; then \
		echo "known vulnerabilities were not looked for: 'make vulnerabilities' builds the tool that does"; exit 0; fi; \
	status=0; $(HEARTBEAT) "looking for known vulnerabilities" $(GOVULNCHECK) ./... || status=$$?; \
	if [ $$status = 3 ]; then exit 1; fi; \
	if [ $$status != 0 ]; then echo "known vulnerabilities were not looked for: the database cannot be read"; fi

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	@grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' $(SOURCES) | sort | while IFS=: read -r file func; do \
		target=$${func#func }; echo "== $$target in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./$$(dirname "$$file")"; \
	done

.PHONY: bench
bench: ## Run the benchmarks that match BENCH, BENCHCOUNT times, for benchstat
	@mkdir -p bin
	@packages=$$(grep -rlE --include='*_test.go' '^func Benchmark' $(SOURCES) | xargs -n 1 dirname | sort -u | sed 's|^|./|'); \
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCHCOUNT) -timeout 60m $$packages | tee bin/bench-$(VERSION).txt
	@echo "compare with an earlier run:"
	@echo "  $(TOOL) benchstat bin/bench-OTHER.txt bin/bench-$(VERSION).txt"

##@ Keep it tidy

.PHONY: update
update: ## Bring generated and formatted files up to date
	gofmt -w $(SOURCES)
	go mod tidy
	cd cmd/scheduler && go mod tidy
	cd test/schedulerperf && go mod tidy
	go run ./hack/verify/docs/update
	go -C hack/proto run . ../../adapter/keda/externalscaler/externalscaler.proto

.PHONY: clean
clean: ## Remove what the targets above wrote into the checkout (the build caches stay)
	rm -rf bin dist
