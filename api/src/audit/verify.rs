//! Whether the audit logs are whole: every chain is followed from its first row to its end. For the command `api audit`.

use super::chain::Follower;
use crate::{db::Db, error::Error};
use entities::{TenantOwned, audit_event, audit_head};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::ExprTrait};

/// Rows that are read at a time.
const BATCH: u64 = 500;

/// What was found of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The tenant or user whose log it is.
    pub chain_id: Uuid,
    /// Rows that are as they were written.
    pub rows: i64,
    /// The number of the first row that is missing or changed.
    pub broken_at: Option<i64>,
    /// Hash of the last good row, to be kept elsewhere: who can write to the whole database can make a new chain.
    pub hash: Vec<u8>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} rows ", self.chain_id, self.rows)?;
        if let Some(broken_at) = self.broken_at {
            return write!(formatter, "BROKEN at row {broken_at}");
        }
        self.hash.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Follows every chain.
///
/// # Errors
/// Of the database.
pub async fn verify_all(db: &Db) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let heads = audit_head::Entity::find().filter(audit_head::Column::ChainId.gt(after));
        let heads = heads.order_by_asc(audit_head::Column::ChainId).limit(BATCH).all(db.read()).await?;
        let Some(last) = heads.last() else { return Ok(findings) };
        after = last.chain_id;
        for head in heads {
            findings.push(verify(db, head).await?);
        }
    }
}

async fn verify(db: &Db, head: audit_head::Model) -> Result<Finding, Error> {
    let mut follower = Follower::default();
    let broken_at = loop {
        // what was written since the head was read is looked at next time
        let range = audit_event::Column::Seq.gt(follower.seq()).and(audit_event::Column::Seq.lte(head.seq));
        let rows = audit_event::Entity::of(head.chain_id).filter(range);
        let rows = rows.order_by_asc(audit_event::Column::Seq).limit(BATCH).all(db.read()).await?;
        if rows.is_empty() {
            break follower.end(head.seq, &head.hash).err();
        }
        if let Err(broken_at) = rows.iter().try_for_each(|row| follower.follow(row)) {
            break Some(broken_at);
        }
    };
    Ok(Finding { chain_id: head.chain_id, rows: follower.seq(), broken_at, hash: follower.hash().to_vec() })
}
