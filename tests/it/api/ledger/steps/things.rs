//! What a tenant has: webhooks, pixels, links, domains, and its own settings.

use super::{By, Step, link, step, tenant, utm};
use crate::world::client::with;
use serde_json::{Value, json};

const LINKS: By = By::Owner(&["LINKS_WRITE"]);
const PIXELS: By = By::Owner(&["PIXELS_WRITE"]);
const ADMIN: By = By::Owner(&["TENANT_ADMIN"]);
const WEBHOOKS: By = By::Owner(&["TENANT_ADMIN", "LINKS_READ"]);

pub(super) fn all() -> Vec<Step> {
    [webhooks(), pixels(), links(), ends(), domains(), deliveries()].into_iter().flatten().collect()
}

fn of_tenant(extra: Value) -> Value {
    with(json!({ "tenantId": "$tenant" }), extra)
}

fn webhook(extra: Value) -> Value {
    let events = ["link.created", "link.updated", "link.deleted"];
    with(json!({ "url": "$hooks", "events": events, "enabled": true }), extra)
}

fn webhooks() -> Vec<Step> {
    let new = of_tenant(json!({ "url": "$hooks", "events": ["LINK_CREATED", "LINK_UPDATED", "LINK_DELETED"] }));
    vec![
        step("createWebhook", WEBHOOKS, new)
            .reads("webhook { id } secret", &[("$webhook", "/webhook/id"), ("$$webhook", "/secret")])
            .writes("$tenant", "Webhook $webhook", Value::Null, webhook(json!({})))
            .wrong(json!({ "url": "nonsense" })),
        step("rotateWebhookSecret", ADMIN, json!({ "id": "$webhook" }))
            .reads("webhook { id } secret", &[("$$rotated", "/secret")])
            .writes("$tenant", "Webhook $webhook", Value::Null, json!({ "previousSecretUntil": "<at>" })),
    ]
}

fn pixel(extra: Value) -> Value {
    let ids = json!({ "pixel_id": "246813579024680" });
    with(json!({ "network": "meta", "name": "Main", "ids": ids, "mode": "auto", "isDefault": false }), extra)
}

fn pixels() -> Vec<Step> {
    let ids = json!([{ "key": "pixel_id", "value": "246813579024680" }]);
    let new = of_tenant(json!({ "network": "META", "name": "Main", "ids": ids }));
    let after = pixel(json!({ "name": "Renamed", "isDefault": true }));
    vec![
        step("createPixel", PIXELS, new)
            .reads("pixel { id }", &[("$pixel", "/pixel/id")])
            .writes("$tenant", "Pixel $pixel", Value::Null, pixel(json!({})))
            .wrong(json!({ "name": "" })),
        step("updatePixel", PIXELS, json!({ "id": "$pixel", "name": "Renamed", "isDefault": true }))
            .writes("$tenant", "Pixel $pixel", pixel(json!({})), after)
            .wrong(json!({ "name": "" })),
    ]
}

fn links() -> Vec<Step> {
    let one =
        json!({ "destination": "https://shop.example.com/", "slug": "one", "tags": ["a"], "pixelIds": ["$pixel"] });
    let made = link("$link", "one", json!({ "tags": ["a"], "pixelIds": ["$pixel"] }));
    let many = json!([{ "destination": "https://shop.example.com/", "slug": "two" }, { "destination": "https://shop.example.com/", "slug": "three" }]);
    let content = json!({ "content": "See https://shop.example.com/four", "format": "TEXT" });
    let tracked = link("$tracked", "$tracked_slug", json!({ "destination": "https://shop.example.com/four" }));
    let changed = link("$link", "one", json!({ "title": "T", "tags": ["b"], "pixelIds": ["$pixel"] }));
    let id = json!({ "id": "$link" });
    let (active, archived) = (json!({ "state": "ACTIVE" }), json!({ "state": "ARCHIVED" }));
    vec![
        step("createLink", LINKS, of_tenant(one))
            .reads("link { id }", &[("$link", "/link/id")])
            .writes("$tenant", "Link $link", Value::Null, made.clone())
            .wrong(json!({ "destination": "nonsense" })),
        step("createLinks", LINKS, of_tenant(json!({ "links": many })))
            .reads(
                "results { link { id } userErrors { field message code } }",
                &[("$two", "/results/0/link/id"), ("$three", "/results/1/link/id")],
            )
            .writes(
                "$tenant",
                "Link",
                Value::Null,
                json!([link("$three", "three", json!({})), link("$two", "two", json!({}))]),
            )
            .wrong(json!({ "links": [{ "destination": "nonsense" }] })),
        step("trackContent", LINKS, of_tenant(content))
            .reads(
                "links { link { id slug } }",
                &[("$tracked", "/links/0/link/id"), ("$tracked_slug", "/links/0/link/slug")],
            )
            .writes("$tenant", "Link", Value::Null, json!([tracked]))
            .wrong(json!({ "defaults": { "tags": [""] } })),
        step("updateLink", LINKS, json!({ "id": "$link", "title": "T", "tags": ["b"] }))
            .writes("$tenant", "Link $link", made, changed.clone())
            .wrong(json!({ "destination": "nonsense" })),
        step("archiveLink", LINKS, id.clone()).writes("$tenant", "Link $link", active.clone(), archived.clone()),
        step("restoreLink", LINKS, id.clone()).writes("$tenant", "Link $link", archived, active),
        step("deleteLink", LINKS, id).writes("$tenant", "Link $link", changed, Value::Null),
    ]
}

