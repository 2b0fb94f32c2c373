//! The hosts that links live on: a tenant's own and those that all tenants share. Operations on links ask here which of
//! them a tenant may use, and which hosts no destination may lead back to.

use crate::{
    app::{App, Rules},
    db::Db,
    error::Error,
    invalidation::Changes,
    page::{Page, Sort, Window},
    scope::{Caller, TenantScope},
};
use contract::address::Host;
use entities::{domain, membership::Role};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Select,
    prelude::Uuid,
    sea_query::{Expr, OnConflict},
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
    /// Where an unknown slug goes; `None` for the 404 page.
    pub fallback: Option<String>,
    /// When it was made.
    pub created_at: i64,
}

impl TryFrom<domain::Model> for Domain {
    type Error = Error;

    fn try_from(row: domain::Model) -> Result<Self, Error> {
        let host = host_of(&row.host)?;
        Ok(Self { id: row.id, tenant_id: row.tenant_id, host, fallback: row.fallback, created_at: row.created_at })
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
    let row = domain::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(None),
        host: Set(host.as_str().to_owned()),
        serving: Set(true),
        fallback: Set(None),
        ver: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let tx = app.db.begin().await?;
    let missing = OnConflict::column(domain::Column::Host).do_nothing().to_owned();
    let made = domain::Entity::insert(row).on_conflict(missing).exec_without_returning(&tx).await?;
    let mut changes = Changes::default();
    if made > 0 {
        changes.domain(&tx, &app.clock, host, 1).await?;
    }
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(())
}

/// The domains that a tenant may put links on, its own and the shared ones, in the order they were made.
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
    page.fetch(db.read(), domain::usable_by(scope.tenant_id()), &sort).await?.try_map(Domain::try_from)
}

/// How many domains a tenant may put links on.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, scope: TenantScope) -> Result<u64, Error> {
    Ok(domain::usable_by(scope.tenant_id()).count(db.read()).await?)
}

/// The domain with this id: a shared one for every caller, a tenant's own for its members.
///
/// # Errors
/// `NOT_FOUND` in `id` for every other; of the database.
pub async fn find(db: &Db, caller: Caller, id: Uuid) -> Result<Domain, Error> {
    let row = domain::Entity::find_by_id(id).one(db.read()).await?.ok_or_else(|| Error::not_found("id"))?;
    if let Some(owner) = row.tenant_id {
        TenantScope::of(db, caller, owner, Role::Viewer, "id").await?;
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

/// A tenant's domains and the shared ones, whether or not they serve.
fn reachable(tenant_id: Uuid) -> Select<domain::Entity> {
    let owner = domain::Column::TenantId;
    domain::Entity::find().filter(Condition::any().add(owner.eq(tenant_id)).add(owner.is_null()))
}

/// What a tenant's links may live on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usable {
    ids: HashSet<Uuid>,
    default: Option<Uuid>,
}

impl Usable {
    /// Reads which of the domains `asked` the tenant may use, and the default one. `kept` is where a link lives
    /// already: it may stay there though the domain takes no new links.
    pub(crate) async fn load(
        db: &impl ConnectionTrait,
        rules: &Rules,
        tenant_id: Uuid,
        asked: &BTreeSet<Uuid>,
        kept: Option<Uuid>,
    ) -> Result<Self, Error> {
        let default = rules.default_domain.as_str();
        let named =
            Condition::any().add(domain::Column::Id.is_in(asked.iter().copied())).add(domain::Column::Host.eq(default));
        let mut rows = domain::usable_by(tenant_id).filter(named).all(db).await?;
        if let Some(kept) = kept {
            rows.extend(reachable(tenant_id).filter(domain::Column::Id.eq(kept)).one(db).await?);
        }
        let mut usable = Self::default();
        for row in rows {
            if row.serving && row.host == default {
                usable.default = Some(row.id);
            }
            usable.ids.insert(row.id);
        }
        Ok(usable)
    }

    /// The domain asked for, or the default one.
    pub(crate) fn choose(&self, asked: Option<Uuid>) -> Option<Uuid> {
        asked.or(self.default).filter(|id| self.ids.contains(id))
    }

    #[cfg(test)]
    pub(crate) fn only(id: Uuid) -> Self {
        Self { ids: HashSet::from([id]), default: Some(id) }
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
    // a host with a port is rare (none is on the public internet): all of those are compared here, by name
    let host = domain::Column::Host;
    let possible = Condition::any().add(host.is_in(names.iter().map(String::as_str))).add(host.like("%:%"));
    let found =
        domain::Entity::find().select_only().column(host).filter(possible).into_tuple::<String>().all(db).await?;
    let mut serving = HashSet::from([rules.default_domain.name().to_owned()]);
    for host in &found {
        serving.insert(host_of(host)?.name().to_owned());
    }
    serving.retain(|name| names.contains(name));
    Ok(serving)
}
