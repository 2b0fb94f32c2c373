//! Makes, changes and deletes domains of a tenant's own. Each write holds the tenant's row, so that their number and
//! the one default stay right whoever writes at once. A claim blocks nobody: only who proved a host keeps others from it.

use super::{Domain, rules, serving_links, verdict::Schedule};
use crate::{
    app::App,
    audit::{self, Deed},
    error::{Code, Error, Mistake, gather},
    invalidation::Changes,
    links::text::mistake,
    once::{Call, Once},
    scope::TenantScope,
    tenants,
};
use contract::{address::Host, destination::Destination};
use entities::{TenantOwned, domain, link};
use sea_orm::{
    ActiveEnum, ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
    prelude::{Json, Uuid},
    sea_query::LockType,
};
use serde_json::json;
use std::collections::BTreeSet;

/// What is to change about a domain; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct DomainChange {
    /// Where unknown slugs go; `Some(None)` for the 404 page.
    pub fallback: Option<Option<String>>,
    /// Whether links of the tenant go here when they name no domain.
    pub is_default: Option<bool>,
}

/// Claims a host. It serves nothing until it is verified.
///
/// # Errors
/// Mistakes in `host` and `fallback`; `TAKEN` in `host` for one that this tenant has or another has verified;
/// `LIMIT_REACHED` in `tenantId`; of the database.
pub async fn create(
    app: &App,
    scope: TenantScope,
    host: &str,
    fallback: Option<&str>,
    once: Option<Once>,
) -> Result<Domain, Error> {
    let mut mistakes = Vec::new();
    let host = rules::host(host, &app.rules, &mut mistakes);
    let fallback = fallback.and_then(|text| rules::fallback(text, app.rules.reach, &mut mistakes));
    let now = app.clock.now();
    let call = Call { owner_id: scope.tenant_id(), action: "createDomain", part: 0, once: once.as_ref(), now };
    let tx = app.db.begin().await?;
    tenants::hold(&tx, scope.tenant_id()).await?;
    if let Some(Some(id)) = gather(&mut mistakes, call.begin::<Uuid>(&tx).await)? {
        let row = domain::own_of(scope.tenant_id()).filter(domain::Column::Id.eq(id)).one(&tx).await?;
        let rule = "belongs to a call whose domain was deleted since";
        return row.ok_or_else(|| Error::mistake("idempotencyKey", Code::NotFound, rule))?.try_into();
    }
    if domain::own_of(scope.tenant_id()).count(&tx).await? >= rules::MAX_DOMAINS as u64 {
        let rule = format!("has {} domains already, the most that a tenant can have", rules::MAX_DOMAINS);
        mistakes.push(mistake(["tenantId"], Code::LimitReached, rule));
    }
    if let Some(host) = &host {
        mistakes.extend(taken(&tx, scope, host).await?);
    }
    refuse_circles(app, &tx, fallback.as_ref(), host.as_ref(), &mut mistakes).await?;
    let Some(host) = host.filter(|_| mistakes.is_empty()) else { return Err(Error::Mistakes(mistakes)) };
    let row = claim(scope.tenant_id(), &host, fallback.as_ref(), now, &app.proofs.schedule);
    let row = row.insert(&tx).await?;
    call.keep(&tx, &row.id).await?;
    let deed = Deed::new(call.action, "Domain", Some(row.id)).after(&told(&row))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    row.try_into()
}

fn claim(
    tenant_id: Uuid,
    host: &Host,
    fallback: Option<&Destination>,
    now: i64,
    schedule: &Schedule,
) -> domain::ActiveModel {
    domain::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(Some(tenant_id)),
        host: Set(host.as_str().to_owned()),
        state: Set(domain::State::Pending),
        serving: Set(false),
        fallback: Set(fallback.map(|address| address.as_str().to_owned())),
        is_default: Set(false),
        ver: Set(0),
        // 122 random bits
        token: Set(Some(Uuid::new_v4().as_simple().to_string())),
        next_check_at: Set(Some(now + schedule.pending)),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    }
}

async fn taken(tx: &DatabaseTransaction, scope: TenantScope, host: &Host) -> Result<Option<Mistake>, Error> {
    let of_host = domain::Column::Host.eq(host.as_str());
    if domain::own_of(scope.tenant_id()).filter(of_host).count(tx).await? > 0 {
        return Ok(Some(mistake(["host"], Code::Taken, "is a domain of this tenant already")));
    }
    let serving = domain::serving(tx, &[host.as_str()]).await?;
    Ok(serving
        .iter()
        .any(|other| other == host.as_str())
        .then(|| mistake(["host"], Code::Taken, "is verified by another tenant of this server")))
}

