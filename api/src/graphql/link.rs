//! Links: the addresses that are shared. A [`Link`] holds the caller's scope, so that whatever is reached through it
//! was allowed; what belongs to many links of one answer is read together, by their [`Group`].

mod group;
pub mod input;
pub mod list;
pub mod mutation;
pub mod parts;

pub(super) use group::Group;
pub use input::{CreateLinkInput, CreateLinksInput, LinkFields, LinkInput, UpdateLinkInput};
pub use list::{LinkConnection, LinkFilter, LinkOrder, LinkOrderField, OrderDirection, links_of};
pub use mutation::LinkMutation;
pub use parts::{Card, LinkState, LinkValue, QueryForwarding, QueryForwardingMode, Utm};

use super::{
    click::{ClickConnection, clicks_of},
    context,
    domain::Domain,
    error::{self, value},
    id::{self, Kind},
    page::PageArgs,
    pixel::Pixel,
    report::{self, Report, ReportFilter},
    scalars::DateTime,
    tenant::scope_of,
};
use crate::{
    domains,
    error::Error,
    links,
    scope::{Caller, Permission, TenantScope},
};
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;
use uuid::Uuid;

/// A link of a tenant.
#[derive(Debug, Clone)]
pub struct Link {
    scope: TenantScope,
    link: links::Link,
    group: Arc<Group>,
}

impl Link {
    /// A link that was reached through a scope.
    #[must_use]
    pub fn new(scope: TenantScope, link: links::Link) -> Self {
        let group = Group::of(scope, [&link]);
        Self { scope, link, group }
    }

    /// One of several links of an answer.
    pub(super) const fn of_group(scope: TenantScope, link: links::Link, group: Arc<Group>) -> Self {
        Self { scope, link, group }
    }

    async fn live_domain(&self, ctx: &Context<'_>) -> Result<domains::Domain> {
        self.group.domain(&context::app(ctx)?.db, self.link.domain_id).await.map_err(error::top_level)
    }
}

/// An address that is shared: who visits it makes a stopover and goes on to the destination.
#[Object]
impl Link {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Link, self.link.id)
    }

    /// The address to share.
    async fn short_url(&self, ctx: &Context<'_>) -> Result<String> {
        let scheme = if context::app(ctx)?.rules.https { "https" } else { "http" };
        let domain = self.live_domain(ctx).await?;
        Ok(format!("{scheme}://{}/{}", domain.host, self.link.slug))
    }

    /// The domain it lives on.
    async fn domain(&self, ctx: &Context<'_>) -> Result<Domain> {
        self.live_domain(ctx).await.map(Domain::from)
    }

    /// Its path on the domain, case-sensitive.
    async fn slug(&self) -> &str {
        &self.link.slug
    }

    /// What another system calls it, unique in the tenant; null when it has no such name.
    async fn external_id(&self) -> Option<&str> {
        self.link.external_id.as_deref()
    }

    /// Where it leads, with merge fields in braces.
    async fn destination(&self) -> &str {
        &self.link.destination
    }

    /// What it is called; null when it has no title.
    async fn title(&self) -> Option<&str> {
        self.link.title.as_deref()
    }

    /// Its tags, at most 20, in the order of the alphabet.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        self.group.tags(&context::app(ctx)?.db, self.link.id).await.map_err(error::top_level)
    }

    /// Its own pixels, at most 20, in the order they were made; the tenant's default pixels fire besides.
    async fn pixels(&self, ctx: &Context<'_>) -> Result<Vec<Pixel>> {
        context::demand(ctx, &self.scope, Permission::ReadPixels)?;
        let pixels = self.group.pixels(&context::app(ctx)?.db, self.link.id).await.map_err(error::top_level)?;
        Ok(pixels.into_iter().map(Pixel::from).collect())
    }

    /// Whether no pixel fires on it, not even a default one.
    async fn without_pixels(&self) -> bool {
        self.link.without_pixels
    }

    /// What a visit meets now.
    async fn state(&self, ctx: &Context<'_>) -> Result<LinkState> {
        Ok(self.link.state_at(context::app(ctx)?.clock.now()).into())
    }

    /// Its start; null when it has none.
    async fn starts_at(&self) -> Option<DateTime> {
        self.link.starts_at.map(DateTime)
    }

    /// Its end; null when it has none.
    async fn expires_at(&self) -> Option<DateTime> {
        self.link.expires_at.map(DateTime)
    }

    /// Where a refused visit goes; null for a page that says why.
    async fn fallback(&self) -> Option<&str> {
        self.link.fallback.as_deref()
    }

    /// Which query parameters of a visit go on to the destination.
    async fn query_forwarding(&self) -> QueryForwarding {
        self.link.forwarding.clone().into()
    }

    /// UTM fields that are added to the destination.
    async fn utm(&self) -> Utm {
        self.link.utm.clone().into()
    }

    /// Values for merge fields of their name, at most 20, in the order of their names.
    async fn values(&self) -> Vec<LinkValue> {
        self.link.values.iter().map(LinkValue::of).collect()
    }

    /// Its card in the previews of social networks and messengers; null when they read the destination's own.
    async fn card(&self) -> Option<Card> {
        self.link.card.clone().map(Card::from)
    }

    /// Its clicks one by one, the latest first.
    async fn clicks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<ClickConnection> {
        context::demand(ctx, &self.scope, Permission::ReadReports)?;
        clicks_of(ctx, &self.scope, self.link.id, PageArgs::new(first, after, last, before)).await
    }

    /// A report over its clicks.
    async fn report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which clicks; the last 30 days when left out.")] filter: Option<ReportFilter>,
    ) -> Result<Report> {
        context::demand(ctx, &self.scope, Permission::ReadReports)?;
        report::of_link(ctx, &self.scope, (self.link.id, self.group.clone()), filter)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.link.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.link.updated_at)
    }
}

