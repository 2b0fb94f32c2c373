//! Domains of a tenant's own: how far their proof has come, and who holds a host. A host that is only claimed may have
//! several rows; of those that serve there is one.

use crate::types::{column, index, maybe_at, maybe_text};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261124_000004_domains"
    }
}

const TABLE: &str = "domains";

fn columns() -> Vec<ColumnDef> {
    vec![
        column("state").text().not_null().default("VERIFIED").take(),
        column("is_default").boolean().not_null().default(false).take(),
        maybe_text("token"),
        maybe_at("checked_at"),
        maybe_at("next_check_at"),
        maybe_at("first_missing_at"),
        maybe_text("problem"),
        maybe_at("deleted_at"),
    ]
}

const COLUMNS: [&str; 8] =
    ["state", "is_default", "token", "checked_at", "next_check_at", "first_missing_at", "problem", "deleted_at"];

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table(Alias::new(TABLE)).to_owned()).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "domains_by_host").await?;
        // one at a time: SQLite adds one column in a statement
        for mut column in columns() {
            manager.alter_table(Table::alter().table(Alias::new(TABLE)).add_column(&mut column).take()).await?;
        }
        manager.create_index(index(TABLE, &["host", "ver"], false)).await?;
        manager.create_index(index(TABLE, &["next_check_at"], false)).await?;
        let serving = "CREATE UNIQUE INDEX domains_serving ON domains (host) WHERE serving";
        manager.get_connection().execute_unprepared(serving).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["domains_serving", "domains_by_next_check_at", "domains_by_host_ver"] {
            drop_index(manager, name).await?;
        }
        // claims, tombstones, and those whose host went to another
        let others = "DELETE FROM domains WHERE ver = 0 OR deleted_at IS NOT NULL OR EXISTS \
                      (SELECT 1 FROM domains AS other WHERE other.host = domains.host AND other.ver > domains.ver)";
        manager.get_connection().execute_unprepared(others).await?;
        for name in COLUMNS {
            manager.alter_table(Table::alter().table(Alias::new(TABLE)).drop_column(Alias::new(name)).take()).await?;
        }
        manager.create_index(index(TABLE, &["host"], true)).await
    }
}
