//! Domains of a tenant's own: claimed, looked up, changed and given up.

use super::{
    fields::plain_address,
    stage::Stage,
    table::{Row, Table},
};
use crate::world::{World, client::text};
use sea_orm::ConnectionTrait;
use serde_json::json;

const DOMAIN: &str = "domain { id }";
const BACK: &str = "node(id: $id) { ... on Domain { host state isDefault fallback } }";

/// What the tables name: domains that are verified, with a link on one of them, one that was looked at a moment ago, and one that
/// is only claimed.
pub(super) async fn furnish(stage: &mut Stage, world: &World) {
    let host = |tenant: &str, host: &str| json!({ "tenantId": tenant, "host": host });
    stage.make("$claimed", "createDomain", host("$tenant", "claimed.example.com"), "/domain/id").await;
    stage.make("$looked-at", "createDomain", host("$tenant", "looked.example.com"), "/domain/id").await;
    stage.make("$own", "createDomain", host("$tenant", "own.example.com"), "/domain/id").await;
    stage.make("$their-domain", "createDomain", host("$theirs", "theirs.example.com"), "/domain/id").await;
    for (account, name) in [(&stage.account, "$own"), (&stage.other, "$their-domain")] {
        let id = json!({ "id": stage.names[name] });
        let record = "query($id: ID!) { node(id: $id) { ... on Domain { verification { recordName recordValue } } } }";
        let record = account.client.query(record, id.clone()).await["node"]["verification"].take();
        world.dns().set_text(text(&record["recordName"]), text(&record["recordValue"]));
        let looked = account.client.done("verifyDomain", id, "domain { state }").await;
        assert_eq!(looked["domain"]["state"], "VERIFIED");
    }
    let soon = jiff::Timestamp::now().as_millisecond() + 60_000;
    let looked =
        format!("UPDATE domains SET checked_at = {soon}, next_check_at = {soon} WHERE host = 'looked.example.com'");
    assert_eq!(world.database().await.execute_unprepared(&looked).await.unwrap().rows_affected(), 1);
    let on = json!({ "tenantId": "$tenant", "destination": "https://shop.example.com/", "domainId": "$own" });
    stage.make("$on-own", "createLink", on, "/link/id").await;
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    vec![create(), update(), verify(), delete()]
}

/// A host name of 233 characters and this.
fn long(first: &str) -> String {
    let labels = ["a", "b", "c"].map(|letter| letter.repeat(57)).join(".");
    format!("{first}.{labels}.{}.example.com", "d".repeat(46))
}

fn create() -> Table {
    let host = |name, host: &str, told| (name, json!({ "host": host }), told);
    let invalid = |name, text: &str| (name, json!({ "host": text }), "host INVALID");
    let good = json!({ "tenantId": "$tenant", "host": "Made.example.com", "fallback": "https://lost.example.com/" });
    let shows =
        json!({ "node": { "host": "made.example.com", "state": "PENDING", "fallback": "https://lost.example.com/" } });
    let several = json!({ "host": "localhost", "fallback": "nonsense", "idempotencyKey": "" });
    let fallback = plain_address("fallback", "fallback INVALID", "fallback TOO_LONG");
    // a host can be claimed once
    let fallback = fallback.into_iter().map(|(name, mut change, told): Row| {
        change["host"] = json!("fallback.example.com");
        (name, change, told)
    });
    Table::new("createDomain", good, DOMAIN)
        .shows("/answer/domain/id", BACK, shows)
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            invalid("no host", ""),
            invalid("white space", "no host"),
            invalid("a whole address", "http://a.example.com/"),
            invalid("an IP address", "127.0.0.1"),
            invalid("a port", "a.example.com:8080"),
            invalid("a local name", "router"),
            invalid("a name below the shared domain", "x.localhost"),
            invalid("the shared domain", "$shared-host"),
            invalid("a wildcard", "*.example.com"),
            host("a host of 244 characters", &long("aaaaaaaaaaa"), "host TOO_LONG"),
            host("a host of 243 characters", &long("aaaaaaaaaa"), ""),
            host("a host that the tenant has", "claimed.example.com", "host TAKEN"),
            host("a host that another tenant has verified", "theirs.example.com", "host TAKEN"),
            ("a fallback to itself", json!({ "fallback": "https://made.example.com/" }), "fallback INVALID"),
            (
                "a fallback that goes in circles",
                json!({ "fallback": "https://theirs.example.com/" }),
                "fallback INVALID",
            ),
            ("several", several, "host INVALID, fallback INVALID, idempotencyKey INVALID"),
        ])
        .rows(fallback)
        .rows([
            ("an empty key", json!({ "host": "once.example.com", "idempotencyKey": "" }), "idempotencyKey INVALID"),
            (
                "another call's key",
                json!({ "host": "once.example.com", "idempotencyKey": "$used" }),
                "idempotencyKey INVALID",
            ),
            (
                "a key of 256 characters",
                json!({ "host": "once.example.com", "idempotencyKey": "k".repeat(256) }),
                "idempotencyKey TOO_LONG",
            ),
            ("a key of 255 characters", json!({ "host": "once.example.com", "idempotencyKey": "k".repeat(255) }), ""),
        ])
        .undone_by("deleteDomain", "/domain/id")
}

fn update() -> Table {
    let good = json!({ "id": "$own", "isDefault": true, "fallback": "https://lost.example.com/" });
    let several = json!({ "id": "$claimed", "fallback": "nonsense" });
    Table::new("updateDomain", good, DOMAIN)
        .shows("/input/id", BACK, json!({ "node": { "isDefault": true, "fallback": "https://lost.example.com/" } }))
        .rows([
            ("another tenant's domain", json!({ "id": "$their-domain" }), "id NOT_FOUND"),
            ("a shared domain", json!({ "id": "$shared" }), "id NOT_FOUND"),
            ("a default that is not verified", json!({ "id": "$claimed" }), "isDefault INVALID"),
            ("a fallback to itself", json!({ "fallback": "https://own.example.com/" }), "fallback INVALID"),
            ("several", several, "fallback INVALID, isDefault INVALID"),
        ])
        .rows(plain_address("fallback", "fallback INVALID", "fallback TOO_LONG"))
}

fn verify() -> Table {
    Table::new("verifyDomain", json!({ "id": "$claimed" }), DOMAIN)
        .shows("/input/id", BACK, json!({ "node": { "state": "PENDING" } }))
        .rows([
            ("another tenant's domain", json!({ "id": "$their-domain" }), "id NOT_FOUND"),
            ("a shared domain", json!({ "id": "$shared" }), "id NOT_FOUND"),
            ("a domain that was looked at a moment ago", json!({ "id": "$looked-at" }), "id LIMIT_REACHED"),
        ])
}

fn delete() -> Table {
    Table::new("deleteDomain", json!({ "id": "$claimed" }), "deletedDomainId")
        .shows("/input/id", BACK, json!({ "node": null }))
        .rows([
            ("another tenant's domain", json!({ "id": "$their-domain" }), "id NOT_FOUND"),
            ("a shared domain", json!({ "id": "$shared" }), "id NOT_FOUND"),
            ("a domain that links live on", json!({ "id": "$own" }), "id INVALID"),
        ])
}
