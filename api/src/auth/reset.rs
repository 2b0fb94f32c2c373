//! A new password for who forgot the old one: a link by mail, good for an hour and once. What is asked for is written down
//! and answered alike whether there is an account or not; who sends the mails finds out, when the answer is long gone. A new
//! password ends all sessions, and the second factor is asked for at the next log-in as ever.

use super::{
    client::Client,
    link_token::{LinkToken, Place},
    new_password::{NewPassword, end_keys},
    open_sessions, password,
    sign_up::check_email,
    throttle::{self, Limit},
};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistake, Mistakes},
    mails::{self, Kind},
};
use contract::clock::HOUR;
use entities::{password_reset, user};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    prelude::Uuid,
    sea_query::{ExprTrait, LockType},
};

/// How long a link works, in milliseconds.
pub const LIFE: i64 = HOUR;

/// Asks for a link by mail.
///
/// # Errors
/// `INVALID` for what is no address, and in no field where this server sends no mail; [`Error::RateLimited`] after too many
/// for one address or from one client. Never whether there is an account.
pub async fn request(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    let email = check_email(email, &mut mistakes);
    if app.post.is_none() {
        let message = "this server sends no mail: ask who runs it for a link".to_owned();
        mistakes.push(Mistake { field: Vec::new(), code: Code::Invalid, message });
    }
    mistakes.check()?;
    let email = email.unwrap_or_default();
    let tx = app.db.begin().await?;
    Limit::ResetsTo.count(app, &tx, email.as_bytes()).await?;
    Limit::ResetsFrom.count(app, &tx, client.origin().as_bytes()).await?;
    mails::enqueue(app, &tx, Kind::PasswordReset, email).await?;
    Ok(tx.commit().await?)
}

/// Makes the token of a mail that was asked for at `asked_at`, in the transaction that takes the mail up. `false` when there
/// is no such account.
pub(crate) async fn begin(
    app: &App,
    tx: &DatabaseTransaction,
    (email, token): (&str, &LinkToken),
    asked_at: i64,
) -> Result<bool, Error> {
    let Some(user) = user::Entity::find().filter(user::Column::Email.eq(email)).one(tx).await? else {
        return Ok(false);
    };
    keep(app, tx, user.id, token, asked_at).await?;
    Ok(true)
}

/// Whether a token still works.
pub(crate) async fn works(app: &App, token: &LinkToken) -> Result<bool, Error> {
    Ok(live(app.db.read(), token, app.clock.now()).await?.is_some())
}

/// Makes a link for a user, for who runs this server.
///
/// # Errors
/// `NOT_FOUND` in `email` when there is no such account; of the database.
pub async fn make_link(app: &App, email: &str) -> Result<String, Error> {
    let token = LinkToken::random();
    let tx = app.db.begin().await?;
    let asked = (&*email.trim().to_lowercase(), &token);
    if !begin(app, &tx, asked, app.clock.now()).await? {
        return Err(Error::not_found("email"));
    }
    tx.commit().await?;
    Ok(token.link(&app.rules, Place::ResetPassword))
}

async fn keep(
    app: &App,
    tx: &DatabaseTransaction,
    user_id: Uuid,
    token: &LinkToken,
    created_at: i64,
) -> Result<(), Error> {
    let over = password_reset::Column::UserId.eq(user_id).and(password_reset::Column::ExpiresAt.lte(app.clock.now()));
    password_reset::Entity::delete_many().filter(over).exec(tx).await?;
    let expires_at = created_at.saturating_add(LIFE);
    let row = password_reset::Model { token_hash: token.hash(), user_id, created_at, expires_at };
    password_reset::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    let deed = Deed::new("requestPasswordReset", "User", Some(user_id));
    audit::record(tx, &app.clock, Author::server(user_id), deed).await
}

/// Sets a new password for who holds a token, and ends all sessions of the user, and with `revoke_api_keys` all of their API
/// keys. Gives how many of those there were.
///
/// # Errors
/// Every mistake at once: `INVALID` in `token` for one that is unknown, used or over.
pub async fn reset(app: &App, token: &str, new: NewPassword, client: &Client) -> Result<u64, Error> {
    // the token alone says whose the account is
    let app = &app.everywhere();
    let mut mistakes = Mistakes::default();
    let refused = (Code::Invalid, "is unknown, used or over: ask for another link");
    let token = LinkToken::parse(token);
    let found = match &token {
        Some(token) => live(app.db.read(), token, app.clock.now()).await?,
        None => None,
    };
    if found.is_none() {
        mistakes.add("token", refused.0, refused.1);
    }
    password::check("newPassword", &new.password, &mut mistakes);
    mistakes.check()?;
    let refused = || Error::mistake("token", refused.0, refused.1);
    let (token, row) = token.zip(found).ok_or_else(refused)?;
    let hash = app.auth.passwords.hash(new.password).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    // one after the other for a user, also with two tokens; of two with the same one only the first takes it away
    let user = user::Entity::find_by_id(row.user_id).lock(LockType::NoKeyUpdate).one(&tx).await?.ok_or_else(refused)?;
    let ours = password_reset::Column::TokenHash.eq(token.hash()).and(password_reset::Column::ExpiresAt.gt(now));
    if password_reset::Entity::delete_many().filter(ours).exec(&tx).await?.rows_affected == 0 {
        return Err(refused());
    }
    let with_new = user::ActiveModel { password_hash: Set(hash), ..Default::default() };
    user::Entity::update_many().set(with_new).filter(user::Column::Id.eq(row.user_id)).exec(&tx).await?;
    forget_links(&tx, row.user_id).await?;
    open_sessions::end_all(&tx, row.user_id, now).await?;
    throttle::trust(app, &tx, (&user.email, client), now).await?;
    // the holder of the token is its owner, in no session
    let caller = client.caller(row.user_id, Uuid::nil());
    let (api_keys, deeds) = end_keys(&tx, caller, "resetPassword", new.revoke_api_keys, now).await?;
    audit::record_all(&tx, &app.clock, deeds).await?;
    tx.commit().await?;
    Ok(api_keys)
}

/// Ends the links of a user whose password is a new one: what waits in a mailbox is worth no more than the old one.
pub(super) async fn forget_links(tx: &DatabaseTransaction, user_id: Uuid) -> Result<(), Error> {
    password_reset::Entity::delete_many().filter(password_reset::Column::UserId.eq(user_id)).exec(tx).await?;
    Ok(())
}

async fn live(db: &impl ConnectionTrait, token: &LinkToken, now: i64) -> Result<Option<password_reset::Model>, Error> {
    let row = password_reset::Entity::find_by_id(token.hash()).one(db).await?;
    Ok(row.filter(|row| row.expires_at > now))
}
