//! Tenants: the owner of links, pixels and reports, with its policy for visits. A [`Tenant`] holds the caller's scope, so
//! that whatever is reached through it was allowed.

pub mod link_defaults;
pub mod mutation;
pub mod policy;
pub mod usage;

use super::{
    api_key::{self, ApiKeyConnection},
    audit::{self, AuditEventConnection, AuditFilter},
    branding::Branding,
    context,
    domain::{self, DomainConnection},
    error::{top_level, value},
    id::{self, Kind},
    invitation::{self, InvitationConnection},
    link::{self, LinkConnection, LinkFilter, LinkOrder},
    member::{self, MemberConnection},
    page::PageArgs,
    pixel::{
        self, PixelConnection,
        health::{self, PixelHealth},
    },
    report::{self, Report, ReportFilter},
    scalars::DateTime,
    webhook::{self, WebhookConnection},
};
use crate::{
    audit::Log,
    error::Error,
    links,
    scope::{Permission, TenantScope},
    tenants,
};
use async_graphql::{Context, Enum, ID, Object, Result};
use entities::{membership, tenant};
use link_defaults::LinkDefaults;
use policy::{Policy, ReferrerPolicy};
use tokio::sync::OnceCell;
use usage::TenantUsage;

/// What a member may do in a tenant; each role includes what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "membership::Role")]
pub enum Role {
    /// Everything, with other owners and giving the tenant away.
    Owner,
    /// The tenant's name, policy, domains and members.
    Admin,
    /// Making and changing links and pixels.
    Editor,
    /// Reading.
    Viewer,
}

/// An owner of links, pixels and reports.
#[derive(Debug, Clone)]
pub struct Tenant {
    scope: TenantScope,
    row: OnceCell<tenant::Model>,
}

impl Tenant {
    /// The tenant of a scope.
    #[must_use]
    pub fn new(scope: TenantScope, row: tenant::Model) -> Self {
        Self { scope, row: OnceCell::new_with(Some(row)) }
    }

    /// What the caller may do in it.
    #[must_use]
    pub fn role(&self) -> Role {
        self.scope.role().into()
    }

    /// Its row, read when something of it is asked for.
    async fn row(&self, ctx: &Context<'_>) -> Result<&tenant::Model> {
        let read = async || tenants::find(context::app(ctx)?, &self.scope).await.map_err(top_level);
        self.row.get_or_try_init(read).await
    }
}

fn health_threshold(row: &tenant::Model) -> f64 {
    f64::from(row.health_threshold) / 10_000.0
}

