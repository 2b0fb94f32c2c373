//! API keys and where they may act.

use crate::types::{belongs_to, big, bytes, drop_all, index, maybe_at, table, text, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261125_000009_api_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid("id"),
            uuid("user_id"),
            text("name"),
            text("prefix"),
            bytes("hash"),
            text("scopes"),
            big("created_at"),
            maybe_at("expires_at"),
            maybe_at("last_used_at"),
            maybe_at("revoked_at"),
        ];
        let mut keys = table("api_keys", columns, &["id"]);
        belongs_to(&mut keys, "user_id", "users");
        manager.create_table(keys).await?;
        manager.create_index(index("api_keys", &["hash"], true)).await?;
        manager.create_index(index("api_keys", &["user_id"], false)).await?;

        let columns = vec![uuid("api_key_id"), uuid("tenant_id")];
        let mut tenants = table("api_key_tenants", columns, &["api_key_id", "tenant_id"]);
        belongs_to(&mut tenants, "api_key_id", "api_keys");
        belongs_to(&mut tenants, "tenant_id", "tenants");
        manager.create_table(tenants).await?;
        manager.create_index(index("api_key_tenants", &["tenant_id"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["api_keys", "api_key_tenants"]).await
    }
}
