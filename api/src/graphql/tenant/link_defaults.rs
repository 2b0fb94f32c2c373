//! What a tenant's new links are when nobody says otherwise, as it is given out and as it is taken.

use crate::{
    graphql::{
        context,
        domain::Domain,
        id::{self, Kind},
        link::{QueryForwarding, Utm},
        loaders,
        pixel::Pixel,
    },
    links::defaults::{self, NewDefaults},
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, ID, InputObject, Object, Result};
use uuid::Uuid;

/// A tenant's defaults for links.
pub struct LinkDefaults {
    scope: TenantScope,
    defaults: defaults::LinkDefaults,
}

impl LinkDefaults {
    /// Those of the scope's tenant, as far as they hold now.
    #[must_use]
    pub const fn new(scope: TenantScope, defaults: defaults::LinkDefaults) -> Self {
        Self { scope, defaults }
    }
}

/// What fills in the fields that are left out of a new link. A deleted pixel drops out; a domain drops out while it takes
/// no new links.
#[Object]
impl LinkDefaults {
    /// Where links live; null for the tenant's default domain, or the shared one.
    async fn domain(&self, ctx: &Context<'_>) -> Result<Option<Domain>> {
        context::demand(ctx, &self.scope, Permission::ReadLinks)?;
        let Some(id) = self.defaults.domain_id else { return Ok(None) };
        loaders::domain(ctx, self.scope.tenant_id(), id).await.map(|domain| Some(domain.into()))
    }

    /// Their pixels, at most 20; the tenant's default pixels fire besides.
    async fn pixels(&self, ctx: &Context<'_>) -> Result<Vec<Pixel>> {
        context::demand(ctx, &self.scope, Permission::ReadPixels)?;
        let pixels = loaders::pixels(ctx, self.scope.tenant_id(), &self.defaults.pixel_ids).await?;
        Ok(pixels.into_iter().map(Pixel::from).collect())
    }

    /// UTM fields that are added to their destinations.
    async fn utm(&self) -> Utm {
        self.defaults.utm.clone().into()
    }

    /// How many seconds after it is made, or after its `startsAt` when that is later, a link ends; null for never.
    async fn expires_after_seconds(&self) -> Option<i64> {
        self.defaults.expires_after
    }

    /// Which query parameters of a visit go on to the destination; null for all.
    async fn query_forwarding(&self) -> Option<QueryForwarding> {
        self.defaults.forwarding.clone().map(Into::into)
    }
}

/// What is to fill in the fields that are left out of a new link; replaces all the defaults that were there, so that `{}`
/// takes them away.
#[derive(InputObject)]
pub struct LinkDefaultsInput {
    /// A domain that takes links: the tenant's own, verified, or a shared one.
    domain_id: Option<ID>,
    /// At most 20 pixels of the tenant. One that runs code of others needs a domain of the tenant's own.
    #[graphql(default)]
    pixel_ids: Vec<ID>,
    /// UTM fields that are added to the destination.
    utm: Option<Utm>,
    /// How many seconds after it is made, or after its `startsAt` when that is later, a link ends: from 60 to 315,360,000.
    expires_after_seconds: Option<i64>,
    /// Which query parameters of a visit go on to the destination.
    query_forwarding: Option<QueryForwarding>,
}

impl From<LinkDefaultsInput> for NewDefaults {
    fn from(input: LinkDefaultsInput) -> Self {
        // an id of another kind goes on as the nil key, which no row has
        let key = |kind, id: &ID| id::decode(kind, id).unwrap_or(Uuid::nil());
        Self {
            domain_id: input.domain_id.as_ref().map(|id| key(Kind::Domain, id)),
            pixel_ids: input.pixel_ids.iter().map(|id| key(Kind::Pixel, id)).collect(),
            utm: input.utm.unwrap_or_default().into(),
            expires_after: input.expires_after_seconds,
            forwarding: input.query_forwarding.map(Into::into),
        }
    }
}
