//! Sessions: log in, refresh, log out, and whether a request may pass. A session is the family of its refresh tokens; each
//! works once, and one that comes back a second time was stolen from somebody, so that the whole family ends.

use super::token;
use crate::{
    app::App,
    error::{Code, Error},
    scope::Caller,
};
use contract::clock::DAY;
use entities::{refresh_token, session, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, prelude::Uuid,
    sea_query::ExprTrait,
};

/// Life of a session, in milliseconds: after it a password is needed again.
pub const SESSION_LIFE: i64 = 30 * DAY;

/// What a client holds after a log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Works once, for the next pair.
    pub refresh_token: String,
    /// When the access token ends.
    pub expires_at: i64,
}

/// What a user logs in with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// In any case.
    pub email: String,
    /// As it was chosen.
    pub password: String,
}

/// A log-in that succeeded.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The new session.
    pub session: Session,
    /// Whose it is.
    pub user: user::Model,
}

/// Logs a user in.
///
/// # Errors
/// The same mistake, after about the same time, for an unknown user and for a wrong password.
pub async fn log_in(app: &App, credentials: Credentials) -> Result<LoggedIn, Error> {
    let email = credentials.email.trim().to_lowercase();
    // what cannot be an address has no account, and not every database takes it
    let plausible = email.len() <= super::sign_up::MAX_EMAIL && !email.chars().any(char::is_control);
    let found = if plausible {
        user::Entity::find().filter(user::Column::Email.eq(email)).one(app.db.read()).await?
    } else {
        None
    };
    let hash = found.as_ref().map(|user| user.password_hash.clone());
    let right = app.auth.passwords.verify(credentials.password, hash).await?;
    let wrong = || Error::mistake("password", Code::Invalid, "the e-mail address or the password is wrong");
    let user = found.filter(|_| right).ok_or_else(wrong)?;

    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let over = session::Column::UserId.eq(user.id).and(session::Column::ExpiresAt.lte(now));
    session::Entity::delete_many().filter(over).exec(&tx).await?;
    let session = start(app, &tx, user.id).await?;
    tx.commit().await?;
    Ok(LoggedIn { session, user })
}

/// Begins a session, in the transaction of whoever logs in.
pub(super) async fn start(app: &App, tx: &DatabaseTransaction, user_id: Uuid) -> Result<Session, Error> {
    let now = app.clock.now();
    let row = session::Model {
        id: Uuid::now_v7(),
        user_id,
        created_at: now,
        expires_at: now.saturating_add(SESSION_LIFE),
        revoked_at: None,
    };
    session::Entity::insert(session::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    hand_out(app, tx, &row).await
}

/// Makes the next pair of tokens of a session.
async fn hand_out(app: &App, tx: &impl ConnectionTrait, of: &session::Model) -> Result<Session, Error> {
    let now = app.clock.now();
    let refresh_token = token::new_refresh();
    let row = refresh_token::ActiveModel {
        token_hash: Set(token::refresh_hash(&refresh_token).unwrap_or_default()),
        session_id: Set(of.id),
        created_at: Set(now),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    let expires_at = Ord::min(now.saturating_add(token::ACCESS_LIFE), of.expires_at);
    let access_token = app.auth.access.issue(of.user_id, of.id, now, expires_at)?;
    Ok(Session { access_token, refresh_token, expires_at })
}

/// Exchanges a refresh token for the next pair.
///
/// # Errors
/// A mistake for a token that is unknown, over, or was used before; the last ends its session.
pub async fn refresh(app: &App, refresh_token: &str) -> Result<Session, Error> {
    let refused = || Error::mistake("refreshToken", Code::Invalid, "is unknown, used or expired: log in again");
    let hash = token::refresh_hash(refresh_token).ok_or_else(refused)?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(row) = refresh_token::Entity::find_by_id(hash.clone()).one(&tx).await? else { return Err(refused()) };
    // of two that come at once only one finds it unused
    let unused = refresh_token::Column::TokenHash.eq(hash).and(refresh_token::Column::UsedAt.is_null());
    let use_now = refresh_token::ActiveModel { used_at: Set(Some(now)), ..Default::default() };
    let used = refresh_token::Entity::update_many().set(use_now).filter(unused).exec(&tx).await?;
    if used.rows_affected == 0 {
        tracing::warn!(session = %row.session_id, "a refresh token came a second time: its session ends");
        revoke(&tx, row.session_id, now).await?;
        tx.commit().await?;
        return Err(refused());
    }
    let session = session::Entity::find_by_id(row.session_id).one(&tx).await?;
    let session = session.filter(|session| is_open(session, now)).ok_or_else(refused)?;
    let next = hand_out(app, &tx, &session).await?;
    tx.commit().await?;
    Ok(next)
}

/// Ends the session that a refresh token belongs to; ending it twice is no mistake.
///
/// # Errors
/// A mistake for a token that was never given out.
pub async fn log_out(app: &App, refresh_token: &str) -> Result<(), Error> {
    let hash = token::refresh_hash(refresh_token).ok_or_else(|| Error::not_found("refreshToken"))?;
    let row = refresh_token::Entity::find_by_id(hash).one(app.db.write()).await?;
    let row = row.ok_or_else(|| Error::not_found("refreshToken"))?;
    revoke(app.db.write(), row.session_id, app.clock.now()).await
}

async fn revoke(db: &impl ConnectionTrait, session_id: Uuid, now: i64) -> Result<(), Error> {
    let open = session::Column::Id.eq(session_id).and(session::Column::RevokedAt.is_null());
    let end = session::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    session::Entity::update_many().set(end).filter(open).exec(db).await?;
    Ok(())
}

/// Who shows this access token.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is not ours or over, and for one whose session ended.
pub async fn authenticate(app: &App, access_token: &str) -> Result<Caller, Error> {
    let now = app.clock.now();
    let caller = app.auth.access.verify(access_token, now).ok_or(Error::Unauthenticated)?;
    let session = session::Entity::find_by_id(caller.session_id()?).one(app.db.read()).await?;
    let open = session.is_some_and(|session| session.user_id == caller.user_id && is_open(&session, now));
    if open { Ok(caller) } else { Err(Error::Unauthenticated) }
}

const fn is_open(session: &session::Model, now: i64) -> bool {
    session.revoked_at.is_none() && session.expires_at > now
}

/// The account of a caller.
///
/// # Errors
/// [`Error::Unauthenticated`] when it is gone.
pub async fn user(app: &App, caller: Caller) -> Result<user::Model, Error> {
    user::Entity::find_by_id(caller.user_id).one(app.db.read()).await?.ok_or(Error::Unauthenticated)
}
