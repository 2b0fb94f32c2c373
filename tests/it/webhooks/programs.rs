//! Links that programs make and change, by names of their own, many at once or with a whole post: webhooks are told of each
//! of them as if somebody had done it by hand, and of nothing that was refused.

use super::{Receiver, SOON, of};
use crate::world::{
    World,
    client::{Account, pairs, text, with},
    in_both, wait,
};
use serde_json::{Value, json};

in_both!(crate::webhooks::QUICK =>
    links_of_one_call_are_told_by_what_became_of_each,
    links_of_a_content_are_told_with_their_defaults,
);

/// What is told of a link: what happened, its id, external id and title.
fn told(kind: &str, id: &Value, external_id: Value, title: Value) -> Vec<Value> {
    vec![json!(kind), id.clone(), external_id, title]
}

/// What was told so far, in an order of its own: messages come in none.
fn all_told(receiver: &Receiver) -> Vec<Vec<Value>> {
    let links = receiver.messages().into_iter().map(|mut message| {
        let link = message["data"]["link"].take();
        told(text(&message["type"]), &link["id"], link["externalId"].clone(), link["title"].clone())
    });
    sorted(links.collect())
}

fn sorted(mut told: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    told.sort_by_key(|told| json!(told).to_string());
    told
}

/// Waits until exactly this was told. The log has what is still to come as well: it is written with the links.
async fn hears(receiver: &Receiver, account: &Account, expected: Vec<Vec<Value>>) {
    assert_eq!(receiver.log(account).await.len(), expected.len());
    wait::until_equal("what is told", SOON, &sorted(expected), async || all_told(receiver)).await;
}

/// The links that a call of `createLinks` answers with, null for those that were refused.
async fn create_links(account: &Account, links: Value, upsert: bool) -> Value {
    let input = of(account, json!({ "links": links, "upsert": upsert }));
    account.client.done("createLinks", input, "results { link { id } userErrors { field message code } }").await
}

async fn links_of_one_call_are_told_by_what_became_of_each(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let events = json!(["LINK_CREATED", "LINK_UPDATED"]);
    let receiver = Receiver::new(world, &account, "programs.receiver.example", events.clone()).await;
    let stranger = Receiver::new(world, &other, "stranger.receiver.example", events).await;
    let link = |extra: Value| with(json!({ "destination": "https://shop.example.com/" }), extra);
    let first = json!([
        link(json!({ "externalId": "a", "title": "A" })),
        link(json!({ "externalId": "b", "title": "B", "slug": "b" })),
        link(json!({ "title": "C" })),
        link(json!({ "slug": "b" })),
    ]);
    let made = create_links(&account, first, false).await;
    assert_eq!(pairs(&made["results"][3]["userErrors"]), [("links.3.slug".to_owned(), "TAKEN".to_owned())]);
    let id = |made: &Value, at: usize| made["results"][at]["link"]["id"].clone();
    let (a, b, c) = (id(&made, 0), id(&made, 1), id(&made, 2));
    let mut expected = vec![
        told("link.created", &a, json!("a"), json!("A")),
        told("link.created", &b, json!("b"), json!("B")),
        told("link.created", &c, Value::Null, json!("C")),
    ];
    hears(&receiver, &account, expected.clone()).await;
    // one that is changed, one that is refused, and a new one at once
    let again = json!([
        link(json!({ "externalId": "a", "title": "A2" })),
        link(json!({ "externalId": "b", "title": "B2", "destination": "nonsense" })),
        link(json!({ "externalId": "d", "title": "D" })),
    ]);
    let changed = create_links(&account, again, true).await;
    assert_eq!((id(&changed, 0), id(&changed, 1)), (a.clone(), Value::Null));
    expected.push(told("link.updated", &a, json!("a"), json!("A2")));
    expected.push(told("link.created", &id(&changed, 2), json!("d"), json!("D")));
    hears(&receiver, &account, expected.clone()).await;
    // alone, and again by its idempotency key
    let one = link(json!({ "externalId": "b", "title": "B3", "upsert": true, "idempotencyKey": "once" }));
    for _ in 0..2 {
        let one = account.client.done("createLink", of(&account, one.clone()), "link { id }").await;
        assert_eq!(one["link"]["id"], b);
    }
    expected.push(told("link.updated", &b, json!("b"), json!("B3")));
    account.client.done("updateLink", json!({ "id": c, "externalId": "c" }), "link { id }").await;
    expected.push(told("link.updated", &c, json!("c"), json!("C")));
    hears(&receiver, &account, expected).await;
    assert_eq!(stranger.log(&other).await.len(), 0);
}

async fn links_of_a_content_are_told_with_their_defaults(world: &mut World) {
    let account = world.sign_up().await;
    let receiver =
        Receiver::new(world, &account, "content.receiver.example", json!(["LINK_CREATED", "LINK_UPDATED"])).await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let defaults = json!({ "pixelIds": [pixel], "utm": { "source": "tenant" } });
    let defaults = json!({ "id": account.tenant, "linkDefaults": defaults });
    account.client.done("updateTenant", defaults, "tenant { id }").await;
    let content = "https://shop.example.com/a https://shop.example.com/b https://shop.example.com/?{nobody} https://shop.example.com/a";
    let input = |extra: Value| of(&account, with(json!({ "content": content, "format": "TEXT" }), extra));
    // what is refused together is told together with nothing
    let wrong = json!({ "defaults": { "title": "x".repeat(201) } });
    assert_eq!(account.client.mistakes("trackContent", input(wrong)).await.len(), 1);
    let post = json!({ "title": "Post", "tags": ["post"], "utm": { "source": "post" } });
    let post = json!({ "defaults": post, "idempotencyKey": "post" });
    for _ in 0..2 {
        let tracked = account.client.done("trackContent", input(post.clone()), "links { link { id } }").await;
        let expected = tracked["links"].as_array().unwrap().iter();
        let expected: Vec<Vec<Value>> =
            expected.map(|link| told("link.created", &link["link"]["id"], Value::Null, json!("Post"))).collect();
        assert_eq!(expected.len(), 2);
        hears(&receiver, &account, expected).await;
    }
    for message in receiver.messages() {
        let link = &message["data"]["link"];
        assert_eq!((&link["tags"], &link["pixelIds"]), (&json!(["post"]), &json!([pixel])));
        assert_eq!(link["utm"]["source"], "post");
    }
    // a link of its own has them as well
    let link = account.create_link("https://shop.example.com/", json!({ "title": "Own" })).await;
    let message = wait::until("the link of its own", SOON, async || {
        receiver.messages().into_iter().find(|message| message["data"]["link"]["id"] == json!(link.id))
    })
    .await;
    let link = &message["data"]["link"];
    assert_eq!((&link["pixelIds"], &link["utm"]["source"]), (&json!([pixel]), &json!("tenant")));
}
