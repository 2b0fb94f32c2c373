//! The team of a tenant: who is invited, who may do what, who goes, and what becomes of a forgotten password.

mod invitations;
mod leaving;
mod mails;
mod passwords;
mod roles;

use crate::world::{
    World,
    client::{Account, Client, PASSWORD, pairs, text},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// What a mutation comes to: `ok`, the code of a top-level error, or its mistakes.
async fn outcome(client: &Client, name: &str, input: Value) -> String {
    let reply = client.reply(&crate::world::client::mutation(name, ""), json!({ "input": input })).await;
    if !reply.code().is_empty() {
        return reply.code().to_owned();
    }
    let mistakes = pairs(&reply.body["data"][name]["userErrors"]);
    let told = mistakes.iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>().join(", ");
    if told.is_empty() { "ok".to_owned() } else { told }
}

fn invited(account: &Account, email: &str, role: &str) -> Value {
    json!({ "tenantId": account.tenant, "email": email, "role": role })
}

/// Invites an address and gives the token of the link.
pub(super) async fn invite(account: &Account, email: &str, role: &str) -> String {
    let made = account.client.done("inviteMember", invited(account, email, role), "link").await;
    text(&made["link"]).rsplit('/').next().unwrap().to_owned()
}

/// Somebody else who joins the tenant of an account.
pub(super) async fn join(world: &World, account: &Account, role: &str) -> Account {
    let other = world.sign_up().await;
    let token = invite(account, &other.email, role).await;
    let taken = other.client.done("acceptInvitation", json!({ "token": token }), "tenant { id role }").await;
    assert_eq!(taken["tenant"], json!({ "id": account.tenant, "role": role }));
    Account { tenant: account.tenant.clone(), ..other }
}

pub(super) async fn user_id(account: &Account) -> Value {
    account.client.query("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].clone()
}

/// The members of an account's tenant: address and role.
async fn members(account: &Account) -> Vec<(String, String)> {
    let document =
        "query($id: ID!) { tenant(id: $id) { members { totalCount nodes { user { id email } role joinedAt } } } }";
    let data = account.client.query(document, json!({ "id": account.tenant })).await;
    let members = data["tenant"]["members"]["nodes"].as_array().unwrap();
    assert_eq!(data["tenant"]["members"]["totalCount"], members.len());
    members.iter().map(|one| (text(&one["user"]["email"]).to_owned(), text(&one["role"]).to_owned())).collect()
}

/// What the tenant's audit log, or with `own` the user's own, tells from the first row on: action, target's kind, before and
/// after.
async fn audit(account: &Account, own: bool) -> Vec<(String, String, Value, Value)> {
    let log = "auditLog(last: 100) { nodes { action targetKind targetId before after } }";
    let data = if own {
        account.client.query(&format!("{{ viewer {{ {log} }} }}"), json!({})).await["viewer"].take()
    } else {
        let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {log} }} }}");
        account.client.query(&document, json!({ "id": account.tenant })).await["tenant"].take()
    };
    let parsed = |value: &Value| value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    let row = |row: &Value| {
        assert!(row["targetId"].is_string(), "{row}");
        let of = |name: &str| text(&row[name]).to_owned();
        (of("action"), of("targetKind"), parsed(&row["before"]), parsed(&row["after"]))
    };
    data["auditLog"]["nodes"].as_array().unwrap().iter().rev().map(row).collect()
}

async fn sql(world: &World, statement: &str) -> u64 {
    world.database().await.execute_unprepared(statement).await.unwrap().rows_affected()
}

async fn count(world: &World, from: &str) -> i64 {
    let db = world.database().await;
    let statement = Statement::from_string(db.get_database_backend(), format!("SELECT count(*) FROM {from}"));
    db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Whether a password opens a session; what else it comes to.
async fn log_in(world: &World, email: &str, password: &str) -> String {
    outcome(&world.client(), "logIn", json!({ "email": email, "password": password })).await
}

fn newcomer(email: &str, extra: Value) -> Value {
    crate::world::client::with(json!({ "email": email, "password": PASSWORD }), extra)
}
