//! Accounts: signing up and logging in, sessions, passwords and the second factor.

use super::{
    stage::Stage,
    table::{Row, Table, x},
    team::email,
};
use crate::{
    api::second_factor::code,
    world::{
        World,
        client::{PASSWORD, text},
    },
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const SESSION: &str = "session { accessToken }";

/// Plays the tables, with what each needs.
pub(super) async fn play(stage: &mut Stage, world: &World) {
    stage.name("$email", stage.account.email.clone());
    stage.name("$other-email", stage.other.email.clone());
    for _ in 0..2 {
        let input = json!({ "email": stage.account.email, "password": PASSWORD });
        let made = world.client().done("logIn", input, "session { accessToken refreshToken }").await;
        let token = text(&made["session"]["refreshToken"]);
        stage.names.entry("$refresh").or_insert_with(|| token.to_owned());
        let client = world.client().with_token(text(&made["session"]["accessToken"]));
        let sessions = client.query("{ viewer { sessions { id current } } }", json!({})).await;
        let sessions = sessions["viewer"]["sessions"].as_array().unwrap().clone();
        let current = sessions.iter().find(|session| session["current"] == true).unwrap();
        stage.name("$session", text(&current["id"]));
    }
    let theirs = stage.other.client.query("{ viewer { sessions { id } } }", json!({})).await;
    stage.name("$their-session", text(&theirs["viewer"]["sessions"][0]["id"]));
    stage.play(&entering()).await;
    stage.play(&sessions()).await;
    second_factor(stage, world).await;
    stage.play(&[new_password()]).await;
    for (name, email) in [("$reset", "$email"), ("$other-reset", "$other-email")] {
        let made = world.tool(&["reset-link", &stage.names[email]]);
        let link = String::from_utf8(made.stdout).unwrap();
        stage.name(name, link.trim().rsplit('/').next().unwrap());
    }
    // mails stay where they are
    world.mailbox().refuse(usize::MAX);
    stage.play(&forgotten()).await;
}

/// All the tables.
pub(super) fn tables() -> Vec<Table> {
    [entering(), sessions(), before_start(), started(), on(), vec![new_password()], forgotten()]
        .into_iter()
        .flatten()
        .collect()
}

fn entering() -> Vec<Table> {
    let good = json!({ "email": "Made@example.com", "password": PASSWORD, "tenantName": "Made" });
    let named = |name, email: &str, change: Value, told| {
        let mut change = change;
        change["email"] = json!(email);
        (name, change, told)
    };
    let sign_up = Table::new("signUp", good, "tenant { name } user { email }").by("$nobody").rows([
        named("no address", "", json!({}), "email INVALID"),
        named("an address with a name", "Ann <ann@example.com>", json!({}), "email INVALID"),
        named("an address of 255 characters", &email(255), json!({}), "email TOO_LONG"),
        named("an address of 254 characters", &email(254), json!({}), ""),
        named("an address in use, in capitals", "$email", json!({}), "email TAKEN"),
        ("a password of 7 characters", json!({ "password": x(7) }), "password INVALID"),
        named("a password of 8 characters", "p8@example.com", json!({ "password": "é".repeat(8) }), ""),
        ("a password of 201 characters", json!({ "password": x(201) }), "password TOO_LONG"),
        named("a password of 200 characters", "p200@example.com", json!({ "password": "é".repeat(200) }), ""),
        ("no name", json!({ "tenantName": null }), "tenantName INVALID"),
        ("an empty name", json!({ "tenantName": " " }), "tenantName INVALID"),
        ("a name of two lines", json!({ "tenantName": "a\nb" }), "tenantName INVALID"),
        ("a name of 101 characters", json!({ "tenantName": x(101) }), "tenantName TOO_LONG"),
        named("a name of 100 characters", "n100@example.com", json!({ "tenantName": x(100) }), ""),
        named("several", "$email", json!({ "password": "", "tenantName": "" }), "password INVALID, tenantName INVALID"),
    ]);
    let log_in = Table::new("logIn", json!({ "email": "$email", "password": PASSWORD }), SESSION).by("$nobody").rows([
        ("a wrong password", json!({ "password": "a guess" }), "password INVALID"),
        ("an address without an account", json!({ "email": "nobody@example.com" }), "password INVALID"),
        ("an address that is none", json!({ "email": "a\u{1}" }), "password INVALID"),
    ]);
    vec![sign_up, log_in]
}

fn sessions() -> Vec<Table> {
    let of = |mutation, token: &str| Table::new(mutation, json!({ "refreshToken": token }), "").by("$nobody");
    let revoke = Table::new("revokeSession", json!({ "id": "$session" }), "").rows([
        ("another's session", json!({ "id": "$their-session" }), "id NOT_FOUND"),
        ("no session's id", json!({ "id": "nothing" }), "id NOT_FOUND"),
    ]);
    vec![
        of("refreshSession", "$refresh").rows([(
            "no token",
            json!({ "refreshToken": "nonsense" }),
            "refreshToken INVALID",
        )]),
        of("logOut", "$refresh").rows([("no token", json!({ "refreshToken": "nonsense" }), "refreshToken NOT_FOUND")]),
        revoke,
        Table::new("revokeOtherSessions", Value::Null, "ended"),
    ]
}

async fn second_factor(stage: &mut Stage, world: &World) {
    stage.play(&before_start()).await;
    let start = "mutation { startTotp { secret userErrors { code } } }";
    let started_anew = stage.other.client.query(start, json!({})).await;
    let secret = text(&started_anew["startTotp"]["secret"]).to_owned();
    stage.name("$code", code(&secret, 0));
    stage.play(&started()).await;
    world.database().await.execute_unprepared("UPDATE second_factors SET last_step = 0").await.unwrap();
    stage.name("$code", code(&secret, 0));
    stage.play(&on()).await;
}

/// What is told while there is no second factor; then one is begun.
fn before_start() -> Vec<Table> {
    let input = || json!({ "password": PASSWORD, "code": "123456" });
    vec![
        Table::refused("confirmTotp", input(), "code NOT_FOUND").by("$other"),
        Table::refused("disableTotp", input(), "code NOT_FOUND").by("$other"),
        Table::new("startTotp", Value::Null, "secret otpauthUrl").by("$other"),
    ]
}

/// What is told once a second factor was begun; then it is confirmed.
fn started() -> Vec<Table> {
    let on = json!({ "viewer": { "user": { "totpEnabled": true } } });
    let good = json!({ "password": PASSWORD, "code": "$code" });
    let confirm = Table::new("confirmTotp", good, "recoveryCodes")
        .by("$other")
        .shows("", "viewer { user { totpEnabled } }", on)
        .rows(codes());
    vec![confirm]
}

fn codes() -> [Row; 3] {
    [
        ("a wrong password", json!({ "password": "a guess" }), "password INVALID"),
        ("a wrong code", json!({ "code": "abcdef" }), "code INVALID"),
        // a code is judged beside the right password alone
        ("both", json!({ "password": "a guess", "code": "abcdef" }), "password INVALID"),
    ]
}

/// What is told while a second factor is on; then it is turned off.
fn on() -> Vec<Table> {
    let log_in = json!({ "email": "$other-email", "password": PASSWORD });
    let off = json!({ "viewer": { "user": { "totpEnabled": false } } });
    let good = json!({ "password": PASSWORD, "code": "$code" });
    let disable = Table::new("disableTotp", good.clone(), "")
        .by("$other")
        .shows("", "viewer { user { totpEnabled } }", off)
        .rows(codes());
    let asked = Table::refused("logIn", log_in, "totpCode SECOND_FACTOR_REQUIRED").by("$nobody").rows([
        ("a wrong code", json!({ "totpCode": "abcdef" }), "totpCode INVALID"),
        ("a wrong recovery code", json!({ "recoveryCode": "nonsense" }), "recoveryCode INVALID"),
        (
            "a wrong password beside a good code",
            json!({ "password": "a guess", "totpCode": "$code" }),
            "password INVALID",
        ),
    ]);
    vec![
        Table::refused("startTotp", Value::Null, "- TAKEN").by("$other"),
        Table::refused("confirmTotp", good, "- TAKEN").by("$other"),
        asked,
        disable,
    ]
}

fn new_password() -> Table {
    let changed = |current: &str, new: String| json!({ "currentPassword": current, "newPassword": new });
    let (eight, longest) = (x(8), x(200));
    // from one to the next, and back
    Table::new("changePassword", changed(&longest, PASSWORD.to_owned()), "ended").rows([
        ("a wrong password", changed("a guess", eight.clone()), "currentPassword INVALID"),
        ("a password of 7 characters", changed(PASSWORD, x(7)), "newPassword INVALID"),
        ("a password of 8 characters", changed(PASSWORD, eight.clone()), ""),
        ("a password of 201 characters", changed(PASSWORD, x(201)), "newPassword TOO_LONG"),
        ("a password of 200 characters", changed(&eight, longest.clone()), ""),
        ("several", changed("a guess", x(7)), "currentPassword INVALID, newPassword INVALID"),
    ])
}

fn forgotten() -> Vec<Table> {
    let (eight, longest) = (x(8), x(200));
    let reset =
        Table::new("resetPassword", json!({ "token": "$reset", "newPassword": longest }), "").by("$nobody").rows([
            ("no token", json!({ "token": "nonsense" }), "token INVALID"),
            ("a password of 7 characters", json!({ "newPassword": x(7) }), "newPassword INVALID"),
            ("a password of 8 characters", json!({ "token": "$other-reset", "newPassword": eight }), ""),
            ("a password of 201 characters", json!({ "newPassword": x(201) }), "newPassword TOO_LONG"),
            ("several", json!({ "token": "nonsense", "newPassword": x(7) }), "token INVALID, newPassword INVALID"),
        ]);
    let ask = Table::new("requestPasswordReset", json!({ "email": "$email" }), "").by("$nobody").rows([
        ("no address", json!({ "email": "ann" }), "email INVALID"),
        ("an address of 255 characters", json!({ "email": email(255) }), "email TOO_LONG"),
        ("an address of 254 characters", json!({ "email": email(254) }), ""),
    ]);
    vec![reset, ask]
}
