//! Tenants: their name, their policy, their branding and their defaults for links.

use super::{
    fields::{forwarding, places, utm},
    stage::Stage,
    table::{Row, Table, x},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// What the tables name: `$second` has the largest logo.
pub(super) async fn furnish(stage: &Stage) {
    let large = json!({ "id": stage.names["$second"], "branding": { "logo": logo(20_480) } });
    stage.account.client.done("updateTenant", large, "").await;
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    let create = Table::new("createTenant", json!({ "name": "Made" }), "tenant { id }")
        .shows(
            "/answer/tenant/id",
            "tenant(id: $id) { name role }",
            json!({ "tenant": { "name": "Made", "role": "OWNER" } }),
        )
        .rows(name())
        .rows([("several", json!({ "name": "", "idempotencyKey": "$used" }), "name INVALID, idempotencyKey INVALID")])
        .once(None);
    vec![create, update(), places_of_defaults()]
}

fn name() -> [Row; 4] {
    [
        ("no name", json!({ "name": " " }), "name INVALID"),
        ("a name of two lines", json!({ "name": "a\nb" }), "name INVALID"),
        ("a name of 101 characters", json!({ "name": x(101) }), "name TOO_LONG"),
        ("a name of 100 characters", json!({ "name": "é".repeat(100) }), ""),
    ]
}

fn update() -> Table {
    let several = json!({
        "name": "", "policy": { "budgetMs": 0, "confirmShare": 2, "healthThreshold": 2 },
        "branding": { "name": x(61), "logo": "x", "colour": "red", "texts": [{ "language": "DE", "key": "ACCEPT", "text": "" }] },
        "linkDefaults": {
            "domainId": "nothing", "pixelIds": ["nothing"], "utm": { "source": x(201) }, "expiresAfterSeconds": 0,
            "queryForwarding": { "mode": "ONLY" },
        },
    });
    let told = "name INVALID, policy.budgetMs INVALID, policy.confirmShare INVALID, policy.healthThreshold INVALID, \
                branding.name TOO_LONG, branding.logo INVALID, branding.colour INVALID, branding.texts.0.text INVALID, \
                linkDefaults.domainId NOT_FOUND, linkDefaults.pixelIds.0 NOT_FOUND, linkDefaults.utm.source TOO_LONG, \
                linkDefaults.expiresAfterSeconds INVALID, linkDefaults.queryForwarding.names INVALID";
    let seconds = |name, seconds: i64, told| (name, json!({ "expiresAfterSeconds": seconds }), told);
    let wrong = "expiresAfterSeconds INVALID";
    Table::new(
        "updateTenant",
        json!({ "id": "$second", "name": "Changed", "policy": { "budgetMs": 1_000 } }),
        "tenant { id }",
    )
    .shows(
        "/input/id",
        "tenant(id: $id) { name policy { budgetMs } }",
        json!({ "tenant": { "name": "Changed", "policy": { "budgetMs": 1_000 } } }),
    )
    .rows([
        ("another tenant", json!({ "id": "$theirs" }), "id NOT_FOUND"),
        ("no tenant's id", json!({ "id": "$nobodys" }), "id NOT_FOUND"),
        ("several", several, told),
        ("more than redirectors keep", json!({ "branding": { "texts": texts(60, 200) } }), "branding LIMIT_REACHED"),
    ])
    .rows(name())
    .rows_within("policy", &json!({}), policy())
    .rows_within("policy.consent", &json!({ "default": "NONE" }), consent())
    .rows_within("branding", &json!({ "logo": "", "texts": [] }), branding())
    .rows_within("linkDefaults", &json!({}), utm())
    .rows_within("linkDefaults", &json!({}), forwarding())
    .rows_within(
        "linkDefaults",
        &json!({}),
        [
            seconds("an end after 59 seconds", 59, wrong),
            seconds("an end after 60 seconds", 60, ""),
            seconds("an end after ten years and a second", 315_360_001, wrong),
            seconds("an end after ten years", 315_360_000, ""),
        ],
    )
}

/// The defaults of `$tenant`, which has the pixels and domains that they name.
fn places_of_defaults() -> Table {
    Table::new("updateTenant", json!({ "id": "$tenant", "linkDefaults": {} }), "tenant { id }").rows_within(
        "linkDefaults",
        &json!({}),
        places(),
    )
}

fn policy() -> Vec<Row> {
    let budget = |name, budget: i32, told| (name, json!({ "budgetMs": budget }), told);
    let share = |name, field: &str, share: f64, told| (name, json!({ field: share }), told);
    let (confirm, threshold) = ("confirmShare INVALID", "healthThreshold INVALID");
    vec![
        budget("a budget of 299 ms", 299, "budgetMs INVALID"),
        budget("a budget of 300 ms", 300, ""),
        budget("a budget of 5,001 ms", 5_001, "budgetMs INVALID"),
        budget("a budget of 5,000 ms", 5_000, ""),
        share("a share below 0", "confirmShare", -0.0001, confirm),
        share("a share of 0", "confirmShare", 0.0, ""),
        share("a share above 1", "confirmShare", 1.0001, confirm),
        share("a share of 1", "confirmShare", 1.0, ""),
        share("a threshold below 0", "healthThreshold", -0.0001, threshold),
        share("a threshold of 0", "healthThreshold", 0.0, ""),
        share("a threshold above 1", "healthThreshold", 1.0001, threshold),
        share("a threshold of 1", "healthThreshold", 1.0, ""),
    ]
}

fn consent() -> Vec<Row> {
    let region = |codes: Vec<&str>| json!({ "mode": "OPT_IN_ASK", "countries": codes });
    let regions = |count: usize| json!({ "regions": vec![region(vec!["DE"]); count] });
    let one = |codes: Vec<&str>| json!({ "regions": [region(vec!["FR"]), region(codes)] });
    vec![
        ("21 regions", regions(21), "regions TOO_LONG"),
        ("20 regions", regions(20), ""),
        ("a region without places", one(Vec::new()), "regions.1.countries INVALID"),
        ("a place that is none", one(vec!["DE", "XX"]), "regions.1.countries INVALID"),
        ("61 places", one(vec!["DE"; 61]), "regions.1.countries TOO_LONG"),
        ("60 places", one(vec!["DE"; 60]), ""),
    ]
}

/// A PNG of so many bytes.
fn logo(bytes: usize) -> String {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(bytes, 0);
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(picture))
}

