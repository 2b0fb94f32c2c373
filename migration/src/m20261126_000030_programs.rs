//! What programs that make links need: a link's name in another system, unique within its tenant, and what a tenant's
//! links are when nobody says otherwise.

use crate::types::{column, maybe_text};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261126_000030_programs"
    }
}

const INDEX: &str = "links_by_tenant_id_external_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let links = Table::alter().table(Alias::new("links")).add_column(maybe_text("external_id")).take();
        manager.alter_table(links).await?;
        // most links have none: those stand in no index
        let index = Index::create()
            .name(INDEX)
            .table(Alias::new("links"))
            .col(Alias::new("tenant_id"))
            .col(Alias::new("external_id"))
            .unique()
            .and_where(Expr::col(Alias::new("external_id")).is_not_null())
            .take();
        manager.create_index(index).await?;
        let defaults = column("link_defaults").json_binary().null().take();
        manager.alter_table(Table::alter().table(Alias::new("tenants")).add_column(defaults).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = |table: &'static str, name: &'static str| {
            Table::alter().table(Alias::new(table)).drop_column(Alias::new(name)).take()
        };
        manager.alter_table(drop("tenants", "link_defaults")).await?;
        let mut index = Index::drop();
        index.name(INDEX).table(Alias::new("links"));
        manager.drop_index(index).await?;
        manager.alter_table(drop("links", "external_id")).await
    }
}
