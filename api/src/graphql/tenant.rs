//! Tenants: the owner of links, pixels and reports, with its policy for visits. A [`Tenant`] holds the caller's scope, so
//! that whatever is reached through it was allowed.

use super::{
    branding::{Branding, BrandingInput},
    consent::{ConsentPolicy, ConsentPolicyInput},
    context,
    domain::{self, DomainConnection},
    error::{UserError, answer, top_level, value},
    id::{self, Kind},
    link::{self, LinkConnection, LinkFilter, LinkOrder},
    page::PageArgs,
    pixel::{
        self, PixelConnection,
        health::{self, PixelHealth},
    },
    report::{self, Report, ReportFilter},
    scalars::DateTime,
};
use crate::{
    error::Error,
    scope::TenantScope,
    tenants::{self, TenantChange},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entities::{membership, tenant};

/// What a member may do in a tenant; each role includes what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "membership::Role")]
pub enum Role {
    /// Everything, and deleting the tenant.
    Owner,
    /// The tenant's name, policy and domains.
    Admin,
    /// Making and changing links and pixels.
    Editor,
    /// Reading.
    Viewer,
}

/// What the pages of a tenant tell destinations and networks of where a visitor came from: the values of
/// `Referrer-Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ReferrerPolicy {
    /// Nothing.
    NoReferrer,
    /// The address, except from https to http.
    NoReferrerWhenDowngrade,
    /// The origin.
    Origin,
    /// The address within one origin, the origin elsewhere.
    OriginWhenCrossOrigin,
    /// The address within one origin, nothing elsewhere.
    SameOrigin,
    /// The origin, except from https to http.
    StrictOrigin,
    /// The address within one origin, the origin elsewhere, nothing from https to http.
    StrictOriginWhenCrossOrigin,
    /// The address, always.
    UnsafeUrl,
}

impl ReferrerPolicy {
    /// In the order of [`tenants::REFERRER_POLICIES`].
    const ALL: [Self; 8] = [
        Self::NoReferrer,
        Self::NoReferrerWhenDowngrade,
        Self::Origin,
        Self::OriginWhenCrossOrigin,
        Self::SameOrigin,
        Self::StrictOrigin,
        Self::StrictOriginWhenCrossOrigin,
        Self::UnsafeUrl,
    ];

    const fn header(self) -> &'static str {
        tenants::REFERRER_POLICIES[self as usize]
    }

    fn of_header(header: &str) -> Self {
        let found = Self::ALL.into_iter().find(|policy| policy.header() == header);
        found.unwrap_or(Self::StrictOriginWhenCrossOrigin)
    }
}

/// What a tenant decided for its visits.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct Policy {
    /// The longest a page waits for the networks before the visitor goes on, in milliseconds.
    budget_ms: i32,
    /// Share of visits that wait for the networks' answers, from 0 to 1; on the others the hits are sent and the visitor
    /// goes on at once.
    confirm_share: f64,
    /// Whether a visitor's Global Privacy Control signal keeps pixels from firing.
    honour_gpc: bool,
    /// What destinations and networks are told of where a visitor came from.
    referrer_policy: ReferrerPolicy,
    /// Share of the visits that waited for a pixel, from 0 to 1: where it fired on fewer, `pixelHealth` calls it unhealthy.
    health_threshold: f64,
    /// Where pixels need the visitor's consent.
    consent: ConsentPolicy,
}

/// An owner of links, pixels and reports.
#[derive(Debug, Clone)]
pub struct Tenant {
    scope: TenantScope,
    row: tenant::Model,
}

impl Tenant {
    /// The tenant of a scope.
    #[must_use]
    pub const fn new(scope: TenantScope, row: tenant::Model) -> Self {
        Self { scope, row }
    }

    /// What the caller may do in it.
    #[must_use]
    pub fn role(&self) -> Role {
        self.scope.role().into()
    }

    fn health_threshold(&self) -> f64 {
        f64::from(self.row.health_threshold) / 10_000.0
    }
}

/// An owner of links, pixels and reports. Only its members can see it.
#[Object]
impl Tenant {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Tenant, self.row.id)
    }

    /// Shown on its pages, 1 to 100 characters.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// What it decided for its visits.
    async fn policy(&self) -> Result<Policy> {
        let consent: contract::consent::ConsentPolicy = tenants::stored(self.row.consent.clone()).map_err(top_level)?;
        Ok(Policy {
            budget_ms: self.row.budget_ms,
            confirm_share: f64::from(self.row.confirm_share) / 10_000.0,
            honour_gpc: self.row.honour_gpc,
            referrer_policy: ReferrerPolicy::of_header(&self.row.referrer_policy),
            health_threshold: self.health_threshold(),
            consent: consent.into(),
        })
    }

    /// How its pages look and speak.
    async fn branding(&self) -> Result<Branding> {
        let branding: contract::branding::Branding = tenants::stored(self.row.branding.clone()).map_err(top_level)?;
        Ok(branding.into())
    }

    /// What the caller may do in it.
    #[graphql(name = "role")]
    async fn callers_role(&self) -> Role {
        self.role()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
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
        domain::domains_of(ctx, &self.scope, PageArgs::new(first, after, last, before)).await
    }

    /// A report over the clicks of all its links.
    async fn report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which clicks; those of the last 30 days when left out.")] filter: Option<ReportFilter>,
    ) -> Result<Report> {
        report::of_tenant(ctx, &self.scope, filter)
    }

    /// Whether each of its pixels fires as it should, and why not, by what its visits of the last 24 hours came to, or of
    /// the last 7 days where fewer than 20 of them waited to see it; in the order the pixels were made, at most 50.
    async fn pixel_health(&self, ctx: &Context<'_>) -> Result<Vec<PixelHealth>> {
        health::of_tenant(ctx, &self.scope, self.health_threshold()).await
    }
}

