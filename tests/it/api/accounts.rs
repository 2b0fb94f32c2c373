//! The sessions of a user, a new password, and how many guesses there are.

use crate::world::{
    World,
    client::{Account, Client, PASSWORD, Reply, mutation, pairs, read, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(&[("TRUSTED_PROXIES", "127.0.0.0/8")] =>
    sessions_are_listed_and_ended,
    guesses_are_counted_and_nobody_is_locked_out,
);
in_both!(a_new_password_ends_the_other_sessions, an_account_needs_a_token);

const WHO: &str = "{ viewer { user { id email createdAt totpEnabled } } }";
const SESSIONS: &str = "{ viewer { sessions { id createdAt lastUsedAt expiresAt userAgent ipAddress current } } }";
const SESSION: &str = "session { accessToken refreshToken }";

async fn sessions(client: &Client) -> Vec<Value> {
    client.query(SESSIONS, json!({})).await["viewer"]["sessions"].as_array().unwrap().clone()
}

/// A log-in from an address, by way of a proxy.
async fn log_in_from(world: &World, address: &str, email: &str, password: &str) -> Reply {
    let variables = json!({ "input": { "email": email, "password": password } });
    let request = world.client().post().header("x-forwarded-for", format!("1.2.3.4, {address}"));
    let request = request.header("user-agent", format!("Device/{address}"));
    read(request.json(&json!({ "query": mutation("logIn", SESSION), "variables": variables }))).await
}

fn token_of(reply: &Reply) -> &str {
    text(&reply.body["data"]["logIn"]["session"]["accessToken"])
}

async fn sessions_are_listed_and_ended(world: &mut World) {
    let account = world.sign_up().await;
    let phone = log_in_from(world, "203.0.113.77", &account.email, PASSWORD).await;
    let laptop = log_in_from(world, "2001:db8:1:2::9", &account.email, PASSWORD).await;
    let (phone, laptop) = (world.client().with_token(token_of(&phone)), world.client().with_token(token_of(&laptop)));
    let listed = sessions(&phone).await;
    let seen = |session: &Value| {
        (session["userAgent"].clone(), session["ipAddress"].clone(), session["current"].as_bool().unwrap())
    };
    let seen: Vec<_> = listed.iter().map(seen).collect();
    assert_eq!(seen[0], (json!("Device/2001:db8:1:2::9"), json!("2001:db8:1::/48"), false));
    assert_eq!(seen[1], (json!("Device/203.0.113.77"), json!("203.0.113.0/24"), true));
    assert_eq!(seen[2], (Value::Null, json!("127.0.0.0/24"), false));
    assert!(listed.iter().all(|session| session["createdAt"].is_string() && session["expiresAt"].is_string()));

    // what belongs to another does not exist
    let stranger = world.sign_up().await;
    let theirs = sessions(&stranger.client).await[0]["id"].clone();
    for id in [theirs, json!("nothing"), json!(account.tenant)] {
        let mistakes = phone.mistakes("revokeSession", json!({ "id": id })).await;
        assert_eq!(mistakes, [("id".to_owned(), "NOT_FOUND".to_owned())]);
    }
    assert_eq!(sessions(&stranger.client).await.len(), 1);

    for _ in 0..2 {
        phone.done("revokeSession", json!({ "id": listed[0]["id"] }), "").await;
        assert_eq!(laptop.reply(WHO, json!({})).await.status, 401);
    }
    let others = "mutation { revokeOtherSessions { ended userErrors { code } } }";
    let ended = phone.query(others, json!({})).await["revokeOtherSessions"].clone();
    assert_eq!(ended, json!({ "ended": 1, "userErrors": [] }));
    assert_eq!(account.client.reply(WHO, json!({})).await.status, 401);
    let refresh = json!({ "refreshToken": account.session["refreshToken"] });
    assert!(!world.client().mistakes("refreshSession", refresh).await.is_empty());
    let left = sessions(&phone).await;
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));
    phone.done("revokeSession", json!({ "id": left[0]["id"] }), "").await;
    assert_eq!(phone.reply(WHO, json!({})).await.status, 401);
}

fn wait(reply: &Reply) -> Option<u64> {
    assert_eq!(reply.status, 200);
    if reply.code().is_empty() {
        assert!(!reply.headers.contains_key("retry-after"));
        return None;
    }
    assert_eq!(reply.code(), "RATE_LIMITED", "{}", reply.body);
    assert_eq!(reply.body["data"], Value::Null);
    let seconds = reply.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
    assert_eq!(reply.headers["retry-after"], seconds.to_string());
    Some(seconds)
}

