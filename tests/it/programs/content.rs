//! Posts and e-mails whose links are tracked at once: every byte but the links stays, and what cannot be tracked is told.

use super::{count, last_deed};
use crate::world::{
    World,
    client::{Account, text, with},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_content_keeps_everything_but_its_links,
    what_cannot_be_tracked_stays_and_is_told,
    links_of_a_content_are_made_together_or_not_at_all,
    a_content_that_is_sent_again_is_tracked_once,
);

const ANSWER: &str =
    "content links { original count link { shortUrl destination tags utm { source } } } warnings { original message }";

fn input(account: &Account, content: &str, format: &str, extra: Value) -> Value {
    with(json!({ "tenantId": account.tenant, "content": content, "format": format }), extra)
}

async fn track(account: &Account, content: &str, format: &str, extra: Value) -> Value {
    account.client.done("trackContent", input(account, content, format, extra), ANSWER).await
}

/// The content with each original in place of its short address again.
fn undone(answer: &Value) -> String {
    let links = answer["links"].as_array().unwrap();
    links.iter().fold(text(&answer["content"]).to_owned(), |content, link| {
        content.replace(text(&link["link"]["shortUrl"]), text(&link["original"]))
    })
}

async fn a_content_keeps_everything_but_its_links(world: &mut World) {
    let account = world.sign_up().await;
    let text_of = "New:\thttps://shop.example.com/a (again: https://shop.example.com/a), https://b\u{fc}cher.example/\u{e9}.\r\n\r\n#tag @me \u{1f600} www.shop.example.com";
    let html = "<!DOCTYPE html>\r\n<p CLASS=x>caf\u{e9} <a href='https://shop.example.com/?a=1&amp;b=2'>https://shop.example.com/</a>\n<!--[if mso]><a href=\"https://shop.example.com/mso\"><![endif]-->\n<A HREF=https://shop.example.com/c target=_blank>c</A>&nbsp;<a href=\"mailto:a@b.example\">m</a></p>\n";
    let markdown = "# [Sale](https://shop.example.com/a \"t\")  \n* https://shop.example.com/b, and `https://shop.example.com/code`\n![i](https://shop.example.com/i.png)\n\n[r]: <https://shop.example.com/r>\n";
    for (content, format, originals) in [
        (text_of, "TEXT", &[("https://shop.example.com/a", 2), ("https://b\u{fc}cher.example/\u{e9}", 1)][..]),
        (html, "HTML", &[("https://shop.example.com/?a=1&b=2", 1), ("https://shop.example.com/c", 1)]),
        (
            markdown,
            "MARKDOWN",
            &[("https://shop.example.com/a", 1), ("https://shop.example.com/b", 1), ("https://shop.example.com/r", 1)],
        ),
    ] {
        let answer = track(&account, content, format, json!({})).await;
        let found: Vec<(&str, u64)> = answer["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| (text(&link["original"]), link["count"].as_u64().unwrap()))
            .collect();
        assert_eq!(found, originals);
        assert_eq!(undone(&answer).replace("?a=1&b=2", "?a=1&amp;b=2"), content);
        assert_eq!(answer["warnings"], json!([]));
        let short = text(&answer["links"][0]["link"]["shortUrl"]);
        let visit = world.visit(short.rsplit('/').next().unwrap()).send().await.unwrap();
        assert!(visit.status().as_u16() < 400, "{short}");
    }
    assert_eq!(count(&account).await, 7);
    let (action, before, after) = last_deed(&account).await;
    assert_eq!((action.as_str(), before, after.as_array().unwrap().len()), ("trackContent", Value::Null, 3));
    // its own defaults come before those of the tenant
    let defaults = json!({ "id": account.tenant, "linkDefaults": { "utm": { "source": "tenant" } } });
    account.client.done("updateTenant", defaults, "tenant { id }").await;
    let answer =
        track(&account, "https://shop.example.com/", "TEXT", json!({ "defaults": { "tags": ["post"] } })).await;
    let link = &answer["links"][0]["link"];
    assert_eq!((&link["tags"], &link["utm"]["source"]), (&json!(["post"]), &json!("tenant")));
    let answer =
        track(&account, "https://shop.example.com/", "TEXT", json!({ "defaults": { "utm": { "source": "post" } } }))
            .await;
    assert_eq!(answer["links"][0]["link"]["utm"]["source"], "post");
}

async fn what_cannot_be_tracked_stays_and_is_told(world: &mut World) {
    let account = world.sign_up().await;
    let own = account.create_link("https://shop.example.com/", json!({})).await;
    let content = format!(
        "{} https://shop.example.com/x http://127.0.0.1/x https://a:b@shop.example.com/ https://shop.example.com/?{{nobody}}",
        own.short_url
    );
    let answer = track(&account, &content, "TEXT", json!({})).await;
    assert_eq!(undone(&answer), content);
    assert_eq!(answer["links"].as_array().unwrap().len(), 1, "{answer}");
    let warned: Vec<&str> = answer["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| {
            assert!(!text(&warning["message"]).is_empty());
            text(&warning["original"])
        })
        .collect();
    assert_eq!(warned, ["http://127.0.0.1/x", "https://a:b@shop.example.com/", "https://shop.example.com/?{nobody}"]);
    // what is tracked already stays when it comes again
    let again = track(&account, text(&answer["content"]), "TEXT", json!({})).await;
    assert_eq!((&again["content"], &again["links"]), (&answer["content"], &json!([])));
    let nothing = track(&account, "", "HTML", json!({ "idempotencyKey": "nothing" })).await;
    assert_eq!((text(&nothing["content"]), &nothing["links"]), ("", &json!([])));
}

