//! Users, their log-ins, tenants and who may do what in them.

use crate::types::{belongs_to, big, bytes, drop_all, flag, index, int, maybe_at, table, text, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261101_000001_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = vec![uuid("id"), text("email"), text("password_hash"), big("created_at")];
        manager.create_table(table("users", users, &["id"])).await?;
        manager.create_index(index("users", &["email"], true)).await?;

        let tenants = vec![
            uuid("id"),
            text("name"),
            flag("active"),
            big("ver"),
            int("budget_ms"),
            int("confirm_share"),
            flag("honour_gpc"),
            text("referrer_policy"),
            big("created_at"),
            big("updated_at"),
        ];
        manager.create_table(table("tenants", tenants, &["id"])).await?;

        let members = vec![uuid("tenant_id"), uuid("user_id"), text("role"), big("created_at")];
        let mut memberships = table("memberships", members, &["tenant_id", "user_id"]);
        belongs_to(&mut memberships, "tenant_id", "tenants");
        belongs_to(&mut memberships, "user_id", "users");
        manager.create_table(memberships).await?;
        manager.create_index(index("memberships", &["user_id"], false)).await?;

        let columns = vec![uuid("id"), uuid("user_id"), big("created_at"), big("expires_at"), maybe_at("revoked_at")];
        let mut sessions = table("sessions", columns, &["id"]);
        belongs_to(&mut sessions, "user_id", "users");
        manager.create_table(sessions).await?;
        manager.create_index(index("sessions", &["user_id"], false)).await?;

        let columns = vec![bytes("token_hash"), uuid("session_id"), big("created_at"), maybe_at("used_at")];
        let mut tokens = table("refresh_tokens", columns, &["token_hash"]);
        belongs_to(&mut tokens, "session_id", "sessions");
        manager.create_table(tokens).await?;
        manager.create_index(index("refresh_tokens", &["session_id"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["users", "tenants", "memberships", "sessions", "refresh_tokens"]).await
    }
}
