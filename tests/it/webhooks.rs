//! Webhooks as their receivers meet them: what is told of, how it is signed, and what becomes of it when a receiver fails,
//! stalls, redirects or is none that may be reached.

mod events;
mod guard;
mod inputs;
mod load;
mod programs;
mod trouble;

use crate::world::{
    World,
    client::{Account, text, with},
    stand_in::{Hit, StandIn},
    wait,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError};
use std::time::Duration;

/// Local receivers, retries within seconds, and pixels that are looked at every second.
const QUICK: &[(&str, &str)] =
    &[("ALLOW_LOCAL_TARGETS", "true"), ("WEBHOOK_RETRY_SECONDS", "1,1,1"), ("WEBHOOK_HEALTH_SECONDS", "1")];
/// How long one waits for a message.
const SOON: Duration = Duration::from_secs(15);
/// What the log tells of a delivery.
const DELIVERY: &str =
    "id messageId event state attempts responseStatus durationMs error nextAttemptAt attemptedAt at payload";

/// A receiver of messages, played by the stand-in.
struct Receiver {
    stand_in: StandIn,
    host: String,
    /// The webhook's id.
    id: String,
    secret: String,
}

impl Receiver {
    /// Makes a webhook to a host of its own.
    async fn new(world: &World, account: &Account, host: &str, events: Value) -> Self {
        world.dns().set_addresses(host, &["127.0.0.1"]);
        let url = format!("http://{host}:{}/hooks?a=b", world.stand_in().port());
        let input = json!({ "tenantId": account.tenant, "url": url, "events": events });
        let made = account.client.done("createWebhook", input, "webhook { id url enabled } secret").await;
        assert_eq!((text(&made["webhook"]["url"]), &made["webhook"]["enabled"]), (url.as_str(), &json!(true)));
        let (id, secret) = (text(&made["webhook"]["id"]).to_owned(), text(&made["secret"]).to_owned());
        Self { stand_in: world.stand_in().clone(), host: host.to_owned(), id, secret }
    }

    /// The requests that came so far, each with a signature that holds.
    fn hits(&self) -> Vec<Hit> {
        let hits = self.stand_in.hits(&self.host);
        for hit in &hits {
            assert!(verified(&self.secret, hit), "{hit:?}");
            assert_eq!((hit.method.as_str(), hit.target.as_str()), ("POST", "/hooks?a=b"));
            assert_eq!(hit.header("content-type"), "application/json");
        }
        hits
    }

    /// Their bodies.
    fn messages(&self) -> Vec<Value> {
        self.hits().iter().map(|hit| serde_json::from_str(&hit.body).unwrap()).collect()
    }

    /// Waits for the first message of a type.
    async fn message(&self, kind: &str) -> Value {
        wait::until(kind, SOON, async || self.messages().into_iter().find(|message| message["type"] == kind)).await
    }

    /// The webhook's log, the latest delivery first.
    async fn log(&self, account: &Account) -> Vec<Value> {
        let webhook = webhook(account, &self.id, &format!("deliveries(first: 100) {{ nodes {{ {DELIVERY} }} }}")).await;
        webhook["deliveries"]["nodes"].as_array().unwrap().clone()
    }

    /// Waits until the latest delivery is in a state, and gives it.
    async fn latest(&self, account: &Account, state: &str, limit: Duration) -> Value {
        let look = async || self.log(account).await.first().filter(|delivery| delivery["state"] == state).cloned();
        wait::until(state, limit, look).await
    }

    /// Asks for a test message.
    async fn test(&self, account: &Account) -> Value {
        let sent =
            account.client.done("sendTestWebhook", json!({ "id": self.id }), "delivery { id state event }").await;
        assert_eq!((&sent["delivery"]["state"], &sent["delivery"]["event"]), (&json!("PENDING"), &json!("TEST")));
        sent["delivery"]["id"].clone()
    }
}

/// A webhook, with this selection of its fields.
async fn webhook(account: &Account, id: &str, selection: &str) -> Value {
    let document = format!("query($id: ID!) {{ node(id: $id) {{ id ... on Webhook {{ {selection} }} }} }}");
    let mut data = account.client.query(&document, json!({ "id": id })).await;
    assert_eq!(data["node"]["id"], id);
    data["node"].take()
}

/// Whether the specification's own library takes one of a message's signatures for one by this secret.
fn verified(secret: &str, hit: &Hit) -> bool {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert!((24..=64).contains(&key.len()));
    let mut headers = HeaderMap::new();
    for name in [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_TIMESTAMP, HEADER_WEBHOOK_SIGNATURE] {
        headers.insert(name, hit.header(name).parse().unwrap());
    }
    match Webhook::new(secret).unwrap().verify(hit.body.as_bytes(), &headers) {
        Ok(()) => true,
        Err(WebhookError::InvalidSignature) => false,
        Err(error) => panic!("{error}: {hit:?}"),
    }
}

/// Input that names a tenant, with more.
fn of(account: &Account, extra: Value) -> Value {
    with(json!({ "tenantId": account.tenant }), extra)
}
