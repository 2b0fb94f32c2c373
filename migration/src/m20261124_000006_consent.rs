//! Where a tenant's pixels need consent, how its pages look, and what the visitor of a click agreed to.

use crate::types::{column, maybe_text};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261124_000006_consent"
    }
}

/// The new columns, each with its table. SQLite takes one a statement.
fn columns() -> [(&'static str, &'static str, ColumnDef); 3] {
    [
        ("tenants", "consent", column("consent").json_binary().null().take()),
        ("tenants", "branding", column("branding").json_binary().null().take()),
        ("clicks", "consent", maybe_text("consent")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, mut column) in columns() {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(&mut column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, _) in columns().into_iter().rev() {
            manager.alter_table(Table::alter().table(Alias::new(table)).drop_column(Alias::new(name)).take()).await?;
        }
        Ok(())
    }
}
