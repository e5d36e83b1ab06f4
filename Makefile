# Each target sets up what it needs: the TensorFlow runtime (see cli/tfpair-env) and the
# linter are fetched once, into the user's cache. tfpair-env puts build tags into GOFLAGS:
# tensorflow, and hdf5 where HDF5 is found. A -tags of a command replaces them, so it names them
# again.

GO       ?= go
FUZZTIME ?= 20s
TIMEOUT  ?= 20m
CACHE    := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tfpair
VULNS    := $(CACHE)/tools/govulncheck-v1.9.0/govulncheck
APIDIFF  := $(CACHE)/tools/apidiff-20261113/apidiff
LINT     := $(CACHE)/tools/golangci-lint-v2.15.0/golangci-lint

# Runs before commands that build with TensorFlow; stops where setting up fails.
# Each long step says what it is at, since the compiler is silent.
SETUP = echo "looking for the TensorFlow runtime" >&2 && \
	env=$$($(GO) run ./cli/tfpair-env) && eval "$$env" &&

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/tfpair
	@$(SETUP) echo "compiling bin/tfpair; the first time takes a few minutes" >&2 && \
		$(GO) build -o bin/tfpair ./cli/tfpair && echo "bin/tfpair is built" >&2

.PHONY: hdf5
hdf5: ## fetch HDF5, for builds that read Keras' weight files; Debian's packages, no root
	.ci/hdf5

.PHONY: test
test: ## run every test; TIMEOUT=90m where a machine is slow
	$(SETUP) $(GO) test -p 2 -timeout $(TIMEOUT) ./...

.PHONY: bench-check
bench-check: ## vet and build the benchmarks, a module of their own, and run their tests
	$(SETUP) cd bench && $(GO) vet ./... && $(GO) build ./... && $(GO) test -timeout 10m ./...

.PHONY: bench
bench: ## measure tfpair beside its peers, an hour; BENCH='-data FOLDER' says where the data are
	$(SETUP) cd bench && $(GO) run . all -results ../out/bench $(BENCH)
	$(SETUP) cd bench && $(GO) run . compare results ../out/bench

.PHONY: pure
pure: ## run the tests that need no TensorFlow, without cgo and build tags
	packages=$$(.ci/pure) && CGO_ENABLED=0 $(GO) test -tags= -p 2 -timeout 10m $$packages ./internal/session

.PHONY: race
race: ## run the same tests under the race detector
	packages=$$(.ci/pure) && $(GO) test -race -p 2 -timeout 15m $$packages

.PHONY: lint
lint: $(LINT) ## check the code with golangci-lint, with and without the build tags
	$(SETUP) $(LINT) run ./...
	$(SETUP) cd bench && $(LINT) run ./...
	$(SETUP) case $$GOFLAGS in *hdf5*) $(LINT) run --build-tags hdf5 ./models/weights/... ;; esac
	GOFLAGS= $(GO) vet ./internal/session

$(LINT):
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: api
api: $(APIDIFF) ## compare the stable packages with those of the last release
	$(SETUP) .ci/api $(APIDIFF)

$(APIDIFF):
	GOBIN=$(@D) $(GO) install golang.org/x/exp/cmd/apidiff@v0.0.0-20261113113407-e3970619a1a4

.PHONY: vulnerabilities
vulnerabilities: $(VULNS) ## look for known vulnerabilities in what the program calls; asks Go's database
	$(SETUP) .ci/vulnerabilities $(VULNS)

$(VULNS):
	GOBIN=$(@D) $(GO) install golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (20s)
	$(SETUP) FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: kill
kill: ## kill trainings, of one process and of three, at random moments and compare their weights; KILLS=200 for more of three
	$(SETUP) TFPAIR_KILL=1 $(GO) test -count 1 -v -run TestKill -tags tensorflow,kill -timeout 20m ./runner/train
	$(SETUP) TFPAIR_KILLS=$(KILLS) $(GO) test -count 1 -v -run TestKill -tags tensorflow,kill -timeout 4h ./cli

