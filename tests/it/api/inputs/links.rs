//! Links: made one by one, many at once and out of a content; changed, put away and deleted.

use super::{
    fields::{GOOD, own, rest, values},
    stage::Stage,
    table::{Table, many, x},
};
use crate::world::client::with;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const LINK: &str = "link { id }";
const BACK: &str =
    "node(id: $id) { ... on Link { destination slug externalId title tags state domain { id } pixels { id } } }";

/// What the tables name.
pub(super) async fn furnish(stage: &mut Stage, world: &crate::world::World) {
    let taken = json!({ "tenantId": "$tenant", "destination": GOOD, "slug": "taken", "externalId": "taken" });
    let theirs = json!({ "tenantId": "$theirs", "destination": GOOD });
    stage.make("$their-link", "createLink", theirs, "/link/id").await;
    stage.make("$taken", "createLink", taken.clone(), "/link/id").await;
    let one = with(taken.clone(), json!({ "slug": "one", "externalId": "one" }));
    stage.make("$one", "createLink", one, "/link/id").await;
    let off = with(taken, json!({ "slug": "off", "externalId": "off" }));
    stage.make("$off-link", "createLink", off, "/link/id").await;
    let disable = "UPDATE links SET state = 'DISABLED' WHERE slug = 'off'";
    assert_eq!(world.database().await.execute_unprepared(disable).await.unwrap().rows_affected(), 1);
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    [create(), create_many(), update()].into_iter().chain(by_id()).chain([track()]).collect()
}

/// Values that make a link larger than what redirectors keep.
fn too_large() -> Value {
    let mut all = values(&many(20));
    all["values"].as_array_mut().unwrap().iter_mut().for_each(|value| value["value"] = json!("é".repeat(500)));
    all
}

fn create() -> Table {
    let good = json!({ "tenantId": "$tenant", "destination": GOOD, "title": "Made" });
    let several = json!({
        "idempotencyKey": "", "destination": "nonsense", "slug": "taken", "externalId": "taken", "title": x(201),
        "tags": ["", x(51)], "pixelIds": ["nothing"], "fallback": "nonsense", "utm": { "source": x(201) },
        "values": [{ "name": "", "value": x(501) }], "card": { "title": "" },
    });
    let told = "idempotencyKey INVALID, destination INVALID, slug TAKEN, externalId TAKEN, title TOO_LONG, tags.0 INVALID, \
                tags.1 TOO_LONG, pixelIds.0 NOT_FOUND, fallback INVALID, utm.source TOO_LONG, values.0.name INVALID, \
                values.0.value TOO_LONG, card.title INVALID";
    Table::new("createLink", good, LINK)
        .shows("/answer/link/id", BACK, json!({ "node": { "destination": GOOD, "title": "Made", "state": "ACTIVE" } }))
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("no tenant's id", json!({ "tenantId": "nothing" }), "tenantId NOT_FOUND"),
            ("an end in the past", json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt INVALID"),
            ("a slug of 64 characters", json!({ "slug": x(64) }), ""),
            ("an external id of 255 characters", json!({ "externalId": x(255) }), ""),
            ("an external id in use, with upsert", json!({ "externalId": "taken", "upsert": true, "title": "Again" }), ""),
            ("mistakes of a change", json!({ "externalId": "taken", "upsert": true, "title": x(201), "slug": "one" }), "slug TAKEN, title TOO_LONG"),
            ("more than redirectors keep", too_large(), "- TOO_LONG"),
            ("a value that the destination lacks", json!({ "destination": "https://shop.example.com/{offer}", "values": [{ "name": "offer", "value": "v" }] }), ""),
            ("several", several, told),
        ])
        .rows(own())
        .rows(rest())
        .once(Some(("deleteLink", "/link/id")))
}

fn create_many() -> Table {
    let link = json!({ "destination": GOOD });
    let good = json!({ "tenantId": "$tenant", "links": [{ "destination": "https://many.example.com/" }] });
    let each: Vec<Value> = (0..1_001).map(|at| json!({ "destination": format!("{GOOD}{at}") })).collect();
    let twice = json!({ "links": [
        { "destination": "nonsense", "externalId": "a" }, { "destination": GOOD, "externalId": "a", "slug": "a/b" },
    ] });
    let back = "tenant(id: $id) { links(filter: { text: \"many.example.com\" }, first: 1) { nodes { destination } } }";
    Table::new("createLinks", good, "results { link { id } userErrors { field message code } }")
        .shows(
            "/input/tenantId",
            back,
            json!({ "tenant": { "links": { "nodes": [{ "destination": "https://many.example.com/" }] } } }),
        )
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("1,001 links", json!({ "links": each }), "links LIMIT_REACHED"),
            (
                "1,001 links and a bad key",
                json!({ "links": each, "idempotencyKey": "" }),
                "links LIMIT_REACHED, idempotencyKey INVALID",
            ),
            (
                "one external id twice",
                twice,
                "links.0.destination INVALID, links.1.slug INVALID, links.1.externalId TAKEN",
            ),
        ])
        .rows_within("links.0", &link, own())
        .rows_within("links.0", &link, rest())
        .rows_within(
            "links.0",
            &link,
            [
                ("an end in the past", json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt INVALID"),
                ("a slug of 64 characters", json!({ "slug": "y".repeat(64) }), ""),
                ("an external id of 255 characters", json!({ "externalId": "y".repeat(255) }), ""),
            ],
        )
        .once(None)
        .rows([("1,000 links", json!({ "links": each[..1_000] }), "")])
}

