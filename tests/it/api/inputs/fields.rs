//! The fields that links have in common, whoever makes or changes them, and what is told of each.

use super::table::{Row, many, x};
use serde_json::{Value, json};

/// A destination that is good.
pub(super) const GOOD: &str = "https://shop.example.com/";

/// An address of so many bytes.
pub(super) fn address(bytes: usize) -> String {
    format!("{GOOD}{}", x(bytes - GOOD.len()))
}

/// Values for merge fields, as many as there are names.
pub(super) fn values(names: &[String]) -> Value {
    json!({ "values": names.iter().map(|name| json!({ "name": name, "value": "v" })).collect::<Vec<_>>() })
}

fn value(name: &str, value: &str) -> Value {
    json!({ "values": [{ "name": name, "value": value }] })
}

/// Rows about an address that a visit is led to, in a field of this name. No merge fields may stand in it.
pub(super) fn plain_address(field: &'static str, invalid: &'static str, too_long: &'static str) -> Vec<Row> {
    vec![
        ("no address", json!({ field: "nonsense" }), invalid),
        ("another scheme", json!({ field: "javascript:alert(1)" }), invalid),
        ("credentials", json!({ field: "https://me:secret@shop.example.com/" }), invalid),
        ("an IP address", json!({ field: "http://127.0.0.1/" }), invalid),
        ("a local name", json!({ field: "http://localhost/" }), invalid),
        ("white space", json!({ field: "https://shop.example.com/a b" }), invalid),
        ("a merge field", json!({ field: "https://shop.example.com/{click_id}" }), invalid),
        ("an address of 2,049 bytes", json!({ field: address(2_049) }), too_long),
        ("an address of 2,048 bytes", json!({ field: address(2_048) }), ""),
    ]
}

/// Rows about which query parameters go on.
pub(super) fn forwarding() -> Vec<Row> {
    let only = |names: Vec<String>| json!({ "queryForwarding": { "mode": "ONLY", "names": names } });
    vec![
        (
            "names beside ALL",
            json!({ "queryForwarding": { "mode": "ALL", "names": ["a"] } }),
            "queryForwarding.names INVALID",
        ),
        (
            "names beside OFF",
            json!({ "queryForwarding": { "mode": "OFF", "names": ["a"] } }),
            "queryForwarding.names INVALID",
        ),
        ("no names", only(Vec::new()), "queryForwarding.names INVALID"),
        ("an empty name", only(vec!["a".to_owned(), String::new()]), "queryForwarding.names.1 INVALID"),
        ("21 names", only(many(21)), "queryForwarding.names LIMIT_REACHED"),
        ("20 names", only(many(20)), ""),
        ("a name of 101 characters", only(vec![x(101)]), "queryForwarding.names.0 TOO_LONG"),
        ("a name of 100 characters", only(vec![x(100)]), ""),
    ]
}

/// Rows about the UTM fields.
pub(super) fn utm() -> Vec<Row> {
    let all = |length: usize| {
        let text = x(length);
        json!({ "utm": { "source": text, "medium": text, "campaign": text, "term": text, "content": text } })
    };
    let too_long =
        "utm.source TOO_LONG, utm.medium TOO_LONG, utm.campaign TOO_LONG, utm.term TOO_LONG, utm.content TOO_LONG";
    vec![
        ("UTM fields of 201 characters", all(201), too_long),
        ("UTM fields of 200 characters", all(200), ""),
        ("a line break in a UTM field", json!({ "utm": { "term": "a\nb" } }), "utm.term INVALID"),
    ]
}

/// Rows about pixels, and about the domain that they are to fire on.
pub(super) fn places() -> Vec<Row> {
    vec![
        ("another tenant's domain", json!({ "domainId": "$their-domain" }), "domainId NOT_FOUND"),
        ("a domain that is none", json!({ "domainId": "nothing" }), "domainId NOT_FOUND"),
        ("a domain that is not verified", json!({ "domainId": "$claimed" }), "domainId INVALID"),
        ("the shared domain", json!({ "domainId": "$shared", "pixelIds": ["$pixel"] }), ""),
        ("21 pixels", json!({ "pixelIds": vec!["$pixel"; 21] }), "pixelIds LIMIT_REACHED"),
        ("20 pixels", json!({ "pixelIds": vec!["$pixel"; 20] }), ""),
        ("another tenant's pixel", json!({ "pixelIds": ["$pixel", "$their-pixel"] }), "pixelIds.1 NOT_FOUND"),
        ("code on a shared domain", json!({ "domainId": "$shared", "pixelIds": ["$code"] }), "pixelIds.0 INVALID"),
    ]
}

