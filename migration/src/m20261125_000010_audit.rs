//! The audit log, and what creating mutations with an idempotency key made. Neither is deleted with its tenant: the log
//! tells of the deletion.

use crate::types::{big, bytes, column, drop_all, index, int, maybe_text, table, text, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261125_000010_audit"
    }
}

fn maybe_uuid(name: &'static str) -> ColumnDef {
    column(name).uuid().null().take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid("chain_id"),
            big("seq"),
            uuid("id"),
            big("at"),
            maybe_uuid("user_id"),
            maybe_uuid("api_key_id"),
            maybe_uuid("request_id"),
            text("action"),
            text("target_kind"),
            maybe_uuid("target_id"),
            // text and not JSON: the hash is over these very bytes
            maybe_text("before"),
            maybe_text("after"),
            bytes("previous_hash"),
            bytes("hash"),
        ];
        manager.create_table(table("audit_events", columns, &["chain_id", "seq"])).await?;
        manager.create_index(index("audit_events", &["chain_id", "target_id"], false)).await?;
        let heads = table("audit_heads", vec![uuid("chain_id"), big("seq"), bytes("hash")], &["chain_id"]);
        manager.create_table(heads).await?;

        let columns = vec![
            uuid("owner_id"),
            text("key"),
            int("part"),
            text("action"),
            bytes("input_hash"),
            text("result"),
            big("created_at"),
        ];
        manager.create_table(table("idempotency_keys", columns, &["owner_id", "key", "part"])).await?;
        manager.create_index(index("idempotency_keys", &["created_at"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["audit_events", "audit_heads", "idempotency_keys"]).await
    }
}
