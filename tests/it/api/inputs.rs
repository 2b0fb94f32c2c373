//! Inputs with mistakes: each is named by its field, all at once, and nothing is changed.

use crate::world::{
    World,
    client::{Account, pairs, text, with},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    every_mistake_of_a_link_is_named,
    every_mistake_of_a_pixel_is_named,
    policies_have_bounds,
    a_change_changes_only_what_it_names,
    a_thousand_links_come_in_one_call,
    an_address_belongs_to_one_link,
);

const GOOD: &str = "https://shop.example.com/";

/// The mistakes of an input, as `field CODE`, sorted.
async fn mistakes(account: &Account, name: &str, input: Value) -> Vec<String> {
    let mut found: Vec<String> =
        account.client.mistakes(name, input).await.into_iter().map(|(field, code)| format!("{field} {code}")).collect();
    found.sort();
    found
}

async fn every_mistake_of_a_link_is_named(world: &mut World) {
    let account = world.sign_up().await;
    let own_domain = format!("http://{}/x", world.domain());
    let long = |length: usize| "x".repeat(length);
    let many = |count: usize| (0..count).map(|at| format!("t{at}")).collect::<Vec<_>>();
    let value = |name: &str, value: &str| json!([{ "name": name, "value": value }]);
    for (extra, expected) in [
        (json!({ "destination": "" }), "destination INVALID"),
        (json!({ "destination": "nonsense" }), "destination INVALID"),
        (json!({ "destination": "javascript:alert(1)" }), "destination INVALID"),
        (json!({ "destination": "ftp://shop.example.com/" }), "destination INVALID"),
        (json!({ "destination": "https://me:secret@shop.example.com/" }), "destination INVALID"),
        (json!({ "destination": "http://127.0.0.1/" }), "destination INVALID"),
        (json!({ "destination": "http://[::1]/" }), "destination INVALID"),
        (json!({ "destination": "http://2130706433/" }), "destination INVALID"),
        (json!({ "destination": "http://localhost/" }), "destination INVALID"),
        (json!({ "destination": own_domain }), "destination INVALID"),
        (json!({ "destination": "https://{param.x}.example.com/" }), "destination INVALID"),
        (json!({ "destination": "https://shop.example.com/{nobody}" }), "destination INVALID"),
        (json!({ "destination": "https://shop.example.com/{" }), "destination INVALID"),
        (json!({ "destination": format!("https://shop.example.com/{}", long(2_048)) }), "destination TOO_LONG"),
        (json!({ "slug": "" }), "slug INVALID"),
        (json!({ "slug": "_receipt" }), "slug INVALID"),
        (json!({ "slug": "a/b" }), "slug INVALID"),
        (json!({ "slug": "\u{e4}" }), "slug INVALID"),
        (json!({ "slug": long(65) }), "slug TOO_LONG"),
        (json!({ "title": long(201) }), "title TOO_LONG"),
        (json!({ "tags": many(21) }), "tags LIMIT_REACHED"),
        (json!({ "tags": ["good", long(51)] }), "tags.1 TOO_LONG"),
        (json!({ "pixelIds": ["good"] }), "pixelIds.0 NOT_FOUND"),
        (json!({ "domainId": "nothing" }), "domainId NOT_FOUND"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt INVALID"),
        (json!({ "startsAt": "2099-01-02T00:00:00Z", "expiresAt": "2099-01-01T00:00:00Z" }), "expiresAt INVALID"),
        (json!({ "fallback": "javascript:alert(1)" }), "fallback INVALID"),
        (json!({ "fallback": "https://over.example.com/{click_id}" }), "fallback INVALID"),
        (json!({ "fallback": own_domain }), "fallback INVALID"),
        (json!({ "utm": { "source": long(201) } }), "utm.source TOO_LONG"),
        (json!({ "values": value("Not-A-Name", "x") }), "values.0.name INVALID"),
        (json!({ "values": value("click_id", "x") }), "values.0.name INVALID"),
        (json!({ "values": value("offer", &long(501)) }), "values.0.value TOO_LONG"),
        (json!({ "card": { "title": "" } }), "card.title INVALID"),
        (json!({ "card": { "title": "t", "image": "javascript:alert(1)" } }), "card.image INVALID"),
        (
            json!({ "slug": "a/b", "title": long(201), "fallback": "x" }),
            "fallback INVALID, slug INVALID, title TOO_LONG",
        ),
    ] {
        let input = with(json!({ "tenantId": account.tenant, "destination": GOOD }), extra.clone());
        assert_eq!(mistakes(&account, "createLink", input).await.join(", "), expected, "{extra}");
    }
    let other = mistakes(&account, "createLink", json!({ "tenantId": "nothing", "destination": GOOD })).await;
    assert_eq!(other, ["tenantId NOT_FOUND"]);
    let count = "query($id: ID!) { tenant(id: $id) { links { totalCount } } }";
    let data = account.client.query(count, json!({ "id": account.tenant })).await;
    assert_eq!(data["tenant"]["links"]["totalCount"], 0, "none of these was made");
}

async fn every_mistake_of_a_pixel_is_named(world: &mut World) {
    let account = world.sign_up().await;
    let own_domain = format!("http://{}/p.gif", world.domain());
    let create = async |network: &str, name: &str, key: &str, value: &str, mode: &str| {
        let ids = json!([{ "key": key, "value": value }]);
        let input = json!({ "tenantId": account.tenant, "network": network, "name": name, "ids": ids, "mode": mode });
        mistakes(&account, "createPixel", input).await.join(", ")
    };
    for (network, key, value, expected) in [
        ("META", "pixel_id", "", "ids.pixel_id INVALID"),
        ("META", "pixel_id", "1');alert(1)//", "ids.pixel_id INVALID"),
        ("TIKTOK", "pixel_code", "short", "ids.pixel_code INVALID"),
        ("GOOGLE_ADS", "conversion_id", "AW-1\"", "ids.conversion_id INVALID"),
        ("META", "other", "246813579024680", "ids.other INVALID, ids.pixel_id INVALID"),
        ("CUSTOM_IMAGE", "url", "http://t.example.com/p.gif", "ids.url INVALID"),
        ("CUSTOM_IMAGE", "url", "https://me@t.example.com/p.gif", "ids.url INVALID"),
        ("CUSTOM_IMAGE", "url", "https://127.0.0.1/p.gif", "ids.url INVALID"),
        ("CUSTOM_IMAGE", "url", "https://printer.local/p.gif", "ids.url INVALID"),
        ("CUSTOM_IMAGE", "url", "https://t.example.com/p.gif?{nobody}", "ids.url INVALID"),
        ("CUSTOM_IMAGE", "url", own_domain.as_str(), "ids.url INVALID"),
    ] {
        assert_eq!(create(network, "n", key, value, "AUTO").await, expected, "{network} {value}");
    }
    assert_eq!(create("META", "", "pixel_id", "246813579024680", "AUTO").await, "name INVALID");
    assert_eq!(create("META", &"n".repeat(101), "pixel_id", "246813579024680", "AUTO").await, "name TOO_LONG");
    let script = create("CUSTOM_IMAGE", "n", "url", "https://t.example.com/p.gif", "SCRIPT").await;
    assert_eq!(script, "mode INVALID");
    // odd, and stored all the same: the shape is only what was seen
    let ids = json!([{ "key": "partner_id", "value": "25037961234" }]);
    let input = json!({ "tenantId": account.tenant, "network": "LINKEDIN", "name": "n", "ids": ids });
    let made = account.client.done("createPixel", input, "pixel { id } warnings { field message }").await;
    assert_eq!(made["warnings"][0]["field"], json!(["ids", "partner_id"]));
    let input = json!({ "id": made["pixel"]["id"], "ids": [{ "key": "partner_id", "value": "<" }] });
    assert_eq!(mistakes(&account, "updatePixel", input).await, ["ids.partner_id INVALID"]);
    // bare digits are taken, and the prefix is put before them
    let ids = json!([{ "key": "conversion_id", "value": " 946162814 " }]);
    let input = json!({ "tenantId": account.tenant, "network": "GOOGLE_ADS", "name": "n", "ids": ids });
    let made = account.client.done("createPixel", input, "pixel { ids { key value } }").await;
    assert_eq!(made["pixel"]["ids"], json!([{ "key": "conversion_id", "value": "AW-946162814" }]));
    for number in 2..50 {
        account.create_pixel("META", &[("pixel_id", &format!("2468135790246{number:02}"))], json!({})).await;
    }
    let over = create("META", "n", "pixel_id", "246813579024680", "AUTO").await;
    assert!(over.ends_with("LIMIT_REACHED"), "{over}");
}

async fn policies_have_bounds(world: &mut World) {
    let account = world.sign_up().await;
    for (policy, expected) in [
        (json!({ "budgetMs": 299 }), vec!["policy.budgetMs INVALID"]),
        (json!({ "budgetMs": 5_001 }), vec!["policy.budgetMs INVALID"]),
        (json!({ "confirmShare": 1.1 }), vec!["policy.confirmShare INVALID"]),
        (
            json!({ "confirmShare": -0.1, "budgetMs": 0 }),
            vec!["policy.budgetMs INVALID", "policy.confirmShare INVALID"],
        ),
    ] {
        let input = json!({ "id": account.tenant, "policy": policy });
        assert_eq!(mistakes(&account, "updateTenant", input).await, expected, "{policy}");
    }
    let input = json!({ "id": account.tenant, "name": "" });
    assert_eq!(mistakes(&account, "updateTenant", input).await, ["name INVALID"]);
    let policy = json!({ "budgetMs": 300, "confirmShare": 0.5, "honourGpc": false, "referrerPolicy": "ORIGIN" });
    let input = json!({ "id": account.tenant, "name": "New", "policy": policy });
    let selection = "tenant { name policy { budgetMs confirmShare honourGpc referrerPolicy } }";
    let changed = account.client.done("updateTenant", input, selection).await;
    assert_eq!(changed["tenant"], json!({ "name": "New", "policy": policy }));
}

async fn a_change_changes_only_what_it_names(world: &mut World) {
    let account = world.sign_up().await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let all = json!({
        "slug": "all", "title": "T", "tags": ["a", "b"], "pixelIds": [pixel], "fallback": "https://over.example.com/",
        "startsAt": "2020-01-01T00:00:00.000Z", "expiresAt": "2099-01-01T00:00:00.000Z", "utm": { "source": "s" },
        "values": [{ "name": "offer", "value": "v" }], "queryForwarding": { "mode": "ONLY", "names": ["x"] },
        "card": { "title": "C", "description": "D", "image": "https://img.example.com/a.png" },
    });
    let link = account.create_link("https://shop.example.com/{offer}", all).await;
    let selection = "link { slug title tags pixels { id } fallback startsAt expiresAt utm { source medium } destination
        values { name value } queryForwarding { mode names } card { title description image } withoutPixels state }";
    let unchanged = account.client.done("updateLink", json!({ "id": link.id }), selection).await["link"].clone();
    assert_eq!(unchanged["pixels"], json!([{ "id": pixel }]));
    let changed =
        account.client.done("updateLink", json!({ "id": link.id, "title": "U" }), selection).await["link"].clone();
    assert_eq!(changed, with(unchanged.clone(), json!({ "title": "U" })));
    let nothing = json!({
        "id": link.id, "title": null, "tags": [], "pixelIds": [], "fallback": null, "startsAt": null, "expiresAt": null,
        "utm": null, "card": null,
    });
    let cleared = account.client.done("updateLink", nothing, selection).await["link"].clone();
    let expected = json!({
        "title": null, "tags": [], "pixels": [], "fallback": null, "startsAt": null, "expiresAt": null,
        "utm": { "source": null, "medium": null }, "card": null,
    });
    assert_eq!(cleared, with(unchanged, expected));
    // a value that the destination needs cannot go
    let missing = mistakes(&account, "updateLink", json!({ "id": link.id, "values": [] })).await;
    assert_eq!(missing, ["destination INVALID"]);
}

