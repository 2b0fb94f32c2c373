//! Looks whether pixels have begun to fail, for tenants where somebody listens, and tells of each that did once. Where too
//! few visits say anything, what was known last still holds.

use crate::{
    app::App,
    error::Error,
    pixels::health::{self, Health, State},
    webhooks::{event::Event, note, payload},
};
use entities::{TenantOwned, tenant, webhook, webhook_pixel};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    prelude::{Json, Uuid},
    sea_query::OnConflict,
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Looks at the pixels of every tenant where somebody listens.
pub(super) async fn look(app: &App) -> Result<(), Error> {
    let rows = webhook::Entity::find().filter(webhook::Column::DisabledAt.is_null()).all(app.db.read()).await?;
    let listening = rows.into_iter().filter(|row| Event::PixelUnhealthy.is_in(&row.events));
    let listening: BTreeSet<Uuid> = listening.map(|row| row.tenant_id).collect();
    // where nobody listens, what was known grows old: who listens next is told anew
    let forgotten = webhook_pixel::Entity::delete_many();
    let forgotten = forgotten.filter(webhook_pixel::Column::TenantId.is_not_in(listening.iter().copied()));
    forgotten.exec(app.db.write()).await?;
    for tenant_id in listening {
        // what is wrong with one tenant's rollups holds up no other's
        if let Err(error) = look_at(app, tenant_id).await {
            tracing::warn!(%error, %tenant_id, "the pixels of a tenant cannot be looked at");
        }
    }
    Ok(())
}

async fn look_at(app: &App, tenant_id: Uuid) -> Result<(), Error> {
    let Some(tenant) = tenant::Entity::find_by_id(tenant_id).one(app.db.read()).await? else { return Ok(()) };
    let threshold = f64::from(tenant.health_threshold) / 10_000.0;
    let known = webhook_pixel::Entity::of(tenant_id).all(app.db.read()).await?;
    let known: HashMap<Uuid, bool> = known.into_iter().map(|row| (row.pixel_id, row.unhealthy)).collect();
    for health in health::for_server(app, tenant_id, threshold).await? {
        let unhealthy = health.verdict.state == State::Unhealthy;
        let same = known.get(&health.pixel.id).copied().unwrap_or_default() == unhealthy;
        if health.verdict.state != State::Unknown && !same {
            turn(app, tenant_id, &health, unhealthy, threshold).await?;
        }
    }
    Ok(())
}

/// Notes that a pixel's state has turned; of two who see it at once one finds it turned already.
async fn turn(app: &App, tenant_id: Uuid, health: &Health, unhealthy: bool, threshold: f64) -> Result<(), Error> {
    let (pixel_id, now) = (health.pixel.id, app.clock.now());
    let tx = app.db.begin().await?;
    if turned(&tx, tenant_id, pixel_id, unhealthy, now).await? && unhealthy {
        let event = Event::PixelUnhealthy;
        let to = note::Listeners::hold(&tx, tenant_id).await?.to(event);
        if !to.is_empty() {
            note::write(&tx, tenant_id, now, [note::News { event, data: told(health, threshold), to }]).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn turned(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    pixel_id: Uuid,
    unhealthy: bool,
    changed_at: i64,
) -> Result<bool, Error> {
    // a pixel that was never looked at counts as healthy
    let first = webhook_pixel::Model { pixel_id, tenant_id, unhealthy: false, changed_at };
    let known = OnConflict::column(webhook_pixel::Column::PixelId).do_nothing().to_owned();
    let insert = webhook_pixel::Entity::insert(first.into_active_model()).on_conflict(known);
    insert.exec_without_returning(tx).await?;
    let row =
        webhook_pixel::ActiveModel { unhealthy: Set(unhealthy), changed_at: Set(changed_at), ..Default::default() };
    let turned = webhook_pixel::Entity::update_of(tenant_id)
        .set(row)
        .filter(webhook_pixel::Column::PixelId.eq(pixel_id))
        .filter(webhook_pixel::Column::Unhealthy.ne(unhealthy))
        .exec(tx)
        .await?;
    Ok(turned.rows_affected > 0)
}

fn told(health: &Health, threshold: f64) -> Json {
    json!({
        "pixel": {
            "id": payload::global("Pixel", health.pixel.id),
            "network": health.pixel.network.key.to_ascii_uppercase(),
            "name": health.pixel.name,
        },
        "reason": health.verdict.reason.map(health::Reason::name),
        "message": health.verdict.message(),
        "confirmedRate": health.outcomes.confirmed_rate(),
        "threshold": threshold,
        "watched": health.outcomes.watched.sum(),
        "since": payload::instant(health.since),
    })
}
