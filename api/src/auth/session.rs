//! Sessions: refresh, log out, and whether a request may pass. A session is the family of its refresh tokens; each works
//! once, and one that comes back later was stolen from somebody, so that the whole family ends. Within 10 seconds it is
//! two tabs, or an answer that was lost: they get the same successor. A thief who is that quick gains a token that the
//! owner has too, and the next of the two to use it late ends the session all the same.

use super::{
    client::Client,
    keys::Key,
    refresh_token::RefreshToken,
    signing_key,
    token::{self, ACCESS_LIFE},
};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error},
    scope::{Caller, hold_user},
};
use contract::clock::{DAY, SECOND};
use entities::{refresh_token, session, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, prelude::Uuid,
    sea_query::ExprTrait,
};
use serde_json::json;

/// Life of a session, in milliseconds: after it a password is needed again.
pub const SESSION_LIFE: i64 = 30 * DAY;
/// How long after its first use a refresh token still gives the same successor, in milliseconds.
pub const SHARED: i64 = 10 * SECOND;

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

/// Begins a session, in the transaction of whoever logs in. Gives its id as well.
pub(super) async fn start(
    app: &App,
    tx: &DatabaseTransaction,
    user_id: Uuid,
    client: &Client,
    key: &Key,
) -> Result<(Session, Uuid), Error> {
    let now = app.clock.now();
    let row = session::Model {
        id: Uuid::now_v7(),
        user_id,
        created_at: now,
        expires_at: now.saturating_add(SESSION_LIFE),
        revoked_at: None,
        last_used_at: Some(now),
        user_agent: client.user_agent(),
        ip_address: client.network(),
    };
    session::Entity::insert(session::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    let first = RefreshToken::random();
    keep(tx, &first, row.id, now).await?;
    Ok((pair(&row, &first, key, now)?, row.id))
}

/// Stores the hash of a new refresh token.
async fn keep(tx: &DatabaseTransaction, token: &RefreshToken, session_id: Uuid, now: i64) -> Result<(), Error> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token.hash()),
        session_id: Set(session_id),
        created_at: Set(now),
        used_at: Set(None),
        successor_salt: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// What the client gets: this refresh token and an access token.
fn pair(of: &session::Model, refresh_token: &RefreshToken, key: &Key, now: i64) -> Result<Session, Error> {
    let expires_at = Ord::min(now.saturating_add(ACCESS_LIFE), of.expires_at);
    let access_token = token::issue(key, (of.user_id, of.id), now, expires_at)?;
    Ok(Session { access_token, refresh_token: refresh_token.reveal(), expires_at })
}

