# Every target is a step of .ci/run, so that CI and a desk do the same; but for
# bench and profile, which measure.

.PHONY: all test race lint generate fuzz golden bench profile

all:
	bash .ci/run

test:
	go test ./...

race lint fuzz golden:
	bash .ci/run $@

generate:
	go generate ./...
	go test ./generator -run '^TestGolden' -update

# The pieces, and then whole servers beside others: benchmarks/RESULTS.md.
# BENCH=-quick takes three minutes instead of thirty.
bench:
	go test -run '^$$' -bench . -benchmem ./...
	cd benchmarks && go run ./cmd/bench $(BENCH)

# Profiles of CPU and allocations, for go tool pprof: of the path of a request,
# and of a server under load.
SERVER ?= sqlite-tx
profile:
	mkdir -p benchmarks/profiles
	go test -run '^$$' -bench BenchmarkRequest -o benchmarks/profiles/runtime.test \
		-cpuprofile benchmarks/profiles/request.cpu.prof -memprofile benchmarks/profiles/request.allocs.prof ./runtime
	cd benchmarks && go run ./cmd/bench -profile $(SERVER) -out profiles
