# Every target is a step of .ci/run, so that CI and a desk do the same.

.PHONY: all test race lint generate fuzz golden bench

all:
	bash .ci/run

test:
	go test ./...

race lint fuzz golden:
	bash .ci/run $@

generate:
	go generate ./...
	go test ./generator -run '^TestGolden' -update

bench:
	go test -run '^$$' -bench . -benchmem ./...
