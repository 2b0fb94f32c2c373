//! A forgotten password: a link by mail that works once and for an hour, or one from who runs the server.

use super::{audit, count, log_in, outcome, sql};
use crate::{
    api::second_factor,
    world::{World, client::PASSWORD, in_both, wait},
};
use serde_json::json;

in_both!(&[("MAIL_FROM", "Stopover <no-reply@example.com>"), ("PUBLIC_URL", "https://app.example.com")] =>
    a_link_by_mail_sets_a_new_password,
    nobody_learns_who_has_an_account,
    a_link_works_once_and_an_hour,
    a_password_that_was_changed_ends_links,
);
in_both!(without_mail_the_operator_gives_the_link);

const LINK: &str = "https://app.example.com/reset-password/";
const WHO: &str = "{ viewer { user { id } } }";

async fn a_link_by_mail_sets_a_new_password(world: &mut World) {
    let account = world.sign_up().await;
    let (_, codes) = second_factor::set_up(&account).await;
    let client = world.client();
    let asked = json!({ "email": account.email.to_uppercase() });
    assert_eq!(outcome(&client, "requestPasswordReset", asked).await, "ok");
    let mail = world.mailbox().mail_to(&account.email, 1).await;
    assert_eq!(mail.header("Subject"), "A new password for Stopover");
    assert_eq!((mail.header("From"), mail.header("To")), ("Stopover <no-reply@example.com>", account.email.as_str()));
    let token = mail.token(LINK);
    assert_eq!(log_in(world, &account.email, PASSWORD).await, "totpCode SECOND_FACTOR_REQUIRED", "nothing changed yet");
    let reset = |token: &str, new: &str| json!({ "token": token, "newPassword": new });
    assert_eq!(
        outcome(&client, "resetPassword", reset("nothing", "short")).await,
        "token INVALID, newPassword INVALID"
    );
    let long = "n".repeat(201);
    assert_eq!(outcome(&client, "resetPassword", reset(&token, &long)).await, "newPassword TOO_LONG");
    assert_eq!(outcome(&client, "resetPassword", reset(&token, "a new password")).await, "ok");

    assert_eq!(account.client.reply(WHO, json!({})).await.status, 401);
    let refresh = json!({ "refreshToken": account.session["refreshToken"] });
    assert_eq!(outcome(&client, "refreshSession", refresh).await, "refreshToken INVALID");
    assert_eq!(log_in(world, &account.email, PASSWORD).await, "password INVALID");
    assert_eq!(log_in(world, &account.email, "a new password").await, "totpCode SECOND_FACTOR_REQUIRED");
    let input = json!({ "email": account.email, "password": "a new password", "recoveryCode": codes[0] });
    let session = client.done("logIn", input, "session { accessToken }").await;
    let token = session["session"]["accessToken"].as_str().unwrap();
    let again = crate::world::client::Account { client: client.with_token(token), ..account };
    let actions: Vec<String> = audit(&again, true).await.into_iter().map(|row| row.0).collect();
    let expected = ["signUp", "startTotp", "confirmTotp", "requestPasswordReset", "resetPassword", "logIn"];
    assert_eq!(actions, expected);
}

async fn nobody_learns_who_has_an_account(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    assert_eq!(outcome(&client, "requestPasswordReset", json!({ "email": "nonsense" })).await, "email INVALID");
    let mutation = crate::world::client::mutation("requestPasswordReset", "");
    for email in [account.email.as_str(), "nobody@example.com"] {
        for number in 1..=6 {
            let reply = client.reply(&mutation, json!({ "input": { "email": email } })).await;
            if number <= 5 {
                assert_eq!(reply.body, json!({ "data": { "requestPasswordReset": { "userErrors": [] } } }), "{email}");
            } else {
                assert_eq!(reply.code(), "RATE_LIMITED", "{email}");
                let wait = reply.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
                assert!((600..=900).contains(&wait), "{wait}");
            }
        }
    }
    wait::until_equal("no mail waits", wait::PATIENCE, &0, async || count(world, "mails").await).await;
    assert_eq!(world.mailbox().mails_to(&account.email).len(), 5);
    assert!(world.mailbox().mails_to("nobody@example.com").is_empty());
    assert_eq!(count(world, "password_resets").await, 5);
    // from one client there is an end to it too, whatever the address
    let mut asked = 10;
    while outcome(&client, "requestPasswordReset", json!({ "email": format!("x{asked}@example.com") })).await == "ok" {
        asked += 1;
        assert!(asked < 40, "no end of it");
    }
    assert!(asked >= 20, "{asked}");
}

