//! Webhooks: where they go and what they are told of, and what is sent by hand.

use super::{
    stage::Stage,
    table::{Row, Table, x},
};
use crate::world::World;
use sea_orm::ConnectionTrait;
use serde_json::json;

const WEBHOOK: &str = "webhook { id }";
const BACK: &str = "node(id: $id) { ... on Webhook { url events enabled } }";
const URL: &str = "https://hooks.example.com/";

/// What the tables name: webhooks, and deliveries that are over and that are still tried.
pub(super) async fn furnish(stage: &mut Stage, world: &World) {
    let to = |tenant: &str| json!({ "tenantId": tenant, "url": URL, "events": ["LINK_CREATED"] });
    for (webhook, tenant, delivery) in [
        ("$webhook", "$tenant", "$delivery"),
        ("$off", "$tenant", "$to-off"),
        ("$their-webhook", "$theirs", "$their-delivery"),
    ] {
        stage.make(webhook, "createWebhook", to(tenant), "/webhook/id").await;
        stage.make(delivery, "sendTestWebhook", json!({ "id": webhook }), "/delivery/id").await;
    }
    let over = "UPDATE webhook_deliveries SET state = 'FAILED', next_attempt_at = NULL";
    assert!(world.database().await.execute_unprepared(over).await.unwrap().rows_affected() >= 3);
    stage.make("$off", "updateWebhook", json!({ "id": "$off", "enabled": false }), "/webhook/id").await;
    stage.make("$pending", "sendTestWebhook", json!({ "id": "$webhook" }), "/delivery/id").await;
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    let good = json!({ "tenantId": "$tenant", "url": URL, "events": ["LINK_CREATED"] });
    let shows = json!({ "node": { "url": URL, "events": ["LINK_CREATED"], "enabled": true } });
    let several = json!({ "url": "nonsense", "events": [], "idempotencyKey": "$used" });
    let create = Table::new("createWebhook", good, WEBHOOK)
        .shows("/answer/webhook/id", BACK, shows)
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("several", several, "url INVALID, events INVALID, idempotencyKey INVALID"),
        ])
        .rows(rows())
        .once(Some(("deleteWebhook", "/webhook/id")));
    let changed = json!({ "id": "$webhook", "url": "https://changed.example.com/", "events": ["LINK_DELETED"] });
    let shows = json!({ "node": { "url": "https://changed.example.com/", "events": ["LINK_DELETED"] } });
    let update = Table::new("updateWebhook", changed, WEBHOOK)
        .shows("/input/id", BACK, shows)
        .rows(id())
        .rows([("several", json!({ "url": "nonsense", "events": [] }), "url INVALID, events INVALID")])
        .rows(rows());
    let of_webhook = |mutation, selection| Table::new(mutation, json!({ "id": "$webhook" }), selection).rows(id());
    let off = |table: Table| table.rows([("a webhook that is off", json!({ "id": "$off" }), "id INVALID")]);
    let replay = Table::new("replayWebhookDelivery", json!({ "id": "$delivery" }), "delivery { id }").rows([
        ("another tenant's delivery", json!({ "id": "$their-delivery" }), "id NOT_FOUND"),
        ("no delivery's id", json!({ "id": "$webhook" }), "id NOT_FOUND"),
        ("a delivery that is still tried", json!({ "id": "$pending" }), "id INVALID"),
        ("a delivery to a webhook that is off", json!({ "id": "$to-off" }), "id INVALID"),
    ]);
    vec![
        create,
        update,
        of_webhook("rotateWebhookSecret", "secret"),
        off(of_webhook("sendTestWebhook", "delivery { id }")),
        replay,
        of_webhook("deleteWebhook", "deletedWebhookId").shows("/input/id", BACK, json!({ "node": null })),
    ]
}

fn id() -> [Row; 2] {
    [
        ("another tenant's webhook", json!({ "id": "$their-webhook" }), "id NOT_FOUND"),
        ("no webhook's id", json!({ "id": "$tenant" }), "id NOT_FOUND"),
    ]
}

fn rows() -> Vec<Row> {
    let url = |name, url: &str, told| (name, json!({ "url": url }), told);
    let invalid = "url INVALID";
    vec![
        url("no address", "hooks.example.com", invalid),
        url("no TLS", "http://hooks.example.com/", invalid),
        url("credentials", "https://me:secret@hooks.example.com/", invalid),
        url("an IP address", "https://127.0.0.1/", invalid),
        url("a local name", "https://metadata.google.internal/", invalid),
        url("port 1,023", "https://hooks.example.com:1023/", invalid),
        url("port 1,024", "https://hooks.example.com:1024/", ""),
        url("an address of 2,049 bytes", &format!("{URL}{}", x(2_049 - URL.len())), "url TOO_LONG"),
        url("an address of 2,048 bytes", &format!("{URL}{}", x(2_048 - URL.len())), ""),
        ("no events", json!({ "events": [] }), "events INVALID"),
        ("an event that none is set up for", json!({ "events": ["LINK_CREATED", "TEST"] }), "events INVALID"),
        ("7 events", json!({ "events": vec!["LINK_CREATED"; 7] }), "events LIMIT_REACHED"),
        (
            "6 events",
            json!({ "events": ["CLICK_RECORDED", "LINK_CREATED", "LINK_UPDATED", "LINK_DELETED", "LINK_EXPIRED", "PIXEL_UNHEALTHY"] }),
            "",
        ),
    ]
}
