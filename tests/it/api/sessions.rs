//! Accounts, log-ins, and tokens that are used, used again, forged or ended.

use crate::world::{
    World,
    client::{PASSWORD, pairs, text},
    in_both,
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

in_both!(
    an_account_is_made_once,
    tokens_rotate_and_a_stolen_one_ends_the_session,
    tabs_that_refresh_at_once_share_a_successor,
);

const SESSION: &str = "session { accessToken refreshToken expiresAt }";
const WHO: &str = "{ viewer { user { email } memberships { role tenant { name } } } }";

async fn an_account_is_made_once(world: &mut World) {
    let account = world.client().sign_up("Acme & Söhne").await;
    let viewer = account.client.query(WHO, json!({})).await;
    let expected = json!({
        "user": { "email": account.email },
        "memberships": [{ "role": "OWNER", "tenant": { "name": "Acme & Söhne" } }],
    });
    assert_eq!(viewer["viewer"], expected);
    let client = world.client();
    let mistakes = async |email: &str, password: &str, tenant: &str| {
        let mut mistakes =
            client.mistakes("signUp", json!({ "email": email, "password": password, "tenantName": tenant })).await;
        mistakes.sort();
        mistakes.iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(mistakes(&account.email.to_uppercase(), PASSWORD, "B").await, "email TAKEN");
    assert_eq!(mistakes("nobody", "short", "").await, "email INVALID, password INVALID, tenantName INVALID");
    let long = mistakes(&format!("{}@example.com", "a".repeat(300)), &"p".repeat(201), &"t".repeat(101)).await;
    assert_eq!(long, "email TOO_LONG, password TOO_LONG, tenantName TOO_LONG");
    // two at the same time: one is made, the other is told, and neither fails
    let input = json!({ "email": "twice@example.com", "password": PASSWORD, "tenantName": "T" });
    let (one, two) = tokio::join!(client.mistakes("signUp", input.clone()), client.mistakes("signUp", input));
    let taken = [("email".to_owned(), "TAKEN".to_owned())];
    assert!(one.is_empty() && two == taken || two.is_empty() && one == taken, "{one:?} {two:?}");
}

async fn tokens_rotate_and_a_stolen_one_ends_the_session(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    let refresh = async |session: &Value| {
        client.mutate("refreshSession", json!({ "refreshToken": session["refreshToken"] }), SESSION).await
    };
    let logged_in =
        client.done("logIn", json!({ "email": account.email.to_uppercase(), "password": PASSWORD }), SESSION).await;
    let first = logged_in["session"].clone();
    let second = refresh(&first).await["session"].clone();
    let third = refresh(&second).await["session"].clone();
    assert_ne!(second["refreshToken"], third["refreshToken"]);
    let holder = client.with_token(text(&third["accessToken"]));
    holder.query(WHO, json!({})).await;
    // somebody comes with a token that was used: the whole session ends, the newest token with it
    let reuse = refresh(&first).await;
    assert_eq!((&reuse["session"], pairs(&reuse["userErrors"])[0].0.as_str()), (&Value::Null, "refreshToken"));
    assert!(!pairs(&refresh(&third).await["userErrors"]).is_empty());
    assert_eq!(holder.reply(WHO, json!({})).await.status, 401);
    // the other session of the same user goes on, until it is ended
    account.client.query(WHO, json!({})).await;
    let own = json!({ "refreshToken": account.session["refreshToken"] });
    client.done("logOut", own.clone(), "").await;
    assert_eq!(account.client.reply(WHO, json!({})).await.status, 401);
    assert!(!client.mistakes("refreshSession", own).await.is_empty());

    let wrong = json!({ "email": account.email, "password": "wrong horse battery" });
    let unknown = json!({ "email": "nobody@example.com", "password": PASSWORD });
    let (wrong, unknown) =
        (client.mutate("logIn", wrong, SESSION).await, client.mutate("logIn", unknown, SESSION).await);
    assert_eq!(wrong, unknown, "nobody learns who has an account");
    assert!(wrong["session"].is_null());
}

/// Many tabs wake up at once and refresh with what they all remember.
async fn tabs_that_refresh_at_once_share_a_successor(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    let refresh = async |token: &Value| {
        client.mutate("refreshSession", json!({ "refreshToken": token }), SESSION).await["session"].clone()
    };
    let mut token = account.session["refreshToken"].clone();
    for _ in 0..3 {
        let tabs = (0..12).map(|_| {
            let (client, input) = (client.clone(), json!({ "refreshToken": token }));
            tokio::spawn(async move { client.mutate("refreshSession", input, SESSION).await["session"].clone() })
        });
        let mut got = Vec::new();
        for tab in tabs.collect::<Vec<_>>() {
            got.push(tab.await.unwrap());
        }
        assert!(got.iter().all(|session| session["refreshToken"].is_string()), "{got:?}");
        assert!(got.iter().all(|session| session["refreshToken"] == got[0]["refreshToken"]), "{got:?}");
        for session in &got {
            client.with_token(text(&session["accessToken"])).query(WHO, json!({})).await;
        }
        token = got[0]["refreshToken"].clone();
    }
    // ten seconds later it is theft
    let used = token.clone();
    let newest = refresh(&token).await;
    let db = world.database().await;
    db.execute_unprepared("UPDATE refresh_tokens SET used_at = used_at - 10000 WHERE used_at IS NOT NULL")
        .await
        .unwrap();
    assert!(refresh(&used).await.is_null());
    assert!(refresh(&newest["refreshToken"]).await.is_null());
    assert_eq!(account.client.reply(WHO, json!({})).await.status, 401);
}
