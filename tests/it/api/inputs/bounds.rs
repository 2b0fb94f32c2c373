//! How many of a thing there can be: the last one is made, and one more is refused, together with what else is wrong with it.

use super::{
    stage::Stage,
    table::{Row, Table},
    team::invite,
};
use crate::world::client::{PASSWORD, text};
use serde_json::{Value, json};

/// A kind of thing.
pub(super) struct Bound {
    /// How many there are before.
    there: usize,
    /// How many there can be.
    most: usize,
    /// What makes one, and what is told of one more. `$n` is its number.
    pub(super) table: Table,
}

fn bound(most: usize, there: usize, mutation: &'static str, good: Value, rows: [Row; 2]) -> Bound {
    let table = Table { is_refused_always: true, ..Table::new(mutation, good, "") };
    Bound { there, most, table: table.rows(rows) }
}

/// The kinds of things.
pub(super) fn bounds() -> Vec<Bound> {
    let of = |input: Value| crate::world::client::with(json!({ "tenantId": "$second" }), input);
    let meta = json!([{ "key": "pixel_id", "value": "246813579024680" }]);
    let key = json!({ "name": "k$n", "scopes": ["LINKS_READ"], "tenantIds": ["$second"] });
    let more = json!({});
    vec![
        bound(
            100,
            2,
            "createTenant",
            json!({ "name": "t$n" }),
            [
                ("one more tenant", more.clone(), "name LIMIT_REACHED"),
                (
                    "one more, and a bad key",
                    json!({ "idempotencyKey": "" }),
                    "name LIMIT_REACHED, idempotencyKey INVALID",
                ),
            ],
        ),
        bound(
            50,
            0,
            "createPixel",
            of(json!({ "name": "p$n", "network": "META", "ids": meta })),
            [
                ("one more pixel", more.clone(), "tenantId LIMIT_REACHED"),
                ("one more, without a name", json!({ "name": "" }), "tenantId LIMIT_REACHED, name INVALID"),
            ],
        ),
        bound(
            50,
            0,
            "createDomain",
            of(json!({ "host": "h$n.example.com" })),
            [
                ("one more domain", more.clone(), "tenantId LIMIT_REACHED"),
                ("one more, without a host", json!({ "host": "" }), "tenantId LIMIT_REACHED, host INVALID"),
            ],
        ),
        bound(
            10,
            0,
            "createWebhook",
            of(json!({ "url": "https://h$n.example.com/", "events": ["LINK_CREATED"] })),
            [
                ("one more webhook", more.clone(), "tenantId LIMIT_REACHED"),
                ("one more, of no events", json!({ "events": [] }), "tenantId LIMIT_REACHED, events INVALID"),
            ],
        ),
        bound(
            100,
            0,
            "inviteMember",
            of(json!({ "email": "m$n@example.com", "role": "VIEWER" })),
            [
                ("one more invitation", more.clone(), "email LIMIT_REACHED"),
                (
                    "one more, and a bad key",
                    json!({ "idempotencyKey": "" }),
                    "email LIMIT_REACHED, idempotencyKey INVALID",
                ),
            ],
        ),
        bound(
            100,
            0,
            "createApiKey",
            key,
            [
                ("one more key", more, "name LIMIT_REACHED"),
                ("one more, of no scope", json!({ "scopes": [] }), "name LIMIT_REACHED, scopes INVALID"),
            ],
        ),
    ]
}

/// What is told where a user would come to own more tenants than a user can.
pub(super) fn owners() -> Vec<Table> {
    let role = json!({ "tenantId": "$theirs", "userId": "$self", "role": "OWNER" });
    let transfer = json!({ "tenantId": "$theirs", "userId": "$self", "password": PASSWORD });
    vec![
        Table::refused("changeMemberRole", role, "role LIMIT_REACHED").by("$other"),
        Table::refused("transferOwnership", transfer, "userId LIMIT_REACHED").by("$other").rows([(
            "a wrong password as well",
            json!({ "password": "a guess" }),
            "userId LIMIT_REACHED, password INVALID",
        )]),
    ]
}

fn as_an_owner() -> Table {
    Table::refused("acceptInvitation", json!({ "token": "$token" }), "token LIMIT_REACHED")
}

/// All the tables.
pub(super) fn tables() -> Vec<Table> {
    bounds().into_iter().map(|bound| bound.table).chain(owners()).chain([as_an_owner()]).collect()
}

/// Fills everything up.
pub(super) async fn play(stage: &mut Stage) {
    for Bound { there, most, table } in bounds() {
        for number in there..most {
            stage.name("$n", number.to_string());
            stage.account.client.done(table.mutation, stage.filled(&table.good), "").await;
        }
        stage.name("$n", most.to_string());
        stage.play(&[table]).await;
        if most == 100 && there == 2 {
            a_key_names_a_hundred_tenants(stage).await;
        }
    }
    let me = stage.account.client.query("{ viewer { user { id } } }", json!({})).await;
    stage.name("$self", text(&me["viewer"]["user"]["id"]));
    for (role, is_refused) in [("OWNER", true), ("VIEWER", false)] {
        let token = invite(&stage.other, &stage.account.email, role).await;
        stage.name("$token", token.clone());
        if is_refused {
            stage.play(&[as_an_owner()]).await;
        } else {
            stage.account.client.done("acceptInvitation", json!({ "token": token }), "").await;
        }
    }
    stage.play(&owners()).await;
}

async fn a_key_names_a_hundred_tenants(stage: &Stage) {
    let data = stage.account.client.query("{ viewer { memberships { tenant { id } } } }", json!({})).await;
    let all = data["viewer"]["memberships"].as_array().unwrap().iter();
    let mut ids: Vec<Value> = all.map(|membership| membership["tenant"]["id"].clone()).collect();
    assert_eq!(ids.len(), 100);
    let key = |ids: &[Value]| json!({ "name": "all", "scopes": ["LINKS_READ"], "tenantIds": ids });
    let made = stage.account.client.done("createApiKey", key(&ids), "apiKey { id }").await;
    ids.push(ids[0].clone());
    let refused = stage.account.client.mistakes("createApiKey", key(&ids)).await;
    assert_eq!(refused, [("tenantIds".to_owned(), "INVALID".to_owned())]);
    // it makes room for those that are counted
    stage.account.client.done("revokeApiKey", json!({ "id": made["apiKey"]["id"] }), "").await;
}