/// Changes a domain.
///
/// # Errors
/// `NOT_FOUND` in `id`; mistakes in `fallback`; `INVALID` in `isDefault` for a domain that is not verified; of the
/// database.
pub async fn update(app: &App, scope: TenantScope, id: Uuid, change: DomainChange) -> Result<Domain, Error> {
    let tx = app.db.begin().await?;
    tenants::hold(&tx, scope.tenant_id()).await?;
    let before = hold(&tx, scope, id, LockType::NoKeyUpdate).await?;
    let host = super::host_of(&before.host)?;
    let (serving, ver, state) = (before.serving, before.ver, before.state);
    let mut mistakes = Vec::new();
    let mut changes = Changes::default();
    let deed = Deed::new("updateDomain", "Domain", Some(id)).before(&told(&before))?;
    let mut row = before.into_active_model();
    row.updated_at = Set(app.clock.now());
    if let Some(text) = change.fallback {
        let fallback = text.and_then(|text| rules::fallback(&text, app.rules.reach, &mut mistakes));
        refuse_circles(app, &tx, fallback.as_ref(), Some(&host), &mut mistakes).await?;
        row.fallback = Set(fallback.map(|address| address.as_str().to_owned()));
        // what does not serve says nothing of its host: the version is of another's
        if serving {
            row.ver = Set(ver + 1);
        }
    }
    if let Some(is_default) = change.is_default {
        if is_default && state != domain::State::Verified {
            mistakes.push(mistake(["isDefault"], Code::Invalid, "can be set on a verified domain only"));
        }
        row.is_default = Set(is_default);
    }
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes));
    }
    if change.is_default == Some(true) {
        clear_default(&tx, scope, id).await?;
    }
    let after = store(&tx, scope, row).await?;
    if after.ver != ver {
        changes.domain(&tx, &app.clock, &host, after.ver).await?;
    }
    audit::record(&tx, &app.clock, scope, deed.after(&told(&after))?).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    after.try_into()
}

/// Gives a domain up. Its host is free for others at once.
///
/// # Errors
/// `NOT_FOUND` in `id`; `INVALID` in `id` while links live on it; of the database.
pub async fn delete(app: &App, scope: TenantScope, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    tenants::hold(&tx, scope.tenant_id()).await?;
    // nobody can put a link on it while it is held like this
    let before = hold(&tx, scope, id, LockType::Update).await?;
    let links = link::Entity::of(scope.tenant_id()).filter(link::Column::DomainId.eq(id)).count(&tx).await?;
    if links > 0 {
        let rule = format!("still has {links} links, archived ones included: move or delete them first");
        return Err(Error::mistake("id", Code::Invalid, rule));
    }
    let mut changes = Changes::default();
    let deed = Deed::new("deleteDomain", "Domain", Some(id)).before(&told(&before))?;
    if before.ver == 0 {
        let own = domain::Column::TenantId.eq(scope.tenant_id());
        domain::Entity::delete_by_id(id).filter(own).exec(&tx).await?;
    } else {
        let (host, ver, serving) = (super::host_of(&before.host)?, before.ver, before.serving);
        let now = app.clock.now();
        let mut row = before.into_active_model();
        row.deleted_at = Set(Some(now));
        row.updated_at = Set(now);
        row.next_check_at = Set(None);
        row.token = Set(None);
        row.is_default = Set(false);
        row.serving = Set(false);
        if serving {
            row.ver = Set(ver + 1);
            changes.domain(&tx, &app.clock, &host, ver + 1).await?;
        }
        store(&tx, scope, row).await?;
    }
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(())
}

/// Writes a domain of this tenant down.
async fn store(tx: &DatabaseTransaction, scope: TenantScope, row: domain::ActiveModel) -> Result<domain::Model, Error> {
    let row = domain::Entity::update(row).validate()?;
    Ok(row.filter(domain::Column::TenantId.eq(scope.tenant_id())).exec(tx).await?)
}

/// A domain as the audit log tells of it.
pub(super) fn told(row: &domain::Model) -> Json {
    json!({ "host": row.host, "state": row.state.to_value(), "fallback": row.fallback, "isDefault": row.is_default })
}

async fn hold(tx: &DatabaseTransaction, scope: TenantScope, id: Uuid, lock: LockType) -> Result<domain::Model, Error> {
    let own = domain::own_of(scope.tenant_id()).filter(domain::Column::Id.eq(id));
    own.lock(lock).one(tx).await?.ok_or_else(|| Error::not_found("id"))
}

async fn clear_default(tx: &DatabaseTransaction, scope: TenantScope, but: Uuid) -> Result<(), Error> {
    domain::Entity::update_many()
        .set(domain::ActiveModel { is_default: Set(false), ..Default::default() })
        .filter(domain::Column::TenantId.eq(scope.tenant_id()))
        .filter(domain::Column::IsDefault.eq(true))
        .filter(domain::Column::Id.ne(but))
        .exec(tx)
        .await?;
    Ok(())
}

/// Refuses a fallback that leads to a host that serves links, or to the domain itself.
async fn refuse_circles(
    app: &App,
    db: &impl ConnectionTrait,
    fallback: Option<&Destination>,
    own: Option<&Host>,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), Error> {
    let Some(name) = fallback.map(|address| address.host().name().to_owned()) else { return Ok(()) };
    let itself = own.is_some_and(|host| host.name() == name);
    if itself || !serving_links(db, &app.rules, &BTreeSet::from([name])).await?.is_empty() {
        mistakes.push(rules::in_circles());
    }
    Ok(())
}