async fn guesses_are_counted_and_nobody_is_locked_out(world: &mut World) {
    let account = world.sign_up().await;
    assert_eq!(wait(&log_in_from(world, "198.51.100.1", &account.email, PASSWORD).await), None);
    // many at once are many: five are judged, for who exists and for who does not
    for email in [account.email.as_str(), "nobody@example.com"] {
        let input = json!({ "input": { "email": email, "password": "a wrong guess" } });
        let body = json!({ "query": mutation("logIn", SESSION), "variables": input });
        let guesses = (0..20).map(|_| {
            let request = world.client().post().header("x-forwarded-for", "192.0.2.1").json(&body);
            tokio::spawn(read(request))
        });
        let mut judged = Vec::new();
        for guess in guesses.collect::<Vec<_>>() {
            let reply = guess.await.unwrap();
            match wait(&reply) {
                Some(seconds) => assert!((1..=60).contains(&seconds), "{seconds}"),
                None => judged.push(reply.body),
            }
        }
        assert_eq!(judged.len(), 5, "{email}");
        assert!(judged.iter().all(|body| *body == judged[0]), "{judged:?}");
        assert_eq!(pairs(&judged[0]["data"]["logIn"]["userErrors"]), [("password".to_owned(), "INVALID".to_owned())]);
    }
    // the right password is not even looked at there, and works from elsewhere
    assert!(wait(&log_in_from(world, "192.0.2.1", &account.email, PASSWORD).await).is_some());
    assert_eq!(wait(&log_in_from(world, "192.0.2.2", &account.email, PASSWORD).await), None);
    // who comes from everywhere uses the account up, but not for the address that its owner has used
    let mut host = 10;
    while wait(&log_in_from(world, &format!("192.0.2.{host}"), &account.email, "a wrong guess").await).is_none() {
        host += 1;
        assert!(host < 60, "no end of guesses");
    }
    assert!(wait(&log_in_from(world, "203.0.113.200", &account.email, PASSWORD).await).is_some());
    let owner = log_in_from(world, "198.51.100.1", &account.email, PASSWORD).await;
    assert_eq!(wait(&owner), None);
    world.client().with_token(token_of(&owner)).query(WHO, json!({})).await;
}

async fn change(account: &Account, current: &str, new: &str) -> Vec<String> {
    let input = json!({ "currentPassword": current, "newPassword": new });
    let mistakes = account.client.mistakes("changePassword", input).await;
    mistakes.into_iter().map(|(field, code)| format!("{field} {code}")).collect()
}

async fn a_new_password_ends_the_other_sessions(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    let log_in = async |password: &str| {
        let input = json!({ "email": account.email, "password": password });
        client.mutate("logIn", input, SESSION).await["session"].clone()
    };
    let other = log_in(PASSWORD).await;
    assert_eq!(change(&account, "a wrong guess", "short").await, ["currentPassword INVALID", "newPassword INVALID"]);
    assert_eq!(change(&account, PASSWORD, &"n".repeat(201)).await, ["newPassword TOO_LONG"]);
    assert_eq!(change(&account, "a wrong guess", "a new password").await, ["currentPassword INVALID"]);
    assert!(log_in(PASSWORD).await.is_object(), "nothing was changed");
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "a new password" });
    let changed = account.client.done("changePassword", input, "ended").await;
    assert_eq!(changed["ended"], 2);
    account.client.query(WHO, json!({})).await;
    assert_eq!(client.with_token(text(&other["accessToken"])).reply(WHO, json!({})).await.status, 401);
    let refresh = json!({ "refreshToken": other["refreshToken"] });
    assert!(!client.mistakes("refreshSession", refresh).await.is_empty());
    assert!(log_in(PASSWORD).await.is_null() && log_in("a new password").await.is_object());
    // whoever holds a token guesses no faster than who logs in
    for _ in 0..5 {
        assert_eq!(change(&account, "a wrong guess", "another password").await, ["currentPassword INVALID"]);
    }
    let input = json!({ "input": { "currentPassword": "x", "newPassword": "another password" } });
    let reply = account.client.reply(&mutation("changePassword", "ended"), input).await;
    assert!(wait(&reply).is_some(), "{}", reply.body);
}

async fn an_account_needs_a_token(world: &mut World) {
    let account = world.sign_up().await;
    let who = account.client.query(WHO, json!({})).await["viewer"]["user"].clone();
    assert_eq!((&who["email"], &who["totpEnabled"]), (&json!(account.email), &json!(false)));
    assert!(who["id"].is_string() && who["createdAt"].is_string());
    let nobody = world.client();
    for (name, input) in [
        ("revokeSession", json!({ "id": "x" })),
        ("changePassword", json!({ "currentPassword": "x", "newPassword": "y" })),
        ("confirmTotp", json!({ "password": "x", "code": "123456" })),
        ("disableTotp", json!({ "password": "x", "code": "123456" })),
    ] {
        assert_eq!(
            nobody.reply(&mutation(name, ""), json!({ "input": input })).await.code(),
            "UNAUTHENTICATED",
            "{name}"
        );
    }
    for name in ["revokeOtherSessions", "startTotp"] {
        let document = format!("mutation {{ {name} {{ userErrors {{ code }} }} }}");
        assert_eq!(nobody.reply(&document, json!({})).await.code(), "UNAUTHENTICATED", "{name}");
    }
    assert_eq!(nobody.reply(SESSIONS, json!({})).await.code(), "UNAUTHENTICATED");
    // a session is no node that others look up
    let id = sessions(&account.client).await[0]["id"].clone();
    let node = account.client.query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert!(node["node"].is_null());
}
