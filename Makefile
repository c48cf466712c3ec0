# make run    a network of four validators on this machine
# make test   everything that must pass
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
# Other people's programs, which the tests talk to: .venv and .tools hold what make deps fetched.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/usr/bin:$(PATH)

.PHONY: help deps build run test check format lint bench bench-crypto bench-faults fuzz verify mutants \
	generated-mutants scale compare-protocols coverage client soak clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

deps: ## install what the build and the tests need
	@Scripts/deps

build: deps ## the program, at .build/release/bft
	swift build -c release --product bft -j $(JOBS)

run: build ## four validators on this machine, until Ctrl-C
	exec .build/release/bft localnet --validators 4 --directory .localnet

test: deps lint ## everything that must pass
	Scripts/test

check: lint ## what every commit passes: format, warnings, tidiness, tests without processes
	Scripts/test quick

lint: ## whether every file is formatted
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)

format: ## format every file
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

bench: deps bench-crypto ## measure a cluster on this machine; writes Benchmarks/README.md
	Scripts/bench-cluster --write Benchmarks/README.md

bench-faults: deps ## measure what one bad validator of four costs; writes Benchmarks/README.md
	Scripts/bench-faults --write Benchmarks/README.md

bench-crypto: ## measure cryptography against other libraries; writes Benchmarks/README.md
	@Scripts/deps bench
	python3 Scripts/bench-crypto --write Benchmarks/README.md

fuzz: deps ## fuzz what reads keys and signatures, FUZZ_SECONDS=60 for each target
	Scripts/fuzz --seconds $${FUZZ_SECONDS:-60}

verify: deps ## check the models and proofs of the protocols, and that their mutants fail
	rm -rf .build/traces
	timeout --kill-after=20 1800 swift build --build-tests -j $(JOBS)
	MODEL_TRACES=$(CURDIR)/.build/traces timeout --kill-after=20 600 \
		swift test --skip-build --filter ModelTests
	timeout --kill-after=20 3600 Scripts/verify --traces .build/traces

client: deps ## build a program that depends on this package, beside stand-ins of others
	Scripts/client/build

mutants: deps ## find every bug that the tests plant, and generated ones; writes Docs/mutants.md
	Scripts/mutants
	Scripts/generated-mutants

generated-mutants: deps ## plant small bugs in all targets, MUTANTS_FLAGS="--seed 1 --budget 16"
	Scripts/generated-mutants $(MUTANTS_FLAGS)

scale: deps ## measure 4 to 1,000 simulated validators; writes Docs/scale.md
	Scripts/measure-networks scale

compare-protocols: deps ## measure the protocols side by side; writes Docs/protocols.md
	Scripts/measure-networks protocols

soak: build ## look for failures with random seeds, for SOAK_SECONDS
	Scripts/soak

coverage: deps ## which lines of what decides the tests and the simulator reach
	Scripts/coverage

clean: ## remove what was built
	rm -rf .build Benchmarks/.build Fuzz/.build .fuzz

SWIFT_FILES := Package.swift Sources Tests Examples Scripts/client Benchmarks/Package.swift Benchmarks/Sources \
	Fuzz/Package.swift Fuzz/Sources
