//! Links on a domain of a tenant's own after its record is gone.

use super::{HOST, becomes, prove, record_name};
use crate::world::{
    World,
    client::{text, with},
    in_both,
};
use serde_json::json;

in_both!(&[("DOMAIN_RECHECK_SECONDS", "1"), ("DOMAIN_GRACE_SECONDS", "0")] =>
    a_link_with_code_of_ones_own_can_be_changed_on_a_lost_domain,
);

async fn a_link_with_code_of_ones_own_can_be_changed_on_a_lost_domain(world: &mut World) {
    let account = world.sign_up().await;
    let domain = prove(world, &account, HOST).await;
    let code = account.create_pixel("CUSTOM_JS", &[("code", "go()")], json!({})).await;
    let more = account.create_pixel("GTM", &[("container_id", "GTM-K7B2XQ4")], json!({})).await;
    let image = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let on = json!({ "pixelIds": [code], "domainId": domain["id"] });
    let link = account.create_link("https://shop.example.com/", on).await;
    world.dns().remove(record_name(&domain));
    becomes(&account, &domain, "LOST").await;

    for change in [
        json!({ "destination": "https://shop.example.com/new", "title": "New" }),
        json!({ "slug": "moved" }),
        json!({ "pixelIds": [code, image] }),
        json!({ "domainId": domain["id"], "tags": ["a"] }),
    ] {
        let change = with(json!({ "id": link.id }), change);
        account.client.done("updateLink", change, "link { id }").await;
    }
    let refused = account.client.mutate("updateLink", json!({ "id": link.id, "pixelIds": [code, more] }), "").await;
    let refused = &refused["userErrors"];
    assert_eq!((&refused[0]["field"], &refused[1]), (&json!(["pixelIds", "1"]), &json!(null)), "{refused}");
    assert!(text(&refused[0]["message"]).contains("once the link's domain is verified again"), "{refused}");
    let shared = "query($id: ID!) { tenant(id: $id) { domains { nodes { id shared } } } }";
    let shared = account.client.query(shared, json!({ "id": account.tenant })).await;
    let elsewhere = json!({ "id": link.id, "domainId": shared["tenant"]["domains"]["nodes"][0]["id"] });
    let refused = account.client.mutate("updateLink", elsewhere.clone(), "").await["userErrors"].take();
    assert_eq!((&refused[0]["field"], &refused[1]), (&json!(["pixelIds", "0"]), &json!(null)), "{refused}");
    assert!(text(&refused[0]["message"]).contains("belongs to the tenant alone"), "{refused}");
    // without the code it may leave
    let without = with(elsewhere, json!({ "pixelIds": [image] }));
    let moved = account.client.done("updateLink", without, "link { domain { shared } slug }").await;
    assert_eq!(moved["link"], json!({ "domain": { "shared": true }, "slug": "moved" }));
    let back = account.client.mistakes("updateLink", json!({ "id": link.id, "domainId": domain["id"] })).await;
    assert_eq!(back, [("domainId".to_owned(), "INVALID".to_owned())], "what takes no new links takes none back");
}
