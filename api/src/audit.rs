//! The audit log: who did what, what was there before and what after. Every mutation writes one row in its own
//! transaction, as its last lock before COMMIT, so that the rows of a tenant follow each other without a gap. Each holds the
//! hash of the one before ([`chain`]): a row that is changed or taken out later breaks every hash after it.

pub mod chain;
mod list;
mod report;
mod verify;

pub use list::{Filter, Log, count, list};
pub use report::Report;
pub use verify::{Fault, Finding, verify_all};

use crate::{
    error::Error,
    scope::{Caller, TenantScope},
};
use contract::clock::Clock;
use entities::{TenantOwned, audit_event, audit_head};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect, prelude::Uuid,
    sea_query::OnConflict,
};
use serde::Serialize;

/// Whose log a row goes to, and who did it.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    chain_id: Uuid,
    caller: Option<Caller>,
}

impl Author {
    /// A caller in a tenant's log, or in their own.
    #[must_use]
    pub const fn new(chain_id: Uuid, caller: Caller) -> Self {
        Self { chain_id, caller: Some(caller) }
    }

    /// Somebody who changes their own account.
    #[must_use]
    pub const fn of_account(caller: Caller) -> Self {
        Self { chain_id: caller.user_id, caller: Some(caller) }
    }

    /// Whether somebody asked for it, and not this server.
    #[must_use]
    pub const fn is_caller(&self) -> bool {
        self.caller.is_some()
    }

    /// This server, which changes something of a tenant by itself.
    #[must_use]
    pub const fn server(tenant_id: Uuid) -> Self {
        Self { chain_id: tenant_id, caller: None }
    }
}

impl From<TenantScope> for Author {
    fn from(scope: TenantScope) -> Self {
        Self { chain_id: scope.tenant_id(), caller: Some(scope.caller()) }
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Deed {
    action: &'static str,
    target_kind: &'static str,
    target_id: Option<Uuid>,
    before: Option<String>,
    after: Option<String>,
}

impl Deed {
    /// A deed of this mutation on something of this kind; `None` where it is many.
    #[must_use]
    pub const fn new(action: &'static str, target_kind: &'static str, target_id: Option<Uuid>) -> Self {
        Self { action, target_kind, target_id, before: None, after: None }
    }

    /// What was there before. Secrets have no place in it.
    ///
    /// # Errors
    /// [`Error::Fault`] for what cannot be written as JSON.
    pub fn before(mut self, what: &impl Serialize) -> Result<Self, Error> {
        self.before = Some(written(what)?);
        Ok(self)
    }

    /// What is there now. Secrets have no place in it.
    ///
    /// # Errors
    /// As [`Deed::before`].
    pub fn after(mut self, what: &impl Serialize) -> Result<Self, Error> {
        self.after = Some(written(what)?);
        Ok(self)
    }
}

fn written(what: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(what).map_err(|error| Error::Fault(format!("audit log: {error}")))
}

/// Writes a deed down, in the transaction that does it. Nothing else may be locked in it afterwards: the end of the
/// chain is held until COMMIT, and whoever waits for it holds nothing that this transaction could still want.
///
/// # Errors
/// Of the database.
pub async fn record(
    tx: &DatabaseTransaction,
    clock: &Clock,
    author: impl Into<Author>,
    deed: Deed,
) -> Result<(), Error> {
    let author = author.into();
    let head = hold(tx, author.chain_id).await?;
    let request = author.caller.map(|caller| caller.request_id).filter(|id| !id.is_nil());
    let mut row = audit_event::Model {
        chain_id: author.chain_id,
        seq: head.seq + 1,
        id: Uuid::now_v7(),
        at: clock.now(),
        user_id: author.caller.map(|caller| caller.user_id),
        api_key_id: author.caller.and_then(|caller| caller.key_id()),
        request_id: request,
        action: deed.action.to_owned(),
        target_kind: deed.target_kind.to_owned(),
        target_id: deed.target_id,
        before: deed.before,
        after: deed.after,
        previous_hash: head.hash.clone(),
        hash: Vec::new(),
    };
    row.hash = chain::hash(&row);
    let end = audit_head::Model { chain_id: row.chain_id, seq: row.seq, hash: row.hash.clone() };
    audit_event::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    end.into_active_model().reset_all().update(tx).await?;
    Ok(())
}

/// Writes deeds down in several logs as [`record`] does in one, in one order for everybody, against deadlocks.
///
/// # Errors
/// Of the database.
pub async fn record_all(tx: &DatabaseTransaction, clock: &Clock, mut deeds: Vec<(Author, Deed)>) -> Result<(), Error> {
    deeds.sort_by_key(|(author, _)| author.chain_id);
    for (author, deed) in deeds {
        record(tx, clock, author, deed).await?;
    }
    Ok(())
}

/// The end of a chain, held until the transaction ends.
async fn hold(tx: &DatabaseTransaction, chain_id: Uuid) -> Result<audit_head::Model, Error> {
    let end = || audit_head::Entity::of(chain_id).lock_exclusive();
    if let Some(head) = end().one(tx).await? {
        return Ok(head);
    }
    let start = audit_head::Model { chain_id, seq: 0, hash: chain::START.to_vec() };
    let beside = OnConflict::column(audit_head::Column::ChainId).do_nothing().to_owned();
    let insert = audit_head::Entity::insert(start.into_active_model()).on_conflict(beside);
    insert.exec_without_returning(tx).await?;
    end().one(tx).await?.ok_or_else(|| Error::Fault("the end of an audit chain is gone".to_owned()))
}