/// What is done with what links have, once there are none with them.
fn ends() -> Vec<Step> {
    let after = pixel(json!({ "name": "Renamed", "isDefault": true }));
    let change = json!({
        "id": "$tenant",
        "name": "Renamed",
        "policy": { "budgetMs": 900 },
        "branding": { "colour": "#0a7cff" },
        "linkDefaults": { "pixelIds": ["$pixel"] },
    });
    let mut renamed = tenant("Renamed");
    renamed["policy"]["budgetMs"] = json!(900);
    renamed["branding"] = json!({ "colour": "#0a7cff" });
    renamed["linkDefaults"] = json!({
        "domainId": null,
        "pixelIds": ["$pixel"],
        "utm": utm(),
        "expiresAfterSeconds": null,
        "queryForwarding": null,
    });
    vec![
        step("updateTenant", ADMIN, change)
            .writes("$tenant", "Tenant $tenant", tenant("Acme"), renamed)
            .wrong(json!({ "name": "" })),
        step("deletePixel", PIXELS, json!({ "id": "$pixel" })).writes("$tenant", "Pixel $pixel", after, Value::Null),
    ]
}

fn domains() -> Vec<Step> {
    let domain = |extra| {
        let claimed = json!({ "host": "go.ledger.example", "state": "PENDING", "fallback": null, "isDefault": false });
        with(claimed, extra)
    };
    let fallback = json!({ "fallback": "https://shop.example.com/" });
    let verified = with(fallback.clone(), json!({ "state": "VERIFIED" }));
    let id = json!({ "id": "$own" });
    vec![
        step("createDomain", ADMIN, of_tenant(json!({ "host": "go.ledger.example" })))
            .reads(
                "domain { id verification { recordName recordValue } }",
                &[
                    ("$own", "/domain/id"),
                    ("$record_name", "/domain/verification/recordName"),
                    ("$record_value", "/domain/verification/recordValue"),
                ],
            )
            .writes("$tenant", "Domain $own", Value::Null, domain(json!({})))
            .wrong(json!({ "host": "no host" })),
        step("updateDomain", ADMIN, with(id.clone(), fallback.clone()))
            .writes("$tenant", "Domain $own", domain(json!({})), domain(fallback.clone()))
            .wrong(json!({ "fallback": "nonsense" })),
        step("verifyDomain", ADMIN, id.clone()).writes(
            "$tenant",
            "Domain $own",
            domain(fallback),
            domain(verified.clone()),
        ),
        step("deleteDomain", ADMIN, id).writes("$tenant", "Domain $own", domain(verified), Value::Null),
    ]
}

fn deliveries() -> Vec<Step> {
    let id = json!({ "id": "$webhook" });
    let created = json!({ "events": ["link.created"] });
    vec![
        step("sendTestWebhook", ADMIN, id.clone()).reads("delivery { id }", &[("$delivery", "/delivery/id")]).writes(
            "$tenant",
            "WebhookDelivery $delivery",
            Value::Null,
            json!({ "webhook": "$webhook" }),
        ),
        step("replayWebhookDelivery", ADMIN, json!({ "id": "$delivery" }))
            .reads("delivery { id }", &[("$again", "/delivery/id")])
            .writes(
                "$tenant",
                "WebhookDelivery $again",
                Value::Null,
                json!({ "replayed": "$delivery", "event": "webhook.test" }),
            ),
        step("updateWebhook", WEBHOOKS, with(id.clone(), json!({ "events": ["LINK_CREATED"] })))
            .writes("$tenant", "Webhook $webhook", webhook(json!({})), webhook(created.clone()))
            .wrong(json!({ "url": "nonsense" })),
        step("deleteWebhook", ADMIN, id).writes("$tenant", "Webhook $webhook", webhook(created), Value::Null),
    ]
}