/// Rows about all fields but destination, slug and external id.
pub(super) fn rest() -> Vec<Row> {
    let own: Vec<Row> = vec![
        ("a title of 201 characters", json!({ "title": x(201) }), "title TOO_LONG"),
        ("a title of 200 characters", json!({ "title": "é".repeat(200) }), ""),
        ("a title of two lines", json!({ "title": "a\nb" }), "title INVALID"),
        ("21 tags", json!({ "tags": many(21) }), "tags LIMIT_REACHED"),
        ("20 tags", json!({ "tags": many(20) }), ""),
        ("a tag of 51 characters", json!({ "tags": ["good", x(51)] }), "tags.1 TOO_LONG"),
        ("a tag of 50 characters", json!({ "tags": ["good", x(50)] }), ""),
        ("an empty tag", json!({ "tags": ["good", " "] }), "tags.1 INVALID"),
        (
            "an end before the start",
            json!({ "startsAt": "2099-01-02T00:00:00Z", "expiresAt": "2099-01-01T00:00:00Z" }),
            "expiresAt INVALID",
        ),
        (
            "an end at the start",
            json!({ "startsAt": "2099-01-02T00:00:00Z", "expiresAt": "2099-01-02T00:00:00Z" }),
            "expiresAt INVALID",
        ),
        (
            "an end after the start",
            json!({ "startsAt": "2099-01-02T00:00:00Z", "expiresAt": "2099-01-02T00:00:01Z" }),
            "",
        ),
        ("a fallback that goes in circles", json!({ "fallback": "http://$shared-host/x" }), "fallback INVALID"),
        ("21 values", values(&many(21)), "values LIMIT_REACHED"),
        ("20 values", values(&many(20)), ""),
        ("a name that is none", value("Not-A-Name", "v"), "values.0.name INVALID"),
        ("no name", value("", "v"), "values.0.name INVALID"),
        ("a name of 41 characters", value(&x(41), "v"), "values.0.name INVALID"),
        ("a name of 40 characters", value(&x(40), "v"), ""),
        ("the name of a merge field", value("click_id", "v"), "values.0.name INVALID"),
        ("a name twice", values(&["a".to_owned(), "a".to_owned()]), "values.1.name INVALID"),
        ("a value of 501 characters", value("offer", &x(501)), "values.0.value TOO_LONG"),
        ("a value of 500 characters", value("offer", &x(500)), ""),
        ("a value of two lines", value("offer", "a\nb"), "values.0.value INVALID"),
    ];
    let card: Vec<Row> = vec![
        ("a card without a title", json!({ "card": { "title": " " } }), "card.title INVALID"),
        ("a card's title of 201 characters", json!({ "card": { "title": x(201) } }), "card.title TOO_LONG"),
        ("a card's title of 200 characters", json!({ "card": { "title": x(200) } }), ""),
        (
            "a description of 501 characters",
            json!({ "card": { "title": "t", "description": x(501) } }),
            "card.description TOO_LONG",
        ),
        ("a description of 500 characters", json!({ "card": { "title": "t", "description": x(500) } }), ""),
        (
            "a control character in a description",
            json!({ "card": { "title": "t", "description": "a\u{7}b" } }),
            "card.description INVALID",
        ),
        (
            "a picture that is no address",
            json!({ "card": { "title": "t", "image": "javascript:alert(1)" } }),
            "card.image INVALID",
        ),
        (
            "a picture of 2,049 bytes",
            json!({ "card": { "title": "t", "image": address(2_049) } }),
            "card.image TOO_LONG",
        ),
        ("a picture of 2,048 bytes", json!({ "card": { "title": "t", "image": address(2_048) } }), ""),
    ];
    let fallback = plain_address("fallback", "fallback INVALID", "fallback TOO_LONG");
    [places(), own, fallback, forwarding(), utm(), card].into_iter().flatten().collect()
}

/// Rows about what is a link's own: its destination and its names.
pub(super) fn own() -> Vec<Row> {
    let invalid = |name, destination: &str| (name, json!({ "destination": destination }), "destination INVALID");
    vec![
        invalid("no destination", ""),
        invalid("a destination that is no address", "nonsense"),
        invalid("another scheme", "ftp://shop.example.com/"),
        invalid("a script", "javascript:alert(1)"),
        invalid("credentials", "https://me:secret@shop.example.com/"),
        invalid("an IP address", "http://[::1]/"),
        invalid("an IP address as a number", "http://2130706433/"),
        invalid("a destination that goes in circles", "http://$shared-host/x"),
        invalid("a merge field in the host", "https://{param.x}.example.com/"),
        invalid("a merge field that nobody fills in", "https://shop.example.com/{nobody}"),
        invalid("a brace alone", "https://shop.example.com/{"),
        ("a destination of 2,049 bytes", json!({ "destination": address(2_049) }), "destination TOO_LONG"),
        ("a destination of 2,048 bytes", json!({ "destination": address(2_048) }), ""),
        ("an empty slug", json!({ "slug": "" }), "slug INVALID"),
        ("a slug of the redirector's", json!({ "slug": "_receipt" }), "slug INVALID"),
        ("a slug of two parts", json!({ "slug": "a/b" }), "slug INVALID"),
        ("a slug that is not ASCII", json!({ "slug": "\u{e4}" }), "slug INVALID"),
        ("a slug of 65 characters", json!({ "slug": x(65) }), "slug TOO_LONG"),
        ("a slug in use", json!({ "slug": "taken" }), "slug TAKEN"),
        ("an empty external id", json!({ "externalId": " " }), "externalId INVALID"),
        ("an external id of two lines", json!({ "externalId": "a\nb" }), "externalId INVALID"),
        ("an external id of 256 characters", json!({ "externalId": x(256) }), "externalId TOO_LONG"),
        ("an external id in use", json!({ "externalId": "taken" }), "externalId TAKEN"),
    ]
}