/// Exchanges a refresh token for the next pair.
///
/// # Errors
/// A mistake for a token that is unknown, over, or was used before; the last ends its session.
pub async fn refresh(app: &App, refresh_token: &str, client: &Client) -> Result<Session, Error> {
    // the token alone says whose the session is
    let app = &app.everywhere();
    let refused = || Error::mistake("refreshToken", Code::Invalid, "is unknown, used or expired: log in again");
    let presented = RefreshToken::parse(refresh_token).ok_or_else(refused)?;
    let key = signing_key(app).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let row = refresh_token::Entity::find_by_id(presented.hash()).one(&tx).await?.ok_or_else(refused)?;
    let session = session::Entity::find_by_id(row.session_id).one(&tx).await?;
    let session = session.filter(|session| is_open(session, now)).ok_or_else(refused)?;
    let next = match first_use(app, &tx, &presented, &session, now).await? {
        Some(next) => Some(next),
        None => shared_successor(app, &tx, &presented, now).await?,
    };
    let Some(next) = next else {
        tracing::warn!(session = %session.id, "a refresh token came a second time: its session ends");
        revoke(&tx, session.id, now).await?;
        let deed = deed("refreshSession", session.id).after(&json!({ "revoked": "a token of it was used twice" }))?;
        audit::record(&tx, &app.clock, Author::of_account(client.caller(session.user_id, session.id)), deed).await?;
        tx.commit().await?;
        return Err(refused());
    };
    touch(&tx, session.id, client, now).await?;
    let made = pair(&session, &next, &key, now)?;
    let author = Author::of_account(client.caller(session.user_id, session.id));
    audit::record(&tx, &app.clock, author, deed("refreshSession", session.id)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Uses a token and makes its successor; `None` when it was used before. Of two that come at once only one finds it
/// unused, and the other goes on when the first has committed.
async fn first_use(
    app: &App,
    tx: &DatabaseTransaction,
    presented: &RefreshToken,
    session: &session::Model,
    now: i64,
) -> Result<Option<RefreshToken>, Error> {
    let salt: [u8; 32] = rand::random();
    let unused = refresh_token::Column::TokenHash.eq(presented.hash()).and(refresh_token::Column::UsedAt.is_null());
    let use_now = refresh_token::ActiveModel {
        used_at: Set(Some(now)),
        successor_salt: Set(Some(salt.to_vec())),
        ..Default::default()
    };
    let used = refresh_token::Entity::update_many().set(use_now).filter(unused).exec(tx).await?;
    if used.rows_affected == 0 {
        return Ok(None);
    }
    let next = presented.successor(&app.auth.secrets, &salt)?;
    keep(tx, &next, session.id, now).await?;
    Ok(Some(next))
}

/// The successor of a token that was used a moment ago, as long as nobody has used that one.
async fn shared_successor(
    app: &App,
    tx: &DatabaseTransaction,
    presented: &RefreshToken,
    now: i64,
) -> Result<Option<RefreshToken>, Error> {
    let row = refresh_token::Entity::find_by_id(presented.hash()).one(tx).await?;
    let Some((used_at, salt)) = row.and_then(|row| row.used_at.zip(row.successor_salt)) else { return Ok(None) };
    if now.saturating_sub(used_at) >= SHARED {
        return Ok(None);
    }
    let next = presented.successor(&app.auth.secrets, &salt)?;
    let kept = refresh_token::Entity::find_by_id(next.hash()).one(tx).await?;
    Ok(kept.filter(|row| row.used_at.is_none()).map(|_| next))
}

/// Notes that a session is in use, and by whom.
async fn touch(tx: &DatabaseTransaction, session_id: Uuid, client: &Client, now: i64) -> Result<(), Error> {
    let seen = session::ActiveModel {
        last_used_at: Set(Some(now)),
        user_agent: Set(client.user_agent()),
        ip_address: Set(client.network()),
        ..Default::default()
    };
    session::Entity::update_many().set(seen).filter(session::Column::Id.eq(session_id)).exec(tx).await?;
    Ok(())
}

/// Ends the session that a refresh token belongs to; ending it twice is no mistake.
///
/// # Errors
/// A mistake for a token that was never given out.
pub async fn log_out(app: &App, refresh_token: &str, client: &Client) -> Result<(), Error> {
    // the token alone says whose the session is
    let app = &app.everywhere();
    let unknown = || Error::not_found("refreshToken");
    let token = RefreshToken::parse(refresh_token).ok_or_else(unknown)?;
    let tx = app.db.begin().await?;
    let row = refresh_token::Entity::find_by_id(token.hash()).one(&tx).await?.ok_or_else(unknown)?;
    let session = session::Entity::find_by_id(row.session_id).one(&tx).await?.ok_or_else(unknown)?;
    if revoke(&tx, session.id, app.clock.now()).await? {
        let author = Author::of_account(client.caller(session.user_id, session.id));
        audit::record(&tx, &app.clock, author, deed("logOut", session.id)).await?;
    }
    Ok(tx.commit().await?)
}

/// Ends a session; tells whether it was open.
async fn revoke(db: &impl ConnectionTrait, session_id: Uuid, now: i64) -> Result<bool, Error> {
    let open = session::Column::Id.eq(session_id).and(session::Column::RevokedAt.is_null());
    let end = session::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    let ended = session::Entity::update_many().set(end).filter(open).exec(db).await?;
    Ok(ended.rows_affected > 0)
}

/// Keeps everybody else who changes a caller's account waiting until the transaction ends, and looks the session up again: a
/// new password may have ended it a moment ago.
///
/// # Errors
/// [`Error::Unauthenticated`] for a session that is over, [`Error::KeyForbidden`] for an API key; of the database.
pub(super) async fn hold_account(tx: &DatabaseTransaction, caller: Caller, now: i64) -> Result<(), Error> {
    let id = caller.session_id()?;
    hold_user(tx, caller.user_id).await?;
    let own = session::Column::UserId.eq(caller.user_id);
    let session = session::Entity::find_by_id(id).filter(own).one(tx).await?;
    if session.is_some_and(|session| is_open(&session, now)) { Ok(()) } else { Err(Error::Unauthenticated) }
}

/// What is done to a session, as the audit log of its user tells of it.
pub(super) const fn deed(action: &'static str, session_id: Uuid) -> Deed {
    Deed::new(action, "Session", Some(session_id))
}

/// Who shows this access token.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is not ours or over, and for one whose session ended.
pub async fn authenticate(app: &App, access_token: &str) -> Result<Caller, Error> {
    let now = app.clock.now();
    let kid = token::kid(access_token).ok_or(Error::Unauthenticated)?;
    let key = app.auth.keys.verifying(&app.db, &app.auth.secrets, kid, now).await?.ok_or(Error::Unauthenticated)?;
    let caller = token::verify(&key, access_token, now).ok_or(Error::Unauthenticated)?;
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
    // with the password, which no caller's connection reads
    let user = user::Entity::find_by_id(caller.user_id).one(app.db.everywhere().read()).await?;
    user.ok_or(Error::Unauthenticated)
}
