//! Domains, the addresses on them, links with their tags and pixels, and the outbox of their changes.

use crate::types::{belongs_to, big, column, drop_all, flag, index, json, maybe_at, maybe_text, table, text, uuid};
use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261101_000002_links"
    }
}

fn domains() -> TableCreateStatement {
    let columns = vec![
        uuid("id"),
        column("tenant_id").uuid().null().take(),
        text("host"),
        flag("serving"),
        maybe_text("fallback"),
        big("ver"),
        big("created_at"),
        big("updated_at"),
    ];
    let mut domains = table("domains", columns, &["id"]);
    belongs_to(&mut domains, "tenant_id", "tenants");
    domains
}

fn links() -> TableCreateStatement {
    let columns = vec![
        uuid("id"),
        uuid("tenant_id"),
        uuid("domain_id"),
        text("slug"),
        text("destination"),
        maybe_text("title"),
        text("state"),
        maybe_at("starts_at"),
        maybe_at("expires_at"),
        maybe_text("fallback"),
        json("forwarding"),
        maybe_text("utm_source"),
        maybe_text("utm_medium"),
        maybe_text("utm_campaign"),
        maybe_text("utm_term"),
        maybe_text("utm_content"),
        json("merge_values"),
        flag("without_pixels"),
        column("card").json_binary().null().take(),
        text("search_text"),
        big("created_at"),
        big("updated_at"),
    ];
    let mut links = table("links", columns, &["id"]);
    belongs_to(&mut links, "tenant_id", "tenants");
    belongs_to(&mut links, "domain_id", "domains");
    links
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(domains()).await?;
        manager.create_index(index("domains", &["host"], true)).await?;
        manager.create_index(index("domains", &["tenant_id"], false)).await?;

        // an address outlives its link: no reference to `links`
        let columns = vec![uuid("domain_id"), text("slug"), big("ver"), column("link_id").uuid().null().take()];
        let mut slots = table("slots", columns, &["domain_id", "slug"]);
        belongs_to(&mut slots, "domain_id", "domains");
        manager.create_table(slots).await?;

        manager.create_table(links()).await?;
        manager.create_index(index("links", &["domain_id", "slug"], true)).await?;
        for columns in [&["tenant_id", "id"], &["tenant_id", "state"], &["tenant_id", "updated_at"]] {
            let mut index = index("links", columns, false);
            if columns[1] != "id" {
                index.col(Alias::new("id"));
            }
            manager.create_index(index.take()).await?;
        }

        let columns = vec![
            uuid("id"),
            uuid("tenant_id"),
            text("network"),
            text("name"),
            json("ids"),
            text("mode"),
            flag("is_default"),
            big("created_at"),
            big("updated_at"),
        ];
        let mut pixels = table("pixels", columns, &["id"]);
        belongs_to(&mut pixels, "tenant_id", "tenants");
        manager.create_table(pixels).await?;
        manager.create_index(index("pixels", &["tenant_id", "id"], false)).await?;

        let mut tags = table("link_tags", vec![uuid("link_id"), text("tag"), uuid("tenant_id")], &["link_id", "tag"]);
        belongs_to(&mut tags, "link_id", "links");
        manager.create_table(tags).await?;
        manager.create_index(index("link_tags", &["tenant_id", "tag", "link_id"], false)).await?;

        let columns = vec![uuid("link_id"), uuid("pixel_id"), uuid("tenant_id")];
        let mut link_pixels = table("link_pixels", columns, &["link_id", "pixel_id"]);
        belongs_to(&mut link_pixels, "link_id", "links");
        belongs_to(&mut link_pixels, "pixel_id", "pixels");
        manager.create_table(link_pixels).await?;
        manager.create_index(index("link_pixels", &["tenant_id", "pixel_id", "link_id"], false)).await?;

        let columns = vec![uuid("id"), text("key"), big("ver"), big("created_at"), maybe_at("published_at")];
        manager.create_table(table("outbox", columns, &["id"])).await?;
        manager.create_index(index("outbox", &["published_at"], false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["domains", "slots", "links", "pixels", "link_tags", "link_pixels", "outbox"]).await
    }
}
