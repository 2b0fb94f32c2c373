//! Webhooks, what is told to them, and what became of telling it. Clicks wait in a table of their own until they go out
//! together; two tables remember what was told already, of links that ended and of pixels that fail.

use crate::types::{
    belongs_to, big, bytes, column, drop_all, flag, index, int, maybe_at, maybe_text, table, text, uuid,
};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261126_000040_webhooks"
    }
}

/// Tables, in the order they are made.
const TABLES: [&str; 6] =
    ["webhooks", "webhook_messages", "webhook_deliveries", "webhook_clicks", "webhook_expiries", "webhook_pixels"];
/// Index for the links whose end has come.
const BY_END: &str = "links_by_expires_at";

async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid("id"),
        uuid("tenant_id"),
        uuid("webhook_id"),
        uuid("message_id"),
        text("event"),
        text("state"),
        int("attempts"),
        maybe_at("next_attempt_at"),
        column("claim").uuid().null().take(),
        maybe_at("attempted_at"),
        column("status").integer().null().take(),
        maybe_at("duration_ms"),
        maybe_text("error"),
        big("created_at"),
    ];
    let mut deliveries = table("webhook_deliveries", columns, &["id"]);
    belongs_to(&mut deliveries, "webhook_id", "webhooks");
    belongs_to(&mut deliveries, "message_id", "webhook_messages");
    manager.create_table(deliveries).await?;
    for columns in [&["webhook_id", "id"][..], &["message_id"], &["next_attempt_at"]] {
        manager.create_index(index("webhook_deliveries", columns, false)).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid("id"),
            uuid("tenant_id"),
            text("url"),
            text("events"),
            bytes("salt"),
            column("previous_salt").blob().null().take(),
            maybe_at("previous_until"),
            maybe_at("failing_since"),
            maybe_at("disabled_at"),
            maybe_text("disabled_by"),
            big("created_at"),
            big("updated_at"),
        ];
        let mut webhooks = table("webhooks", columns, &["id"]);
        belongs_to(&mut webhooks, "tenant_id", "tenants");
        manager.create_table(webhooks).await?;
        manager.create_index(index("webhooks", &["tenant_id", "id"], false)).await?;

        let columns = vec![uuid("id"), uuid("tenant_id"), text("event"), text("payload"), big("created_at")];
        let mut messages = table("webhook_messages", columns, &["id"]);
        belongs_to(&mut messages, "tenant_id", "tenants");
        manager.create_table(messages).await?;
        for column in ["created_at", "tenant_id"] {
            manager.create_index(index("webhook_messages", &[column], false)).await?;
        }
        deliveries(manager).await?;

        // the ingest must not fail because a tenant is gone: no reference
        let columns = vec![uuid("id"), uuid("tenant_id"), int("clicks"), text("payload"), big("created_at")];
        manager.create_table(table("webhook_clicks", columns, &["id"])).await?;
        manager.create_index(index("webhook_clicks", &["tenant_id", "id"], false)).await?;

        let columns = vec![uuid("link_id"), big("expires_at"), uuid("tenant_id")];
        let mut expiries = table("webhook_expiries", columns, &["link_id", "expires_at"]);
        belongs_to(&mut expiries, "link_id", "links");
        manager.create_table(expiries).await?;
        let mut by_end = Index::create();
        by_end.name(BY_END).table(Alias::new("links")).col(Alias::new("expires_at"));
        manager.create_index(by_end).await?;

        let columns = vec![uuid("pixel_id"), uuid("tenant_id"), flag("unhealthy"), big("changed_at")];
        let mut pixels = table("webhook_pixels", columns, &["pixel_id"]);
        belongs_to(&mut pixels, "pixel_id", "pixels");
        manager.create_table(pixels).await?;
        manager.create_index(index("webhook_pixels", &["tenant_id"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut by_end = Index::drop();
        by_end.name(BY_END).table(Alias::new("links"));
        manager.drop_index(by_end).await?;
        drop_all(manager, &TABLES).await
    }
}