/// An owner of links, pixels and reports. Only its members can see it.
#[Object]
impl Tenant {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Tenant, self.scope.tenant_id())
    }

    /// Shown on its pages, 1 to 100 characters.
    async fn name(&self, ctx: &Context<'_>) -> Result<&str> {
        Ok(&self.row(ctx).await?.name)
    }

    /// What it decided for its visits.
    async fn policy(&self, ctx: &Context<'_>) -> Result<Policy> {
        let row = self.row(ctx).await?;
        let consent: contract::consent::ConsentPolicy = tenants::stored(row.consent.clone()).map_err(top_level)?;
        Ok(Policy {
            budget_ms: row.budget_ms,
            confirm_share: f64::from(row.confirm_share) / 10_000.0,
            honour_gpc: row.honour_gpc,
            referrer_policy: ReferrerPolicy::of_header(&row.referrer_policy),
            health_threshold: health_threshold(row),
            consent: consent.into(),
        })
    }

    /// How its pages look and speak.
    async fn branding(&self, ctx: &Context<'_>) -> Result<Branding> {
        let row = self.row(ctx).await?;
        let branding: contract::branding::Branding = tenants::stored(row.branding.clone()).map_err(top_level)?;
        Ok(branding.into())
    }

    /// What fills in the fields that are left out of its new links.
    async fn link_defaults(&self, ctx: &Context<'_>) -> Result<LinkDefaults> {
        let stored = self.row(ctx).await?.link_defaults.clone();
        let defaults = links::defaults::of_tenant(context::app(ctx)?, self.scope, stored).await;
        Ok(LinkDefaults::new(self.scope, defaults.map_err(top_level)?))
    }

    /// How much it has of what the operator of this server may limit.
    async fn usage(&self) -> TenantUsage {
        TenantUsage(self.scope)
    }

    /// What the caller may do in it.
    #[graphql(name = "role")]
    async fn callers_role(&self) -> Role {
        self.role()
    }

    /// When it was made.
    async fn created_at(&self, ctx: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(self.row(ctx).await?.created_at))
    }

    /// Its links, the newest first unless `orderBy` says otherwise.
    #[expect(clippy::too_many_arguments, reason = "they are the contract's")]
    async fn links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<LinkFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<LinkOrder>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<LinkConnection> {
        context::demand(ctx, &self.scope, Permission::ReadLinks)?;
        link::links_of(ctx, &self.scope, filter, order_by, PageArgs::new(first, after, last, before)).await
    }

    /// Its pixels, in the order they were made; at most 50.
    async fn pixels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<PixelConnection> {
        context::demand(ctx, &self.scope, Permission::ReadPixels)?;
        pixel::pixels_of(ctx, &self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// Its own domains, at most 50, verified or not, and the shared ones, in the order they were made.
    async fn domains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<DomainConnection> {
        context::demand(ctx, &self.scope, Permission::ReadLinks)?;
        domain::domains_of(ctx, &self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// A report over the clicks of all its links.
    async fn report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which clicks; those of the last 30 days when left out.")] filter: Option<ReportFilter>,
    ) -> Result<Report> {
        context::demand(ctx, &self.scope, Permission::ReadReports)?;
        report::of_tenant(ctx, &self.scope, filter)
    }

    /// Whether each of its pixels fires as it should, and why not, by what its visits of the last 24 hours came to, or of
    /// the last 7 days where fewer than 20 of them waited to see it; in the order the pixels were made, at most 50.
    async fn pixel_health(&self, ctx: &Context<'_>) -> Result<Vec<PixelHealth>> {
        context::demand(ctx, &self.scope, Permission::ReadPixels)?;
        let threshold = health_threshold(self.row(ctx).await?);
        health::of_tenant(ctx, &self.scope, threshold).await
    }

    /// Its members, in the order they joined.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<MemberConnection> {
        member::members_of(ctx, self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// The invitations into it that are pending, at most 100, the newest first; needs the role ADMIN.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<InvitationConnection> {
        invitation::invitations_of(ctx, self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// The API keys that may act in it, whosever they are, the newest first; needs the role ADMIN.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<ApiKeyConnection> {
        api_key::keys_of_tenant(ctx, self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// Addresses that are told of events, at most 10, in the order they were made; needs the role ADMIN.
    async fn webhooks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<WebhookConnection> {
        context::demand(ctx, &self.scope, Permission::Administer)?;
        webhook::webhooks_of(ctx, self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// What was changed in it, the latest first; needs the role ADMIN.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; all when left out.")] filter: Option<AuditFilter>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<AuditEventConnection> {
        let log = Log::of_tenant(self.scope).map_err(top_level)?;
        audit::events_of(ctx, log, filter, PageArgs::new(first, after, last, before)).await
    }
}

/// Looks a tenant up by its global id, for a caller who may do this.
///
/// # Errors
/// As [`TenantScope::of`]; an id of another kind answers like one that was never given out.
pub async fn scope_of(
    ctx: &Context<'_>,
    id: &ID,
    needs: Permission,
    field: &str,
) -> Result<std::result::Result<TenantScope, Error>> {
    let caller = context::caller(ctx)?;
    let Some(tenant_id) = id::decode(Kind::Tenant, id) else { return Ok(Err(Error::not_found(field))) };
    let found = TenantScope::of(&context::app(ctx)?.db, caller, tenant_id, needs, field).await;
    context::admitted(ctx, found, |scope| scope)
}

/// The tenant of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Tenant>> {
    let scope = scope_of(ctx, id, Permission::ReadTenant, "id").await?;
    Ok(value(scope)?.map(|scope| Tenant { scope, row: OnceCell::new() }))
}

/// Queries of tenants.
#[derive(Default)]
pub struct TenantQuery;

#[Object]
impl TenantQuery {
    /// A tenant that the caller is a member of; null for any other.
    async fn tenant(&self, ctx: &Context<'_>, #[graphql(desc = "The tenant's id.")] id: ID) -> Result<Option<Tenant>> {
        find(ctx, &id).await
    }
}
