//! The hosts that links live on: a tenant's own and those that all tenants share. Operations on links ask here which of
//! them a tenant may use, and which hosts no destination may lead back to. A tenant claims a host and proves it by a DNS
//! record; it serves once it is proved, and any number of tenants may claim one host until then.

mod change;
mod names;
mod proof;
mod rules;
mod verdict;

pub use change::{DomainChange, create, delete, update};
pub use names::{Finding, Names};
pub use proof::{Proofs, Rechecks, verify};
pub use rules::{MAX_DOMAINS, record_name, record_value};
pub use verdict::Schedule;

use crate::{
    app::{App, Rules},
    db::Db,
    error::Error,
    invalidation::Changes,
    page::{Page, Sort, Window},
    scope::{Caller, Permission, TenantScope},
};
use contract::address::Host;
use entities::domain::{self, State};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    prelude::Uuid,
    sea_query::{Expr, LockType, OnConflict},
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A host that serves links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its key.
    pub id: Uuid,
    /// The tenant that it belongs to alone; `None` for a shared one.
    pub tenant_id: Option<Uuid>,
    /// The host.
    pub host: Host,
    /// How far its proof has come.
    pub state: State,
    /// What its DNS record must hold; `None` for a shared one.
    pub token: Option<String>,
    /// When that was last looked up.
    pub checked_at: Option<i64>,
    /// What was wrong then.
    pub problem: Option<String>,
    /// Where an unknown slug goes; `None` for the 404 page.
    pub fallback: Option<String>,
    /// Whether links of its tenant go here when they name no domain.
    pub is_default: bool,
    /// When it was made.
    pub created_at: i64,
}

impl TryFrom<domain::Model> for Domain {
    type Error = Error;

    fn try_from(row: domain::Model) -> Result<Self, Error> {
        let host = host_of(&row.host)?;
        Ok(Self {
            id: row.id,
            tenant_id: row.tenant_id,
            host,
            state: row.state,
            token: row.token,
            checked_at: row.checked_at,
            problem: row.problem,
            fallback: row.fallback,
            is_default: row.is_default,
            created_at: row.created_at,
        })
    }
}

fn host_of(text: &str) -> Result<Host, Error> {
    Host::parse(text).map_err(|error| Error::Fault(format!("domains.host: {text} {error}")))
}

/// Makes the shared default domain when it is missing. Two that do it at once are harmless: one finds the other's row.
///
/// # Errors
/// Of the database.
pub async fn ensure_default(app: &App) -> Result<(), Error> {
    let host = &app.rules.default_domain;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let of_host = domain::Entity::find().filter(domain::Column::Host.eq(host.as_str())).all(&tx).await?;
    if of_host.iter().any(|row| row.tenant_id.is_none()) {
        return Ok(());
    }
    if of_host.iter().any(|row| row.serving) {
        tracing::warn!(%host, "a tenant has the default domain verified: there is no shared domain to put links on");
        return Ok(());
    }
    // a tenant may have had the host before
    let ver = of_host.iter().map(|row| row.ver).max().unwrap_or_default() + 1;
    let row = domain::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(None),
        host: Set(host.as_str().to_owned()),
        state: Set(domain::State::Verified),
        serving: Set(true),
        is_default: Set(false),
        ver: Set(ver),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    let serves = OnConflict::new().do_nothing().to_owned();
    let made = domain::Entity::insert(row).on_conflict(serves).exec_without_returning(&tx).await?;
    let mut changes = Changes::default();
    if made > 0 {
        changes.domain(&tx, &app.clock, host, ver).await?;
    }
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(())
}

/// The domains that a tenant sees, its own and the shared ones, in the order they were made.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(db: &Db, scope: TenantScope, page: &Page) -> Result<Window<Domain>, Error> {
    let sort = Sort {
        name: "id",
        by: None,
        id: Expr::col((domain::Entity, domain::Column::Id)),
        id_of: |row: &domain::Model| row.id,
        descending: false,
    };
    page.fetch(db.read(), domain::visible_to(scope.tenant_id()), &sort).await?.try_map(Domain::try_from)
}

