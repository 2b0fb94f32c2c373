//! Names that another system has for links: each belongs to one link of a tenant, whoever writes at once, and with `upsert`
//! it finds the link to change.

use super::{count, last_deed};
use crate::world::{
    World,
    client::{Account, pairs, text, with},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_link_is_found_by_its_external_id,
    an_external_id_belongs_to_one_link,
    an_upsert_changes_only_what_is_given,
    many_are_made_and_changed_in_one_call,
    who_comes_at_the_same_time_makes_one_link,
);

const FIELDS: &str = "link { id externalId slug destination title tags state utm { source } }";

fn link(account: &Account, id: &str, extra: Value) -> Value {
    with(json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/", "externalId": id }), extra)
}

fn refused(code: &str) -> Vec<(String, String)> {
    vec![("externalId".to_owned(), code.to_owned())]
}

async fn by_external_id(account: &Account, tenant: &str, id: &str) -> Value {
    let document = "query($tenant: ID!, $id: String!) { linkByExternalId(tenantId: $tenant, externalId: $id) { id } }";
    account.client.query(document, json!({ "tenant": tenant, "id": id })).await["linkByExternalId"]["id"].take()
}

async fn a_link_is_found_by_its_external_id(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let made = account.client.done("createLink", link(&account, " post:1/é ", json!({})), FIELDS).await;
    assert_eq!(made["link"]["externalId"], "post:1/é");
    account.create_link("https://shop.example.com/", json!({})).await;
    for id in ["post:1/é", " post:1/é"] {
        assert_eq!(by_external_id(&account, &account.tenant, id).await, made["link"]["id"]);
    }
    for id in ["POST:1/é", "", "\u{1}", "post"] {
        assert_eq!(by_external_id(&account, &account.tenant, id).await, Value::Null, "{id}");
    }
    assert_eq!(by_external_id(&other, &account.tenant, "post:1/é").await, Value::Null);
    assert_eq!(by_external_id(&other, &other.tenant, "post:1/é").await, Value::Null);
    let document =
        "query($id: ID!, $filter: LinkFilter) { tenant(id: $id) { links(filter: $filter) { nodes { id } } } }";
    for (id, found) in [("post:1/é", json!([{ "id": made["link"]["id"] }])), ("nothing", json!([]))] {
        let filter = json!({ "id": account.tenant, "filter": { "externalId": id } });
        assert_eq!(account.client.query(document, filter).await["tenant"]["links"]["nodes"], found);
    }
    let (action, _, after) = last_deed(&account).await;
    assert_eq!((action.as_str(), &after["externalId"]), ("createLink", &Value::Null));
    // null takes it away, and it is free
    let id = made["link"]["id"].clone();
    let cleared = account.client.done("updateLink", json!({ "id": id, "externalId": null }), FIELDS).await;
    assert_eq!(cleared["link"]["externalId"], Value::Null);
    let (_, before, after) = last_deed(&account).await;
    assert_eq!((&before["externalId"], &after["externalId"]), (&json!("post:1/é"), &Value::Null));
    account.client.done("createLink", link(&account, "post:1/é", json!({})), FIELDS).await;
}

async fn an_external_id_belongs_to_one_link(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    account.client.done("createLink", link(&account, "a", json!({})), FIELDS).await;
    other.client.done("createLink", link(&other, "a", json!({})), FIELDS).await;
    assert_eq!(account.client.mistakes("createLink", link(&account, "a", json!({}))).await, refused("TAKEN"));
    let long = "é".repeat(255);
    account.client.done("createLink", link(&account, &long, json!({})), FIELDS).await;
    assert_eq!(
        account.client.mistakes("createLink", link(&account, &"é".repeat(256), json!({}))).await,
        refused("TOO_LONG")
    );
    for bad in ["", " ", "a\nb"] {
        assert_eq!(account.client.mistakes("createLink", link(&account, bad, json!({}))).await, refused("INVALID"));
    }
    // with the other mistakes of the link
    let both = link(&account, "a", json!({ "destination": "nonsense" }));
    let both = account.client.mistakes("createLink", both).await;
    assert_eq!(both.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["destination", "externalId"]);

    let second = account.create_link("https://shop.example.com/", json!({ "externalId": "b" })).await;
    let take = |id: &str| json!({ "id": second.id, "externalId": id });
    assert_eq!(account.client.mistakes("updateLink", take("a")).await, refused("TAKEN"));
    assert_eq!(account.client.mistakes("updateLink", take("")).await, refused("INVALID"));
    account.client.done("updateLink", take("b"), FIELDS).await;
    account.client.done("updateLink", take("c"), FIELDS).await;
    assert_eq!(account.client.mistakes("createLink", link(&account, "c", json!({}))).await, refused("TAKEN"));
    account.client.done("deleteLink", json!({ "id": second.id }), "deletedLinkId").await;
    account.client.done("createLink", link(&account, "c", json!({})), FIELDS).await;
}

async fn an_upsert_changes_only_what_is_given(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let upsert = |extra: Value| link(&account, "post", with(json!({ "upsert": true }), extra));
    let first = upsert(json!({ "title": "One", "tags": ["a"], "utm": { "source": "s" } }));
    let made = client.done("createLink", first, FIELDS).await["link"].take();
    assert_eq!(last_deed(&account).await.1, Value::Null);
    client.done("archiveLink", json!({ "id": made["id"] }), "link { id }").await;
    let changed =
        client.done("createLink", upsert(json!({ "destination": "https://new.example.com/", "title": null })), FIELDS);
    let changed = changed.await["link"].take();
    let expected =
        with(made.clone(), json!({ "destination": "https://new.example.com/", "title": null, "state": "ARCHIVED" }));
    assert_eq!(changed, expected, "what was left out stays");
    let (action, before, after) = last_deed(&account).await;
    assert_eq!(action, "createLink");
    assert_eq!((&before["title"], &after["title"]), (&json!("One"), &Value::Null));
    assert_eq!((&before["destination"], &after["slug"]), (&json!("https://shop.example.com/"), &made["slug"]));

    // visits follow, and a new slug moves the link
    client.done("restoreLink", json!({ "id": made["id"] }), "link { id }").await;
    client.done("createLink", upsert(json!({ "slug": "moved" })), FIELDS).await;
    let at = async |slug: &str| world.visit(slug).send().await.unwrap().status().as_u16();
    crate::world::wait::until("the move", std::time::Duration::from_secs(5), async || {
        (at(text(&made["slug"])).await == 404 && at("moved").await < 400).then_some(())
    })
    .await;
    // mistakes of the change, and nothing changed
    account.create_link("https://shop.example.com/", json!({ "slug": "occupied" })).await;
    assert_eq!(
        client.mistakes("createLink", upsert(json!({ "slug": "occupied" }))).await,
        [("slug".to_owned(), "TAKEN".to_owned())]
    );
    let wrong = upsert(json!({ "tags": [""], "destination": "nonsense" }));
    assert_eq!(client.mistakes("createLink", wrong).await.len(), 2);
    assert_eq!(count(&account).await, 2);
    // again by its idempotency key: the same answer, and no second change
    let keyed = upsert(json!({ "title": "Keyed", "idempotencyKey": "k" }));
    client.done("createLink", keyed.clone(), FIELDS).await;
    client.done("updateLink", json!({ "id": made["id"], "title": "Later" }), FIELDS).await;
    assert_eq!(client.done("createLink", keyed, FIELDS).await["link"]["title"], "Later");
}

async fn many_are_made_and_changed_in_one_call(world: &mut World) {
    let account = world.sign_up().await;
    let links = |numbers: std::ops::Range<usize>, title: &str| -> Vec<Value> {
        let link = |number| json!({ "destination": "https://shop.example.com/", "externalId": format!("p{number}"), "title": title });
        numbers.map(link).collect()
    };
    let call = |links: Vec<Value>, upsert: bool| {
        let input = json!({ "tenantId": account.tenant, "links": links, "upsert": upsert });
        account.client.done(
            "createLinks",
            input,
            "results { index link { id title } userErrors { field message code } }",
        )
    };
    let first = call(links(0..150, "first"), false).await;
    let mut again = links(140..160, "second");
    again.push(json!({ "destination": "https://shop.example.com/", "externalId": " p150 " }));
    again.push(json!({ "destination": "https://shop.example.com/", "slug": "none" }));
    let refusals = call(again.clone(), false).await;
    for at in 0..10 {
        let expected = [(format!("links.{at}.externalId"), "TAKEN".to_owned())];
        assert_eq!(pairs(&refusals["results"][at]["userErrors"]), expected);
    }
    assert_eq!(count(&account).await, 161);
    let twice = [("links.20.externalId".to_owned(), "TAKEN".to_owned())];
    assert_eq!(pairs(&refusals["results"][20]["userErrors"]), twice);
    again[21] = json!({ "destination": "https://shop.example.com/", "slug": "none", "externalId": "p160" });
    let changed = call(again, true).await;
    assert_eq!(pairs(&changed["results"][20]["userErrors"]), twice);
    assert_eq!(pairs(&changed["results"][21]["userErrors"]), [("links.21.slug".to_owned(), "TAKEN".to_owned())]);
    for at in 0..20 {
        assert_eq!(changed["results"][at]["link"]["title"], "second", "{at}");
    }
    assert_eq!(changed["results"][0]["link"]["id"], first["results"][140]["link"]["id"]);
    assert_eq!(count(&account).await, 161);
    let (action, before, after) = last_deed(&account).await;
    assert_eq!(
        (action.as_str(), before.as_array().unwrap().len(), after.as_array().unwrap().len()),
        ("createLinks", 20, 20)
    );
}

async fn who_comes_at_the_same_time_makes_one_link(world: &mut World) {
    let account = world.sign_up().await;
    let call = |id: &'static str, upsert: bool| {
        account.client.mutate("createLink", link(&account, id, json!({ "upsert": upsert })), "link { id }")
    };
    let (a, b, c, d) = tokio::join!(call("x", false), call("x", false), call("x", false), call("x", false));
    let made = [&a, &b, &c, &d].into_iter().filter(|made| made["link"].is_object()).count();
    assert_eq!(made, 1, "{a} {b} {c} {d}");
    let (a, b, c, d) = tokio::join!(call("y", true), call("y", true), call("y", true), call("y", true));
    assert!(a["link"]["id"].is_string() && a == b && b == c && c == d, "{a} {b} {c} {d}");
    assert_eq!(count(&account).await, 2);
    // crossing calls wait for each other and never in a circle
    let many = |ids: Vec<usize>| {
        let link = |id: usize| json!({ "destination": "https://shop.example.com/", "externalId": format!("m{id}") });
        let links: Vec<Value> = ids.into_iter().map(link).collect();
        let input = json!({ "tenantId": account.tenant, "links": links, "upsert": true });
        account.client.done("createLinks", input, "results { link { id } userErrors { field message code } }")
    };
    let (up, down) = tokio::join!(many((0..90).collect()), many((0..90).rev().collect()));
    for at in 0..90 {
        assert_eq!(up["results"][at]["link"]["id"], down["results"][89 - at]["link"]["id"]);
    }
    assert_eq!(count(&account).await, 92);
    // one that exists and one that takes its name
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let take = account.client.mutate("updateLink", json!({ "id": link.id, "externalId": "z" }), "link { id }");
    let (taken, made) = tokio::join!(take, call("z", false));
    assert!(taken["link"].is_object() != made["link"].is_object(), "{taken} {made}");
}
