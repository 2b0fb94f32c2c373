//! How many links a tenant made in each month: deleting one does not give it back.

use crate::types::{big, drop_all, int, table, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261126_000031_quotas"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![uuid("tenant_id"), int("month"), big("made")];
        manager.create_table(table("links_by_month", columns, &["tenant_id", "month"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["links_by_month"]).await
    }
}
