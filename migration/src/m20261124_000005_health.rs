//! The share of confirmed visits below which a tenant's pixel is unhealthy.

use crate::types::int;
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261124_000005_health"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // in hundredths of a percent: a half
        let threshold = int("health_threshold").default(5_000).take();
        manager.alter_table(Table::alter().table(Alias::new("tenants")).add_column(threshold).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let threshold = Alias::new("health_threshold");
        manager.alter_table(Table::alter().table(Alias::new("tenants")).drop_column(threshold).take()).await
    }
}