/// Input of `createTenant`.
#[derive(InputObject)]
pub struct CreateTenantInput {
    /// 1 to 100 characters.
    name: String,
}

/// Answer of `createTenant`.
#[derive(SimpleObject)]
pub struct CreateTenantPayload {
    /// The new tenant, which the caller owns; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// What to change in a tenant's policy; what is left out, or null, stays as it is.
#[derive(Default, InputObject)]
pub struct PolicyInput {
    /// From 300 to 5,000 milliseconds.
    budget_ms: Option<i32>,
    /// From 0 to 1; kept to four decimals.
    confirm_share: Option<f64>,
    /// Whether a visitor's Global Privacy Control signal keeps pixels from firing.
    honour_gpc: Option<bool>,
    /// What destinations and networks are told of where a visitor came from.
    referrer_policy: Option<ReferrerPolicy>,
    /// Share of the visits that waited for a pixel below which it is unhealthy: from 0, which no pixel is below, to 1; kept
    /// to four decimals.
    health_threshold: Option<f64>,
    /// Where pixels need the visitor's consent; replaces the rules that were there.
    consent: Option<ConsentPolicyInput>,
}

/// Input of `updateTenant`; what is left out, or null, stays as it is.
#[derive(InputObject)]
pub struct UpdateTenantInput {
    /// The tenant.
    id: ID,
    /// 1 to 100 characters.
    name: Option<String>,
    /// Its policy for visits.
    policy: Option<PolicyInput>,
    /// How its pages look and speak.
    branding: Option<BrandingInput>,
}

/// Answer of `updateTenant`.
#[derive(SimpleObject)]
pub struct UpdateTenantPayload {
    /// The tenant as it is now; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Looks a tenant up by its global id, for a role that may go on.
///
/// # Errors
/// As [`TenantScope::of`]; an id of another kind answers like one that was never given out.
pub async fn scope_of(
    ctx: &Context<'_>,
    id: &ID,
    needs: membership::Role,
    field: &str,
) -> Result<std::result::Result<TenantScope, Error>> {
    let caller = context::caller(ctx)?;
    let Some(tenant_id) = id::decode(Kind::Tenant, id) else { return Ok(Err(Error::not_found(field))) };
    Ok(TenantScope::of(&context::app(ctx)?.db, caller, tenant_id, needs, field).await)
}

/// The tenant of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Tenant>> {
    let scope = scope_of(ctx, id, membership::Role::Viewer, "id").await?;
    let Some(scope) = value(scope)? else { return Ok(None) };
    Ok(value(tenants::find(context::app(ctx)?, &scope).await)?.map(|row| Tenant::new(scope, row)))
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

/// Mutations of tenants.
#[derive(Default)]
pub struct TenantMutation;

#[Object]
impl TenantMutation {
    /// Makes a tenant that the caller owns; a user owns at most 100.
    async fn create_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new tenant.")] input: CreateTenantInput,
    ) -> Result<CreateTenantPayload> {
        let made = tenants::create(context::app(ctx)?, context::caller(ctx)?, &input.name).await;
        Ok(match answer(made)? {
            Ok((scope, row)) => CreateTenantPayload { tenant: Some(Tenant::new(scope, row)), user_errors: Vec::new() },
            Err(user_errors) => CreateTenantPayload { tenant: None, user_errors },
        })
    }

    /// Changes a tenant's name, policy and branding; needs the role ADMIN. Visits follow within a second.
    async fn update_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateTenantInput,
    ) -> Result<UpdateTenantPayload> {
        let scope = match answer(scope_of(ctx, &input.id, membership::Role::Admin, "id").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(UpdateTenantPayload { tenant: None, user_errors }),
        };
        let policy = input.policy.unwrap_or_default();
        let change = TenantChange {
            name: input.name,
            budget_ms: policy.budget_ms,
            confirm_share: policy.confirm_share,
            honour_gpc: policy.honour_gpc,
            referrer_policy: policy.referrer_policy.map(|policy| policy.header().to_owned()),
            health_threshold: policy.health_threshold,
            consent: policy.consent.map(Into::into),
            branding: input.branding.map(Into::into),
        };
        Ok(match answer(tenants::update(context::app(ctx)?, &scope, change).await)? {
            Ok(row) => UpdateTenantPayload { tenant: Some(Tenant::new(scope, row)), user_errors: Vec::new() },
            Err(user_errors) => UpdateTenantPayload { tenant: None, user_errors },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_referrer_policy_has_its_header() {
        for policy in ReferrerPolicy::ALL {
            assert_eq!(ReferrerPolicy::of_header(policy.header()), policy);
        }
        assert_eq!(ReferrerPolicy::NoReferrerWhenDowngrade.header(), "no-referrer-when-downgrade");
        assert_eq!(ReferrerPolicy::UnsafeUrl.header(), "unsafe-url");
    }
}