async fn a_thousand_links_come_in_one_call(world: &mut World) {
    let account = world.sign_up().await;
    let taken = account.create_link(GOOD, json!({ "slug": "taken" })).await;
    let link = |at: usize| match at {
        7 => json!({ "destination": "nonsense" }),
        300 => json!({ "destination": GOOD, "slug": taken.slug }),
        301 => json!({ "destination": GOOD, "slug": "same" }),
        999 => json!({ "destination": GOOD, "slug": "same" }),
        _ => json!({ "destination": format!("https://shop.example.com/{at}"), "tags": ["bulk"] }),
    };
    let links: Vec<Value> = (0..1_000).map(link).collect();
    let selection = "results { index link { slug destination } userErrors { field message code } }";
    let input = json!({ "tenantId": account.tenant, "links": links });
    let made = account.client.done("createLinks", input, selection).await;
    let results = made["results"].as_array().unwrap();
    assert_eq!(results.len(), 1_000);
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result["index"], at);
        let expected = match at {
            7 => vec![("links.7.destination".to_owned(), "INVALID".to_owned())],
            300 => vec![("links.300.slug".to_owned(), "TAKEN".to_owned())],
            999 => vec![("links.999.slug".to_owned(), "TAKEN".to_owned())],
            _ => Vec::new(),
        };
        assert_eq!(pairs(&result["userErrors"]), expected, "{result}");
        assert_eq!(result["link"].is_null(), !expected.is_empty());
    }
    let last = text(&results[998]["link"]["slug"]);
    crate::journeys::served(world, last, 302, "https://shop.example.com/998").await;
    let links = vec![json!({ "destination": GOOD }); 1_001];
    let input = json!({ "tenantId": account.tenant, "links": links });
    assert_eq!(mistakes(&account, "createLinks", input).await, ["links LIMIT_REACHED"]);
}

async fn an_address_belongs_to_one_link(world: &mut World) {
    let (one, other) = (world.sign_up().await, world.sign_up().await);
    let input = |account: &Account| json!({ "tenantId": account.tenant, "destination": GOOD, "slug": "wanted" });
    let (first, second) =
        tokio::join!(mistakes(&one, "createLink", input(&one)), mistakes(&other, "createLink", input(&other)),);
    let mut both = [first, second];
    both.sort();
    assert_eq!(both, [vec![], vec!["slug TAKEN".to_owned()]]);
    let link = one.create_link(GOOD, json!({})).await;
    assert!(link.slug.len() >= 6 && link.slug.chars().all(|c| c.is_ascii_alphanumeric()), "{}", link.slug);
    assert_eq!(mistakes(&one, "updateLink", json!({ "id": link.id, "slug": "wanted" })).await, ["slug TAKEN"]);
    let upper = json!({ "tenantId": one.tenant, "destination": GOOD, "slug": "WANTED" });
    assert!(mistakes(&one, "createLink", upper).await.is_empty(), "slugs are case-sensitive");
}
