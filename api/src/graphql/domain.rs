//! Domains: the hosts that links live on, and the proof that a tenant's own belong to it.

pub mod mutation;

use super::{
    context,
    error::{top_level, value},
    id::{self, Kind},
    page::{Connection, PageArgs, TotalCount, connect},
    scalars::DateTime,
};
use crate::{
    domains::{self, record_name, record_value},
    scope::TenantScope,
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use entities::domain;

/// A page of domains.
pub type DomainConnection = Connection<Domain>;

/// How far the proof has come that a domain belongs to its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::State")]
pub enum DomainState {
    /// Its DNS record was not seen yet: it serves nothing.
    Pending,
    /// It serves. Also what a shared domain is, which needs no proof.
    Verified,
    /// Its DNS record was missing for longer than the grace of 72 hours (the server's setting): it serves nothing until
    /// the record is seen again.
    Lost,
}

/// The DNS record that proves a domain, and what came of the last look at it.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct DomainVerification {
    /// The full name of the record: `_stopover.` before the host.
    record_name: String,
    /// Always `TXT`.
    record_type: &'static str,
    /// What the record must hold.
    record_value: String,
    /// When the record was last looked up; null before the first time.
    checked_at: Option<DateTime>,
    /// What was wrong then, as a sentence for people; null when nothing was.
    problem: Option<String>,
}

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

    /// How far the proof has come that it belongs to its tenant.
    async fn state(&self) -> DomainState {
        self.0.state.into()
    }

    /// The DNS record that proves it; null for a shared one.
    async fn verification(&self) -> Option<DomainVerification> {
        let token = self.0.token.as_deref()?;
        Some(DomainVerification {
            record_name: record_name(&self.0.host),
            record_type: "TXT",
            record_value: record_value(token),
            checked_at: self.0.checked_at.map(DateTime),
            problem: self.0.problem.clone(),
        })
    }

    /// Whether links of its tenant go here when they name no domain, while it is verified; false for a shared one.
    async fn is_default(&self) -> bool {
        self.0.is_default
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

/// The domains that a tenant sees.
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