async fn links_of_a_content_are_made_together_or_not_at_all(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let pixel = other.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    let mistakes = async |content: &str, extra: Value| {
        account.client.mistakes("trackContent", input(&account, content, "TEXT", extra)).await
    };
    let two = "https://a.example.com https://b.example.com http://127.0.0.1/";
    let wrong = json!({ "defaults": { "pixelIds": [pixel], "title": "x".repeat(201) } });
    assert_eq!(
        mistakes(two, wrong).await,
        [pair("defaults.title", "TOO_LONG"), pair("defaults.pixelIds.0", "NOT_FOUND")]
    );
    let many: Vec<String> = (0..501).map(|at| format!("https://shop.example.com/{at}")).collect();
    assert_eq!(mistakes(&many.join("\n"), json!({})).await, [pair("content", "LIMIT_REACHED")]);
    let long = "\n".repeat(512 * 1024 + 1);
    assert_eq!(mistakes(&long, json!({})).await, [pair("content", "TOO_LONG")]);
    assert_eq!(mistakes(two, json!({ "idempotencyKey": " " })).await, [pair("idempotencyKey", "INVALID")]);
    assert_eq!(mistakes(two, json!({ "tenantId": other.tenant })).await, [pair("tenantId", "NOT_FOUND")]);
    assert_eq!(count(&account).await, 0);
    // the most that fits
    let most = format!("{}{}", many[..500].join("\n"), &long[..512 * 1024 - many[..500].join("\n").len()]);
    let answer = track(&account, &most, "TEXT", json!({})).await;
    assert_eq!((answer["links"].as_array().unwrap().len(), count(&account).await), (500, 500));
    assert_eq!(text(&answer["content"]).lines().count(), most.lines().count());
}

async fn a_content_that_is_sent_again_is_tracked_once(world: &mut World) {
    let account = world.sign_up().await;
    let content = "https://a.example.com/ http://127.0.0.1/ https://b.example.com/";
    let call = || track(&account, content, "TEXT", json!({ "idempotencyKey": "post 1" }));
    let (one, other) = tokio::join!(call(), call());
    assert_eq!(one, other);
    assert_eq!(call().await, one);
    assert_eq!(count(&account).await, 2);
    let another = input(&account, "https://c.example.com/", "TEXT", json!({ "idempotencyKey": "post 1" }));
    assert_eq!(
        account.client.mistakes("trackContent", another).await,
        [("idempotencyKey".to_owned(), "INVALID".to_owned())]
    );
}
