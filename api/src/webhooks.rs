//! Webhooks: addresses of a tenant that are told of events, signed as Standard Webhooks says. What happens is noted in its
//! own transaction ([`note`]); [`work`] delivers it by the door of [`egress`]; [`log`] tells what became of it. A secret is
//! derived from a salt and told once.

mod check;
pub mod egress;
pub mod event;
pub mod log;
pub(crate) mod note;
mod payload;
pub mod schedule;
mod signature;
pub mod work;

use self::event::Event;
use crate::{
    app::App,
    audit::{self, Deed},
    error::{Code, Error, Mistakes},
    once::{Call, Once},
    page::{Page, Sort, Window},
    scope::TenantScope,
    tenants,
};
use contract::clock::DAY;
use entities::{
    TenantOwned,
    webhook::{self, DisabledBy, Model},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    prelude::{Json, Uuid},
    sea_query::{Expr, LockType},
};
use serde_json::json;

/// Most webhooks of a tenant.
pub const MAX_WEBHOOKS: usize = 10;
/// How long the secret before signs beside a new one, in milliseconds.
const OVERLAP: i64 = DAY;

/// A new webhook, before anything was checked.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where events go.
    pub url: String,
    /// Which ones.
    pub events: Vec<Event>,
}

/// What is to change about a webhook; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where events go.
    pub url: Option<String>,
    /// Which ones.
    pub events: Option<Vec<Event>>,
    /// Whether they go at all.
    pub enabled: Option<bool>,
}

/// A webhook with a new secret, which is told this once; a call that is repeated by its idempotency key has none.
#[derive(Debug, Clone)]
pub struct Made {
    /// The webhook.
    pub webhook: Model,
    /// What its receiver verifies signatures with.
    pub secret: Option<String>,
}

/// Makes a webhook.
///
/// # Errors
/// Mistakes in `url` and `events`; `LIMIT_REACHED` in `tenantId`; [`Error::MissingScope`] for an API key that may not read
/// what the events tell; of the database.
pub async fn create(app: &App, scope: TenantScope, new: NewWebhook, once: Option<Once>) -> Result<Made, Error> {
    demand_to_read(scope, &new.events)?;
    let (tenant_id, now) = (scope.tenant_id(), app.clock.now());
    let mut mistakes = Mistakes::default();
    let url = check::url(&new.url, app.rules.reach, &mut mistakes);
    let events = check::events(&new.events, &mut mistakes);
    let call = Call { owner_id: tenant_id, action: "createWebhook", part: 0, once: once.as_ref(), now };
    let tx = app.db.begin().await?;
    // of two who make the last one at once, one comes second
    tenants::hold(&tx, tenant_id).await?;
    if let Some(Some(id)) = mistakes.gather(call.begin::<Uuid>(&tx).await)? {
        let known = webhook::Entity::of(tenant_id).filter(webhook::Column::Id.eq(id)).one(&tx).await?;
        let rule = "belongs to a call whose webhook was deleted since";
        let webhook = known.ok_or_else(|| Error::mistake("idempotencyKey", Code::NotFound, rule))?;
        return Ok(Made { webhook, secret: None });
    }
    if webhook::Entity::of(tenant_id).count(&tx).await? >= MAX_WEBHOOKS as u64 {
        let rule = format!("has {MAX_WEBHOOKS} webhooks already, the most that a tenant can have");
        mistakes.add("tenantId", Code::LimitReached, rule);
    }
    mistakes.check()?;
    let row = Model {
        id: Uuid::now_v7(),
        tenant_id,
        url,
        events,
        salt: salt(),
        previous_salt: None,
        previous_until: None,
        failing_since: None,
        disabled_at: None,
        disabled_by: None,
        created_at: now,
        updated_at: now,
    };
    webhook::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await?;
    call.keep(&tx, &row.id).await?;
    let deed = Deed::new(call.action, "Webhook", Some(row.id)).after(&told(&row))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    let secret = signature::shown(&secret(app, row.id, &row.salt)?);
    Ok(Made { webhook: row, secret: Some(secret) })
}

