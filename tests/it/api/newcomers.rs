//! Newcomers: how many sign up from one address, what they learn of others, who may where only the invited do, and that
//! nobody's guesses keep them out of what is theirs.

use super::team::invite;
use crate::world::{
    World,
    client::{Account, Client, PASSWORD, Reply, mutation, pairs, read, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(&[("TRUSTED_PROXIES", "127.0.0.0/8")] =>
    sign_ups_are_counted_by_address,
    who_proved_themselves_is_let_in_from_there,
);
in_both!(&[("OPEN_SIGN_UP", "false")] => only_the_invited_sign_up_where_it_is_closed);
in_both!(&[("OPEN_SIGN_UP", "false")] => of_those_who_begin_at_once_one_does);
in_both!(a_name_is_no_web_address, who_logs_in_asks_for_nothing_else);

const SESSION: &str = "session { accessToken }";

/// Calls a mutation from an address, by way of a proxy.
async fn from(world: &World, address: &str, name: &str, input: Value) -> Reply {
    let request = world.client().post().header("x-forwarded-for", address);
    let selection = if name == "resetPassword" { "" } else { SESSION };
    read(request.json(&json!({ "query": mutation(name, selection), "variables": { "input": input } }))).await
}

/// What it came to: `ok`, a code, or mistakes.
fn told(reply: &Reply, name: &str) -> String {
    if !reply.code().is_empty() {
        return reply.code().to_owned();
    }
    let mistakes = pairs(&reply.body["data"][name]["userErrors"]);
    let told = mistakes.iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>().join(", ");
    if told.is_empty() { "ok".to_owned() } else { told }
}

fn newcomer(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "tenantName": "New" })
}

async fn sign_ups_are_counted_by_address(world: &mut World) {
    let sign_up = async |address: &str, input: Value| from(world, address, "signUp", input).await;
    let taken = world.sign_up().await.email;
    // whether an address has an account is told when all the rest is right, and not before
    let wrong = json!({ "email": taken, "password": "short", "tenantName": "" });
    for _ in 0..60 {
        let reply = sign_up("203.0.113.1", wrong.clone()).await;
        assert_eq!(told(&reply, "signUp"), "password INVALID, tenantName INVALID", "and it costs nothing");
    }
    let unknown = json!({ "email": taken, "password": PASSWORD, "invitationToken": "sol_nothing" });
    assert_eq!(told(&sign_up("203.0.113.1", unknown).await, "signUp"), "invitationToken INVALID");
    for _ in 0..49 {
        assert_eq!(told(&sign_up("203.0.113.1", newcomer(&taken)).await, "signUp"), "email TAKEN");
    }
    assert_eq!(told(&sign_up("203.0.113.1", newcomer("fifty@example.com")).await, "signUp"), "ok");
    for email in [taken.as_str(), "more@example.com"] {
        let reply = sign_up("203.0.113.1", newcomer(email)).await;
        assert_eq!((told(&reply, "signUp").as_str(), reply.status.as_u16()), ("RATE_LIMITED", 200), "{email}");
        let seconds = reply.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
        assert!((1..=60).contains(&seconds) && reply.headers["retry-after"] == seconds.to_string(), "{seconds}");
    }
    assert_eq!(told(&sign_up("203.0.113.2", newcomer("more@example.com")).await, "signUp"), "ok", "from elsewhere");
}

/// Guesses from everywhere until the account has no more for addresses that nobody knows.
async fn use_up(world: &World, email: &str) {
    let guess = json!({ "email": email, "password": "a wrong guess" });
    for host in 1..60 {
        let reply = from(world, &format!("192.0.2.{host}"), "logIn", guess.clone()).await;
        if told(&reply, "logIn") == "RATE_LIMITED" {
            return;
        }
    }
    panic!("no end of guesses");
}

