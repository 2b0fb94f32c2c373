//! Everything that the database holds, to tell whether a call had an effect: a digest of the rows of each table. Left out is
//! what background work changes by itself, and the counters of attempts, which count those that go wrong.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const TABLES: [&str; 11] = [
    "seaql_migrations",
    "sqlite_sequence",
    "throttles",
    "outbox",
    "signing_keys",
    "visitor_keys",
    "ingest_progress",
    "webhook_deliveries",
    "webhook_messages",
    "webhook_expiries",
    "webhook_pixels",
];
const COLUMNS: [&str; 5] = ["checked_at", "next_check_at", "first_missing_at", "problem", "failing_since"];

/// A way to look at all the tables.
pub(super) struct Kept {
    db: DatabaseConnection,
    statement: String,
}

impl Kept {
    /// Reads which tables and columns there are.
    pub(super) async fn of(db: DatabaseConnection) -> Self {
        let is_sqlite = db.get_database_backend() == DbBackend::Sqlite;
        let columns = if is_sqlite {
            "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
        } else {
            "SELECT CAST(table_name AS text), CAST(column_name AS text) FROM information_schema.columns \
             WHERE table_schema = 'public'"
        };
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), columns)).await.unwrap();
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows {
            let [table, column] = [0, 1].map(|at| row.try_get_by_index::<String>(at).unwrap());
            if !TABLES.contains(&table.as_str()) && !COLUMNS.contains(&column.as_str()) {
                tables.entry(table).or_default().push(column);
            }
        }
        assert!(tables.len() > 15 && tables.contains_key("audit_events"), "{tables:?}");
        let look = |(table, columns): (&String, &Vec<String>)| {
            if is_sqlite {
                let row = columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join("||'~'||");
                format!(
                    "SELECT '{table}', coalesce(group_concat(row, '|'), '') FROM (SELECT {row} AS row FROM {table} ORDER BY 1)"
                )
            } else {
                let row = columns.join(", ");
                format!(
                    "SELECT '{table}', md5(coalesce(string_agg(row, '|' ORDER BY row), '')) \
                     FROM (SELECT CAST(row({row}) AS text) AS row FROM {table}) rows"
                )
            }
        };
        let statement = tables.iter().map(look).collect::<Vec<_>>().join(" UNION ALL ");
        Self { db, statement }
    }

    /// A digest of each table.
    pub(super) async fn look(&self) -> BTreeMap<String, Vec<u8>> {
        let statement = Statement::from_string(self.db.get_database_backend(), &self.statement);
        let rows = self.db.query_all_raw(statement).await.unwrap();
        let digest = |row: sea_orm::QueryResult| {
            let [table, held] = [0, 1].map(|at| row.try_get_by_index::<String>(at).unwrap());
            (table, Sha256::digest(held).to_vec())
        };
        rows.into_iter().map(digest).collect()
    }

    /// Lets the time pass after which attempts are taken again.
    pub(super) async fn forget_attempts(&self) {
        self.db.execute_unprepared("DELETE FROM throttles").await.unwrap();
    }
}

/// The tables that differ.
pub(super) fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    after.iter().filter(|(table, digest)| before.get(*table) != Some(*digest)).map(|(table, _)| table.clone()).collect()
}