.PHONY: faults
faults: ## make system calls fail, kill, cut power and flip bits, all over; FAULTS=-quick for a part
	$(SETUP) $(GO) run ./cli/faults $(FAULTS)

.PHONY: interop
interop: ## have other programs use what tfpair writes, and load their models
	$(SETUP) $(GO) test -count 1 -v -run TestInterop -tags tensorflow,interop -timeout 20m ./cli

.PHONY: deploy-check
deploy-check: ## check what deploy/ holds, by Kubernetes' schemas, Prometheus and systemd, and train as its manifests start
	$(SETUP) $(GO) test -count 1 -v -run 'TestDeployed|TestInteropDeploy|TestInteropRules' -tags tensorflow,interop -timeout 20m ./cli

.PHONY: proof
proof: proof-engines proof-keras proof-torch ## compare with ONNX Runtime, OpenVINO, Keras and PyTorch; docs/proof.md records it

.PHONY: proof-engines
proof-engines: ## the part of proof that asks ONNX Runtime and OpenVINO
	$(SETUP) $(GO) test -count 1 -v -run 'TestProof$$' -tags tensorflow,interop -timeout 60m ./cli

.PHONY: proof-keras
proof-keras: hdf5 ## the part of proof that trains in Keras, and loads its weights
	$(SETUP) $(GO) test -count 1 -v -run 'TestProofFromKeras$$|TestProofKerasSteps$$' -tags tensorflow,interop -timeout 60m ./cli
	$(SETUP) $(GO) test -count 1 -v -run 'TestProofKeras$$' -tags tensorflow,interop,hdf5 -timeout 60m ./graphs/backbone

.PHONY: proof-torch
proof-torch: build ## the part of proof that trains in pytorch-metric-learning, and loads PyTorch's weights: 6 GB to install
	$(SETUP) $(GO) test -count 1 -v -run 'TestProofFromPML$$' -tags tensorflow,interop -timeout 60m ./cli
	for set in efficientnet-lite0 efficientnet-lite1 efficientnet-lite2 mobilenetv2; do bin/tfpair weights fetch $$set || exit; done
	$(SETUP) $(GO) test -count 1 -v -run 'TestProofTorch$$|TestPretrained' -tags tensorflow,interop -timeout 60m ./graphs/backbone

.PHONY: gpu-proof
gpu-proof: build ## on a machine with an NVIDIA driver: train, export and go on there, and time steps beside PyTorch; GPU=--cpu tries that without
	$(SETUP) .ci/gpu-proof $(GPU)

.PHONY: runtime-bump
runtime-bump: ## pin the TensorFlow release VERSION, and say what changes with it
	.ci/runtime-bump "$(VERSION)"

.PHONY: nightly
nightly: ## run the tests on the pinned TensorFlow, on an older one, and on a newer one if there is one
	.ci/nightly

.PHONY: demo
demo: build ## draw a small picture set, train on it, evaluate, export, compare
	bin/tfpair demo

.PHONY: examples
examples: build ## run the examples of every command's help, and the stories of docs/examples, as they are printed
	.ci/examples
	$(GO) run ./cli/stories

.PHONY: stories
stories: build ## write what the stories of docs/examples print, and their pictures, into their pages
	$(GO) run ./cli/stories -write

.PHONY: stranger
stranger: build ## build and test a service, and a training with parts of its own, in modules of their own
	.ci/stranger
	.ci/own

.PHONY: dist
dist: ## pack the binary with completions, manual pages, licences and checksums into dist/
	$(SETUP) .ci/dist

.PHONY: image
image: build ## build the container image, with docker or buildah
	.ci/image

.PHONY: image-test
image-test: ## train, stop, go on, evaluate, export and embed in the image
	.ci/image-test

.PHONY: fmt
fmt: ## format the code
	gofmt -w $$($(GO) list -f '{{.Dir}}' ./...) bench

.PHONY: clean
clean: ## remove what was built here; the user's cache stays
	rm -rf bin demo dist out