async fn who_proved_themselves_is_let_in_from_there(world: &mut World) {
    let email = "ann@example.com";
    let log_in = async |address: &str, password: &str| {
        let input = json!({ "email": email, "password": password });
        told(&from(world, address, "logIn", input).await, "logIn")
    };
    assert_eq!(told(&from(world, "198.51.100.1", "signUp", newcomer(email)).await, "signUp"), "ok");
    use_up(world, email).await;
    assert_eq!(log_in("198.51.100.2", PASSWORD).await, "RATE_LIMITED");
    assert_eq!(log_in("198.51.100.1", PASSWORD).await, "ok", "where the account was made");

    use_up(world, email).await;
    let made = world.tool(&["reset-link", email]);
    let token = String::from_utf8(made.stdout).unwrap().trim().rsplit('/').next().unwrap().to_owned();
    assert_eq!(log_in("198.51.100.3", PASSWORD).await, "RATE_LIMITED");
    let input = json!({ "token": token, "newPassword": "a new password" });
    assert_eq!(told(&from(world, "198.51.100.3", "resetPassword", input).await, "resetPassword"), "ok");
    use_up(world, email).await;
    assert_eq!(log_in("198.51.100.4", "a new password").await, "RATE_LIMITED");
    assert_eq!(log_in("198.51.100.3", "a new password").await, "ok", "where the password was set");
}

async fn only_the_invited_sign_up_where_it_is_closed(world: &mut World) {
    // somebody has to begin
    let owner: Account = world.sign_up().await;
    let sign_up = async |client: &Client, input: Value| client.mistakes("signUp", input).await;
    let closed = [("invitationToken".to_owned(), "INVALID".to_owned())];
    for email in ["stranger@example.com", owner.email.as_str()] {
        assert_eq!(sign_up(&world.client(), newcomer(email)).await, closed, "{email}");
        assert_eq!(sign_up(&owner.client, newcomer(email)).await, closed, "{email}");
    }
    let token = invite(&owner, "friend@example.com", "EDITOR").await;
    let friend = json!({ "email": "friend@example.com", "password": PASSWORD, "invitationToken": token });
    assert!(sign_up(&world.client(), friend.clone()).await.is_empty());
    assert_eq!(sign_up(&world.client(), friend).await, closed, "used");
}

async fn of_those_who_begin_at_once_one_does(world: &mut World) {
    let comes = (0..4).map(|at| {
        let (client, input) = (world.client(), newcomer(&format!("first{at}@example.com")));
        tokio::spawn(async move { client.mistakes("signUp", input).await })
    });
    let mut said = Vec::new();
    for one in comes.collect::<Vec<_>>() {
        said.push(one.await.unwrap());
    }
    said.sort();
    let closed = vec![("invitationToken".to_owned(), "INVALID".to_owned())];
    assert_eq!((said[0].len(), &said[1..]), (0, &vec![closed; 3][..]));
}

async fn a_name_is_no_web_address(world: &mut World) {
    let account = world.sign_up().await;
    let pair = |field: &str| [(field.to_owned(), "INVALID".to_owned())];
    for name in ["Win at evil.example/now", "see www.evil.example", "http://evil.example", "Acme //evil"] {
        let input = json!({ "email": "new@example.com", "password": PASSWORD, "tenantName": name });
        assert_eq!(world.client().mistakes("signUp", input).await, pair("tenantName"), "{name}");
        assert_eq!(account.client.mistakes("createTenant", json!({ "name": name })).await, pair("name"), "{name}");
        let input = json!({ "id": account.tenant, "name": name });
        assert_eq!(account.client.mistakes("updateTenant", input).await, pair("name"), "{name}");
    }
    // whoever invites stands in the mail, too
    for email in ["www.evil.example/win@example.com", "//evil@example.com"] {
        assert_eq!(world.client().mistakes("signUp", newcomer(email)).await, pair("email"), "{email}");
    }
    for name in ["Booking.com", "AC/DC e.V.", "Acme Inc./Ltd."] {
        account.client.done("createTenant", json!({ "name": name }), "tenant { id }").await;
    }
}

async fn who_logs_in_asks_for_nothing_else(world: &mut World) {
    let account = world.sign_up().await;
    let document = "mutation($log: LogInInput!, $new: CreateTenantInput!) {
        logIn(input: $log) { session { accessToken } } createTenant(input: $new) { tenant { id } } }";
    let log = json!({ "email": account.email, "password": PASSWORD });
    let variables = json!({ "log": log, "new": { "name": "Both" } });
    let refused = account.client.reply(document, variables).await;
    assert_eq!((refused.code(), &refused.body["data"]), ("GRAPHQL_VALIDATION_FAILED", &Value::Null));
    let alone = account.client.done("logIn", log, "session { accessToken } user { email }").await;
    assert_eq!(text(&alone["user"]["email"]), account.email);
    let owned = "{ viewer { memberships { tenant { name } } } }";
    let owned = account.client.query(owned, json!({})).await;
    assert_eq!(owned["viewer"]["memberships"], json!([{ "tenant": { "name": "Acme" } }]), "nothing was made");
}
