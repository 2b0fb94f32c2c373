//! Lists: every row once, forward and backward, while rows come and go; filters and orders.

use crate::world::{
    World,
    client::{Account, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(pages_give_every_link_once, filters_find_what_they_say);

const LINKS: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: LinkFilter, $order: LinkOrder) {
    tenant(id: $id) { links(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $order) {
        totalCount edges { cursor node { slug } } nodes { slug }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } }
}";

async fn page(account: &Account, mut variables: Value) -> Value {
    variables["id"] = json!(account.tenant);
    account.client.query(LINKS, variables).await["tenant"]["links"].take()
}

fn slugs(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| text(&node["slug"]).to_owned()).collect()
}

async fn many(account: &Account, count: usize) {
    let link = |at: usize| json!({ "destination": "https://shop.example.com/", "slug": format!("l{at:02}") });
    let links: Vec<Value> = (0..count).map(link).collect();
    let input = json!({ "tenantId": account.tenant, "links": links });
    account.client.done("createLinks", input, "results { index }").await;
}

async fn pages_give_every_link_once(world: &mut World) {
    let account = world.sign_up().await;
    many(&account, 45).await;
    let newest_first: Vec<String> = (0..45).rev().map(|at| format!("l{at:02}")).collect();
    let (mut seen, mut after, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let page = page(&account, json!({ "first": 20, "after": after })).await;
        seen.extend(slugs(&page));
        pages += 1;
        assert_eq!(page["pageInfo"]["hasPreviousPage"], pages > 1);
        if pages == 1 {
            assert_eq!(page["totalCount"], 45);
            // what comes while somebody reads on does not move the pages
            account.create_link("https://shop.example.com/", json!({ "slug": "new" })).await;
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!((seen, pages), (newest_first.clone(), 3));
    let (mut seen, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = page(&account, json!({ "last": 20, "before": before })).await;
        let mut rows = slugs(&page);
        rows.extend(seen);
        seen = rows;
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
    seen.remove(0);
    assert_eq!(seen, newest_first);
    let default = page(&account, json!({})).await;
    assert_eq!(slugs(&default).len(), 20);
    let ascending = json!({ "first": 3, "order": { "field": "CREATED_AT", "direction": "ASC" } });
    assert_eq!(slugs(&page(&account, ascending).await), ["l00", "l01", "l02"]);
    for (arguments, name) in [
        (json!({ "first": 101 }), "first"),
        (json!({ "first": -1 }), "first"),
        (json!({ "after": "nonsense" }), "after"),
        (json!({ "first": 1, "last": 1 }), "last"),
    ] {
        let mut variables = arguments.clone();
        variables["id"] = json!(account.tenant);
        let reply = account.client.reply(LINKS, variables).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{arguments}");
        assert!(text(&reply.body["errors"][0]["message"]).contains(name), "{}", reply.body);
    }
}

async fn filters_find_what_they_say(world: &mut World) {
    let account = world.sign_up().await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let shop = "https://shop.example.com/";
    account.create_link(shop, json!({ "slug": "a1", "title": "Grüße 100% {_}", "tags": ["Spring"] })).await;
    account.create_link("https://books.example.org/", json!({ "slug": "a2", "tags": ["spring"] })).await;
    account.create_link(shop, json!({ "slug": "a3", "pixelIds": [pixel] })).await;
    let archived = account.create_link(shop, json!({ "slug": "a4" })).await;
    account.client.done("archiveLink", json!({ "id": archived.id }), "link { id }").await;
    account.create_link(shop, json!({ "slug": "a5", "startsAt": "2099-01-01T00:00:00Z" })).await;
    for (filter, expected) in [
        (json!({}), vec!["a5", "a4", "a3", "a2", "a1"]),
        (json!({ "text": "BOOKS.example" }), vec!["a2"]),
        (json!({ "text": "grüße" }), vec!["a1"]),
        (json!({ "text": "100%" }), vec!["a1"]),
        (json!({ "text": "%" }), vec!["a1"]),
        (json!({ "text": "'; --" }), vec![]),
        (json!({ "tag": "Spring" }), vec!["a1"]),
        (json!({ "pixelId": pixel }), vec!["a3"]),
        (json!({ "pixelId": "nothing" }), vec![]),
        (json!({ "state": "ARCHIVED" }), vec!["a4"]),
        (json!({ "state": "SCHEDULED" }), vec!["a5"]),
        (json!({ "state": "ACTIVE" }), vec!["a3", "a2", "a1"]),
        (json!({ "state": "ACTIVE", "text": "shop" }), vec!["a3", "a1"]),
    ] {
        let found = page(&account, json!({ "filter": filter })).await;
        assert_eq!(slugs(&found), expected, "{filter}");
        assert_eq!(found["totalCount"], expected.len());
    }
    let by_address = "query($domain: String!) { a: linkByAddress(domain: $domain, slug: \"a1\") { slug }
        b: linkByAddress(domain: $domain, slug: \"A1\") { slug } c: linkByAddress(domain: \"x.example\", slug: \"a1\") { slug } }";
    let found = account.client.query(by_address, json!({ "domain": world.domain() })).await;
    assert_eq!(found, json!({ "a": { "slug": "a1" }, "b": null, "c": null }));
}