async fn a_link_works_once_and_an_hour(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    let ask = json!({ "email": account.email });
    let reset = |token: &str, new: &str| json!({ "token": token, "newPassword": new });
    for _ in 0..3 {
        assert_eq!(outcome(&client, "requestPasswordReset", ask.clone()).await, "ok");
    }
    world.mailbox().mail_to(&account.email, 3).await;
    let tokens: Vec<String> = world.mailbox().mails_to(&account.email).iter().map(|mail| mail.token(LINK)).collect();
    assert_eq!(sql(world, "UPDATE password_resets SET expires_at = expires_at - 3600000").await, 3);
    assert_eq!(outcome(&client, "resetPassword", reset(&tokens[0], "a new password")).await, "token INVALID");
    assert_eq!(log_in(world, &account.email, PASSWORD).await, "ok");
    assert_eq!(sql(world, "UPDATE password_resets SET expires_at = expires_at + 3600000").await, 3);
    // two at once, with one token and with two: one sets its password
    let (one, two, three) = tokio::join!(
        outcome(&client, "resetPassword", reset(&tokens[0], "the first password")),
        outcome(&client, "resetPassword", reset(&tokens[0], "the second password")),
        outcome(&client, "resetPassword", reset(&tokens[1], "the third password"))
    );
    let told = [("first", one), ("second", two), ("third", three)];
    let won: Vec<_> = told.iter().filter(|(_, told)| told == "ok").collect();
    assert_eq!(won.len(), 1, "{told:?}");
    assert!(told.iter().all(|(_, told)| told == "ok" || told == "token INVALID"), "{told:?}");
    assert_eq!(log_in(world, &account.email, &format!("the {} password", won[0].0)).await, "ok");
    for token in &tokens {
        let told = outcome(&client, "resetPassword", reset(token, "another password")).await;
        assert_eq!(told, "token INVALID", "links that were asked for before are over");
    }
}

async fn a_password_that_was_changed_ends_links(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    assert_eq!(outcome(&client, "requestPasswordReset", json!({ "email": account.email })).await, "ok");
    let token = world.mailbox().mail_to(&account.email, 1).await.token(LINK);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "a changed password" });
    assert_eq!(outcome(&account.client, "changePassword", change).await, "ok");
    let reset = json!({ "token": token, "newPassword": "a new password" });
    assert_eq!(outcome(&client, "resetPassword", reset).await, "token INVALID");
    assert_eq!(log_in(world, &account.email, "a changed password").await, "ok");
}

async fn without_mail_the_operator_gives_the_link(world: &mut World) {
    let account = world.sign_up().await;
    let client = world.client();
    assert_eq!(outcome(&client, "requestPasswordReset", json!({ "email": account.email })).await, " INVALID");
    assert_eq!(count(world, "mails").await, 0);
    let output = world.tool(&["reset-link", &account.email.to_uppercase()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let input = json!({ "token": token, "newPassword": "a new password" });
    assert_eq!(outcome(&client, "resetPassword", input).await, "ok");
    assert_eq!(log_in(world, &account.email, "a new password").await, "ok");
    for nobody in ["nobody@example.com", ""] {
        let output = world.tool(&["reset-link", nobody]);
        assert!(!output.status.success() && output.stdout.is_empty());
    }
}
