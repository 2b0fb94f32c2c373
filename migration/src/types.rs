//! Short words for the columns and indexes that the migrations repeat. Every `*_at` is a BIGINT of milliseconds since
//! the Unix epoch.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

/// A column of a table, named.
pub(crate) fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

/// A UUID that must be there.
pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    column(name).uuid().not_null().take()
}

/// A number of 64 bits that must be there.
pub(crate) fn big(name: &'static str) -> ColumnDef {
    column(name).big_integer().not_null().take()
}

/// A number of 32 bits that must be there.
pub(crate) fn int(name: &'static str) -> ColumnDef {
    column(name).integer().not_null().take()
}

/// A text that must be there.
pub(crate) fn text(name: &'static str) -> ColumnDef {
    column(name).text().not_null().take()
}

/// A text that may be missing.
pub(crate) fn maybe_text(name: &'static str) -> ColumnDef {
    column(name).text().null().take()
}

/// An instant that may be missing.
pub(crate) fn maybe_at(name: &'static str) -> ColumnDef {
    column(name).big_integer().null().take()
}

/// A truth value that must be there.
pub(crate) fn flag(name: &'static str) -> ColumnDef {
    column(name).boolean().not_null().take()
}

/// A JSON value that must be there.
pub(crate) fn json(name: &'static str) -> ColumnDef {
    column(name).json_binary().not_null().take()
}

/// Bytes that must be there.
pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    column(name).blob().not_null().take()
}

/// A table of these columns with this primary key.
pub(crate) fn table(name: &'static str, columns: Vec<ColumnDef>, key: &[&'static str]) -> TableCreateStatement {
    let mut table = Table::create().table(Alias::new(name)).take();
    for mut column in columns {
        table.col(&mut column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(Alias::new(*column));
    }
    table.primary_key(&mut primary).take()
}

/// A reference to another table's `id`, deleting with it.
pub(crate) fn belongs_to(table: &mut TableCreateStatement, column: &'static str, other: &'static str) {
    let mut key = ForeignKey::create();
    let key = key.from_col(Alias::new(column)).to(Alias::new(other), Alias::new("id"));
    table.foreign_key(key.on_delete(ForeignKeyAction::Cascade));
}

/// An index over columns, named after them.
pub(crate) fn index(table: &'static str, columns: &[&'static str], unique: bool) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_by_{}", columns.join("_"))).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    if unique {
        index.unique();
    }
    index.take()
}

/// Drops tables, the last made first.
pub(crate) async fn drop_all(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables.iter().rev() {
        manager.drop_table(Table::drop().table(Alias::new(*table)).take()).await?;
    }
    Ok(())
}

/// Keeps the rows of tenants in a table apart, on PostgreSQL: `column` says whose a row is, from its first day on.
pub(crate) async fn apart(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    // in sub-selects, both are worked out once for a statement and not for each row; the second reads memberships, whose
    // policy is this one, so the first must be asked before it
    let sql = format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY reach ON {table}
         USING (CASE WHEN (SELECT stopover_everywhere()) THEN true
                WHEN current_user = 'stopover_tenant' THEN {column} = ANY ((SELECT stopover_reach())::uuid[])
                ELSE false END);
         CREATE TRIGGER stays BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
         WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION stopover_stays()"
    );
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}
