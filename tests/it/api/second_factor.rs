//! The second factor as a user meets it, with an authenticator app that is made here after the standard.

use crate::world::{
    World,
    client::{Account, PASSWORD, text},
    in_both,
};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use sha1::Sha1;
use std::time::{SystemTime, UNIX_EPOCH};

in_both!(a_second_factor_is_set_up_asked_for_and_turned_off, a_code_opens_one_session);

const START: &str = "mutation { startTotp { secret otpauthUrl userErrors { field code } } }";
const SESSION: &str = "session { accessToken }";

/// What an app shows this many steps from now (RFC 6238).
pub(super) fn code(secret: &str, ahead: u64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30 + ahead;
    let mac = Hmac::<Sha1>::new_from_slice(&key).unwrap().chain_update(step.to_be_bytes()).finalize().into_bytes();
    let at = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Forgets what was used and what was guessed, as time does.
async fn let_time_pass(world: &World) {
    let db = world.database().await;
    for forget in ["UPDATE second_factors SET last_step = 0", "DELETE FROM throttles"] {
        db.execute_unprepared(forget).await.unwrap();
    }
}

pub(super) async fn set_up(account: &Account) -> (String, Vec<String>) {
    let started = account.client.query(START, json!({})).await["startTotp"].clone();
    assert_eq!(started["userErrors"], json!([]));
    let secret = text(&started["secret"]).to_owned();
    assert!(text(&started["otpauthUrl"]).starts_with("otpauth://totp/Stopover:user"), "{started}");
    let input = json!({ "password": PASSWORD, "code": code(&secret, 0) });
    let confirmed = account.client.done("confirmTotp", input, "recoveryCodes").await;
    let codes = confirmed["recoveryCodes"].as_array().unwrap().iter().map(|code| text(code).to_owned()).collect();
    (secret, codes)
}

/// What a log-in comes to: `ok`, or its one mistake.
async fn log_in(world: &World, account: &Account, password: &str, shown: Value) -> String {
    let mut input = json!({ "email": account.email, "password": password });
    input.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
    let mistakes = world.client().mistakes("logIn", input).await;
    mistakes.first().map_or_else(|| "ok".to_owned(), |(field, code)| format!("{field} {code}"))
}

async fn a_second_factor_is_set_up_asked_for_and_turned_off(world: &mut World) {
    let account = world.sign_up().await;
    let mistakes = async |name: &str, input: Value| {
        let mistakes = account.client.mistakes(name, input).await;
        mistakes.iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>().join(", ")
    };
    let enabled = async || {
        account.client.query("{ viewer { user { totpEnabled } } }", json!({})).await["viewer"]["user"]["totpEnabled"]
            .clone()
    };
    assert_eq!(mistakes("confirmTotp", json!({ "password": PASSWORD, "code": "123456" })).await, "code NOT_FOUND");
    assert_eq!(mistakes("disableTotp", json!({ "password": PASSWORD, "code": "123456" })).await, "code NOT_FOUND");
    account.client.query(START, json!({})).await;
    assert_eq!(mistakes("confirmTotp", json!({ "password": PASSWORD, "code": "12345" })).await, "code INVALID");
    assert_eq!(mistakes("confirmTotp", json!({ "password": "a guess", "code": "12345" })).await, "password INVALID");
    assert_eq!(enabled().await, false);
    let_time_pass(world).await;
    let (secret, codes) = set_up(&account).await;
    assert_eq!((enabled().await, codes.len()), (json!(true), 10));
    let again = account.client.query(START, json!({})).await["startTotp"].clone();
    assert_eq!((&again["secret"], &again["userErrors"][0]["code"]), (&Value::Null, &json!("TAKEN")));
    assert_eq!(mistakes("confirmTotp", json!({ "password": PASSWORD, "code": code(&secret, 1) })).await, " TAKEN");

    // told to who has the password alone
    assert_eq!(log_in(world, &account, PASSWORD, json!({})).await, "totpCode SECOND_FACTOR_REQUIRED");
    assert_eq!(log_in(world, &account, "a wrong guess", json!({})).await, "password INVALID");
    let right = json!({ "totpCode": code(&secret, 1) });
    assert_eq!(log_in(world, &account, "a wrong guess", right.clone()).await, "password INVALID");
    assert_eq!(log_in(world, &account, PASSWORD, json!({ "totpCode": "000" })).await, "totpCode INVALID");
    assert_eq!(log_in(world, &account, PASSWORD, right.clone()).await, "ok");
    assert_eq!(log_in(world, &account, PASSWORD, right).await, "totpCode INVALID");
    let recovery = json!({ "recoveryCode": codes[0].replace('-', "").to_uppercase() });
    assert_eq!(log_in(world, &account, PASSWORD, recovery.clone()).await, "ok");
    assert_eq!(log_in(world, &account, PASSWORD, recovery).await, "recoveryCode INVALID");

    let_time_pass(world).await;
    let wrong = json!({ "password": "a wrong guess", "code": codes[1] });
    assert_eq!(mistakes("disableTotp", wrong).await, "password INVALID");
    assert_eq!(mistakes("disableTotp", json!({ "password": PASSWORD, "code": codes[0] })).await, "code INVALID");
    account.client.done("disableTotp", json!({ "password": PASSWORD, "code": code(&secret, 0) }), "").await;
    assert_eq!((enabled().await, log_in(world, &account, PASSWORD, json!({})).await), (json!(false), "ok".to_owned()));
}

async fn a_code_opens_one_session(world: &mut World) {
    let account = world.sign_up().await;
    let (secret, codes) = set_up(&account).await;
    let_time_pass(world).await;
    for shown in [json!({ "totpCode": code(&secret, 0) }), json!({ "recoveryCode": codes[0] })] {
        let mut input = json!({ "email": account.email, "password": PASSWORD });
        input.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
        let attempts = (0..5).map(|_| {
            let (client, input) = (world.client(), input.clone());
            tokio::spawn(async move { client.mutate("logIn", input, SESSION).await["session"].is_object() })
        });
        let mut opened = 0;
        for attempt in attempts.collect::<Vec<_>>() {
            opened += u32::from(attempt.await.unwrap());
        }
        assert_eq!(opened, 1, "{shown}");
        world.database().await.execute_unprepared("DELETE FROM throttles").await.unwrap();
    }
    // nothing at rest tells the secret or a code
    let db = world.database().await;
    let factor = entities::second_factor::Entity::find().one(&db).await.unwrap().unwrap();
    let shared = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    assert!(!factor.salt.windows(4).any(|bytes| shared.windows(4).any(|known| known == bytes)));
    let kept = entities::recovery_code::Entity::find().all(&db).await.unwrap();
    assert!(kept.len() == 10 && kept.iter().all(|row| row.code_hash.len() == 32));
    assert_eq!(kept.iter().filter(|row| row.used_at.is_some()).count(), 1);
}
