//! What a document costs is never more than what was said before: for every list that takes no `first`, with as many rows as it
//! can have, where they are cheap to make.

use crate::world::{
    World,
    client::{Account, Link, read, text},
    in_both, wait,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

in_both!(an_answer_never_costs_more_than_its_document);

/// A list without pages, a document that asks for it (`$t` is a tenant, `$l` a link), where its rows stand in the answer, and how
/// many there are at least.
const LISTS: [(&str, &str, &str, usize); 23] = [
    ("Branding.texts", "tenant(id: $t) { branding { texts { key language text } } }", "/tenant/branding/texts", 60),
    (
        "Click.parameters",
        "link(id: $l) { clicks { nodes { parameters { name value } } } }",
        "/link/clicks/nodes/1/parameters",
        16,
    ),
    (
        "Click.pixels",
        "link(id: $l) { clicks { nodes { pixels { state pixel { name } } } } }",
        "/link/clicks/nodes/1/pixels",
        1,
    ),
    (
        "ConsentPolicy.regions",
        "tenant(id: $t) { policy { consent { regions { mode countries } } } }",
        "/tenant/policy/consent/regions",
        20,
    ),
    (
        "InterstitialPreview.headers",
        "previewInterstitial(linkId: $l) { headers { name value } }",
        "/previewInterstitial/headers",
        3,
    ),
    (
        "InterstitialPreview.pixels",
        "previewInterstitial(linkId: $l) { pixels { fires reason pixel { name } } }",
        "/previewInterstitial/pixels",
        50,
    ),
    ("Link.pixels", "link(id: $l) { pixels { id name } }", "/link/pixels", 20),
    ("Link.values", "link(id: $l) { values { name value } }", "/link/values", 20),
    ("LinkDefaults.pixels", "tenant(id: $t) { linkDefaults { pixels { name } } }", "/tenant/linkDefaults/pixels", 20),
    ("Network.idFields", "networks { idFields { key } }", "/networks/0/idFields", 1),
    ("Pixel.ids", "link(id: $l) { pixels { ids { key } } }", "/link/pixels/0/ids", 1),
    ("Query.networks", "networks { key name }", "/networks", 28),
    (
        "Report.breakdown",
        "tenant(id: $t) { report { breakdown(by: UTM_CAMPAIGN, first: 1) { value } } }",
        "/tenant/report/breakdown",
        2,
    ),
    ("Report.delivery", "tenant(id: $t) { report { delivery { pixel { name } sent } } }", "/tenant/report/delivery", 1),
    ("Report.excluded", "tenant(id: $t) { report { excluded { reason } } }", "/tenant/report/excluded", 1),
    (
        "Report.series",
        "tenant(id: $t) { report(filter: { from: \"2026-01-01T00:10:00Z\", to: \"2026-03-04T00:10:00Z\" }) { \
         series(interval: HOUR, timeZone: \"Asia/Kathmandu\") { at clicks } } }",
        "/tenant/report/series",
        1_489,
    ),
    (
        "Report.series",
        "tenant(id: $t) { report(filter: { from: \"2025-01-01T00:10:00Z\", to: \"2026-02-05T00:10:00Z\" }) { \
         series(interval: DAY, timeZone: \"America/New_York\") { at clicks } } }",
        "/tenant/report/series",
        401,
    ),
    (
        "Report.series",
        "tenant(id: $t) { report(filter: { from: \"2025-01-01T00:10:00Z\", to: \"2026-02-05T00:10:00Z\" }) { \
         series(interval: WEEK) { at clicks } } }",
        "/tenant/report/series",
        57,
    ),
    (
        "Report.series",
        "tenant(id: $t) { report(filter: { from: \"2025-01-31T00:10:00Z\", to: \"2026-03-01T00:10:00Z\" }) { \
         series(interval: MONTH) { at clicks } } }",
        "/tenant/report/series",
        15,
    ),
    (
        "Tenant.pixelHealth",
        "tenant(id: $t) { pixelHealth { state message pixel { name } } }",
        "/tenant/pixelHealth",
        50,
    ),
    ("Viewer.memberships", "viewer { memberships { role tenant { id name } } }", "/viewer/memberships", 100),
    ("Viewer.memberships", "viewer { memberships { tenant { links { nodes { id } } } } }", "/viewer/memberships", 100),
    ("Viewer.sessions", "viewer { sessions { id current } }", "/viewer/sessions", 1),
];

/// Those that mutations answer, which are asked for below.
const ANSWERED: [&str; 2] = ["CreateLinksPayload.results", "TrackContentPayload.links"];

/// Those that take a `first`, and are asked for all the same.
const PAGED: [&str; 2] = ["Report.breakdown", "Viewer.memberships"];

/// Lists of what is told of inputs, which cost nothing.
const TOLD: [&str; 3] = ["UserError", "PixelWarning", "TrackContentWarning"];

async fn an_answer_never_costs_more_than_its_document(world: &mut World) {
    every_list_is_asked_for(world).await;
    let account = world.sign_up().await;
    let link = full(world, &account).await;
    let variables = json!({ "t": account.tenant, "l": link.id });
    for (name, asked, rows, least) in LISTS {
        let used = |name: &str| asked.contains(name);
        let declared =
            [("$t", "$t: ID!"), ("$l", "$l: ID!")].map(|(name, declared)| if used(name) { declared } else { "" });
        let declared = declared.concat();
        let head = if declared.is_empty() { String::new() } else { format!("query({declared}) ") };
        let body = answer(&account, &format!("{head}{{ {asked} }}"), &variables).await;
        let found = body["data"].pointer(rows).and_then(Value::as_array).map_or(0, Vec::len);
        assert!(found >= least, "{name} has {found} rows: {body:.300}");
        within(name, &body);
    }
    let links: Vec<Value> = (0..200).map(|at| json!({ "destination": format!("https://b.example/{at}") })).collect();
    let input = json!({ "i": { "tenantId": account.tenant, "links": links } });
    let many = "mutation($i: CreateLinksInput!) { createLinks(input: $i) { results { index link { id shortUrl } } } }";
    let body = answer(&account, many, &input).await;
    assert_eq!(body["data"]["createLinks"]["results"].as_array().unwrap().len(), 200);
    within("createLinks", &body);
    let content: String = (0..500).map(|at| format!("https://c.example/{at} ")).collect();
    let input = json!({ "i": { "tenantId": account.tenant, "format": "TEXT", "content": content } });
    let tracked =
        "mutation($i: TrackContentInput!) { trackContent(input: $i) { links { count link { id shortUrl } } } }";
    let body = answer(&account, tracked, &input).await;
    assert_eq!(body["data"]["trackContent"]["links"].as_array().unwrap().len(), 500);
    within("trackContent", &body);
}

async fn answer(account: &Account, document: &str, variables: &Value) -> Value {
    let request = account.client.post().header("x-graphql-cost", "1");
    let reply = read(request.json(&json!({ "query": document, "variables": variables }))).await;
    assert!(reply.body["errors"].is_null(), "{document}: {}", reply.body["errors"]);
    reply.body
}

fn within(name: &str, body: &Value) {
    let cost = |part: &str| body["extensions"]["cost"][part].as_u64().unwrap();
    let (requested, actual) = (cost("requested"), cost("actual"));
    assert!(actual <= requested && requested <= cost("limit"), "{name}: {actual} of {requested}");
}

/// A tenant of which everything is full, beside 99 others, and a link of it that was visited.
async fn full(world: &World, account: &Account) -> Link {
    let mut pixels = Vec::new();
    for number in 0..50 {
        pixels.push(account.create_pixel("META", &[("pixel_id", &format!("24681357902{number:04}"))], json!({})).await);
    }
    for _ in 1..100 {
        account.client.done("createTenant", json!({ "name": "T" }), "tenant { id }").await;
    }
    let languages = ["AR", "DE", "EN", "ES", "FR", "IT", "JA", "NL", "PL", "PT"];
    let keys = ["ACCEPT", "DECLINE", "GO_ON", "GONE_TEXT", "GONE_TITLE", "ON_YOUR_WAY"];
    let texts = languages
        .iter()
        .flat_map(|language| keys.iter().map(move |key| json!({ "key": key, "language": language, "text": "x" })));
    let places = "AD AE AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO".split(' ');
    let regions: Vec<Value> = places.map(|place| json!({ "countries": [place], "mode": "OPT_OUT" })).collect();
    let changes = json!({
        "id": account.tenant,
        "branding": { "texts": texts.collect::<Vec<_>>() },
        "policy": { "consent": { "default": "NONE", "regions": regions } },
        "linkDefaults": { "pixelIds": pixels[..20] },
    });
    account.client.done("updateTenant", changes, "tenant { id }").await;
    let values: Vec<Value> = (0..20).map(|at| json!({ "name": format!("v{at}"), "value": "x" })).collect();
    let link =
        account.create_link("https://shop.example.com/", json!({ "values": values, "pixelIds": pixels[..20] })).await;
    let parameters: String = (0..16).map(|at| format!("p{at}=x&")).collect();
    for campaign in ["a", "b", "c"] {
        world.visit(&format!("{}?{parameters}utm_campaign={campaign}", link.slug)).send().await.unwrap();
    }
    world.visit_as(&link.slug, "Googlebot/2.1").send().await.unwrap();
    wait::until("the visits are counted", wait::PATIENCE, async || {
        (account.clicks(&link).await == (3, 1)).then_some(())
    })
    .await;
    link
}

/// Every list of objects without pages is asked for here: a new one fails.
async fn every_list_is_asked_for(world: &World) {
    let kinds = "{ __schema { types { name kind fields { name args { name } type { ...t } } } } } \
                 fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
    let data = world.schema_reader().await.query(kinds, json!({})).await;
    let mut lists = BTreeSet::new();
    for kind in data["__schema"]["types"].as_array().unwrap() {
        let on = text(&kind["name"]);
        let fields = kind["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        for field in fields.iter().filter(|_| !on.starts_with("__") && !on.ends_with("Connection")) {
            let mut inner = &field["type"];
            let mut list = inner["kind"] == "LIST";
            while inner["ofType"].is_object() {
                inner = &inner["ofType"];
                list |= inner["kind"] == "LIST";
            }
            let paged = field["args"].as_array().unwrap().iter().any(|argument| argument["name"] == "first");
            let told = inner["name"].as_str().is_some_and(|name| TOLD.contains(&name));
            if list && !paged && !told && matches!(inner["kind"].as_str(), Some("OBJECT" | "INTERFACE" | "UNION")) {
                lists.insert(format!("{on}.{}", text(&field["name"])));
            }
        }
    }
    let asked = LISTS.iter().map(|(name, _, _, _)| *name).chain(ANSWERED).map(str::to_owned);
    let asked: BTreeSet<String> = asked.filter(|name| !PAGED.contains(&name.as_str())).collect();
    assert_eq!(lists, asked, "a list without pages is asked for here, and has a bound in the tables of prices");
}