/// How many domains a tenant sees.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, scope: TenantScope) -> Result<u64, Error> {
    Ok(domain::visible_to(scope.tenant_id()).count(db.read()).await?)
}

/// The domain with this id: a shared one for every caller, a tenant's own for its members.
///
/// # Errors
/// `NOT_FOUND` in `id` for every other; of the database.
pub async fn find(db: &Db, caller: Caller, id: Uuid) -> Result<Domain, Error> {
    let scopes = TenantScope::all(db.read(), caller).await?;
    let mine = scopes.iter().map(TenantScope::tenant_id);
    let reachable = Condition::any().add(domain::Column::TenantId.is_null()).add(domain::Column::TenantId.is_in(mine));
    let rows = domain::Entity::find_by_id(id).filter(domain::Column::DeletedAt.is_null()).filter(reachable);
    let row = rows.one(db.read()).await?.ok_or_else(|| Error::not_found("id"))?;
    if let Some(scope) = scopes.iter().find(|scope| row.tenant_id == Some(scope.tenant_id())) {
        scope.demand(Permission::ReadLinks)?;
    }
    row.try_into()
}

/// The domains with these ids, as far as the tenant has or had links on them, in one statement.
///
/// # Errors
/// Of the database.
pub async fn by_ids(db: &Db, tenant_id: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, Domain>, Error> {
    let rows = reachable(tenant_id).filter(domain::Column::Id.is_in(ids.iter().copied())).all(db.read()).await?;
    rows.into_iter().map(|row| Ok((row.id, row.try_into()?))).collect()
}

/// The host of a domain that serves; `None` for one that does not.
///
/// # Errors
/// Of the database.
pub(crate) async fn serving_host(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Host>, Error> {
    let row = domain::Entity::find_by_id(id).filter(domain::Column::Serving.eq(true)).one(db).await?;
    row.map(|row| host_of(&row.host)).transpose()
}

/// The host names, without ports, of the domains that a tenant's links may live on.
///
/// # Errors
/// Of the database.
pub(crate) async fn names_usable_by(db: &Db, scope: TenantScope) -> Result<HashSet<String>, Error> {
    let hosts = domain::usable_by(scope.tenant_id()).select_only().column(domain::Column::Host);
    let hosts: Vec<String> = hosts.into_tuple().all(db.read()).await?;
    hosts.iter().map(|host| Ok(host_of(host)?.name().to_owned())).collect()
}

/// A tenant's domains and the shared ones, whether or not they serve.
pub(crate) fn reachable(tenant_id: Uuid) -> Select<domain::Entity> {
    domain::Entity::find().filter(is_reachable(tenant_id))
}

/// Whether a domain is the tenant's, or shared.
pub(crate) fn is_reachable(tenant_id: Uuid) -> Condition {
    let owner = domain::Column::TenantId;
    Condition::any().add(owner.eq(tenant_id)).add(owner.is_null())
}

/// What a tenant's links may live on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usable {
    ids: HashSet<Uuid>,
    /// Those that belong to the tenant alone.
    own: HashSet<Uuid>,
    /// Its own, but not verified; where a link lives already, it may stay.
    unproved: HashSet<Uuid>,
    default: Option<Uuid>,
}

/// Where a link is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// On this domain.
    Domain(Uuid),
    /// On a domain of the tenant that is not verified.
    Unproved,
    /// On a domain that does not exist for the tenant.
    Nothing,
}

