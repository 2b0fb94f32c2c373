#!/bin/sh
# A social scheduler in curl and jq: 500 tracked links for a week's posts, one newsletter tracked as a whole, and the
# report over both. Run it again and nothing is made twice.
#
#   STOPOVER_URL      where the API answers, such as http://127.0.0.1:8080/graphql
#   STOPOVER_API_KEY  a key with the scopes links:write and reports:read
#   STOPOVER_TENANT   the tenant's id
#   WEEK              what this week's posts are called by; 2026-W48 when it is not set
set -eu
: "${STOPOVER_URL:?}" "${STOPOVER_API_KEY:?}" "${STOPOVER_TENANT:?}"
week=${WEEK:-2026-W48}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Sends $work/request and leaves the answer's data in $work/data; waits where the API says so, and tries again when it
# does not answer: every call below has its effect once, however often it is sent.
call() {
  tries=0
  while :; do
    status=$(curl -sS -o "$work/answer" -D "$work/headers" -w '%{http_code}' "$STOPOVER_URL" \
      -H "authorization: Bearer $STOPOVER_API_KEY" -H 'content-type: application/json' \
      -H 'accept: application/graphql-response+json' --data-binary "@$work/request") || status=000
    tries=$((tries + 1))
    case $status in
      200) break ;;
      429 | 5?? | 000)
        [ "$tries" -lt 8 ] || { echo "no answer after $tries tries (status $status)" >&2; exit 1; }
        wait=$(tr -d '\r' <"$work/headers" 2>/dev/null | awk -F': ' 'tolower($1) == "retry-after" { print $2 }')
        sleep "${wait:-1}" ;;
      *) cat "$work/answer" >&2; exit 1 ;;
    esac
  done
  jq -e 'has("errors") | not' "$work/answer" >/dev/null || { cat "$work/answer" >&2; exit 1; }
  jq .data "$work/answer" >"$work/data"
}

# Writes $work/request: a document, and its variables out of a jq program.
request() {
  document=$1 && shift
  jq -n --arg query "$document" --arg tenant "$STOPOVER_TENANT" --arg week "$week" "$@" >"$work/request"
}

# 500 posts in batches of 100. `externalId` is the post's own id, so that a post that is edited finds its link again.
batch=0
while [ "$batch" -lt 5 ]; do
  request 'mutation($input: CreateLinksInput!) { createLinks(input: $input) {
      results { index link { externalId shortUrl } userErrors { field message } } userErrors { field message } } }' \
    --argjson batch "$batch" '{ query: $query, variables: { input: {
      tenantId: $tenant, upsert: true, idempotencyKey: "\($week) links \($batch)",
      links: [range($batch * 100; $batch * 100 + 100) | {
        destination: "https://shop.example.com/articles/\(.)?c={click_id}", externalId: "\($week)/post-\(.)",
        title: "Post \(.)", tags: [$week], utm: { source: "social", medium: "post", campaign: $week } }] } } }'
  call
  jq -e '.createLinks.userErrors == [] and ([.createLinks.results[].userErrors[]] == [])' "$work/data" >/dev/null ||
    { cat "$work/data" >&2; exit 1; }
  jq -r '.createLinks.results[].link | "\(.externalId)\t\(.shortUrl)"' "$work/data"
  batch=$((batch + 1))
done >"$work/links"
echo "links: $(wc -l <"$work/links" | tr -d ' ')"
head -n 3 "$work/links"

# A newsletter, whose links are found and replaced by the API.
request 'mutation($input: TrackContentInput!) { trackContent(input: $input) {
    content links { original count link { shortUrl } } warnings { original message } userErrors { field message } } }' \
  '{ query: $query, variables: { input: {
    tenantId: $tenant, format: "MARKDOWN", idempotencyKey: "\($week) newsletter",
    defaults: { tags: [$week], utm: { source: "newsletter", medium: "email", campaign: $week } },
    content: "# This week\n\n[The sale](https://shop.example.com/sale) and https://shop.example.com/new.\n" } } }'
call
jq -e '.trackContent.userErrors == []' "$work/data" >/dev/null || { cat "$work/data" >&2; exit 1; }
jq -r .trackContent.content "$work/data"

# What came of it.
request 'query($tenant: ID!, $week: String!) { tenant(id: $tenant) {
    links(filter: { tag: $week }) { totalCount }
    usage { links linksThisMonth limits { links linksPerMonth } }
    report { totals { clicks uniqueVisitors } breakdown(by: LINK, first: 5) { value clicks share } } } }' \
  '{ query: $query, variables: { tenant: $tenant, week: $week } }'
call
jq -r '.tenant | "links of \(env.WEEK // "this week"): \(.links.totalCount)", "clicks: \(.report.totals.clicks)"' "$work/data"
jq -c .tenant.report.breakdown "$work/data"
