//! Partitions of clicks and receipts by day, on PostgreSQL. `ingest` asks for those of a batch before it begins its
//! transaction, and for tomorrow's ahead of time; any number of processes may ask at once. SQLite has none.

use crate::db::Db;
use jiff::{ToSpan, civil};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The tables that are partitioned.
const TABLES: [&str; 2] = ["clicks", "receipts"];
/// Names the lock under which partitions are made.
const LOCK: i64 = 0x53_74_6f_70_6f_76;

/// The days whose partitions are known to exist.
#[derive(Debug, Clone, Default)]
pub struct Partitions {
    known: Arc<Mutex<BTreeSet<i32>>>,
}

impl Partitions {
    /// Makes what is missing of the partitions of these days.
    ///
    /// # Errors
    /// Of the database.
    pub async fn ensure(&self, db: &Db, days: impl IntoIterator<Item = i32>) -> Result<(), DbErr> {
        if db.is_sqlite() {
            return Ok(());
        }
        let mut days: BTreeSet<i32> = days.into_iter().collect();
        days.retain(|day| !self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(day));
        for day in days {
            create(db, day).await?;
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(day);
        }
        Ok(())
    }

    /// Forgets what is known, when a partition turned out to be missing.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Makes a day's partitions. Two that do so at once would fail on the catalogue, in spite of IF NOT EXISTS: the lock,
/// which ends with the transaction, lets one wait for the other.
async fn create(db: &Db, day: i32) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    lock(&tx).await?;
    for table in TABLES {
        let (name, next) = (name(table, day), day.saturating_add(1));
        let sql = format!("CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({day}) TO ({next})");
        tx.execute_unprepared(&sql).await?;
    }
    tx.commit().await
}

/// Takes the lock under which partitions are made.
async fn lock(tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    let sql = "SELECT pg_advisory_xact_lock($1)";
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [LOCK.into()])).await.map(drop)
}

/// The name of a table's partition: `clicks_20261123`.
fn name(table: &str, day: i32) -> String {
    let date = civil::date(1970, 1, 1).saturating_add(day.days());
    format!("{table}_{}", date.strftime("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_bears_its_date() {
        assert_eq!(name("clicks", 20_780), "clicks_20261123");
        assert_eq!(name("receipts", 0), "receipts_19700101");
    }
}