impl Usable {
    /// Reads which of the domains `asked` the tenant may use, and its default one: of its own while that is verified,
    /// else the shared one. They stay until the transaction ends. `kept` is where a link lives already: it may stay
    /// there though the domain takes no new links.
    pub(crate) async fn load(
        tx: &impl ConnectionTrait,
        rules: &Rules,
        tenant_id: Uuid,
        asked: &BTreeSet<Uuid>,
        kept: Option<Uuid>,
    ) -> Result<Self, Error> {
        let default = rules.default_domain.as_str();
        let named = Condition::any()
            .add(domain::Column::Id.is_in(asked.iter().copied()))
            .add(Condition::all().add(domain::Column::TenantId.is_null()).add(domain::Column::Host.eq(default)))
            .add(domain::Column::IsDefault.eq(true));
        let rows = domain::usable_by(tenant_id).filter(named).order_by_asc(domain::Column::Id);
        let rows = rows.lock(LockType::KeyShare).all(tx).await?;
        let own = rows.iter().find(|row| row.is_default);
        let shared = rows.iter().find(|row| row.tenant_id.is_none() && row.host == default);
        let mut usable = Self { default: own.or(shared).map(|row| row.id), ..Self::default() };
        usable.ids = rows.iter().map(|row| row.id).collect();
        usable.own = rows.iter().filter(|row| row.tenant_id.is_some()).map(|row| row.id).collect();
        let others: Vec<Uuid> = asked.iter().copied().filter(|id| !usable.ids.contains(id)).collect();
        usable.ids.extend(kept);
        if !others.is_empty() {
            let own = domain::own_of(tenant_id).select_only().column(domain::Column::Id);
            let own = own.filter(domain::Column::Id.is_in(others)).into_tuple::<Uuid>().all(tx).await?;
            usable.unproved = own.into_iter().collect();
        }
        Ok(usable)
    }

    /// Whether a domain belongs to the tenant alone.
    pub(crate) fn is_own(&self, id: Uuid) -> bool {
        self.own.contains(&id)
    }

    /// Whether a domain is the tenant's, but not verified, or not any more.
    pub(crate) fn is_unproved(&self, id: Uuid) -> bool {
        self.unproved.contains(&id)
    }

    /// The domain asked for, or the default one.
    pub(crate) fn choose(&self, asked: Option<Uuid>) -> Choice {
        match asked.or(self.default) {
            Some(id) if self.ids.contains(&id) => Choice::Domain(id),
            Some(id) if self.unproved.contains(&id) => Choice::Unproved,
            _ => Choice::Nothing,
        }
    }

    #[cfg(test)]
    pub(crate) fn only(id: Uuid) -> Self {
        Self { ids: HashSet::from([id]), default: Some(id), ..Self::default() }
    }

    #[cfg(test)]
    pub(crate) fn lost(id: Uuid) -> Self {
        Self { ids: HashSet::from([id]), ..Self::unproved(id) }
    }

    #[cfg(test)]
    pub(crate) fn unproved(id: Uuid) -> Self {
        Self { unproved: HashSet::from([id]), ..Self::default() }
    }
}

/// Which of these host names (without ports) serve links: nothing may lead there, or a visit could go in circles.
///
/// # Errors
/// Of the database.
pub(crate) async fn serving_links(
    db: &impl ConnectionTrait,
    rules: &Rules,
    names: &BTreeSet<String>,
) -> Result<HashSet<String>, Error> {
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    // a host with a port is rare (none is on the public internet): all of those are compared here, by name. What is only
    // claimed serves nothing: it must not keep anybody from leading there
    let found = domain::serving(db, &names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let mut serving = HashSet::from([rules.default_domain.name().to_owned()]);
    for host in &found {
        serving.insert(host_of(host)?.name().to_owned());
    }
    serving.retain(|name| names.contains(name));
    Ok(serving)
}

/// Whether a host serves links, whatever its port: what stands in front may ask for a certificate for it.
///
/// # Errors
/// Of the database.
pub async fn serves(app: &App, host: &Host) -> Result<bool, Error> {
    let name = BTreeSet::from([host.name().to_owned()]);
    Ok(!serving_links(app.db.read(), &app.rules, &name).await?.is_empty())
}