const KEYS: [&str; 13] = [
    "ON_YOUR_WAY",
    "SHARED_BY",
    "GO_ON",
    "CONSENT_TITLE",
    "CONSENT_TEXT",
    "CONSENT_NETWORKS",
    "CONSENT_NOTE",
    "ACCEPT",
    "DECLINE",
    "GONE_TITLE",
    "GONE_TEXT",
    "NOT_STARTED_TITLE",
    "NOT_STARTED_TEXT",
];
const LANGUAGES: [&str; 5] = ["EN", "DE", "FR", "ES", "PT"];

/// That many texts of so many characters, each another one.
fn texts(count: usize, length: usize) -> Vec<Value> {
    let all = LANGUAGES.iter().flat_map(|language| KEYS.iter().map(move |key| (language, key)));
    let text =
        |(language, key): (&&str, &&str)| json!({ "language": language, "key": key, "text": "€".repeat(length) });
    all.take(count).map(text).collect()
}

fn branding() -> Vec<Row> {
    let own = |text: &str| json!({ "language": "DE", "key": "ACCEPT", "text": text });
    let second = |text: String| json!({ "texts": [{ "language": "EN", "key": "ACCEPT", "text": "Yes" }, own(&text)] });
    vec![
        ("a name of 61 characters", json!({ "name": x(61) }), "name TOO_LONG"),
        ("a name of 60 characters", json!({ "name": "é".repeat(60) }), ""),
        ("a name of two lines", json!({ "name": "a\nb" }), "name INVALID"),
        ("no colour", json!({ "colour": "red" }), "colour INVALID"),
        ("a colour of 3 digits", json!({ "colour": "#fff" }), "colour INVALID"),
        ("a logo that is no picture", json!({ "logo": "data:image/svg+xml;base64,PHN2Zy8+" }), "logo INVALID"),
        ("a logo elsewhere", json!({ "logo": "https://a.example.com/logo.png" }), "logo INVALID"),
        ("a logo of 20,481 bytes", json!({ "logo": logo(20_481) }), "logo TOO_LONG"),
        ("a logo of 20,480 bytes", json!({ "logo": logo(20_480) }), ""),
        ("61 texts", json!({ "texts": texts(61, 1) }), "texts TOO_LONG"),
        ("60 texts", json!({ "texts": texts(60, 1) }), ""),
        ("an empty text", second(" ".to_owned()), "texts.1.text INVALID"),
        ("a text of two lines", second("a\nb".to_owned()), "texts.1.text INVALID"),
        ("a text of 201 characters", second(x(201)), "texts.1.text TOO_LONG"),
        ("a text of 200 characters", second(x(200)), ""),
        ("a text twice", json!({ "texts": [own("Ja"), own("Gern")] }), "texts.1.key TAKEN"),
    ]
}
