//! Two tenants do not exist for each other: whatever one asks with an id of the other, the answer is the one for an id
//! that was never given out, to the last byte.

use crate::world::{
    World,
    client::{Account, Reply, mutation},
    in_both,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

in_both!(tenants_do_not_exist_for_each_other);

/// An id in the shape of the others, which nobody was ever given.
pub(super) fn never_given_out(like: &str) -> String {
    let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(like).unwrap()).unwrap();
    let (kind, _) = plain.split_once(':').unwrap();
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", uuid::Uuid::now_v7().as_simple()))
}

/// The key of the row that an id names.
pub(super) fn key_of(id: &str) -> uuid::Uuid {
    let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap();
    uuid::Uuid::try_parse(plain.split_once(':').unwrap().1).unwrap()
}

/// Asks the same with a foreign id and with one that is nobody's: nothing may tell them apart.
async fn same(account: &Account, document: &str, foreign: &str, input: impl Fn(&str) -> Value) {
    let nobody = never_given_out(foreign);
    let (theirs, nobodys): (Reply, Reply) =
        (account.client.reply(document, input(foreign)).await, account.client.reply(document, input(&nobody)).await);
    assert_eq!(theirs.status, nobodys.status, "{document}");
    // the ids themselves may come back in what the caller sent
    let text = |reply: &Reply, id: &str| reply.body.to_string().replace(id, "ID");
    assert_eq!(text(&theirs, foreign), text(&nobodys, &nobody), "{document}");
    let refused = theirs.body.to_string();
    assert!(refused.contains("NOT_FOUND") || refused.contains("null"), "{document} answered {refused}");
}

async fn tenants_do_not_exist_for_each_other(world: &mut World) {
    let (owner, stranger) = (world.sign_up().await, world.sign_up().await);
    let pixel = owner.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let link = owner.create_link("https://shop.example.com/", json!({ "slug": "secret", "pixelIds": [pixel] })).await;
    let own_link = stranger.create_link("https://shop.example.com/", json!({})).await;
    world.visit("secret").send().await.unwrap();

    for selection in [
        "tenant(id: $id) { name }",
        "tenant(id: $id) { links { totalCount nodes { id } } }",
        "tenant(id: $id) { pixels { nodes { id } } }",
        "tenant(id: $id) { domains { nodes { id } } }",
        "tenant(id: $id) { report { totals { clicks } } }",
        "node(id: $id) { id }",
    ] {
        same(&stranger, &format!("query($id: ID!) {{ {selection} }}"), &owner.tenant, |id| json!({ "id": id })).await;
    }
    for selection in [
        "link(id: $id) { destination }",
        "link(id: $id) { clicks { nodes { id } } }",
        "link(id: $id) { report { totals { clicks } } }",
        "node(id: $id) { id }",
    ] {
        same(&stranger, &format!("query($id: ID!) {{ {selection} }}"), &link.id, |id| json!({ "id": id })).await;
    }
    same(&stranger, "query($id: ID!) { node(id: $id) { id } }", &pixel, |id| json!({ "id": id })).await;
    let filtered = "query($tenant: ID!, $id: ID!) { tenant(id: $tenant) { links(filter: { pixelId: $id }) { totalCount nodes { id } } } }";
    let own = stranger.tenant.clone();
    let nothing = stranger.client.query(filtered, json!({ "tenant": own, "id": pixel })).await;
    assert_eq!(nothing["tenant"]["links"], json!({ "totalCount": 0, "nodes": [] }));
    let by_address = "query($domain: String!, $slug: String!) { linkByAddress(domain: $domain, slug: $slug) { id } }";
    for slug in ["secret", "never-made"] {
        let found = stranger.client.query(by_address, json!({ "domain": world.domain(), "slug": slug })).await;
        assert_eq!(found, json!({ "linkByAddress": null }));
    }

    let input = |fields: Value| json!({ "input": fields });
    for (name, selection) in [
        ("archiveLink", "link { id }"),
        ("restoreLink", "link { id }"),
        ("deleteLink", "deletedLinkId"),
        ("updateLink", "link { id }"),
    ] {
        same(&stranger, &mutation(name, selection), &link.id, |id| input(json!({ "id": id }))).await;
    }
    let change = |id: &str| input(json!({ "id": id, "destination": "nonsense" }));
    same(&stranger, &mutation("updateLink", "link { id }"), &link.id, change).await;
    same(&stranger, &mutation("updatePixel", "pixel { id }"), &pixel, |id| input(json!({ "id": id, "name": "x" })))
        .await;
    same(&stranger, &mutation("deletePixel", "deletedPixelId"), &pixel, |id| input(json!({ "id": id }))).await;
    let rename = |id: &str| input(json!({ "id": id, "name": "mine now" }));
    same(&stranger, &mutation("updateTenant", "tenant { id }"), &owner.tenant, rename).await;
    let create = |id: &str| input(json!({ "tenantId": id, "destination": "https://shop.example.com/" }));
    same(&stranger, &mutation("createLink", "link { id }"), &owner.tenant, create).await;
    let create = |id: &str| input(json!({ "tenantId": id, "links": [{ "destination": "https://shop.example.com/" }] }));
    same(&stranger, &mutation("createLinks", "results { index }"), &owner.tenant, create).await;
    let ids = json!([{ "key": "pixel_id", "value": "246813579024680" }]);
    let create = |id: &str| input(json!({ "tenantId": id, "network": "META", "name": "x", "ids": ids }));
    same(&stranger, &mutation("createPixel", "pixel { id }"), &owner.tenant, create).await;
    // a pixel of another tenant on a link of one's own
    let attach = |id: &str| {
        input(json!({ "tenantId": stranger.tenant, "destination": "https://shop.example.com/", "pixelIds": [id] }))
    };
    same(&stranger, &mutation("createLink", "link { id }"), &pixel, attach).await;
    let attach = |id: &str| input(json!({ "id": own_link.id, "pixelIds": [id] }));
    same(&stranger, &mutation("updateLink", "link { id }"), &pixel, attach).await;

    // nothing of all that has done anything
    let look = "query($id: ID!, $tenant: ID!) { link(id: $id) { destination state pixels { id name } } tenant(id: $tenant) { name } }";
    let seen = owner.client.query(look, json!({ "id": link.id, "tenant": owner.tenant })).await;
    let expected = json!({
        "link": { "destination": "https://shop.example.com/", "state": "ACTIVE", "pixels": [{ "id": pixel, "name": "META" }] },
        "tenant": { "name": "Acme" },
    });
    assert_eq!(seen, expected);
}
