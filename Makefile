# The words that README and CI use. `make` alone lists them.

DATA_DIR ?= stopover-data
# seconds of one round of the bench
ROUND ?= 6
# how often each hostile body is sent
RUNS ?= 7
GEOIP_PACKAGE = @ip-location-db/geo-whois-asn-country-mmdb

.PHONY: help run demo test lint schema bench hostile geoip

help:
	@echo "make run      start everything: SQLite, no Redis (cargo run --release)"
	@echo "make demo     the same with a demo tenant and a stand-in ad network"
	@echo "make test     every test; installs PostgreSQL, Redis, Chromium and Firefox when they are missing"
	@echo "make lint     formatting and lints"
	@echo "make schema   writes schema.graphql from the code"
	@echo "make bench    a 302 and an interstitial against nginx"
	@echo "make hostile  what is made to do harm, with the time and memory that each takes"
	@echo "make geoip    fetches a free country database into $(DATA_DIR)"

run:
	cargo run --release

demo:
	cargo run --release -- demo

test:
	tests/ensure-services.sh postgresql redis-server chromium chromium-driver firefox-esr
	cargo build --workspace
	cargo test --workspace

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

schema:
	cargo build -q --workspace
	$${CARGO_TARGET_DIR:-target}/debug/api schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

bench:
	tests/ensure-services.sh nginx wrk
	cargo build --release -p redirector
	cargo run -q -p tests --bin bench -- $(ROUND)

hostile:
	cargo build --release -p stopover
	cargo run -q -p tests --bin hostile -- $(RUNS)

# CC0, by way of the npm registry
geoip:
	@mkdir -p $(DATA_DIR)
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && \
	  npm pack --silent --pack-destination "$$work" $(GEOIP_PACKAGE) >/dev/null && \
	  tar -xzf "$$work"/*.tgz -C "$$work" && \
	  mv "$$work"/package/geo-whois-asn-country.mmdb $(DATA_DIR)/country.mmdb
	@echo "countries: $(DATA_DIR)/country.mmdb; restart to use it"
