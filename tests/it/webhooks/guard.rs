//! Where webhooks must not go: no name leads inside, whatever the DNS says; and over TLS only to who can prove it.

use super::{DELIVERY, Receiver, SOON, of};
use crate::world::{
    World,
    client::{Account, text},
    in_both,
    stand_in::CERTIFIED,
    wait,
};
use serde_json::{Value, json};

in_both!(no_name_leads_inside);
in_both!(crate::webhooks::QUICK => tls_goes_to_who_can_prove_it, metadata_services_stay_out_of_closed_networks_too);

/// Makes a webhook and sends it a test; what the log tells after the first attempt.
async fn tried(account: &Account, url: &str) -> Value {
    let input = of(account, json!({ "url": url, "events": ["LINK_CREATED"] }));
    let made = account.client.done("createWebhook", input, "webhook { id }").await;
    let id = text(&made["webhook"]["id"]);
    account.client.done("sendTestWebhook", json!({ "id": id }), "delivery { id }").await;
    let selection = format!("deliveries {{ nodes {{ {DELIVERY} }} }}");
    let tried = wait::until(url, SOON, async || {
        let webhook = super::webhook(account, id, &selection).await;
        webhook["deliveries"]["nodes"].get(0).filter(|delivery| delivery["durationMs"].is_number()).cloned()
    })
    .await;
    account.client.done("deleteWebhook", json!({ "id": id }), "deletedWebhookId").await;
    tried
}

async fn no_name_leads_inside(world: &mut World) {
    let account = world.sign_up().await;
    let port = world.stand_in().port();
    for (number, addresses) in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["172.16.9.9"],
        &["192.168.0.1"],
        &["100.64.0.1"],
        &["169.254.169.254"],
        &["0.0.0.0"],
        &["224.0.0.1"],
        &["::1"],
        &["fd00:ec2::254"],
        &["fe80::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        // one good address excuses no other
        &["93.184.216.34", "127.0.0.1"],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("inside{number}.receiver.example");
        world.dns().set_addresses(&name, addresses);
        let failed = tried(&account, &format!("https://{name}:{port}/")).await;
        let expected = "the host has an address that is not on the public internet";
        assert_eq!((&failed["error"], &failed["responseStatus"]), (&json!(expected), &Value::Null), "{addresses:?}");
    }
    let unknown = tried(&account, "https://unknown.receiver.example/").await;
    assert_eq!(unknown["error"], "the host has no address");
    assert_eq!(world.stand_in().all_hits().len(), 0);
    let mistakes = async |url: &str| {
        account.client.mistakes("createWebhook", of(&account, json!({ "url": url, "events": ["LINK_CREATED"] }))).await
    };
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f000001/",
        "https://localhost/",
        "https://router/",
        "https://me:secret@hooks.example.com/",
        "https://hooks.example.com:25/",
        "nonsense",
    ] {
        assert_eq!(mistakes(url).await, [("url".to_owned(), "INVALID".to_owned())], "{url}");
    }
}

async fn tls_goes_to_who_can_prove_it(world: &mut World) {
    let account = world.sign_up().await;
    let port = world.stand_in().port();
    for name in [CERTIFIED, "impostor.receiver.example"] {
        world.dns().set_addresses(name, &["127.0.0.1"]);
    }
    let delivered = tried(&account, &format!("https://{CERTIFIED}:{port}/")).await;
    assert_eq!((&delivered["state"], &delivered["responseStatus"]), (&json!("DELIVERED"), &json!(204)), "{delivered}");
    assert!(world.stand_in().hits(CERTIFIED).iter().all(|hit| hit.tls && !hit.header("webhook-id").is_empty()));
    let refused = tried(&account, &format!("https://impostor.receiver.example:{port}/")).await;
    assert!(text(&refused["error"]).starts_with("TLS failed"), "{refused}");
    assert_eq!(world.stand_in().hits("impostor.receiver.example").len(), 0);
}

async fn metadata_services_stay_out_of_closed_networks_too(world: &mut World) {
    let account = world.sign_up().await;
    for url in ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://[::ffff:a9fe:a9fe]/"] {
        let failed = tried(&account, url).await;
        assert!(text(&failed["error"]).contains("not on the public internet"), "{failed}");
    }
    // a literal address inside is one of the network's own
    let receiver = format!("http://127.0.0.1:{}/", world.stand_in().port());
    assert_eq!(tried(&account, &receiver).await["state"], "DELIVERED");
    let named = Receiver::new(world, &account, "named.receiver.example", json!(["LINK_CREATED"])).await;
    named.test(&account).await;
    named.message("webhook.test").await;
}
