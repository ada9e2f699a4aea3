# Statements are checked against .sqlx, so that no build needs a database; `make prepare` renews it.
export SQLX_OFFLINE = true

.PHONY: run test lint audit release-schema bench schema read-models prepare clean

# Serves everything from ./data: make run ARGS="--data /srv/letopis"
run:
	@.ci/setup
	cargo run --release --bin letopis -- serve $(ARGS)

test:
	@.ci/setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo build --workspace --bins
	cargo test --workspace

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo run -q --bin letopis -- schema --check api/schema.released.graphql
	@if command -v cargo-deny > /dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked; cargo install cargo-deny --locked"; fi
	@echo "known vulnerabilities are checked by make audit, which needs the network"

# Known vulnerabilities of what we use; needs the network.
audit:
	@if command -v cargo-deny > /dev/null; then cargo deny check advisories; \
	elif command -v cargo-audit > /dev/null; then cargo audit; \
	else echo "neither cargo-deny nor cargo-audit is installed: cargo install cargo-deny --locked" >&2; exit 1; fi

# With a release: from now on nothing that clients of this schema use may break.
release-schema:
	cp api/schema.graphql api/schema.released.graphql

bench:
	@.ci/setup
	cargo build --release --bin letopis --bin bench
	./target/release/bench

# The temporary file keeps the old schema when the build fails.
schema:
	cargo run --bin letopis -- schema > api/schema.graphql.new
	mv api/schema.graphql.new api/schema.graphql

# An empty database says as much as a full one.
read-models:
	@.ci/setup
	data=$$(mktemp -d) && chmod 711 "$$data" && trap 'rm -rf "$$data"' EXIT && \
	cargo run --bin letopis -- read-models --data "$$data" > docs/read-models.md.new
	mv docs/read-models.md.new docs/read-models.md

prepare:
	@.ci/setup
	.ci/prepare-sql

clean:
	cargo clean
	rm -rf data
