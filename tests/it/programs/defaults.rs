//! What a tenant's new links are when nobody says otherwise: filled in where a field was left out, and nowhere else; what
//! is not there any more makes no link fail.

use super::last_deed;
use crate::world::{
    World,
    client::{Account, text},
    in_both, wait,
};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(defaults_fill_what_was_left_out);
in_both!(&[("DOMAIN_RECHECK_SECONDS", "1"), ("DOMAIN_GRACE_SECONDS", "0")] => what_is_gone_drops_out);

const LINK: &str =
    "link { domain { host } pixels { id } utm { source campaign } expiresAt createdAt queryForwarding { mode names } }";
const DEFAULTS: &str = "linkDefaults { domain { host } pixels { id } utm { source medium } expiresAfterSeconds queryForwarding { mode names } }";

async fn set(account: &Account, defaults: Value) -> Value {
    let input = json!({ "id": account.tenant, "linkDefaults": defaults });
    let selection = format!("tenant {{ {DEFAULTS} }}");
    account.client.done("updateTenant", input, &selection).await["tenant"]["linkDefaults"].take()
}

async fn make(account: &Account, extra: Value) -> Value {
    let input = crate::world::client::with(
        json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/" }),
        extra,
    );
    account.client.done("createLink", input, LINK).await["link"].take()
}

fn seconds_between(from: &Value, to: &Value) -> i64 {
    let at = |value: &Value| text(value).parse::<jiff::Timestamp>().unwrap().as_millisecond();
    (at(to) - at(from)) / 1_000
}

async fn defaults_fill_what_was_left_out(world: &mut World) {
    let account = world.sign_up().await;
    let none = json!({ "domain": null, "pixels": [], "utm": { "source": null, "medium": null },
        "expiresAfterSeconds": null, "queryForwarding": null });
    let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {DEFAULTS} }} }}");
    let read = account.client.query(&document, json!({ "id": account.tenant })).await;
    assert_eq!(read["tenant"]["linkDefaults"], none);
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let defaults = json!({ "pixelIds": [pixel], "utm": { "source": "scheduler" }, "expiresAfterSeconds": 3_600,
        "queryForwarding": { "mode": "ONLY", "names": ["ref"] } });
    let kept = set(&account, defaults).await;
    assert_eq!((&kept["pixels"], &kept["expiresAfterSeconds"]), (&json!([{ "id": pixel }]), &json!(3_600)));
    let (action, _, after) = last_deed(&account).await;
    assert_eq!((action.as_str(), &after["linkDefaults"]["expiresAfterSeconds"]), ("updateTenant", &json!(3_600)));

    let link = make(&account, json!({})).await;
    assert_eq!((&link["pixels"], &link["utm"]["source"]), (&json!([{ "id": pixel }]), &json!("scheduler")));
    assert_eq!(link["queryForwarding"], json!({ "mode": "ONLY", "names": ["ref"] }));
    assert_eq!(seconds_between(&link["createdAt"], &link["expiresAt"]), 3_600);
    let start = "2099-01-01T00:00:00Z";
    assert_eq!(make(&account, json!({ "startsAt": start })).await["expiresAt"], "2099-01-01T01:00:00.000Z");
    for empty in [
        json!({ "pixelIds": [], "utm": {}, "expiresAt": null, "queryForwarding": null }),
        json!({ "pixelIds": null, "utm": null, "expiresAt": null, "queryForwarding": { "mode": "ALL" } }),
    ] {
        let link = make(&account, empty).await;
        assert_eq!(
            (&link["pixels"], &link["utm"]["source"], &link["expiresAt"]),
            (&json!([]), &Value::Null, &Value::Null)
        );
        assert_eq!(link["queryForwarding"]["mode"], "ALL");
    }
    let own = make(&account, json!({ "utm": { "campaign": "c" } })).await;
    assert_eq!(own["utm"], json!({ "source": null, "campaign": "c" }), "all five or none");
    let many = json!({ "tenantId": account.tenant, "links": [{ "destination": "https://a.example.com/" }] });
    let many = account.client.done("createLinks", many, "results { link { utm { source } } }").await;
    assert_eq!(many["results"][0]["link"]["utm"]["source"], "scheduler");
    // another change of the tenant leaves them, an empty one takes them away
    account.client.done("updateTenant", json!({ "id": account.tenant, "name": "B" }), "tenant { id }").await;
    assert_eq!(make(&account, json!({})).await["utm"]["source"], "scheduler");
    assert_eq!(set(&account, json!({})).await, none);
    assert_eq!(make(&account, json!({})).await["expiresAt"], Value::Null);
}

async fn what_is_gone_drops_out(world: &mut World) {
    let account = world.sign_up().await;
    let host = "go.gone.example";
    let domain = json!({ "tenantId": account.tenant, "host": host });
    let domain = account
        .client
        .done("createDomain", domain, "domain { id verification { recordName recordValue } }")
        .await["domain"]
        .take();
    let record = (text(&domain["verification"]["recordName"]), text(&domain["verification"]["recordValue"]));
    world.dns().set_text(record.0, record.1);
    let state = async |wanted: &str| {
        let document = "query($id: ID!) { node(id: $id) { ... on Domain { state } } }";
        wait::until("the domain's state", Duration::from_secs(20), async || {
            let data = account.client.query(document, json!({ "id": domain["id"] })).await;
            (data["node"]["state"] == wanted).then_some(())
        })
        .await;
    };
    state("VERIFIED").await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let own = account.create_pixel("CUSTOM_JS", &[("code", "window.seen = true")], json!({})).await;
    let defaults = json!({ "domainId": domain["id"], "pixelIds": [pixel, own] });
    assert_eq!(set(&account, defaults).await["domain"]["host"], host);
    let link = make(&account, json!({})).await;
    assert_eq!((&link["domain"]["host"], link["pixels"].as_array().unwrap().len()), (&json!(host), 2));
    // null means the domain that it would be without defaults, and there the tenant's own code has no place
    let elsewhere = make(&account, json!({ "domainId": null })).await;
    assert_eq!(
        (&elsewhere["domain"]["host"], &elsewhere["pixels"]),
        (&json!(world.domain()), &json!([{ "id": pixel }]))
    );

    account.client.done("deletePixel", json!({ "id": pixel }), "deletedPixelId").await;
    assert_eq!(make(&account, json!({})).await["pixels"], json!([{ "id": own }]));
    world.dns().remove(record.0);
    state("LOST").await;
    let link = make(&account, json!({})).await;
    assert_eq!((&link["domain"]["host"], &link["pixels"]), (&json!(world.domain()), &json!([])));
    let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {DEFAULTS} }} }}");
    let read = account.client.query(&document, json!({ "id": account.tenant })).await;
    assert_eq!(read["tenant"]["linkDefaults"]["domain"], Value::Null);
    assert_eq!(read["tenant"]["linkDefaults"]["pixels"], json!([{ "id": own }]));
}
