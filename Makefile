# make demo ONCE=1   the incident, replayed against Guardrail; needs Go alone
# make test          all tests, on real MySQL and MariaDB servers

GO       ?= go
P        ?= 2
FUZZTIME ?= 10s
COUNT    ?= 1

# The demo's embedded server would otherwise want ICU's C library.
DEMO_TAGS := gms_pure_go

.PHONY: build demo test lint bench benchgo fuzz clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/guardrail ./cmd/guardrail

# ONCE=1 ends after the replay. BACKEND=host:port USER=... PASSWORD=... replays against a server of your own. make hands
# them on in the environment; USER counts on make's own command line only, as every shell has one.
demo: build
	cd deploy/demo && CGO_ENABLED=0 $(GO) build -trimpath -tags $(DEMO_TAGS) -o ../../bin/demo .
	@GUARDRAIL=bin/guardrail POLICIES=deploy/examples $(if $(filter command,$(origin USER)),BACKEND_USER="$$USER") bin/demo

test:
	deploy/test/install-servers
	GUARDRAIL_REQUIRE_SERVERS=1 $(GO) test -race -p $(P) -timeout 30m $(TESTFLAGS) ./...
	cd deploy/demo && $(GO) test -race -p $(P) -timeout 10m -tags $(DEMO_TAGS) $(TESTFLAGS) ./...

lint:
	GO='$(GO)' TAGS=$(DEMO_TAGS) deploy/lint/run

# Side by side with HAProxy and MySQL Router: BENCH='-case point_select -threads 8 -rounds 3' chooses, BENCH=-help says what.
bench: build
	deploy/test/install-servers
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/bench ./deploy/bench
	bin/bench $(BENCH)

# What reading, deciding and relaying cost by themselves, for benchstat: make benchgo COUNT=10 > new.txt
benchgo:
	@$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./sqlparse ./policy ./proxy

# Every fuzz target of the module for FUZZTIME each.
fuzz:
	GO='$(GO)' deploy/test/fuzz $(FUZZTIME)

clean:
	rm -rf bin
