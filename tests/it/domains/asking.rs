//! How often a tenant may have a record looked up.

use super::{create, make_record, node};
use crate::world::{World, client::text, in_both};
use serde_json::{Value, json};

in_both!(a_record_is_looked_up_once_in_a_while);

async fn a_record_is_looked_up_once_in_a_while(world: &mut World) {
    let account = world.sign_up().await;
    let [domain, other] =
        [create(&account, "a.acme.example", json!({})).await, create(&account, "b.acme.example", json!({})).await];
    let ask = async |domain: &Value| {
        let mut asked = account.client.mutate("verifyDomain", json!({ "id": domain["id"] }), "domain { state }").await;
        (asked["domain"]["state"].take(), asked["userErrors"].take())
    };
    // of those who ask at once one is answered
    let answers = tokio::join!(ask(&domain), ask(&domain), ask(&domain));
    let answers = [answers.0, answers.1, answers.2];
    assert_eq!(answers.iter().filter(|(state, _)| state == "PENDING").count(), 1, "{answers:?}");
    let before = node(&account, &domain).await;
    make_record(world, &domain);
    let (state, refused) = ask(&domain).await;
    assert_eq!(
        (state, &refused[0]["field"], &refused[0]["code"]),
        (Value::Null, &json!(["id"]), &json!("LIMIT_REACHED"))
    );
    let message = text(&refused[0]["message"]);
    let seconds = message.strip_suffix(" s").and_then(|message| message.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=10).contains(&seconds)), "{message}");
    assert_eq!(node(&account, &domain).await, before, "nobody was asked");
    make_record(world, &other);
    assert_eq!(ask(&other).await, (json!("VERIFIED"), json!([])), "each domain has its own time");
}
