//! API keys: they do what their scopes say in the tenants they name, never more than their owner may, and nothing at all
//! once they are over.

mod ends;

use crate::world::{
    World,
    client::{Account, Client, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_key_does_what_its_scopes_say,
    a_key_reaches_the_tenants_it_names,
    a_key_that_is_kept_out_of_a_tenant_goes_on_in_others,
    a_key_that_is_over_is_nobody,
);

/// Makes a key and gives its id and secret.
async fn key(account: &Account, scopes: Value, tenants: Value) -> (String, Client) {
    let input = json!({ "name": "scheduler", "scopes": scopes, "tenantIds": tenants });
    let made = account.client.done("createApiKey", input, "apiKey { id prefix } secret").await;
    let secret = text(&made["secret"]);
    assert!(secret.len() == 40 && secret.starts_with(text(&made["apiKey"]["prefix"])), "{made}");
    (text(&made["apiKey"]["id"]).to_owned(), account.client.with_token(secret))
}

async fn a_key_does_what_its_scopes_say(world: &mut World) {
    let account = world.sign_up().await;
    let tenant = json!({ "id": account.tenant });
    let (_, writer) = key(&account, json!(["LINKS_WRITE"]), json!([account.tenant])).await;
    let input = json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/" });
    let made = writer.done("createLink", input.clone(), "link { id }").await;
    let listed = writer.query("query($id: ID!) { tenant(id: $id) { name role links { totalCount } } }", tenant.clone());
    assert_eq!(listed.await["tenant"]["links"]["totalCount"], 1, "to write includes to read");

    let (_, reader) = key(&account, json!(["LINKS_READ", "REPORTS_READ"]), json!([account.tenant])).await;
    let link = json!({ "id": made["link"]["id"] });
    let read = "query($id: ID!) { link(id: $id) { destination report { totals { clicks } } } }";
    assert_eq!(reader.query(read, link.clone()).await["link"]["report"]["totals"]["clicks"], 0);
    // each with the scope that it lacks
    for (client, document, variables, scope) in [
        (&writer, read, link.clone(), "reports:read"),
        (&writer, "query($id: ID!) { link(id: $id) { pixels { id } } }", link.clone(), "pixels:read"),
        (&writer, "query($id: ID!) { tenant(id: $id) { auditLog { totalCount } } }", tenant.clone(), "tenant:admin"),
        (&reader, "query($id: ID!) { tenant(id: $id) { pixels { totalCount } } }", tenant.clone(), "pixels:read"),
        (&reader, "mutation($id: ID!) { deleteLink(input: { id: $id }) { deletedLinkId } }", link, "links:write"),
        (
            &reader,
            "mutation($id: ID!) { updateTenant(input: { id: $id, name: \"x\" }) { tenant { id } } }",
            tenant,
            "tenant:admin",
        ),
    ] {
        let reply = client.reply(document, variables).await;
        let refused = &reply.body["errors"][0]["extensions"];
        assert_eq!((text(&refused["code"]), text(&refused["scope"])), ("FORBIDDEN", scope), "{document}");
    }
    let data =
        reader.query("{ viewer { user { id } apiKey { name scopes } memberships { tenant { id } } } }", json!({}));
    let expected = json!({ "user": null, "apiKey": { "name": "scheduler", "scopes": ["LINKS_READ", "REPORTS_READ"] },
        "memberships": [{ "tenant": { "id": account.tenant } }] });
    assert_eq!(data.await["viewer"], expected);
    // the account of its owner is out of reach
    let new = json!({ "name": "more", "scopes": ["TENANT_ADMIN"], "tenantIds": [account.tenant] });
    for (name, input) in [("createApiKey", new), ("createTenant", json!({ "name": "x" }))] {
        let document = crate::world::client::mutation(name, "");
        assert_eq!(reader.reply(&document, json!({ "input": input })).await.code(), "FORBIDDEN", "{name}");
    }
}

async fn a_key_reaches_the_tenants_it_names(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let second = account.client.done("createTenant", json!({ "name": "Second" }), "tenant { id }").await;
    let second = text(&second["tenant"]["id"]).to_owned();
    let (id, client) = key(&account, json!(["LINKS_WRITE", "TENANT_ADMIN"]), json!([account.tenant])).await;
    let read = "query($id: ID!) { tenant(id: $id) { name } }";
    assert_eq!(client.query(read, json!({ "id": account.tenant })).await["tenant"]["name"], "Acme");
    for tenant in [&second, &other.tenant] {
        assert_eq!(client.query(read, json!({ "id": tenant })).await["tenant"], Value::Null);
        let input = json!({ "tenantId": tenant, "destination": "https://shop.example.com/" });
        assert_eq!(client.mistakes("createLink", input).await, [("tenantId".to_owned(), "NOT_FOUND".to_owned())]);
    }
    // who has it in the own tenant keeps it out, whosever it is; nobody else can
    let exclude = |tenant: &str| json!({ "tenantId": tenant, "id": id });
    let no_key = [("id".to_owned(), "NOT_FOUND".to_owned())];
    assert_eq!(other.client.mistakes("excludeApiKey", exclude(&other.tenant)).await, no_key);
    assert_eq!(other.client.mistakes("revokeApiKey", json!({ "id": id })).await, no_key);
    let keys = "query($id: ID!) { tenant(id: $id) { apiKeys { nodes { id } } } }";
    let listed = account.client.query(keys, json!({ "id": account.tenant })).await;
    assert_eq!(listed["tenant"]["apiKeys"]["nodes"], json!([{ "id": id }]));
    let gone = account.client.done("excludeApiKey", exclude(&account.tenant), "apiKey { revokedAt }").await;
    assert!(gone["apiKey"]["revokedAt"].is_string(), "it may act nowhere any more: {gone}");
    assert_eq!(client.reply(read, json!({ "id": account.tenant })).await.status, 401);
}

async fn a_key_that_is_kept_out_of_a_tenant_goes_on_in_others(world: &mut World) {
    let account = world.sign_up().await;
    let member = super::team::join(world, &account, "EDITOR").await;
    let own = member.client.done("createTenant", json!({ "name": "Own" }), "tenant { id }").await;
    let own = text(&own["tenant"]["id"]).to_owned();
    let (id, client) = key(&member, json!(["LINKS_READ"]), json!([account.tenant, own])).await;
    // by an owner who does not reach the other tenant
    let input = json!({ "tenantId": account.tenant, "id": id });
    let gone = account.client.done("excludeApiKey", input, "apiKey { revokedAt }").await;
    assert_eq!(gone["apiKey"]["revokedAt"], Value::Null, "it acts elsewhere still");
    let read = "query($id: ID!) { tenant(id: $id) { name } }";
    assert_eq!(client.query(read, json!({ "id": account.tenant })).await["tenant"], Value::Null);
    assert_eq!(client.query(read, json!({ "id": own })).await["tenant"]["name"], "Own");
}

async fn a_key_that_is_over_is_nobody(world: &mut World) {
    let account = world.sign_up().await;
    let (id, client) = key(&account, json!(["LINKS_READ"]), json!([account.tenant])).await;
    let used = "{ viewer { apiKeys { totalCount nodes { id lastUsedAt revokedAt expiresAt } } } }";
    assert_eq!(account.client.query(used, json!({})).await["viewer"]["apiKeys"]["nodes"][0]["lastUsedAt"], Value::Null);
    client.query("{ viewer { apiKey { id } } }", json!({})).await;
    let keys = account.client.query(used, json!({})).await;
    assert!(keys["viewer"]["apiKeys"]["nodes"][0]["lastUsedAt"].is_string(), "{keys}");
    assert_eq!(client.reply(used, json!({})).await.code(), "FORBIDDEN");

    let nobody = account.client.with_token("sok_000000000000000000000000000000000000").reply(used, json!({})).await;
    account.client.done("revokeApiKey", json!({ "id": id }), "apiKey { revokedAt }").await;
    let revoked = client.reply(used, json!({})).await;
    assert_eq!((revoked.status, &revoked.body), (nobody.status, &nobody.body), "one answer for all that is no key");
    assert_eq!(revoked.status, 401);

    let at = jiff::Timestamp::now() + std::time::Duration::from_millis(1_500);
    let input = json!({ "name": "brief", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant], "expiresAt": at.to_string() });
    let made = account.client.done("createApiKey", input, "secret").await;
    let brief = account.client.with_token(text(&made["secret"]));
    assert_eq!(brief.reply("{ viewer { apiKey { name } } }", json!({})).await.status, 200);
    crate::world::wait::until("the key's end", std::time::Duration::from_secs(10), async || {
        (brief.reply("{ viewer { apiKey { name } } }", json!({})).await.status == 401).then_some(())
    })
    .await;
}
