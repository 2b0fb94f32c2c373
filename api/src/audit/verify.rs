//! Whether the audit logs are whole: every chain is followed from its first row to its end, rows that no chain's end knows
//! of are found, and beside an earlier report it comes out which chains were made anew. For the command `api audit`.

use super::{chain::Follower, report::Report};
use crate::{db::Db, error::Error};
use entities::{TenantOwned, audit_event, audit_head};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, prelude::Uuid, sea_query::ExprTrait,
};
use std::fmt;

/// Rows that are read at a time.
const BATCH: u64 = 500;

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This row is the first that is missing or changed.
    BrokenAt(i64),
    /// Its rows are there, and its end is not.
    WithoutEnd,
    /// This row lies beyond its end.
    Beyond(i64),
    /// It was longer in the earlier report: it had so many rows.
    Shorter(i64),
    /// This row, the last one of the earlier report, is another.
    Another(i64),
    /// It is in the earlier report, with so many rows, and nowhere else.
    Gone(i64),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenAt(row) => write!(formatter, "BROKEN at row {row}"),
            Self::WithoutEnd => write!(formatter, "BROKEN: its end is missing"),
            Self::Beyond(row) => write!(formatter, "BROKEN: row {row} is beyond its end"),
            Self::Shorter(rows) => write!(formatter, "MADE ANEW: it had {rows} rows before"),
            Self::Another(row) => write!(formatter, "MADE ANEW: row {row} was another before"),
            Self::Gone(rows) => write!(formatter, "GONE: it had {rows} rows before"),
        }
    }
}

/// What was found of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The tenant or user whose log it is.
    pub chain_id: Uuid,
    /// Rows that are as they were written.
    pub rows: i64,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// Hash of the last good row, to be kept elsewhere: who can write to the whole database can make a new chain.
    pub hash: Vec<u8>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} rows ", self.chain_id, self.rows)?;
        match self.fault {
            Some(fault) => fault.fmt(formatter),
            None => self.hash.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
        }
    }
}

/// Follows every chain, and compares each with what `before` tells of it.
///
/// # Errors
/// Of the database.
pub async fn verify_all(db: &Db, before: &Report) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let heads = audit_head::Entity::find().filter(audit_head::Column::ChainId.gt(after));
        let heads = heads.order_by_asc(audit_head::Column::ChainId).limit(BATCH).all(db.read()).await?;
        let Some(last) = heads.last() else { break };
        after = last.chain_id;
        for head in heads {
            findings.push(verify(db, head, before).await?);
        }
    }
    for chain_id in without_end(db).await? {
        let (follower, broken_at) = follow(db, chain_id, i64::MAX, before).await?;
        findings.push(finding(chain_id, &follower, Some(broken_at.unwrap_or(Fault::WithoutEnd))));
    }
    let known = |chain_id| findings.iter().any(|finding: &Finding| finding.chain_id == chain_id);
    let gone: Vec<_> = before.chains().filter(|(chain_id, _)| !known(*chain_id)).collect();
    findings.extend(gone.into_iter().map(|(chain_id, rows)| {
        let fault = Some(Fault::Gone(rows));
        finding(chain_id, &Follower::default(), fault)
    }));
    Ok(findings)
}

fn finding(chain_id: Uuid, follower: &Follower, fault: Option<Fault>) -> Finding {
    Finding { chain_id, rows: follower.seq(), fault, hash: follower.hash().to_vec() }
}

/// Chains whose rows are there and whose end is not. Both are written in one transaction.
async fn without_end(db: &Db) -> Result<Vec<Uuid>, Error> {
    let ends = audit_head::Entity::find().select_only().column(audit_head::Column::ChainId).into_query();
    let chains = audit_event::Entity::find().select_only().column(audit_event::Column::ChainId).distinct();
    let chains = chains.filter(audit_event::Column::ChainId.not_in_subquery(ends));
    Ok(chains.order_by_asc(audit_event::Column::ChainId).into_tuple().all(db.read()).await?)
}

async fn verify(db: &Db, head: audit_head::Model, before: &Report) -> Result<Finding, Error> {
    // what was written since the head was read is looked at next time
    let (follower, mut fault) = follow(db, head.chain_id, head.seq, before).await?;
    if fault.is_none() {
        fault = follower.end(head.seq, &head.hash).err().map(Fault::BrokenAt);
    }
    if fault.is_none() {
        fault = beyond(db, &head).await?;
    }
    let shorter = before.rows_of(head.chain_id).filter(|rows| *rows > head.seq).map(Fault::Shorter);
    Ok(finding(head.chain_id, &follower, fault.or(shorter)))
}

/// A row that the chain's end knows nothing of.
async fn beyond(db: &Db, head: &audit_head::Model) -> Result<Option<Fault>, Error> {
    let seq = audit_event::Column::Seq;
    let outside = audit_event::Entity::of(head.chain_id).filter(seq.gt(head.seq).or(seq.lt(1)));
    let Some(row) = outside.order_by_asc(seq).one(db.read()).await? else { return Ok(None) };
    // it may have been written since the end was read, and then the end is another one by now
    let now = audit_head::Entity::of(head.chain_id).one(db.read()).await?;
    let known = now.is_some_and(|now| (1..=now.seq).contains(&row.seq));
    Ok((!known).then_some(Fault::Beyond(row.seq)))
}

/// Follows a chain to this row, or as far as it is good.
async fn follow(db: &Db, chain_id: Uuid, to: i64, before: &Report) -> Result<(Follower, Option<Fault>), Error> {
    let mut follower = Follower::default();
    loop {
        let range = audit_event::Column::Seq.gt(follower.seq()).and(audit_event::Column::Seq.lte(to));
        let rows = audit_event::Entity::of(chain_id).filter(range);
        let rows = rows.order_by_asc(audit_event::Column::Seq).limit(BATCH).all(db.read()).await?;
        if rows.is_empty() {
            return Ok((follower, None));
        }
        for row in &rows {
            if let Err(broken_at) = follower.follow(row) {
                return Ok((follower, Some(Fault::BrokenAt(broken_at))));
            }
            if before.contradicts(chain_id, follower.seq(), follower.hash()) {
                let fault = Fault::Another(follower.seq());
                return Ok((follower, Some(fault)));
            }
        }
    }
}
