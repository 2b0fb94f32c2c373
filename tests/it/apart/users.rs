//! Rows of users: what a log-in sees of its own account and of others, and what an API key does not.

use super::{acting, outcome, text, texts};
use crate::world::{Own, Setting, World, client};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

/// Tables whose column `user_id` says whose a row is.
const OF_USERS: [&str; 5] = ["sessions", "api_keys", "second_factors", "recovery_codes", "password_resets"];

#[tokio::test]
async fn rows_of_users_are_seen_by_themselves_alone() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let everything = world.database().await;
    let mut users = Vec::new();
    for _ in 0..2 {
        let account = world.sign_up().await;
        let of = format!("SELECT id::text FROM users WHERE email = '{}'", account.email);
        let id = text(&everything, &of).await;
        let key = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant] });
        account.client.done("createApiKey", key, "apiKey { id }").await;
        account.client.query("mutation { startTotp { userErrors { code } } }", json!({})).await;
        for sql in [
            format!("INSERT INTO recovery_codes (code_hash, user_id) VALUES ('{id}', '{id}')"),
            format!(
                "INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) VALUES ('{id}', '{id}', 0, 0)"
            ),
        ] {
            everything.execute_unprepared(&sql).await.unwrap();
        }
        users.push((id, account));
    }
    let owner = Database::connect(world.database_url()).await.unwrap();
    let (first, second) = (&users[0].0, &users[1].0);
    let key = text(&everything, &format!("SELECT id::text FROM api_keys WHERE user_id = '{first}'")).await;
    for table in OF_USERS {
        let whose = format!("SELECT DISTINCT user_id::text FROM {table}");
        assert_eq!(texts(&everything, &whose).await.len(), 2, "{table} has rows of both");
        assert!(texts(&owner, &whose).await.is_empty(), "{table}: the owner, who does not say what for");
        if table == "password_resets" {
            // what works once by itself is no caller's to read
            assert!(outcome(&owner, first, &whose).await.unwrap_err().contains("permission denied"));
            continue;
        }
        assert_eq!(texts(&acting(&owner, first).await, &whose).await, [first.as_str()], "{table}");
        assert!(texts(&acting(&owner, "").await, &whose).await.is_empty(), "{table}: nobody");
        // a program is told of keys, and of nothing that has to do with logging in
        let by_key = texts(&acting(&owner, &format!("{first}/{key}")).await, &whose).await;
        assert_eq!(by_key, if table == "api_keys" { vec![first.clone()] } else { vec![] }, "{table}");
    }
    assert_eq!(outcome(&owner, first, "UPDATE sessions SET revoked_at = 1").await, Ok(1));
    assert_eq!(outcome(&owner, first, "DELETE FROM second_factors").await, Ok(1));
    assert_eq!(outcome(&owner, &format!("{first}/{key}"), "UPDATE api_keys SET revoked_at = 1").await, Ok(0));
    let foreign = format!("INSERT INTO recovery_codes (code_hash, user_id) VALUES ('x', '{second}')");
    assert!(outcome(&owner, first, &foreign).await.unwrap_err().contains("row-level security"));
    for sql in ["UPDATE users SET email = 'x'", "UPDATE api_keys SET hash = 'x'", "DELETE FROM sessions"] {
        assert!(outcome(&owner, first, sql).await.unwrap_err().contains("permission denied"), "{sql}");
    }
    let renamed = format!("UPDATE users SET id = '{second}' WHERE id = '{first}'");
    assert!(outcome(&owner, first, &renamed).await.unwrap_err().contains("row-level security"));
}

#[tokio::test]
async fn members_of_a_tenant_see_each_other_and_the_keys_that_act_there() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let [host, guest, stranger] = [world.sign_up().await, world.sign_up().await, world.sign_up().await];
    let invited = json!({ "tenantId": host.tenant, "email": guest.email, "role": "EDITOR" });
    let link = host.client.done("inviteMember", invited, "link").await;
    let token = client::text(&link["link"]).rsplit('/').next().unwrap().to_owned();
    guest.client.done("acceptInvitation", json!({ "token": token }), "").await;
    for tenant in [&host.tenant, &guest.tenant] {
        let key = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [tenant] });
        guest.client.done("createApiKey", key, "apiKey { id }").await;
    }
    let everything = world.database().await;
    let owner = Database::connect(world.database_url()).await.unwrap();
    let of =
        async |email: &str| text(&everything, &format!("SELECT id::text FROM users WHERE email = '{email}'")).await;
    let caller = of(&host.email).await;
    let tx = acting(&owner, &caller).await;
    let mut seen = [host.email.clone(), guest.email.clone()];
    seen.sort();
    assert_eq!(texts(&tx, "SELECT email FROM users ORDER BY email").await, seen, "and not {}", stranger.email);
    assert_eq!(texts(&tx, "SELECT name FROM api_keys").await, ["k"], "of the guest's two the one that acts here");
    // members are held while they are made owners, and never changed
    let held = format!("SELECT id::text FROM users WHERE id = '{}' FOR NO KEY UPDATE", of(&guest.email).await);
    assert_eq!(texts(&tx, &held).await.len(), 1);
    drop(tx);
    assert_eq!(outcome(&owner, &caller, "UPDATE api_keys SET revoked_at = 1").await, Ok(0));
}
