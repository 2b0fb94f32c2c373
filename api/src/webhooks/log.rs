//! What became of deliveries, for 7 days, and making them by hand: one that is over again, and one that only says that
//! messages arrive.

use super::{event::Event, hold, note};
use crate::{
    app::App,
    audit::{self, Deed},
    db::Db,
    error::{Code, Error},
    page::{Page, Sort, Window},
    scope::TenantScope,
};
use contract::clock::DAY;
use entities::{
    TenantOwned, webhook_delivery,
    webhook_delivery::{Model, State},
    webhook_message,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
    prelude::Uuid,
    sea_query::{Expr, LockType},
};
use serde_json::json;
use std::collections::HashMap;

/// How long messages and their deliveries are kept, in milliseconds.
pub const KEPT: i64 = 7 * DAY;

/// A message's id as receivers see it.
#[must_use]
pub fn message_id(key: Uuid) -> String {
    format!("msg_{}", key.as_simple())
}

/// A page of the deliveries to a webhook, those of one state or all, the latest first.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(
    app: &App,
    scope: TenantScope,
    webhook_id: Uuid,
    state: Option<State>,
    page: &Page,
) -> Result<Window<Model>, Error> {
    let id = Expr::col((webhook_delivery::Entity, webhook_delivery::Column::Id));
    let sort = Sort { name: "delivery", by: None, id, id_of: |row: &Model| row.id, descending: true };
    page.fetch(app.db.read(), of_webhook(scope, webhook_id, state), &sort).await
}

/// How many deliveries to a webhook are kept.
///
/// # Errors
/// Of the database.
pub async fn count(app: &App, scope: TenantScope, webhook_id: Uuid, state: Option<State>) -> Result<u64, Error> {
    Ok(of_webhook(scope, webhook_id, state).count(app.db.read()).await?)
}

fn of_webhook(scope: TenantScope, webhook_id: Uuid, state: Option<State>) -> Select<webhook_delivery::Entity> {
    let all =
        webhook_delivery::Entity::of(scope.tenant_id()).filter(webhook_delivery::Column::WebhookId.eq(webhook_id));
    match state {
        Some(state) => all.filter(webhook_delivery::Column::State.eq(state)),
        None => all,
    }
}

/// The bodies of messages of a tenant, by their ids, in one statement.
///
/// # Errors
/// Of the database.
pub async fn payloads(db: &Db, tenant_id: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
    let rows = webhook_message::Entity::of(tenant_id).filter(webhook_message::Column::Id.is_in(ids.iter().copied()));
    let rows = rows.all(db.read()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.payload)).collect())
}

/// Delivers a message to its webhook again, under the same `webhook-id`, beside what is in the log of it.
///
/// # Errors
/// `NOT_FOUND` in `id`; `INVALID` in `id` for a delivery that is still tried, and for a webhook that is off; of the
/// database.
pub async fn replay(app: &App, scope: TenantScope, id: Uuid) -> Result<Model, Error> {
    let tx = app.db.begin().await?;
    let known = webhook_delivery::Entity::of(scope.tenant_id()).filter(webhook_delivery::Column::Id.eq(id));
    let known = known.one(&tx).await?.ok_or_else(|| Error::not_found("id"))?;
    refuse_when_off(&tx, scope, known.webhook_id).await?;
    if known.state == State::Pending {
        return Err(Error::mistake("id", Code::Invalid, "is still tried: wait for what becomes of it"));
    }
    // it must not be cleared away between the look and the write
    let message =
        webhook_message::Entity::of(scope.tenant_id()).filter(webhook_message::Column::Id.eq(known.message_id));
    message.lock(LockType::KeyShare).one(&tx).await?.ok_or_else(|| Error::not_found("id"))?;
    let now = app.clock.now();
    let again = note::new(scope.tenant_id(), known.webhook_id, known.message_id, &known.event, now);
    webhook_delivery::Entity::insert(again.clone().into_active_model()).exec_without_returning(&tx).await?;
    let deed = Deed::new("replayWebhookDelivery", "WebhookDelivery", Some(again.id));
    let deed = deed.after(&json!({ "replayed": id, "event": again.event }))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    Ok(again)
}

/// Sends a message of the type `webhook.test`, whatever events the webhook is set up for.
///
/// # Errors
/// `NOT_FOUND` in `id`; `INVALID` in `id` for a webhook that is off; of the database.
pub async fn send_test(app: &App, scope: TenantScope, webhook_id: Uuid) -> Result<Model, Error> {
    let tenant_id = scope.tenant_id();
    let tx = app.db.begin().await?;
    refuse_when_off(&tx, scope, webhook_id).await?;
    let data = json!({ "message": "This is a test of Stopover's webhooks." });
    let news = note::News { event: Event::Test, data, to: vec![webhook_id] };
    let made = note::write(&tx, tenant_id, app.clock.now(), [news]).await?;
    let made =
        webhook_delivery::Entity::of(tenant_id).filter(webhook_delivery::Column::Id.is_in(made)).one(&tx).await?;
    let made = made.ok_or_else(|| Error::Fault("a delivery that was written is not there".to_owned()))?;
    let deed = Deed::new("sendTestWebhook", "WebhookDelivery", Some(made.id));
    audit::record(&tx, &app.clock, scope, deed.after(&json!({ "webhook": webhook_id }))?).await?;
    tx.commit().await?;
    Ok(made)
}

async fn refuse_when_off(tx: &DatabaseTransaction, scope: TenantScope, webhook_id: Uuid) -> Result<(), Error> {
    let webhook = hold(tx, scope, webhook_id, LockType::KeyShare).await?;
    if webhook.disabled_at.is_some() {
        return Err(Error::mistake("id", Code::Invalid, "belongs to a webhook that is off: switch it on first"));
    }
    Ok(())
}
