//! Invitations to tenants, tokens that set a new password, and mails that wait to be sent. No row holds a token that works:
//! links are kept by their hash, and a mail holds the salt that its link is derived from with a secret that is elsewhere.

use crate::types::{belongs_to, big, bytes, drop_all, index, int, maybe_at, table, text, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261126_000020_team"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid("id"),
            uuid("tenant_id"),
            text("email"),
            text("role"),
            bytes("token_hash"),
            uuid("invited_by"),
            big("created_at"),
            big("expires_at"),
        ];
        let mut invitations = table("invitations", columns, &["id"]);
        belongs_to(&mut invitations, "tenant_id", "tenants");
        belongs_to(&mut invitations, "invited_by", "users");
        manager.create_table(invitations).await?;
        manager.create_index(index("invitations", &["tenant_id", "email"], true)).await?;
        manager.create_index(index("invitations", &["token_hash"], true)).await?;
        manager.create_index(index("invitations", &["invited_by"], false)).await?;

        let columns = vec![bytes("token_hash"), uuid("user_id"), big("created_at"), big("expires_at")];
        let mut resets = table("password_resets", columns, &["token_hash"]);
        belongs_to(&mut resets, "user_id", "users");
        manager.create_table(resets).await?;
        manager.create_index(index("password_resets", &["user_id"], false)).await?;

        let columns = vec![
            uuid("id"),
            text("kind"),
            text("recipient"),
            bytes("salt"),
            big("created_at"),
            big("next_try_at"),
            int("tries"),
            maybe_at("dead_at"),
        ];
        manager.create_table(table("mails", columns, &["id"])).await?;
        manager.create_index(index("mails", &["next_try_at"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["invitations", "password_resets", "mails"]).await
    }
}
