//! Arguments of questions: the largest that is taken, and what is told of one that is larger.

use super::{stage::Stage, table::x};
use serde_json::json;

/// What is special, fields of a tenant or of `Query`, and a part of what is told; empty for a question that is answered.
type Row = (&'static str, String, &'static str);

/// Asks them.
pub(super) async fn play(stage: &Stage) {
    for (name, selection, told) in rows().into_iter().chain(reports()).chain(previews()) {
        let selection = selection.replace("$link", &stage.names["$link"]);
        let document = if ["preview", "viewer"].iter().any(|root| selection.starts_with(root)) {
            format!("{{ {selection} }}")
        } else {
            format!("{{ tenant(id: \"{}\") {{ {selection} }} }}", stage.account.tenant)
        };
        let reply = stage.account.client.reply(&document, json!({})).await;
        let message = reply.body["errors"][0]["message"].as_str().unwrap_or_default();
        if told.is_empty() {
            assert_eq!(message, "", "{name}");
        } else {
            assert!(message.contains(told), "{name}: {message}");
            assert_eq!(reply.code(), "BAD_USER_INPUT", "{name}");
        }
    }
}

fn rows() -> Vec<Row> {
    let links = |arguments: &str| format!("links({arguments}) {{ nodes {{ id }} }}");
    let text = |length: usize| links(&format!("filter: {{ text: \"{}\" }}", x(length)));
    let memberships = |first: u8| format!("viewer {{ memberships(first: {first}) {{ role }} }}");
    vec![
        ("100 rows", links("first: 100"), ""),
        ("101 rows", links("first: 101"), "first: must be a number from 0 to 100"),
        ("no rows", links("first: 0"), ""),
        ("200 memberships", memberships(200), ""),
        ("201 memberships", memberships(201), "first: must be from 1 to 200"),
        ("no memberships", memberships(0), "first: must be from 1 to 200"),
        ("fewer than none", links("first: -1"), "first: must be a number from 0 to 100"),
        ("the last 101", links("last: 101"), "last: must be a number from 0 to 100"),
        ("from both ends", links("first: 1, last: 1"), "last: cannot be combined with first"),
        ("no cursor", links("after: \"nonsense\""), "after: must be a cursor"),
        ("a text of 200 characters", text(200), ""),
        ("a text of 201 characters", text(201), "filter.text: must be at most 200 characters long"),
    ]
}

fn reports() -> Vec<Row> {
    let report = |filter: &str, part: &str| format!("report(filter: {{ {filter} }}) {{ {part} }}");
    let totals = "totals { clicks }";
    let by_hour = "series(interval: HOUR) { at }";
    let by = |first: i32| report("", &format!("breakdown(by: COUNTRY, first: {first}) {{ clicks }}"));
    let from_to = |from: &str, to: &str| format!("from: \"{from}T00:00:00Z\", to: \"{to}:00Z\"");
    // 2026 begins on day 0, and its 62nd day is the 4th of March
    vec![
        ("400 days", report(&from_to("2025-01-01", "2026-02-05T00:00"), totals), ""),
        (
            "401 days",
            report(&from_to("2025-01-01", "2026-02-06T00:00"), totals),
            "filter.from: must lie at most 400 days",
        ),
        (
            "an end at the beginning",
            report(&from_to("2026-01-01", "2026-01-01T00:00"), totals),
            "filter.to: must lie after",
        ),
        ("no time zone", report("timeZone: \"Nowhere/Town\"", totals), "filter.timeZone: must be a name of the IANA"),
        (
            "several",
            report(&format!("{}, timeZone: \"x\"", from_to("2026-01-02", "2026-01-01T00:00")), totals),
            "filter.to: must lie after `from`; filter.timeZone: must be",
        ),
        ("62 days by the hour", report(&from_to("2026-01-01", "2026-03-04T00:00"), by_hour), ""),
        (
            "63 days by the hour",
            report(&from_to("2026-01-01", "2026-03-05T00:00"), by_hour),
            "interval: HOUR takes a range of at most 62 days",
        ),
        (
            "62 days and a half by the hour",
            report(&from_to("2026-01-01", "2026-03-04T12:00"), by_hour),
            "interval: HOUR takes a range of at most 62 days",
        ),
        (
            "no zone of a series",
            report("", "series(interval: DAY, timeZone: \"x\") { at }"),
            "timeZone: must be a name of the IANA",
        ),
        ("1 value", by(1), ""),
        ("no values", by(0), "first: must be from 1 to 1000"),
        ("1,000 values", by(1_000), ""),
        ("1,001 values", by(1_001), "first: must be from 1 to 1000"),
    ]
}

fn previews() -> Vec<Row> {
    let of = |visitor: &str| format!("previewInterstitial(linkId: \"$link\", visitor: {{ {visitor} }}) {{ decision }}");
    let long = |field: &str, length: usize| of(&format!("{field}: \"{}\"", x(length)));
    vec![
        ("a city of 500 bytes", long("city", 500), ""),
        ("a city of 501 bytes", long("city", 501), "visitor.city: must have at most 500 bytes"),
        ("a user agent of 500 bytes", long("userAgent", 500), ""),
        ("a user agent of 501 bytes", long("userAgent", 501), "visitor.userAgent: must have at most 500 bytes"),
        ("languages of 500 bytes", long("language", 500), ""),
        ("languages of 501 bytes", long("language", 501), "visitor.language: must have at most 500 bytes"),
        ("a query of 2,000 bytes", long("query", 2_000), ""),
        ("a query of 2,001 bytes", long("query", 2_001), "visitor.query: must have at most 2000 bytes"),
        ("a query with a space", of("query: \"a b\""), "visitor.query: must be percent-encoded"),
        ("no country", of("country: \"de\""), "visitor.country: must be two capital letters"),
        ("a region of 4 characters", of("region: \"ABCD\""), "visitor.region: must be the part"),
        (
            "several",
            of("country: \"de\", region: \"\", city: \"a\\u0007b\""),
            "visitor.country: must be two capital letters, such as DE; visitor.region: must be the part of ISO 3166-2 after \
             the dash, such as CA; visitor.city: must not hold",
        ),
    ]
}
