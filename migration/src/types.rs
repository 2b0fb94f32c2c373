//! Short words for the columns and indexes that the migrations repeat. Every `*_at` is a BIGINT of milliseconds since
//! the Unix epoch.

use sea_orm_migration::prelude::*;

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

/// The condition of a policy, on PostgreSQL: the server's own loops see every row, and what a caller asks for those that
/// meet `condition`.
pub(crate) fn seen(condition: &str) -> String {
    // in sub-selects, both are worked out once for a statement and not for each row; what the condition asks of other
    // tables has policies of its own, so the first must be asked before it
    format!(
        "CASE WHEN (SELECT stopover_everywhere()) THEN true WHEN (SELECT stopover_acts()) THEN {condition} ELSE false END"
    )
}

/// The condition that a row is of a tenant where the caller may act, or of the caller: `column` says whose it is.
pub(crate) fn within_reach(column: &str) -> String {
    format!("{column} = ANY ((SELECT stopover_reach())::uuid[])")
}
