//! What programs that make links rely on: names of their own for links, defaults of a tenant, whole posts tracked at once,
//! limits that tell when to go on.

mod content;
mod defaults;
mod external_ids;
mod limits;
mod scheduler;

use crate::world::client::Account;
use serde_json::{Value, json};

/// The latest row of a tenant's audit log, as (action, what was before, what is after).
async fn last_deed(account: &Account) -> (String, Value, Value) {
    let document = "query($id: ID!) { tenant(id: $id) { auditLog(first: 1) { nodes { action before after } } } }";
    let data = account.client.query(document, json!({ "id": account.tenant })).await;
    let row = &data["tenant"]["auditLog"]["nodes"][0];
    let parsed = |value: &Value| value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    (row["action"].as_str().unwrap().to_owned(), parsed(&row["before"]), parsed(&row["after"]))
}

/// How many links a tenant has.
async fn count(account: &Account) -> u64 {
    let document = "query($id: ID!) { tenant(id: $id) { links { totalCount } } }";
    let data = account.client.query(document, json!({ "id": account.tenant })).await;
    data["tenant"]["links"]["totalCount"].as_u64().unwrap()
}
