//! Accounts, log-ins, and tokens that are used, used again, forged or ended.

use crate::world::{
    World,
    client::{PASSWORD, pairs, text},
    in_both,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

in_both!(
    an_account_is_made_once,
    tokens_rotate_and_a_stolen_one_ends_the_session,
    a_token_that_is_not_ours_opens_nothing
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
    // two refreshes with one token at the same time: at most one works
    let account = world.sign_up().await;
    let (one, two) = tokio::join!(refresh(&account.session), refresh(&account.session));
    assert!(one["session"].is_null() || two["session"].is_null(), "{one} {two}");
}

async fn a_token_that_is_not_ours_opens_nothing(world: &mut World) {
    let account = world.sign_up().await;
    let token = text(&account.session["accessToken"]).to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let decode =
        |part: &str| -> Value { serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, mut claims) = (decode(parts[0]), decode(parts[1]));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    claims["exp"] = json!(4_000_000_000_u64);
    let unsigned = encode(json!({ "alg": "none", "typ": "at+jwt" }));
    for bad in [
        format!("{}.{}.{}", parts[0], encode(claims.clone()), parts[2]),
        format!("{unsigned}.{}.", parts[1]),
        format!("{unsigned}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{token}x"),
        text(&account.session["refreshToken"]).to_owned(),
        "x".to_owned(),
        "a.b.c".to_owned(),
    ] {
        let reply = world.client().with_token(&bad).reply(WHO, json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "UNAUTHENTICATED"), "{bad}");
        assert!(reply.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    }
    let nobody = world.client().reply(WHO, json!({})).await;
    assert_eq!((nobody.code(), nobody.body["data"].is_null()), ("UNAUTHENTICATED", true));
}
