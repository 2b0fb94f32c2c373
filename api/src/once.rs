//! Idempotency keys: a creating mutation that is sent again with its key makes nothing new and answers as it did the first
//! time. The key is written in the transaction that makes the thing, so that the two are there together or not at all.

use crate::error::{Code, Error};
use contract::clock::DAY;
use entities::{TenantOwned, idempotency_key};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, prelude::Uuid,
    sea_query::OnConflict,
};
use serde::{Serialize, de::DeserializeOwned};

/// Longest key, in characters.
pub const MAX_KEY: usize = 255;
/// How long a key is kept, in milliseconds.
const LIFE: i64 = DAY;

/// A caller's wish that a call has its effect once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// As the caller chose it.
    pub key: String,
    /// SHA-256 of the call's input.
    pub input_hash: Vec<u8>,
}

/// One call, or one part of a call that is stored in parts.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The tenant that something is made in, or the user it is made for.
    pub owner_id: Uuid,
    /// The mutation's name.
    pub action: &'static str,
    /// 0, or which part.
    pub part: i32,
    /// The wish; without one every call counts.
    pub once: Option<&'a Once>,
    /// Now.
    pub now: i64,
}

impl Call<'_> {
    /// What the call came to when it came before; `None` when this is the first time. Of two that come at once the second
    /// waits here for the first.
    ///
    /// # Errors
    /// `INVALID` in `idempotencyKey` for one that has no shape or belongs to another call; of the database.
    pub async fn begin<T: DeserializeOwned>(&self, tx: &DatabaseTransaction) -> Result<Option<T>, Error> {
        let Some(once) = self.once else { return Ok(None) };
        once.check()?;
        let over = idempotency_key::Column::CreatedAt.lt(self.now - LIFE);
        idempotency_key::Entity::delete_of(self.owner_id).filter(over).exec(tx).await?;
        let row = idempotency_key::Model {
            owner_id: self.owner_id,
            key: once.key.clone(),
            part: self.part,
            action: self.action.to_owned(),
            input_hash: once.input_hash.clone(),
            result: String::new(),
            created_at: self.now,
        };
        let columns = [idempotency_key::Column::OwnerId, idempotency_key::Column::Key, idempotency_key::Column::Part];
        let known = OnConflict::columns(columns).do_nothing().to_owned();
        let insert = idempotency_key::Entity::insert(row.into_active_model()).on_conflict(known);
        if insert.exec_without_returning(tx).await? > 0 {
            return Ok(None);
        }
        let row = idempotency_key::Entity::of(self.owner_id)
            .filter(idempotency_key::Column::Key.eq(&once.key))
            .filter(idempotency_key::Column::Part.eq(self.part))
            .one(tx)
            .await?;
        let row = row.ok_or_else(|| Error::Fault("an idempotency key is neither new nor known".to_owned()))?;
        if row.action != self.action || row.input_hash != once.input_hash {
            let rule = "was used with another call in the last 24 hours";
            return Err(Error::mistake("idempotencyKey", Code::Invalid, rule));
        }
        let fault = |error| Error::Fault(format!("idempotency_keys.result: {error}"));
        serde_json::from_str(&row.result).map(Some).map_err(fault)
    }

    /// Keeps what the call came to, in the transaction that [`Call::begin`] looked in.
    ///
    /// # Errors
    /// Of the database.
    pub async fn keep(&self, tx: &DatabaseTransaction, result: &impl Serialize) -> Result<(), Error> {
        let Some(once) = self.once else { return Ok(()) };
        let result = serde_json::to_string(result);
        let result = result.map_err(|error| Error::Fault(format!("idempotency_keys.result: {error}")))?;
        idempotency_key::Entity::update_of(self.owner_id)
            .set(idempotency_key::ActiveModel { result: Set(result), ..Default::default() })
            .filter(idempotency_key::Column::Key.eq(&once.key))
            .filter(idempotency_key::Column::Part.eq(self.part))
            .exec(tx)
            .await?;
        Ok(())
    }
}

impl Once {
    /// Whether the key has the shape of one.
    ///
    /// # Errors
    /// A mistake in `idempotencyKey`.
    pub fn check(&self) -> Result<(), Error> {
        check(&self.key)
    }
}

fn check(key: &str) -> Result<(), Error> {
    if key.chars().count() > MAX_KEY {
        let rule = format!("must have at most {MAX_KEY} characters");
        return Err(Error::mistake("idempotencyKey", Code::TooLong, rule));
    }
    if key.trim().is_empty() || key.chars().any(char::is_control) {
        let rule = "must have visible characters and no control characters";
        return Err(Error::mistake("idempotencyKey", Code::Invalid, rule));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_255_visible_characters() {
        assert!(check("post-1").is_ok() && check(&"é".repeat(255)).is_ok() && check("a b").is_ok());
        for bad in ["", " ", "a\n", "\0", &"x".repeat(256)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