fn update() -> Table {
    let several = json!({
        "destination": "nonsense", "domainId": "nothing", "slug": "a/b", "externalId": "taken", "title": x(201),
        "values": [{ "name": "", "value": "v" }], "card": { "title": "" },
    });
    let told = "destination INVALID, domainId NOT_FOUND, slug INVALID, externalId TAKEN, title TOO_LONG, \
                values.0.name INVALID, card.title INVALID";
    Table::new("updateLink", json!({ "id": "$one", "title": "Changed", "slug": "two" }), LINK)
        .shows("/input/id", BACK, json!({ "node": { "title": "Changed", "slug": "two" } }))
        .rows([
            ("another tenant's link", json!({ "id": "$their-link" }), "id NOT_FOUND"),
            ("no link's id", json!({ "id": "nothing" }), "id NOT_FOUND"),
            ("a slug of 64 characters", json!({ "slug": "z".repeat(64) }), ""),
            ("an external id of 255 characters", json!({ "externalId": "z".repeat(255) }), ""),
            (
                "a slug in use and a title too long",
                json!({ "slug": "taken", "title": x(201) }),
                "slug TAKEN, title TOO_LONG",
            ),
            ("several", several, told),
        ])
        .rows(own())
        .rows(rest())
}

fn by_id() -> Vec<Table> {
    let id = json!({ "id": "$taken" });
    let rows = || {
        [
            ("another tenant's link", json!({ "id": "$their-link" }), "id NOT_FOUND"),
            ("no link's id", json!({ "id": "$tenant" }), "id NOT_FOUND"),
        ]
    };
    let off = || [("a link that is switched off", json!({ "id": "$off-link" }), "id INVALID")];
    let shows = |state: &str| json!({ "node": { "state": state } });
    vec![
        Table::new("archiveLink", id.clone(), LINK)
            .shows("/input/id", BACK, shows("ARCHIVED"))
            .rows(rows())
            .rows(off()),
        Table::new("restoreLink", id.clone(), LINK).shows("/input/id", BACK, shows("ACTIVE")).rows(rows()).rows(off()),
        Table::new("deleteLink", id, "deletedLinkId").shows("/input/id", BACK, json!({ "node": null })).rows(rows()),
    ]
}

fn track() -> Table {
    let good = json!({ "tenantId": "$tenant", "content": "See https://track.example.com/a", "format": "TEXT" });
    let of_bytes = |bytes: usize| format!("{} https://a.example.com/", x(bytes - 23));
    let leading_to =
        |count: usize| (0..count).map(|at| format!("https://a.example.com/{at}")).collect::<Vec<_>>().join(" ");
    let wrong = json!({ "title": x(201), "tags": [""] });
    let back = "tenant(id: $id) { links(filter: { text: \"track.example.com\" }, first: 1) { nodes { destination } } }";
    let shows = json!({ "tenant": { "links": { "nodes": [{ "destination": "https://track.example.com/a" }] } } });
    let all = "defaults.title TOO_LONG, defaults.tags.0 INVALID, idempotencyKey INVALID";
    let with_content = |content: String| json!({ "content": content, "defaults": wrong, "idempotencyKey": "" });
    Table::new("trackContent", good, "content links { link { id } }")
        .shows("/input/tenantId", back, shows)
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("a content of 524,289 bytes", json!({ "content": of_bytes(524_289) }), "content TOO_LONG"),
            ("a content of 524,288 bytes", json!({ "content": of_bytes(524_288) }), ""),
            ("501 destinations", json!({ "content": leading_to(501) }), "content LIMIT_REACHED"),
            ("500 destinations", json!({ "content": leading_to(500) }), ""),
            ("a content without links", with_content("nothing".to_owned()), all),
            ("a content with a link", with_content(GOOD.to_owned()), all),
            ("a content with a bad link", with_content("http://127.0.0.1/".to_owned()), all),
            ("a long content and several", with_content(of_bytes(524_289)), concat_content("TOO_LONG")),
            ("many destinations and several", with_content(leading_to(501)), concat_content("LIMIT_REACHED")),
        ])
        .rows_within("defaults", &json!({}), rest())
        .rows_within(
            "defaults",
            &json!({}),
            [("an end in the past", json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt INVALID")],
        )
        .once(None)
}

fn concat_content(code: &str) -> &'static str {
    if code == "TOO_LONG" {
        "content TOO_LONG, defaults.title TOO_LONG, defaults.tags.0 INVALID, idempotencyKey INVALID"
    } else {
        "content LIMIT_REACHED, defaults.title TOO_LONG, defaults.tags.0 INVALID, idempotencyKey INVALID"
    }
}
