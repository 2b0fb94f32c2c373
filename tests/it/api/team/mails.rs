//! Mails: sent once the change is committed, tried again while the mail server refuses, and never with a link that is over.

use super::{count, invited, members, newcomer, outcome, sql};
use crate::world::{World, client::Account, in_both, wait};
use serde_json::{Value, json};

in_both!(&[("MAIL_FROM", "no-reply@example.com"), ("PUBLIC_URL", "https://app.example.com/")] =>
    an_invitation_comes_by_mail,
    nobody_invites_without_end,
    a_mail_is_tried_again_and_given_up_after_a_day,
);

const LINK: &str = "https://app.example.com/invitations/";

async fn sent(world: &World) {
    wait::until_equal("no mail waits", wait::PATIENCE, &0, async || count(world, "mails").await).await;
}

async fn make(account: &Account, email: &str) -> Value {
    let made = account.client.done("inviteMember", invited(account, email, "EDITOR"), "invitation { id } link").await;
    assert_eq!(made["link"], Value::Null, "the mail carries it");
    made["invitation"]["id"].clone()
}

async fn an_invitation_comes_by_mail(world: &mut World) {
    let name = "Straße & Söhne: Bcc: all@example.com";
    let account = world.client().sign_up(name).await;
    make(&account, "new@example.com").await;
    let mail = world.mailbox().mail_to("new@example.com", 1).await;
    assert_eq!(mail.to, ["new@example.com"]);
    assert!(mail.header("Subject").contains("=?utf-8?"), "{:?}", mail.headers);
    assert!(!mail.headers.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{:?}", mail.headers);
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.header("Content-Type").starts_with("text/plain"));
    let first = format!("{} invites you to {name} on Stopover, as an editor.", account.email);
    assert_eq!(mail.body.lines().next(), Some(first.as_str()));
    let input = newcomer("new@example.com", json!({ "invitationToken": mail.token(LINK) }));
    assert_eq!(outcome(&world.client(), "signUp", input).await, "ok");
    assert_eq!(members(&account).await.len(), 2);
    sent(world).await;

    // nobody is flooded: five to one address, whoever invites
    let other = world.sign_up().await;
    for (number, account) in [&account, &other, &account, &other, &account].into_iter().enumerate() {
        make(account, "much@example.com").await;
        world.mailbox().mail_to("much@example.com", number + 1).await;
    }
    let more = outcome(&other.client, "inviteMember", invited(&other, "much@example.com", "EDITOR")).await;
    assert_eq!(more, "RATE_LIMITED");
    let mails = world.mailbox().mails_to("much@example.com");
    let ids: std::collections::BTreeSet<_> = mails.iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    assert_eq!(ids.len(), 5);
    // of a tenant's links only the last works
    let input = newcomer("much@example.com", json!({ "invitationToken": mails[2].token(LINK) }));
    assert_eq!(outcome(&world.client(), "signUp", input).await, "invitationToken INVALID");
    let input = newcomer("much@example.com", json!({ "invitationToken": mails[4].token(LINK) }));
    assert_eq!(outcome(&world.client(), "signUp", input).await, "ok");
}

async fn nobody_invites_without_end(world: &mut World) {
    let account = world.sign_up().await;
    let made = account.client.done("createTenant", json!({ "name": "Second" }), "tenant { id }").await;
    let second = Account { tenant: crate::world::client::text(&made["tenant"]["id"]).to_owned(), ..account.clone() };
    for number in 0..50 {
        make(if number % 2 == 0 { &account } else { &second }, &format!("guest{number}@example.com")).await;
    }
    for tenant in [&account, &second] {
        let input = invited(tenant, "one-more@example.com", "EDITOR");
        assert_eq!(outcome(&account.client, "inviteMember", input).await, "RATE_LIMITED", "whatever the tenant");
    }
    let other = world.sign_up().await;
    make(&other, "one-more@example.com").await;
    assert_eq!(outcome(&account.client, "inviteMember", invited(&account, "x", "EDITOR")).await, "email INVALID");
}

async fn a_mail_is_tried_again_and_given_up_after_a_day(world: &mut World) {
    let account = world.sign_up().await;
    let hurry = async || sql(world, "UPDATE mails SET next_try_at = 0").await;
    let refused = async || {
        wait::until_equal("the refusal", wait::PATIENCE, &0, async || world.mailbox().to_refuse()).await;
        // what was claimed rests for two minutes, and for five seconds once the server has refused
        let rests = "mails WHERE tries = 1 AND next_try_at < created_at + 60000";
        wait::until_equal("the rest", wait::PATIENCE, &1, async || count(world, rests).await).await;
    };
    world.mailbox().refuse(1);
    make(&account, "slow@example.com").await;
    refused().await;
    assert!(world.mailbox().mails_to("slow@example.com").is_empty());
    hurry().await;
    let mail = world.mailbox().mail_to("slow@example.com", 1).await;
    sent(world).await;
    let input = newcomer("slow@example.com", json!({ "invitationToken": mail.token(LINK) }));
    assert_eq!(outcome(&world.client(), "signUp", input).await, "ok");

    // what was taken back meanwhile is not sent
    world.mailbox().refuse(1);
    let id = make(&account, "never@example.com").await;
    refused().await;
    account.client.done("revokeInvitation", json!({ "id": id }), "").await;
    hurry().await;
    sent(world).await;
    assert!(world.mailbox().mails_to("never@example.com").is_empty());

    // after a day it is given up, and the row stays for who looks
    world.mailbox().refuse(2);
    make(&account, "dead@example.com").await;
    wait::until_equal("a refusal", wait::PATIENCE, &1, async || world.mailbox().to_refuse()).await;
    wait::until_equal("the rest", wait::PATIENCE, &1, async || {
        count(world, "mails WHERE tries = 1 AND next_try_at < created_at + 60000").await
    })
    .await;
    sql(world, "UPDATE mails SET created_at = created_at - 86400000, next_try_at = 0").await;
    wait::until_equal("the end", wait::PATIENCE, &1, async || count(world, "mails WHERE dead_at IS NOT NULL").await)
        .await;
    hurry().await;
    make(&account, "next@example.com").await;
    world.mailbox().mail_to("next@example.com", 1).await;
    assert!(world.mailbox().mails_to("dead@example.com").is_empty());
    assert_eq!(count(world, "mails WHERE tries = 2 AND dead_at IS NOT NULL").await, 1);
}
