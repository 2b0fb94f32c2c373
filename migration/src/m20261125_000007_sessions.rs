//! Keys that sign access tokens, what a session tells of its device, counters of log-in attempts, and second factors.
//! No row here lets its reader in: keys and second factors are derived from a secret that the database does not hold.

use crate::types::{belongs_to, big, bytes, column, drop_all, index, maybe_at, maybe_text, table, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261125_000007_sessions"
    }
}

/// The new columns, each with its table. SQLite takes one a statement.
fn columns() -> [(&'static str, &'static str, ColumnDef); 4] {
    [
        ("sessions", "last_used_at", maybe_at("last_used_at")),
        ("sessions", "user_agent", maybe_text("user_agent")),
        ("sessions", "ip_address", maybe_text("ip_address")),
        ("refresh_tokens", "successor_salt", column("successor_salt").blob().null().take()),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, mut column) in columns() {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(&mut column).take()).await?;
        }
        // those that were begun before count as used then
        manager.get_connection().execute_unprepared("UPDATE sessions SET last_used_at = created_at").await?;

        let keys = vec![
            uuid("kid"),
            bytes("salt"),
            big("created_at"),
            big("signs_from"),
            big("signs_until"),
            big("verifies_until"),
        ];
        manager.create_table(table("signing_keys", keys, &["kid"])).await?;

        let throttles = vec![bytes("name"), big("full_at"), big("trusted_until"), big("forget_at")];
        manager.create_table(table("throttles", throttles, &["name"])).await?;
        manager.create_index(index("throttles", &["forget_at"], false)).await?;

        let factors =
            vec![uuid("user_id"), bytes("salt"), big("created_at"), maybe_at("confirmed_at"), big("last_step")];
        let mut factors = table("second_factors", factors, &["user_id"]);
        belongs_to(&mut factors, "user_id", "users");
        manager.create_table(factors).await?;

        let codes = vec![bytes("code_hash"), uuid("user_id"), maybe_at("used_at")];
        let mut codes = table("recovery_codes", codes, &["code_hash"]);
        belongs_to(&mut codes, "user_id", "users");
        manager.create_table(codes).await?;
        manager.create_index(index("recovery_codes", &["user_id"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["signing_keys", "throttles", "second_factors", "recovery_codes"]).await?;
        for (table, name, _) in columns().into_iter().rev() {
            manager.alter_table(Table::alter().table(Alias::new(table)).drop_column(Alias::new(name)).take()).await?;
        }
        Ok(())
    }
}
