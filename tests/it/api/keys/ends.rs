//! How many keys there may be, how they end, and where that is written down.

use super::key;
use crate::{
    api::team::{join, user_id},
    world::{
        World,
        client::{Account, Client, PASSWORD, pairs, text, with},
        in_both,
    },
};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::{Value, json};

in_both!(
    a_hundred_keys_work_and_no_more,
    keys_that_are_over_are_no_burden,
    the_logs_of_its_tenants_tell_of_a_key,
    a_new_password_ends_keys_where_their_owner_wants_it,
    no_key_is_left_behind_by_who_goes,
    pixels_of_a_preview_need_their_scope
);

const WHO: &str = "{ viewer { apiKey { name } } }";

async fn works(client: &Client) -> bool {
    client.reply(WHO, json!({})).await.status == 200
}

/// Makes keys at once and gives what they came to.
async fn at_once(account: &Account, count: usize) -> Vec<Vec<(String, String)>> {
    let input = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant] });
    let makes = (0..count).map(|_| {
        let (client, input) = (account.client.clone(), input.clone());
        tokio::spawn(async move { pairs(&client.mutate("createApiKey", input, "").await["userErrors"]) })
    });
    let mut said = Vec::new();
    for make in makes.collect::<Vec<_>>() {
        said.push(make.await.unwrap());
    }
    said
}

async fn a_hundred_keys_work_and_no_more(world: &mut World) {
    let account = world.sign_up().await;
    for _ in 0..11 {
        assert!(at_once(&account, 9).await.iter().all(Vec::is_empty));
    }
    let full = vec![("name".to_owned(), "LIMIT_REACHED".to_owned())];
    let mut said = at_once(&account, 8).await;
    said.sort();
    assert_eq!((said[0].len(), &said[1..]), (0, &vec![full.clone(); 7][..]), "one of eight has a place");
    // what is over takes none
    let db = world.database().await;
    let first = "id IN (SELECT id FROM api_keys WHERE revoked_at IS NULL AND expires_at IS NULL LIMIT 1)";
    for over in ["expires_at", "revoked_at"] {
        let sql = format!("UPDATE api_keys SET {over} = 1 WHERE {first}");
        assert_eq!(db.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
        assert_eq!(at_once(&account, 1).await, [vec![]], "{over}");
        assert_eq!(at_once(&account, 1).await, std::slice::from_ref(&full), "{over}");
    }
}

/// More than a statement can name one by one.
const OVER: usize = 70_000;

async fn keys_that_are_over_are_no_burden(world: &mut World) {
    let owner = world.sign_up().await;
    let member = join(world, &owner, "EDITOR").await;
    key(&member, json!(["LINKS_READ"]), json!([owner.tenant])).await;
    let db = world.database().await;
    let (id, hash, numbers) = match db.get_database_backend() {
        DatabaseBackend::Postgres => {
            ("gen_random_uuid()", "sha256(i::text::bytea)", "generate_series(1, {OVER}) AS n (i)")
        }
        _ => (
            "randomblob(16)",
            "randomblob(32)",
            "(SELECT value AS i FROM json_each('[' || substr(replace(hex(zeroblob({OVER})), '00', ',1'), 2) || ']')) AS n",
        ),
    };
    let numbers = numbers.replace("{OVER}", &OVER.to_string());
    let keys = format!(
        "INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes, created_at, expires_at)
         SELECT {id}, k.user_id, k.name, k.prefix, {hash}, k.scopes, 0, 1 FROM api_keys AS k, {numbers}"
    );
    assert_eq!(db.execute_unprepared(&keys).await.unwrap().rows_affected(), OVER as u64);
    let places = "INSERT INTO api_key_tenants (api_key_id, tenant_id)
        SELECT k.id, t.tenant_id FROM api_keys AS k, api_key_tenants AS t WHERE k.created_at = 0";
    db.execute_unprepared(places).await.unwrap();

    let new = json!({ "currentPassword": PASSWORD, "newPassword": "another password", "revokeApiKeys": true });
    let changed = member.client.done("changePassword", new, "revokedApiKeys").await;
    assert_eq!(changed["revokedApiKeys"], 1);
    let gone = json!({ "tenantId": owner.tenant, "userId": user_id(&member).await });
    owner.client.done("removeMember", gone, "").await;
    assert_eq!(log(&owner.client, Some(&owner.tenant)).await.last().unwrap().0, "removeMember");
}

/// A tenant's log from the first row on, or the caller's own: action, target's kind, before and after.
async fn log(client: &Client, tenant: Option<&str>) -> Vec<(String, String, Value, Value)> {
    let log = "auditLog(last: 100) { nodes { action targetKind before after } }";
    let data = match tenant {
        Some(tenant) => {
            let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {log} }} }}");
            client.query(&document, json!({ "id": tenant })).await["tenant"].take()
        }
        None => client.query(&format!("{{ viewer {{ {log} }} }}"), json!({})).await["viewer"].take(),
    };
    let parsed = |value: &Value| value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    let row = |row: &Value| {
        let of = |name: &str| text(&row[name]).to_owned();
        (of("action"), of("targetKind"), parsed(&row["before"]), parsed(&row["after"]))
    };
    data["auditLog"]["nodes"].as_array().unwrap().iter().rev().map(row).collect()
}

