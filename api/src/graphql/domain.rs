//! Domains: the hosts that links live on.

use super::{
    context,
    error::{top_level, value},
    id::{self, Kind},
    page::{Connection, PageArgs, TotalCount, connect},
    scalars::DateTime,
};
use crate::{domains, scope::TenantScope};
use async_graphql::{Context, ID, Object, Result};

/// A page of domains.
pub type DomainConnection = Connection<Domain>;

/// A host that serves links.
#[derive(Debug, Clone)]
pub struct Domain(domains::Domain);

impl From<domains::Domain> for Domain {
    fn from(domain: domains::Domain) -> Self {
        Self(domain)
    }
}

/// A host that serves links: one tenant's own, or shared by all.
#[Object]
impl Domain {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Domain, self.0.id)
    }

    /// The host name, in lower case, with a port where it is not the usual one.
    async fn host(&self) -> &str {
        self.0.host.as_str()
    }

    /// Whether all tenants share it.
    async fn shared(&self) -> bool {
        self.0.tenant_id.is_none()
    }

    /// Address where a visit of an unknown slug goes; null for a page that says that there is no such link.
    async fn fallback(&self) -> Option<&str> {
        self.0.fallback.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// The domains that a tenant may put links on.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn domains_of(ctx: &Context<'_>, scope: &TenantScope, page: PageArgs) -> Result<DomainConnection> {
    let (scope, db) = (*scope, &context::app(ctx)?.db);
    let window = domains::list(db, scope, &page.page()?).await.map_err(top_level)?;
    let counted = db.clone();
    let total = TotalCount::new(move || {
        let db = counted.clone();
        async move { domains::count(&db, scope).await }
    });
    Ok(connect(window, total, Domain::from))
}

/// The domain of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Domain>> {
    let caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::Domain, id) else { return Ok(None) };
    Ok(value(domains::find(&context::app(ctx)?.db, caller, key).await)?.map(Domain))
}
