#!/usr/bin/env bash
# Tries the README's commands as a newcomer would: builds, starts the embedded default and the demo, clicks a link, and
# starts the two programs of one box on a private PostgreSQL and Redis. Ends only what it started.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
started=()
cleanup() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

fail() { echo "readme: $*" >&2; tail -40 "$work"/*.log >&2 || true; exit 1; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait_for() { # url
  for _ in $(seq 600); do curl -fsS -o /dev/null "$1" 2>/dev/null && return 0; sleep 0.2; done
  fail "nothing answers at $1"
}

export STOPOVER_API_LISTEN="127.0.0.1:$(free_port)"
export STOPOVER_REDIRECTOR_LISTEN="127.0.0.1:$(free_port)"
export STOPOVER_DEFAULT_DOMAIN="localhost:${STOPOVER_REDIRECTOR_LISTEN#*:}"
export STOPOVER_DATA_DIR="$work/data"
api="http://$STOPOVER_API_LISTEN"

echo "-- cargo build --release (the first command's build)"
began=$SECONDS
cargo build --release
echo "built in $((SECONDS - began)) s"

echo "-- make geoip"
make geoip DATA_DIR="$STOPOVER_DATA_DIR"

echo "-- cargo run --release"
cargo run --release > "$work/run.log" 2>&1 &
started+=($!)
wait_for "$api/health"
answer=$(curl -fsS "$api/graphql" -H 'content-type: application/json' -d '{"query":"mutation { signUp(input: {email: \"me@example.com\", password: \"a long password\", tenantName: \"Me\"}) { session { accessToken } tenant { id } userErrors { field message } } }"}')
token=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["data"]["signUp"]["session"]["accessToken"])' "$answer")
tenant=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["data"]["signUp"]["tenant"]["id"])' "$answer")
answer=$(curl -fsS "$api/graphql" -H 'content-type: application/json' -H "authorization: Bearer $token" -d '{"query":"mutation { createLink(input: {tenantId: \"'"$tenant"'\", destination: \"https://example.com/article\"}) { link { shortUrl } userErrors { field message } } }"}')
short=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["data"]["createLink"]["link"]["shortUrl"])' "$answer")
curl -fsS -o /dev/null -w '%{http_code} %{redirect_url}\n' -A 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' "$short" | grep -q '^302 https://example.com/article' || fail "the link does not lead on"
kill "${started[-1]}"; wait "${started[-1]}" 2>/dev/null || true

echo "-- cargo run --release -- demo"
(cd "$work" && env -u STOPOVER_DATA_DIR cargo run --release --manifest-path "$OLDPWD/Cargo.toml" -- demo > "$work/demo.log" 2>&1) &
started+=($!)
for _ in $(seq 300); do grep -q 'Try these' "$work/demo.log" 2>/dev/null && break; sleep 0.2; done
short=$(grep -Eo "http://$STOPOVER_DEFAULT_DOMAIN/[A-Za-z0-9_-]+" "$work/demo.log" | head -1 || true)
[ -n "$short" ] || fail "the demo printed no short link"
curl -fsS -A 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' "$short" | grep -q '<noscript>' || fail "the demo's link shows no interstitial"
pkill -P "${started[-1]}" -x stopover || kill "${started[-1]}"
wait "${started[-1]}" 2>/dev/null || true

echo "-- one box: cargo build --release -p api -p redirector"
cargo build --release -p api -p redirector
postgres=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
mkdir "$work/pg"; chmod 755 "$work"; if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; fi
as_postgres "$postgres/initdb" -D "$work/pg/data" -U stopover --auth=trust --no-sync > "$work/initdb.log" 2>&1
pg_port=$(free_port); redis_port=$(free_port)
as_postgres "$postgres/postgres" -D "$work/pg/data" -p "$pg_port" -k "$work/pg" -c listen_addresses=127.0.0.1 > "$work/pg.log" 2>&1 &
started+=($!)
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work" --save '' > "$work/redis.log" 2>&1 &
started+=($!)
for _ in $(seq 100); do "$postgres/pg_isready" -q -h 127.0.0.1 -p "$pg_port" && break; sleep 0.2; done
"$postgres/createdb" -h 127.0.0.1 -p "$pg_port" -U stopover stopover
export STOPOVER_DATABASE_URL="postgres://stopover@127.0.0.1:$pg_port/stopover"
export STOPOVER_REDIS_URL="redis://127.0.0.1:$redis_port"
export STOPOVER_JWT_SECRET="$(openssl rand -base64 48)"
target/release/api migrate
target/release/api serve > "$work/api.log" 2>&1 &
started+=($!)
target/release/redirector > "$work/redirector.log" 2>&1 &
started+=($!)
wait_for "$api/health"
wait_for "http://$STOPOVER_REDIRECTOR_LISTEN/_health"

echo "-- make schema leaves schema.graphql as it is"
cp schema.graphql "$work/schema.before"
make schema
cmp schema.graphql "$work/schema.before"

echo "-- make bench"
make bench ROUND=1
echo "readme: every command works"