/// The rows of a log after a row of this action, as action and target's kind.
fn since(rows: &[(String, String, Value, Value)], action: &str) -> Vec<String> {
    let rows = rows.iter().skip_while(|row| row.0 != action).skip(1);
    rows.map(|row| format!("{} {}", row.0, row.1)).collect()
}

async fn the_logs_of_its_tenants_tell_of_a_key(world: &mut World) {
    let (owner, home) = (world.sign_up().await, world.sign_up().await);
    let token = crate::api::team::invite(&owner, &home.email, "EDITOR").await;
    home.client.done("acceptInvitation", json!({ "token": token }), "tenant { id }").await;
    let (id, _) = key(&home, json!(["LINKS_READ"]), json!([owner.tenant, home.tenant])).await;
    home.client.done("revokeApiKey", json!({ "id": id }), "").await;
    home.client.done("revokeApiKey", json!({ "id": id }), "").await;
    let both = ["createApiKey ApiKey", "revokeApiKey ApiKey"];
    let theirs = log(&owner.client, Some(&owner.tenant)).await;
    assert_eq!(since(&theirs, "acceptInvitation"), both);
    assert_eq!(since(&log(&home.client, Some(&home.tenant)).await, "signUp"), both);
    let own = log(&home.client, None).await;
    assert_eq!(since(&own, "signUp"), both);
    // a tenant's log tells of no other tenant
    let made = &theirs[theirs.len() - 2].3;
    assert_eq!((made["tenantIds"].as_array().unwrap().len(), &made["scopes"]), (1, &json!(["links:read"])));
    assert_eq!(theirs[theirs.len() - 1].2["tenantIds"], made["tenantIds"]);
    assert_eq!(own[own.len() - 1].2["tenantIds"].as_array().unwrap().len(), 2);

    let (id, _) = key(&home, json!(["LINKS_READ"]), json!([owner.tenant])).await;
    owner.client.done("excludeApiKey", json!({ "tenantId": owner.tenant, "id": id }), "").await;
    let theirs = log(&owner.client, Some(&owner.tenant)).await;
    assert_eq!(since(&theirs, "revokeApiKey"), ["createApiKey ApiKey", "excludeApiKey ApiKey"]);
}

