# Apus: `make quickstart` and `make test` do everything on a fresh Debian or Ubuntu with Swift 6.

.DEFAULT_GOAL := help
.PHONY: help setup build quickstart fashion-mnist example test docs bench clean

# The same flags for the quickstart and the tests, so that neither compiles the package again.
# Tests look into modules, which -enable-testing allows in a release build.
SWIFT_FLAGS = --configuration release -Xswiftc -enable-testing
SWIFT_BUILD = swift build $(SWIFT_FLAGS)

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Install the C libraries that are missing (Debian, Ubuntu).
	@scripts/setup

build: setup ## Build the program as one file, .build/static/release/apus.
	swift build --configuration release --product apus --scratch-path .build/static \
	  --static-swift-stdlib -Xlinker -s

quickstart: setup ## Train a digit classifier on the embedded data, in runs/quickstart.
	$(SWIFT_BUILD) --product apus
	.build/release/apus train --epochs 40 --output runs/quickstart --overwrite

# The folder with the four files of Fashion-MNIST.
DATA ?= ../shared/data/fashion-mnist

fashion-mnist: setup ## Train the same classifier on Fashion-MNIST (DATA=folder), in runs/fashion-mnist.
	$(SWIFT_BUILD) --product apus
	.build/release/apus train --data $(DATA) --epochs 4 --batch-size 128 --output runs/fashion-mnist --overwrite

example: setup ## Train an example on its data: NAME=char-gpt, ARGS="--data folder"; without NAME, list them.
	$(SWIFT_BUILD) --product examples
	.build/release/examples $(or $(NAME),--help) $(ARGS)

test: setup ## Build and run all tests.
	$(SWIFT_BUILD) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

docs: setup ## Make a static site of the documentation, in .build/docs/site.
	scripts/docs

bench: setup ## Measure Apus beside PyTorch, JAX and ONNX Runtime; ONLY=gpt for some of it.
	Benchmarks/bench $(if $(ONLY),--only $(ONLY))

clean: ## Remove what was built and trained.
	rm -rf .build runs