/// Changes a webhook: only the fields that are given. One that is switched on again starts anew; what was to be told
/// meanwhile is not.
///
/// # Errors
/// `NOT_FOUND` in `id`; mistakes in `url` and `events`; [`Error::MissingScope`] for an API key that may not read what the
/// events tell, unless it only switches the webhook off; of the database.
pub async fn update(app: &App, scope: TenantScope, id: Uuid, change: WebhookChange) -> Result<Model, Error> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let before = hold(&tx, scope, id, LockType::NoKeyUpdate).await?;
    if change.url.is_some() || change.events.is_some() || change.enabled == Some(true) {
        demand_to_read(scope, change.events.as_deref().unwrap_or(&Event::of_stored(&before.events)))?;
    }
    let mut mistakes = Mistakes::default();
    let mut row = webhook::ActiveModel { updated_at: Set(now), ..Default::default() };
    if let Some(url) = &change.url {
        row.url = Set(check::url(url, app.rules.reach, &mut mistakes));
    }
    if let Some(events) = &change.events {
        row.events = Set(check::events(events, &mut mistakes));
    }
    mistakes.check()?;
    match change.enabled {
        Some(true) if before.disabled_at.is_some() => {
            (row.disabled_at, row.disabled_by, row.failing_since) = (Set(None), Set(None), Set(None));
        }
        Some(false) if before.disabled_at.is_none() => {
            (row.disabled_at, row.disabled_by) = (Set(Some(now)), Set(Some(DisabledBy::Member)));
            work::give_up(&tx, before.tenant_id, id).await?;
        }
        _ => {}
    }
    let deed = Deed::new("updateWebhook", "Webhook", Some(id)).before(&told(&before))?;
    let after = store(&tx, scope, id, row).await?;
    audit::record(&tx, &app.clock, scope, deed.after(&told(&after))?).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes a webhook with the log of its deliveries; what is under way may still arrive.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn delete(app: &App, scope: TenantScope, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let before = hold(&tx, scope, id, LockType::Update).await?;
    webhook::Entity::delete_of(scope.tenant_id()).filter(webhook::Column::Id.eq(id)).exec(&tx).await?;
    let deed = Deed::new("deleteWebhook", "Webhook", Some(id)).before(&told(&before))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a webhook a new secret. The one before signs beside it for 24 hours; an older one stops at once.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn rotate_secret(app: &App, scope: TenantScope, id: Uuid) -> Result<Made, Error> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let before = hold(&tx, scope, id, LockType::NoKeyUpdate).await?;
    let row = webhook::ActiveModel {
        salt: Set(salt()),
        previous_salt: Set(Some(before.salt)),
        previous_until: Set(Some(now + OVERLAP)),
        updated_at: Set(now),
        ..Default::default()
    };
    let webhook = store(&tx, scope, id, row).await?;
    let deed = Deed::new("rotateWebhookSecret", "Webhook", Some(id));
    let deed = deed.after(&json!({ "previousSecretUntil": webhook.previous_until }))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    let secret = signature::shown(&secret(app, id, &webhook.salt)?);
    Ok(Made { webhook, secret: Some(secret) })
}

/// The webhook with this id.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn find(app: &App, scope: TenantScope, id: Uuid) -> Result<Model, Error> {
    let row = webhook::Entity::of(scope.tenant_id()).filter(webhook::Column::Id.eq(id)).one(app.db.read()).await?;
    row.ok_or_else(|| Error::not_found("id"))
}

/// A page of a tenant's webhooks, in the order they were made.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(app: &App, scope: TenantScope, page: &Page) -> Result<Window<Model>, Error> {
    let id = Expr::col((webhook::Entity, webhook::Column::Id));
    let sort = Sort { name: "webhook", by: None, id, id_of: |row: &Model| row.id, descending: false };
    page.fetch(app.db.read(), webhook::Entity::of(scope.tenant_id()), &sort).await
}

/// How many webhooks a tenant has.
///
/// # Errors
/// Of the database.
pub async fn count(app: &App, scope: TenantScope) -> Result<u64, Error> {
    Ok(webhook::Entity::of(scope.tenant_id()).count(app.db.read()).await?)
}

/// Who says where events go may read what they tell.
fn demand_to_read(scope: TenantScope, events: &[Event]) -> Result<(), Error> {
    events.iter().try_for_each(|event| scope.demand(event.needs()))
}

/// Reads a webhook and keeps others from changing it until the transaction ends.
async fn hold(tx: &DatabaseTransaction, scope: TenantScope, id: Uuid, lock: LockType) -> Result<Model, Error> {
    let row = webhook::Entity::of(scope.tenant_id()).filter(webhook::Column::Id.eq(id)).lock(lock).one(tx).await?;
    row.ok_or_else(|| Error::not_found("id"))
}

async fn store(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    id: Uuid,
    row: webhook::ActiveModel,
) -> Result<Model, Error> {
    let update = webhook::Entity::update_of(scope.tenant_id()).set(row).filter(webhook::Column::Id.eq(id));
    update.exec_with_returning(tx).await?.pop().ok_or_else(|| Error::not_found("id"))
}

fn salt() -> Vec<u8> {
    rand::random::<[u8; 16]>().to_vec()
}

fn secret(app: &App, id: Uuid, salt: &[u8]) -> Result<signature::Secret, Error> {
    app.auth.webhook_secret(id, salt)
}

/// A webhook as the audit log tells of it.
fn told(row: &Model) -> Json {
    let events: Vec<&str> = row.events.split(' ').collect();
    json!({ "url": row.url, "events": events, "enabled": row.disabled_at.is_none() })
}