/// The scope and the key of a link's id, for a role that may go on.
pub(super) async fn scope_of_link(
    ctx: &Context<'_>,
    id: &ID,
    needs: Permission,
) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let caller: Caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::Link, id) else { return Ok(Err(Error::not_found("id"))) };
    let scope = TenantScope::of_link(&context::app(ctx)?.db, caller, key, needs, "id").await;
    context::admitted(ctx, scope.map(|scope| (scope, key)), |(scope, _)| scope)
}

/// The link of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Link>> {
    let Some((scope, key)) = value(scope_of_link(ctx, id, Permission::ReadLinks).await?)? else { return Ok(None) };
    let found = links::find(&context::app(ctx)?.db, scope, key).await;
    Ok(value(found)?.map(|link| Link::new(scope, link)))
}

/// Queries of links.
#[derive(Default)]
pub struct LinkQuery;

#[Object]
impl LinkQuery {
    /// A link of a tenant that the caller is a member of; null for any other.
    async fn link(&self, ctx: &Context<'_>, #[graphql(desc = "The link's id.")] id: ID) -> Result<Option<Link>> {
        find(ctx, &id).await
    }

    /// The link at an address; null when there is none, or none for this caller.
    async fn link_by_address(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Host name of the domain, with a port where it is not the usual one.")] domain: String,
        #[graphql(desc = "The path on it, case-sensitive.")] slug: String,
    ) -> Result<Option<Link>> {
        let caller = context::caller(ctx)?;
        let found = links::find_by_address(&context::app(ctx)?.db, caller, &domain, &slug).await;
        let found = context::admitted(ctx, found, |(scope, _)| scope)?;
        Ok(value(found)?.map(|(scope, link)| Link::new(scope, link)))
    }

    /// The link that another system calls by this name; null when there is none, or none for this caller.
    async fn link_by_external_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant.")] tenant_id: ID,
        #[graphql(desc = "Exactly as it was given, but for white space around it.")] external_id: String,
    ) -> Result<Option<Link>> {
        let scope = scope_of(ctx, &tenant_id, Permission::ReadLinks, "tenantId").await?;
        let Some(scope) = value(scope)? else { return Ok(None) };
        let found = links::find_by_external_id(&context::app(ctx)?.db, scope, &external_id).await;
        Ok(value(found)?.map(|link| Link::new(scope, link)))
    }
}