async fn a_new_password_ends_keys_where_their_owner_wants_it(world: &mut World) {
    let account = world.sign_up().await;
    let (_, one) = key(&account, json!(["LINKS_READ"]), json!([account.tenant])).await;
    let (_, two) = key(&account, json!(["PIXELS_READ"]), json!([account.tenant])).await;
    let change = |from: &str, to: &str| json!({ "currentPassword": from, "newPassword": to });
    let changed = account.client.done("changePassword", change(PASSWORD, "a second password"), "revokedApiKeys").await;
    assert_eq!((changed["revokedApiKeys"].as_u64(), works(&one).await, works(&two).await), (Some(0), true, true));
    let input = with(change("a second password", "a third password"), json!({ "revokeApiKeys": true }));
    let wrong = with(input.clone(), json!({ "newPassword": "short" }));
    let refused = account.client.mutate("changePassword", wrong, "revokedApiKeys").await;
    assert_eq!((&refused["revokedApiKeys"], works(&one).await), (&Value::Null, true));
    let changed = account.client.done("changePassword", input, "revokedApiKeys ended").await;
    assert_eq!((changed["revokedApiKeys"].as_u64(), works(&one).await, works(&two).await), (Some(2), false, false));
    for tenant in [None, Some(&*account.tenant)] {
        let last = log(&account.client, tenant).await.pop().unwrap();
        assert_eq!((last.0.as_str(), last.1.as_str(), &last.3), ("changePassword", "User", &Value::Null));
        let mut prefixes: Vec<&str> =
            last.2["apiKeys"].as_array().unwrap().iter().map(|key| text(&key["prefix"])).collect();
        prefixes.sort_unstable();
        let mut expected = [&one, &two].map(|key| &key.token().unwrap()[..12]);
        expected.sort_unstable();
        assert_eq!(prefixes, expected);
    }

    // the same by a link
    let (_, kept) = key(&account, json!(["LINKS_READ"]), json!([account.tenant])).await;
    let reset = async |extra: Value| {
        let link = String::from_utf8(world.tool(&["reset-link", &account.email]).stdout).unwrap();
        let token = link.trim().rsplit('/').next().unwrap().to_owned();
        let input = with(json!({ "token": token, "newPassword": "a fourth password" }), extra);
        world.client().done("resetPassword", input, "revokedApiKeys").await["revokedApiKeys"].as_u64()
    };
    assert_eq!((reset(json!({})).await, works(&kept).await), (Some(0), true));
    assert_eq!((reset(json!({ "revokeApiKeys": true })).await, works(&kept).await), (Some(1), false));
    assert_eq!(account.client.reply(WHO, json!({})).await.status, 401);
    let input = json!({ "email": account.email, "password": "a fourth password" });
    let session = world.client().done("logIn", input, "session { accessToken }").await;
    let again = account.client.with_token(text(&session["session"]["accessToken"]));
    let told = log(&again, Some(&account.tenant)).await.pop().unwrap();
    assert_eq!((told.0.as_str(), told.2["apiKeys"].as_array().unwrap().len()), ("resetPassword", 1));
    // who has none ends none
    let input = with(change("a fourth password", "a fifth password"), json!({ "revokeApiKeys": true }));
    let changed = again.done("changePassword", input, "revokedApiKeys").await;
    assert_eq!(changed["revokedApiKeys"].as_u64(), Some(0));
}

async fn no_key_is_left_behind_by_who_goes(world: &mut World) {
    let owner = world.sign_up().await;
    let member = join(world, &owner, "EDITOR").await;
    let user = user_id(&member).await;
    let input = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [owner.tenant] });
    let read = "query($id: ID!) { tenant(id: $id) { name } }";
    for round in 0..8 {
        let gone = json!({ "tenantId": owner.tenant, "userId": user });
        let (made, _) = tokio::join!(
            member.client.mutate("createApiKey", input.clone(), "secret"),
            owner.client.done("removeMember", gone, "")
        );
        // who comes back comes back without it
        let token = crate::api::team::invite(&owner, &member.email, "EDITOR").await;
        member.client.done("acceptInvitation", json!({ "token": token }), "tenant { id }").await;
        match made["secret"].as_str() {
            Some(secret) => {
                let reply = member.client.with_token(secret).reply(read, json!({ "id": owner.tenant })).await;
                assert_eq!(reply.status, 401, "{round}: {}", reply.body);
            }
            None => assert_eq!(pairs(&made["userErrors"]), [("tenantIds.0".to_owned(), "NOT_FOUND".to_owned())]),
        }
    }
}

async fn pixels_of_a_preview_need_their_scope(world: &mut World) {
    let account = world.sign_up().await;
    account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let (_, links) = key(&account, json!(["LINKS_READ"]), json!([account.tenant])).await;
    let (_, both) = key(&account, json!(["LINKS_READ", "PIXELS_READ"]), json!([account.tenant])).await;
    let ask = async |client: &Client, selection: &str| {
        let document = format!("query($id: ID!) {{ previewInterstitial(linkId: $id) {{ {selection} }} }}");
        client.reply(&document, json!({ "id": link.id })).await
    };
    let refused = ask(&links, "decision pixels { reason }").await;
    assert_eq!(
        (refused.code(), &refused.body["errors"][0]["extensions"]["scope"]),
        ("FORBIDDEN", &json!("pixels:read"))
    );
    assert!(ask(&links, "decision status").await.body["data"]["previewInterstitial"]["decision"].is_string());
    let seen = ask(&both, "pixels { pixel { name } reason }").await;
    assert_eq!(seen.body["data"]["previewInterstitial"]["pixels"][0]["pixel"]["name"], "META", "{}", seen.body);
}
