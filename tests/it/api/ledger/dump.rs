//! All rows of all tables as text, in either database, for seeing that nothing has changed and for looking for what may
//! stand nowhere.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// What changes beside a mutation, by design: table and column, `*` for whole rows, and why.
const BESIDES: [(&str, &str, &str); 7] = [
    ("throttles", "*", "an attempt counts whatever becomes of it, or guessing would be free"),
    ("api_keys", "last_used_at", "a key was shown, whatever it asked for"),
    ("domains", "checked_at", "a look at the DNS is noted before it begins: it is not free"),
    ("outbox", "published_at", "what was committed before is published when it can be"),
    ("signing_keys", "*", "is made when one is first needed, for everybody"),
    ("visitor_keys", "*", "is made each day, for everybody"),
    ("ingest_progress", "*", "clicks are stored by themselves"),
];

/// The rows of each table: values by column.
pub(super) type Dump = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// Every table with its columns, and whether a column holds bytes.
pub(super) async fn columns(db: &DatabaseConnection) -> BTreeMap<String, Vec<(String, bool)>> {
    let sql = if db.get_database_backend() == DbBackend::Postgres {
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
         AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY 1, a.attnum"
    } else {
        "SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, p.cid"
    };
    let mut tables: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for row in texts(db, sql, 3).await {
        let [table, column, kind] = row.try_into().unwrap();
        let bytes = ["bytea", "blob"].iter().any(|name| kind.to_lowercase().starts_with(name));
        tables.entry(table).or_default().push((column, bytes));
    }
    tables
}

/// Everything that is in the database; bytes are hexadecimal after `\x`.
pub(super) async fn dump(db: &DatabaseConnection) -> Dump {
    let mut dump = Dump::new();
    for (table, columns) in columns(db).await {
        let names: Vec<String> = columns.into_iter().map(|(name, _)| name).collect();
        let as_text = |name: &String| match db.get_database_backend() {
            DbBackend::Postgres => format!("coalesce(\"{name}\"::text, 'null')"),
            _ => format!(
                "CASE typeof(\"{name}\") WHEN 'blob' THEN '\\x' || lower(hex(\"{name}\")) WHEN 'null' THEN 'null'
                 ELSE CAST(\"{name}\" AS TEXT) END"
            ),
        };
        let sql = format!("SELECT {} FROM \"{table}\"", names.iter().map(as_text).collect::<Vec<_>>().join(", "));
        let rows = texts(db, &sql, names.len()).await;
        let mut rows: Vec<BTreeMap<String, String>> =
            rows.into_iter().map(|row| names.iter().cloned().zip(row).collect()).collect();
        rows.sort();
        dump.insert(table, rows);
    }
    dump
}

/// What differs, apart from what changes beside: the table and the rows of one side alone.
pub(super) fn changes(before: &Dump, after: &Dump) -> Vec<String> {
    let tables: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for table in tables {
        let (was, is) = (kept(table, before), kept(table, after));
        found.extend(was.iter().filter(|row| !is.contains(row)).map(|row| format!("{table} had {row:?}")));
        found.extend(is.iter().filter(|row| !was.contains(row)).map(|row| format!("{table} has {row:?}")));
        if was.len() != is.len() {
            found.push(format!("{table} has {} rows and had {}", is.len(), was.len()));
        }
    }
    found
}

/// The rows of a table without what changes beside.
fn kept(table: &str, dump: &Dump) -> Vec<BTreeMap<String, String>> {
    let besides: Vec<&str> =
        BESIDES.iter().filter(|(named, ..)| *named == table).map(|(_, column, _)| *column).collect();
    if besides.contains(&"*") {
        return Vec::new();
    }
    let mut rows = dump.get(table).cloned().unwrap_or_default();
    rows.iter_mut().for_each(|row| row.retain(|column, _| !besides.contains(&column.as_str())));
    rows
}

async fn texts(db: &DatabaseConnection, sql: &str, width: usize) -> Vec<Vec<String>> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let row = |row: &sea_orm::QueryResult| (0..width).map(|at| row.try_get_by_index(at).unwrap()).collect();
    rows.iter().map(row).collect()
}

#[test]
fn a_change_of_any_column_is_seen_but_for_what_changes_beside() {
    let with = |table: &str, rows: &[(&str, &str)]| -> Dump {
        let row = |(column, value): &(&str, &str)| BTreeMap::from([((*column).to_owned(), (*value).to_owned())]);
        BTreeMap::from([(table.to_owned(), rows.iter().map(row).collect())])
    };
    let one = with("links", &[("title", "a")]);
    assert!(changes(&one, &one).is_empty());
    assert_eq!(changes(&one, &with("links", &[("title", "b")])).len(), 2);
    assert_eq!(changes(&one, &with("links", &[])).len(), 2);
    assert_eq!(changes(&one, &with("links", &[("title", "a"), ("title", "a")])).len(), 1, "a row more, the same");
    assert_eq!(changes(&with("new", &[]), &with("new", &[("a", "b")])).len(), 2, "a table that nobody thought of");
    let used = |at: &str| with("api_keys", &[("last_used_at", at)]);
    assert!(changes(&used("1"), &used("2")).is_empty());
}
