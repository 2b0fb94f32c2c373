//! The keys that sign access tokens, in memory as of half a minute ago at most. SQL holds their ids, times and salts; a
//! key is derived from its row and the one secret, so that the database alone signs nothing. A token with an id that
//! nobody knows makes this process read the rows again, but at most once a second, however many such tokens come.

mod schedule;

use self::schedule::{Span, Wish};
use super::secrets::{Purpose, Secrets};
use crate::{db::Db, error::Error};
use contract::clock::{DAY, SECOND};
use entities::signing_key::{ActiveModel, Column, Entity, Model};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::ExprTrait};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use uuid::Uuid;

/// How old what is in memory may be, in milliseconds; less than half of how long a key is announced.
const FRESH: i64 = 25 * SECOND;
/// How old it is at least when an unknown id makes us read again.
const PAUSE: i64 = SECOND;
/// How long a row is kept that verifies nothing any more.
const KEPT: i64 = DAY;

/// A key, ready for use.
pub struct Key {
    /// Its id, the `kid` of its tokens.
    pub(super) kid: Uuid,
    pub(super) sign: EncodingKey,
    pub(super) verify: DecodingKey,
    span: Span,
    verifies_until: i64,
}

impl Key {
    pub(super) fn new(secrets: &Secrets, row: &Model) -> Result<Self, Error> {
        let secret = secrets.derive(Purpose::AccessToken, &[row.kid.as_bytes(), &row.salt])?;
        let span = span(row);
        let (sign, verify) = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        Ok(Self { kid: row.kid, sign, verify, span, verifies_until: row.verifies_until })
    }
}

const fn span(row: &Model) -> Span {
    Span { kid: row.kid, from: row.signs_from, until: row.signs_until }
}

/// What was read last.
#[derive(Default)]
struct Ring {
    keys: Vec<Arc<Key>>,
    /// When; `None` before the first time.
    read_at: Option<i64>,
}

impl Ring {
    fn find(&self, kid: Uuid) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    fn spans(&self) -> impl Iterator<Item = Span> + Clone {
        self.keys.iter().map(|key| key.span)
    }

    /// Whether it was read less than so many milliseconds ago; a clock that was put back counts as long ago.
    fn younger(&self, than: i64, now: i64) -> bool {
        self.read_at.is_some_and(|at| now.abs_diff(at) < than.unsigned_abs())
    }

    /// Whether this is good enough for `wanted`.
    fn serves(&self, wanted: Option<Uuid>, now: i64) -> bool {
        let known = wanted.is_none_or(|kid| self.find(kid).is_some());
        self.younger(FRESH, now) && (known || self.younger(PAUSE, now))
    }
}

/// The keys.
pub(super) struct Keys {
    ring: RwLock<Arc<Ring>>,
    /// Held by whoever reads: the others wait and find what was read.
    reading: Mutex<()>,
    rotation: i64,
}

impl Keys {
    /// `rotation` is how long a key signs, in milliseconds.
    pub(super) fn new(rotation: i64) -> Self {
        Self { ring: RwLock::default(), reading: Mutex::new(()), rotation }
    }

    /// The key that signs now; makes its successor when the time has come. Not to be asked for inside a transaction: it may
    /// begin one of its own.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn signing(&self, db: &Db, secrets: &Secrets, now: i64) -> Result<Arc<Key>, Error> {
        let mut ring = self.ring(db, secrets, None, now).await?;
        if schedule::successor(ring.spans(), now, self.rotation, Wish::WhenDue).is_some() {
            make(db, now, self.rotation, Wish::WhenDue).await?;
            ring = self.read(db, secrets, now).await?;
        }
        let key = schedule::signing(ring.spans(), now).and_then(|span| ring.find(span.kid));
        key.cloned().ok_or_else(|| Error::Fault("no key signs access tokens".to_owned()))
    }

    /// The key of this id, if its tokens still count.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn verifying(
        &self,
        db: &Db,
        secrets: &Secrets,
        kid: Uuid,
        now: i64,
    ) -> Result<Option<Arc<Key>>, Error> {
        let ring = self.ring(db, secrets, Some(kid), now).await?;
        Ok(ring.find(kid).filter(|key| now < key.verifies_until).cloned())
    }

    async fn ring(&self, db: &Db, secrets: &Secrets, wanted: Option<Uuid>, now: i64) -> Result<Arc<Ring>, Error> {
        let ring = self.current();
        if ring.serves(wanted, now) {
            return Ok(ring);
        }
        let _reading = self.reading.lock().await;
        let ring = self.current();
        if ring.serves(wanted, now) { Ok(ring) } else { self.read(db, secrets, now).await }
    }

    fn current(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(&self, db: &Db, secrets: &Secrets, now: i64) -> Result<Arc<Ring>, Error> {
        let rows = Entity::find().filter(Column::VerifiesUntil.gt(now)).all(db.read()).await?;
        let keys = rows.iter().map(|row| Key::new(secrets, row).map(Arc::new)).collect::<Result<_, _>>()?;
        let ring = Arc::new(Ring { keys, read_at: Some(now) });
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring.clone();
        Ok(ring)
    }
}

/// Makes a new key that signs within a minute from now; those before it verify until their last token has ended.
/// `rotation` is how long it signs, in milliseconds. Gives the key's id.
///
/// # Errors
/// Of the database.
pub async fn rotate(db: &Db, now: i64, rotation: i64) -> Result<Uuid, Error> {
    make(db, now, rotation, Wish::Now)
        .await?
        .ok_or_else(|| Error::Fault("somebody else made a key just now".to_owned()))
}

/// Makes the key that the schedule asks for, unless somebody else did.
async fn make(db: &Db, now: i64, rotation: i64, wish: Wish) -> Result<Option<Uuid>, Error> {
    let tx = db.begin().await?;
    let rows = Entity::find().all(&tx).await?;
    let Some(new) = schedule::successor(rows.iter().map(span), now, rotation, wish) else { return Ok(None) };
    let row = ActiveModel {
        kid: Set(new.kid),
        salt: Set(rand::random::<[u8; 32]>().to_vec()),
        created_at: Set(now),
        signs_from: Set(new.from),
        signs_until: Set(new.until),
        verifies_until: Set(schedule::verifies_until(new.until)),
    };
    let inserted = Entity::insert_many([row]).on_conflict_do_nothing().exec_without_returning(&tx).await?;
    if !matches!(inserted, sea_orm::TryInsertResult::Inserted(1)) {
        return Ok(None);
    }
    let older = Column::Kid.ne(new.kid).and(Column::SignsUntil.gt(new.from));
    let end = ActiveModel {
        signs_until: Set(new.from),
        verifies_until: Set(schedule::verifies_until(new.from)),
        ..Default::default()
    };
    Entity::update_many().set(end).filter(older).exec(&tx).await?;
    Entity::delete_many().filter(Column::VerifiesUntil.lt(now.saturating_sub(KEPT))).exec(&tx).await?;
    tx.commit().await?;
    tracing::info!(kid = %new.kid.as_simple(), "a new key signs access tokens from {} on", new.from);
    Ok(Some(new.kid))
}

#[cfg(test)]
mod tests;
