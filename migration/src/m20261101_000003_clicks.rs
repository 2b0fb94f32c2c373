//! Clicks and receipts (partitioned by day on PostgreSQL), how far they are stored, rollups and the visitors' keys.

use crate::types::{big, bytes, drop_all, index, int, json, maybe_text, table, text, uuid};
use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261101_000003_clicks"
    }
}

fn clicks() -> TableCreateStatement {
    let columns = vec![
        int("day"),
        uuid("boot_id"),
        big("seq"),
        uuid("id"),
        big("at"),
        uuid("tenant_id"),
        uuid("link_id"),
        big("visitor"),
        maybe_text("exclusion"),
        maybe_text("country"),
        maybe_text("region"),
        maybe_text("city"),
        maybe_text("referrer"),
        text("device"),
        maybe_text("browser"),
        maybe_text("os"),
        maybe_text("language"),
        maybe_text("utm_source"),
        maybe_text("utm_medium"),
        maybe_text("utm_campaign"),
        maybe_text("utm_term"),
        maybe_text("utm_content"),
        maybe_text("uid"),
        json("parameters"),
        json("pixels"),
        json("refused"),
    ];
    table("clicks", columns, &["day", "boot_id", "seq"])
}

fn receipts() -> TableCreateStatement {
    let columns = vec![
        int("day"),
        uuid("click_id"),
        uuid("boot_id"),
        big("seq"),
        big("at"),
        uuid("tenant_id"),
        uuid("link_id"),
        maybe_text("country"),
        maybe_text("browser"),
        json("results"),
    ];
    table("receipts", columns, &["day", "click_id"])
}

fn rollups() -> TableCreateStatement {
    let columns = vec![
        uuid("tenant_id"),
        uuid("scope_id"),
        text("period"),
        big("starts_at"),
        big("human_clicks"),
        big("bot_clicks"),
        big("unique_visitors"),
        big("pixels_sent"),
        big("pixels_fired"),
        big("pixels_blocked"),
        big("pixels_failed"),
        big("pixels_timed_out"),
        big("pixels_refused"),
        bytes("packed"),
    ];
    table("rollups", columns, &["tenant_id", "scope_id", "period", "starts_at"])
}

/// Makes a table, on PostgreSQL as one that is partitioned by its column `day`.
async fn create_by_day(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        let sql = format!("{} PARTITION BY RANGE (day)", table.to_string(PostgresQueryBuilder));
        return manager.get_connection().execute_unprepared(&sql).await.map(drop);
    }
    manager.create_table(table).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_by_day(manager, clicks()).await?;
        manager.create_index(index("clicks", &["tenant_id", "link_id", "id"], false)).await?;
        create_by_day(manager, receipts()).await?;

        let columns = vec![uuid("boot_id"), big("contiguous"), json("ranges"), big("events"), big("updated_at")];
        manager.create_table(table("ingest_progress", columns, &["boot_id"])).await?;

        let columns = vec![uuid("boot_id"), big("seq"), bytes("payload"), text("reason"), big("created_at")];
        manager.create_table(table("dead_letters", columns, &["boot_id", "seq"])).await?;
        manager.create_table(rollups()).await?;
        manager.create_table(table("visitor_keys", vec![int("day"), bytes("key")], &["day"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["clicks", "receipts", "ingest_progress", "dead_letters", "rollups", "visitor_keys"];
        drop_all(manager, &tables).await
    }
}
