//! Mails to people: written down in the transaction of what they are about, and sent by a loop ([`Sender`]) when that is
//! committed, so that no answer waits for a mail server. A row holds neither a text nor a token: both are made when it leaves.

mod sender;
mod text;

pub use entities::mail::Kind;
pub use sender::Sender;

use crate::{app::App, auth::reset, error::Error};
use contract::clock::DAY;
use entities::{mail, mail::Model};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel, prelude::Uuid};
use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};
use text::Letter;

/// How long the mail server may take for one step.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way to a mail server, read from its address.
#[derive(Clone)]
pub struct Relay(AsyncSmtpTransport<Tokio1Executor>);

impl FromStr for Relay {
    type Err = ();

    /// Reads `smtps://user:password@host`, or `smtp://` with `?tls=required` for STARTTLS, or without it and without a
    /// password: a password is never sent in the clear.
    fn from_str(text: &str) -> Result<Self, ()> {
        let url = url::Url::parse(text).map_err(drop)?;
        let encrypted =
            url.scheme() == "smtps" || url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
        if url.password().is_some() && !encrypted {
            return Err(());
        }
        let relay = AsyncSmtpTransport::<Tokio1Executor>::from_url(text).map_err(drop)?;
        Ok(Self(relay.timeout(Some(PATIENCE)).build()))
    }
}

/// Sends mails from one address by way of one server.
#[derive(Clone)]
pub struct Post {
    relay: Relay,
    from: Mailbox,
}

impl Post {
    /// Puts the two together.
    #[must_use]
    pub const fn new(relay: Relay, from: Mailbox) -> Self {
        Self { relay, from }
    }

    /// Sends a letter. The id stays the same when it is sent again.
    async fn send(&self, letter: Letter, row: &Model, now: i64) -> Result<(), String> {
        let message = self.message(letter, (row.id, &row.recipient), now)?;
        self.relay.0.send(message).await.map(drop).map_err(|error| error.to_string())
    }

    fn message(&self, letter: Letter, (id, recipient): (Uuid, &str), now: i64) -> Result<Message, String> {
        let to: Address = recipient.parse().map_err(|error| format!("the address: {error}"))?;
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(now.unsigned_abs());
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .date(date)
            .message_id(Some(format!("<{}@{}>", id.as_simple(), self.from.email.domain())))
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body)
            .map_err(|error| format!("the message: {error}"))
    }
}

/// Never prints what it holds: there is a password in it.
impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post")
    }
}

/// How long a mail is tried, in milliseconds; none goes out whose link is over.
const fn life(kind: Kind) -> i64 {
    match kind {
        Kind::Invitation => DAY,
        Kind::PasswordReset => reset::LIFE,
    }
}

/// Writes a mail down, with a link of its own.
pub(crate) async fn enqueue(app: &App, tx: &DatabaseTransaction, kind: Kind, recipient: String) -> Result<(), Error> {
    enqueue_salted(app, tx, (kind, recipient), rand::random()).await
}

/// The same, with a link whose token is the one of a salt.
pub(crate) async fn enqueue_salted(
    app: &App,
    tx: &DatabaseTransaction,
    (kind, recipient): (Kind, String),
    salt: [u8; 32],
) -> Result<(), Error> {
    let now = app.clock.now();
    let row = Model {
        id: Uuid::now_v7(),
        kind,
        recipient,
        salt: salt.to_vec(),
        created_at: now,
        next_try_at: now,
        tries: 0,
        dead_at: None,
    };
    mail::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, recipient: &str) -> Result<String, String> {
        let relay = "smtp://127.0.0.1:1".parse().map_err(|()| "relay")?;
        let post = Post::new(relay, "Stopover <no-reply@example.com>".parse().map_err(|_| "from")?);
        let letter = Letter { subject: subject.to_owned(), body: "One.\nTwo é.\n".to_owned() };
        let message = post.message(letter, (Uuid::from_u128(7), recipient), 1_700_000_000_000)?;
        String::from_utf8(message.formatted()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_header_cannot_be_added_by_what_others_chose() {
        let text = message("Hello\r\nBcc: all@example.com", "ann@example.org").unwrap();
        let head: Vec<&str> = text.split("\r\n\r\n").next().unwrap().split("\r\n").collect();
        assert!(!head.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{text}");
        assert!(head.contains(&"To: ann@example.org") && head.contains(&"Auto-Submitted: auto-generated"), "{text}");
        assert!(head.contains(&"Message-ID: <00000000000000000000000000000007@example.com>"), "{text}");
        assert!(head.contains(&"Date: Tue, 14 Nov 2023 22:13:20 +0000"), "{text}");
        for bad in
            ["ann@example.org\r\nBcc: all@example.com", "ann@example.org, bob@example.org", "Ann <a@example.org>"]
        {
            assert!(message("Hello", bad).is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_password_is_never_sent_in_the_clear() {
        for good in
            ["smtp://127.0.0.1:2525", "smtps://user:pass@mail.example.com", "smtp://u:p@mail.example.com?tls=required"]
        {
            assert!(good.parse::<Relay>().is_ok(), "{good}");
        }
        for bad in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp://u:p@mail.example.com",
            "smtp://u:p@mail.example.com?tls=opportunistic",
        ] {
            assert!(bad.parse::<Relay>().is_err(), "{bad}");
        }
    }
}
