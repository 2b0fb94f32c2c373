//! Second factors: set up, asked for, each code once, lost and turned off.

use super::{EMAIL, NOW, PASSWORD, World, from, said};
use crate::auth::{
    second_factor::{self, Shown},
    totp::Secret,
};
use data_encoding::BASE32_NOPAD;

const HERE: &str = "198.51.100.1";

fn totp(code: &str) -> Shown {
    Shown { totp_code: Some(code.to_owned()), recovery_code: None }
}

fn recovery(code: &str) -> Shown {
    Shown { totp_code: None, recovery_code: Some(code.to_owned()) }
}

impl World {
    /// What an app shows now, out of what it was told.
    fn code(&self, secret: &str) -> String {
        let mut key = [0; 32];
        key[..20].copy_from_slice(&BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
        Secret::new(&key).code(self.app.clock.now() / 30_000).unwrap()
    }

    async fn enter(&self, password: &str, shown: Shown) -> String {
        said(self.log_in(HERE, EMAIL, password, shown).await)
    }
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_works_once() {
    let world = World::new().await;
    let caller = world.caller().await;
    let abandoned = second_factor::start(&world.app, caller).await.unwrap();
    let started = second_factor::start(&world.app, caller).await.unwrap();
    assert_ne!(started.secret, abandoned.secret);
    assert!(started.otpauth_url.contains(&started.secret));
    assert_eq!(world.enter(PASSWORD, Shown::default()).await, "ok", "not before it is confirmed");
    let confirm = async |code: &str| {
        said(second_factor::confirm(&world.app, caller, &from(HERE), PASSWORD.to_owned(), code).await)
    };
    assert_eq!(confirm(&world.code(&abandoned.secret)).await, "Invalid code");
    let code = world.code(&started.secret);
    let guess = second_factor::confirm(&world.app, caller, &from(HERE), "guess".to_owned(), &code).await;
    assert_eq!(said(guess), "Invalid password");
    assert_eq!(confirm(&code).await, "ok");
    assert_eq!(confirm(&code).await, "Taken ");
    assert_eq!(said(second_factor::start(&world.app, caller).await), "Taken ");
    assert!(second_factor::is_on(&world.app, caller.user_id).await.unwrap());

    assert_eq!(world.enter(PASSWORD, Shown::default()).await, "SecondFactorRequired totpCode");
    assert_eq!(world.enter("guess", Shown::default()).await, "Invalid password", "only after the right password");
    assert_eq!(world.enter(PASSWORD, totp(&code)).await, "Invalid totpCode", "it confirmed already");
    world.app.clock.advance(30_000);
    let code = world.code(&started.secret);
    assert_eq!(world.enter("guess", totp(&code)).await, "Invalid password");
    assert_eq!(world.enter(PASSWORD, totp(&code)).await, "ok");
    assert_eq!(world.enter(PASSWORD, totp(&code)).await, "Invalid totpCode", "used");
}

#[tokio::test]
async fn codes_are_guessed_no_faster_than_passwords() {
    let world = World::new().await;
    let caller = world.caller().await;
    let started = second_factor::start(&world.app, caller).await.unwrap();
    let right = world.code(&started.secret);
    let codes = second_factor::confirm(&world.app, caller, &from(HERE), PASSWORD.to_owned(), &right).await.unwrap();
    assert_eq!(codes.len(), 10);
    for at in 0..5 {
        // asking what is needed gives nothing back of what the guesses cost
        assert_eq!(world.enter(PASSWORD, Shown::default()).await, "SecondFactorRequired totpCode", "{at}");
        assert_eq!(world.enter(PASSWORD, totp("x")).await, "Invalid totpCode");
    }
    assert_eq!(world.enter(PASSWORD, recovery(&codes[0])).await, "wait 60");
    let other = said(second_factor::disable(&world.app, caller, &from(HERE), PASSWORD.to_owned(), &codes[0]).await);
    assert_eq!(other, "wait 60", "one count for all doors");
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_and_ends_the_second_factor() {
    let world = World::new().await;
    let caller = world.caller().await;
    let disable = async |password: &str, code: &str| {
        said(second_factor::disable(&world.app, caller, &from(HERE), password.to_owned(), code).await)
    };
    let confirm =
        async |code: &str| second_factor::confirm(&world.app, caller, &from(HERE), PASSWORD.to_owned(), code).await;
    assert_eq!(said(confirm("123456").await), "NotFound code");
    assert_eq!(disable(PASSWORD, "123456").await, "NotFound code");
    let started = second_factor::start(&world.app, caller).await.unwrap();
    let codes = confirm(&world.code(&started.secret)).await.unwrap();
    assert_eq!(world.enter(PASSWORD, recovery(&codes[3].to_uppercase())).await, "ok");
    assert_eq!(world.enter(PASSWORD, recovery(&codes[3])).await, "Invalid recoveryCode");
    assert_eq!(disable("guess", &codes[4]).await, "Invalid password");
    assert_eq!(disable(PASSWORD, &codes[3]).await, "Invalid code");
    assert_eq!(disable(PASSWORD, &codes[4]).await, "ok", "a wrong password used nothing up");
    assert_eq!(world.enter(PASSWORD, Shown::default()).await, "ok");
    assert_eq!(world.app.clock.now(), NOW);
    // from the start: the old codes are worth nothing
    let started = second_factor::start(&world.app, caller).await.unwrap();
    confirm(&world.code(&started.secret)).await.unwrap();
    assert_eq!(world.enter(PASSWORD, recovery(&codes[5])).await, "Invalid recoveryCode");
}
