# A thin face over Meson. Every target makes its own set-up; `make help` lists them.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 30

.PHONY: help demo test sanitize lint bench bench-peers ceilings coverage soak interpreters fuzz wheel lock w3c conformance format format-check install clean

help:
	@echo 'make demo          a C service and a Flask app, and one trace through both'
	@echo 'make test          build and test everything'
	@echo 'make sanitize      the C tests under ASan+UBSan, TSan, and with clang and its UBSan; the core with musl; the Python suite'
	@echo 'make lint          layout, mistakes that can be seen without running anything'
	@echo 'make bench         one line a figure'
	@echo 'make bench-peers   the same spans with other libraries, side by side'
	@echo 'make ceilings      count the instructions of a span, which make test limits, anew'
	@echo 'make coverage      lines and branches that the C tests run, room by room'
	@echo 'make soak          forks, exits and outages again and again, fuzz targets, servers in all ways'
	@echo 'make interpreters  the Python suite with the one wheel on every interpreter at hand'
	@echo 'make fuzz          every fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make wheel         build/wheel/dist: the Python package as one wheel for all, and as sources'
	@echo 'make lock          renew the versions and hashes of what comes from the Python index'
	@echo 'make w3c           the W3C'"'"'s tests of Trace Context, which are downloaded, against a C service'
	@echo 'make conformance   the tests of opentelemetry-sdk and contrib, which are downloaded, on our provider'
	@echo 'make format        clang-format (format-check: say what it would change)'
	@echo 'make install       libraries, headers, man pages below PREFIX=$(PREFIX)'
	@echo 'make clean         remove build/'

demo:
	tools/demo

test:
	tools/test

sanitize:
	tools/sanitize

lint:
	tools/lint

bench:
	tools/bench

bench-peers:
	tools/bench-peers

ceilings:
	tools/ceilings

fuzz:
	FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz

coverage:
	tools/coverage

soak:
	tools/soak

interpreters:
	tools/interpreters

wheel:
	tools/wheel

lock:
	tools/lock

w3c:
	tools/w3c

conformance:
	tools/conformance

format:
	tools/format

format-check:
	tools/format --check

install:
	PREFIX=$(PREFIX) tools/install

clean:
	rm -rf build
