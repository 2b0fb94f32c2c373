//! What becomes of good inputs: a change changes what it names, a thousand links come in one call, an address belongs to one
//! link, and ids of pixels are kept as their network writes them.

use crate::world::{
    World,
    client::{Account, pairs, text, with},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_change_changes_only_what_it_names,
    a_thousand_links_come_in_one_call,
    an_address_belongs_to_one_link,
    ids_of_pixels_are_kept_as_their_network_writes_them
);

const GOOD: &str = "https://shop.example.com/";

/// The mistakes of an input, as `field CODE`.
async fn mistakes(account: &Account, name: &str, input: Value) -> Vec<String> {
    let found = account.client.mistakes(name, input).await;
    found.into_iter().map(|(field, code)| format!("{field} {code}")).collect()
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

async fn ids_of_pixels_are_kept_as_their_network_writes_them(world: &mut World) {
    let account = world.sign_up().await;
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
}
