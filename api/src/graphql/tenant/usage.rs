//! How much a tenant has of what the operator may limit.

use crate::{
    graphql::{context, error::top_level},
    scope::{Permission, TenantScope},
    usage,
};
use async_graphql::{Context, Object, Result, SimpleObject};

/// How much a tenant has.
pub struct TenantUsage(pub(super) TenantScope);

/// What the operator of this server allows a tenant.
#[derive(SimpleObject)]
pub struct TenantLimits {
    /// Most links that are there; null for as many as it likes.
    links: Option<u64>,
    /// Most links made in a month of UTC; null for as many as it likes.
    links_per_month: Option<u64>,
}

/// How much a tenant has of what the operator of this server may limit. Links beyond a limit are `LIMIT_REACHED`.
#[Object]
impl TenantUsage {
    /// Its links, archived ones included.
    async fn links(&self, ctx: &Context<'_>) -> Result<u64> {
        context::demand(ctx, &self.0, Permission::ReadLinks)?;
        usage::links(&context::app(ctx)?.db, self.0).await.map_err(top_level)
    }

    /// Links made since the month began in UTC, those that were deleted since included.
    async fn links_this_month(&self, ctx: &Context<'_>) -> Result<u64> {
        context::demand(ctx, &self.0, Permission::ReadLinks)?;
        let app = context::app(ctx)?;
        usage::links_this_month(&app.db, self.0, app.clock.now()).await.map_err(top_level)
    }

    /// People's clicks since the month began in UTC, as reports count them.
    async fn clicks_this_month(&self, ctx: &Context<'_>) -> Result<u64> {
        context::demand(ctx, &self.0, Permission::ReadReports)?;
        usage::clicks_this_month(context::app(ctx)?, self.0).await.map_err(top_level)
    }

    /// What the operator allows.
    async fn limits(&self, ctx: &Context<'_>) -> Result<TenantLimits> {
        let quotas = context::app(ctx)?.quotas;
        Ok(TenantLimits { links: quotas.links, links_per_month: quotas.links_per_month })
    }
}
