//! The sessions of a user that are open: listed, and ended one by one or all but the caller's. A session of somebody else
//! does not exist.

use super::session::deed;
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::Error,
    scope::Caller,
};
use entities::session::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid, sea_query::ExprTrait, sea_query::SimpleExpr,
};
use serde_json::json;

/// Most sessions of a user that are open at a time: a log-in beyond them ends those that were used least recently.
pub const MOST: u64 = 100;

/// The open sessions of a caller, the one that was used last first.
///
/// # Errors
/// [`Error::KeyForbidden`] for a caller with an API key; of the database.
pub async fn list(app: &App, caller: Caller) -> Result<Vec<Model>, Error> {
    caller.session_id()?;
    let open = Entity::find().filter(is_open(caller.user_id, app.clock.now()));
    let open = open.order_by_desc(Column::LastUsedAt).order_by_desc(Column::Id);
    Ok(open.limit(MOST).all(app.db.read()).await?)
}

/// Ends a session of the caller, perhaps the one that asks; ending it twice is no mistake.
///
/// # Errors
/// `NOT_FOUND` in `id` for a session that never was the caller's.
pub async fn revoke(app: &App, caller: Caller, id: Option<Uuid>) -> Result<(), Error> {
    caller.session_id()?;
    let id = id.ok_or_else(|| Error::not_found("id"))?;
    let theirs = Column::Id.eq(id).and(Column::UserId.eq(caller.user_id));
    let tx = app.db.begin().await?;
    if Entity::find().filter(theirs.clone()).one(&tx).await?.is_none() {
        return Err(Error::not_found("id"));
    }
    if end(&tx, theirs, app.clock.now()).await? > 0 {
        audit::record(&tx, &app.clock, Author::of_account(caller), deed("revokeSession", id)).await?;
    }
    Ok(tx.commit().await?)
}

/// Ends the sessions of the caller but the one that asks. Gives how many were open.
///
/// # Errors
/// Of the database.
pub async fn revoke_others(app: &App, caller: Caller) -> Result<u64, Error> {
    let tx = app.db.begin().await?;
    let ended = end_others(&tx, caller, app.clock.now()).await?;
    if ended > 0 {
        let deed = Deed::new("revokeOtherSessions", "Session", None).before(&json!({ "open": ended }))?;
        audit::record(&tx, &app.clock, Author::of_account(caller), deed).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// The same, within what the caller does besides.
pub(super) async fn end_others(db: &impl ConnectionTrait, caller: Caller, now: i64) -> Result<u64, Error> {
    end(db, is_open(caller.user_id, now).and(Column::Id.ne(caller.session_id()?)), now).await
}

/// Ends all sessions of a user. Gives how many were open.
pub(super) async fn end_all(db: &impl ConnectionTrait, user_id: Uuid, now: i64) -> Result<u64, Error> {
    end(db, is_open(user_id, now), now).await
}

/// Makes room for one more session of a user, and forgets those that are over.
pub(super) async fn make_room(tx: &DatabaseTransaction, user_id: Uuid, now: i64) -> Result<(), Error> {
    let over = Column::UserId.eq(user_id).and(Column::ExpiresAt.lte(now));
    Entity::delete_many().filter(over).exec(tx).await?;
    let open = Entity::find().select_only().column(Column::Id).filter(is_open(user_id, now));
    let open = open.order_by_desc(Column::LastUsedAt).order_by_desc(Column::Id);
    // one stays free
    let beyond: Vec<Uuid> = open.offset(MOST - 1).limit(MOST).into_tuple().all(tx).await?;
    if !beyond.is_empty() {
        end(tx, Column::Id.is_in(beyond), now).await?;
    }
    Ok(())
}

fn is_open(user_id: Uuid, now: i64) -> SimpleExpr {
    Column::UserId.eq(user_id).and(Column::RevokedAt.is_null()).and(Column::ExpiresAt.gt(now))
}

async fn end(db: &impl ConnectionTrait, which: SimpleExpr, now: i64) -> Result<u64, Error> {
    let ended = ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    let changed = Entity::update_many().set(ended).filter(which.and(Column::RevokedAt.is_null())).exec(db).await?;
    Ok(changed.rows_affected)
}
