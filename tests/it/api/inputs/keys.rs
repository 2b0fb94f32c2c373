//! API keys: made, ended, and kept out of a tenant.

use super::{
    stage::Stage,
    table::{Table, x},
};
use serde_json::json;

const KEY: &str = "apiKey { id revokedAt }";

/// What the tables name.
pub(super) async fn furnish(stage: &mut Stage) {
    let key = |name: &str, tenant: &str| json!({ "name": name, "scopes": ["LINKS_READ"], "tenantIds": [tenant] });
    for (name, input) in [
        ("$key", key("key", "$tenant")),
        ("$kept-out", key("kept out", "$tenant")),
        ("$their-key", key("theirs", "$theirs")),
    ] {
        stage.make(name, "createApiKey", input, "/apiKey/id").await;
    }
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    let good = json!({ "name": "Made", "scopes": ["LINKS_READ", "PIXELS_READ"], "tenantIds": ["$tenant"] });
    let back = "viewer { apiKeys(first: 1) { nodes { name scopes } } }";
    let shows =
        json!({ "viewer": { "apiKeys": { "nodes": [{ "name": "Made", "scopes": ["LINKS_READ", "PIXELS_READ"] }] } } });
    let several = json!({
        "name": "", "scopes": [], "tenantIds": ["$tenant", "$theirs", "$tenant"], "expiresAt": "2020-01-01T00:00:00Z",
        "idempotencyKey": "$used",
    });
    let told = "name INVALID, scopes INVALID, tenantIds.1 NOT_FOUND, tenantIds.2 INVALID, expiresAt INVALID, \
                idempotencyKey INVALID";
    let create = Table::new("createApiKey", good, KEY)
        .shows("", back, shows)
        .rows([
            ("no name", json!({ "name": " " }), "name INVALID"),
            ("a name of two lines", json!({ "name": "a\nb" }), "name INVALID"),
            ("a name of 101 characters", json!({ "name": x(101) }), "name TOO_LONG"),
            ("a name of 100 characters", json!({ "name": "é".repeat(100) }), ""),
            ("no scope", json!({ "scopes": [] }), "scopes INVALID"),
            ("no tenant", json!({ "tenantIds": [] }), "tenantIds INVALID"),
            ("another tenant", json!({ "tenantIds": ["$tenant", "$theirs"] }), "tenantIds.1 NOT_FOUND"),
            ("no tenant's id", json!({ "tenantIds": ["$link"] }), "tenantIds.0 NOT_FOUND"),
            ("a tenant twice", json!({ "tenantIds": ["$tenant", "$tenant"] }), "tenantIds.1 INVALID"),
            ("an end in the past", json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt INVALID"),
            ("several", several, told),
        ])
        .once(None);
    let working = "tenant(id: $id) { apiKeys { nodes { name } } }";
    let work = |names: &[&str]| {
        let nodes: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "tenant": { "apiKeys": { "nodes": nodes } } })
    };
    let revoke =
        Table::new("revokeApiKey", json!({ "id": "$key" }), KEY).shows("/names/$tenant", working, work(&[])).rows([
            ("another's key", json!({ "id": "$their-key" }), "id NOT_FOUND"),
            ("no key's id", json!({ "id": "nothing" }), "id NOT_FOUND"),
        ]);
    let exclude = Table::new("excludeApiKey", json!({ "tenantId": "$tenant", "id": "$kept-out" }), KEY)
        .shows("/input/tenantId", working, work(&["key"]))
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("a key of another tenant", json!({ "id": "$their-key" }), "id NOT_FOUND"),
            ("no key's id", json!({ "id": "$tenant" }), "id NOT_FOUND"),
        ]);
    vec![exclude, revoke, create]
}
