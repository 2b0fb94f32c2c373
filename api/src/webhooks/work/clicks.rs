//! Clicks on their way to webhooks. The ingest notes them in the transaction that stores them, where somebody listens; a
//! loop puts those of a tenant together, up to 100 or 256 KiB or those of a second, into messages. Each click is in exactly
//! one.

use crate::{
    app::App,
    error::Error,
    webhooks::{
        event::Event,
        note::{self as message, News},
        payload,
    },
};
use contract::{click::Click, clock::SECOND};
use entities::{webhook, webhook_click};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::{Json, Uuid},
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Most clicks of a message.
const TOGETHER: usize = 100;
/// Most bytes of the clicks of a message, if it is more than one: what receivers take as a rule.
const BYTES: usize = 256 * 1024;
/// How long a click waits for others, in milliseconds.
const WAIT: i64 = SECOND;
/// Most rows that are put together in one transaction.
const ROWS: u64 = 50;

/// Notes clicks that were stored, for tenants where somebody listens.
///
/// # Errors
/// Of the database.
pub(crate) async fn note(tx: &DatabaseTransaction, clicks: &[&Click], now: i64) -> Result<(), DbErr> {
    if clicks.is_empty() {
        return Ok(());
    }
    let tenants: BTreeSet<Uuid> = clicks.iter().map(|click| click.tenant_id).collect();
    let listening = webhook::Entity::find()
        .filter(webhook::Column::TenantId.is_in(tenants))
        .filter(webhook::Column::DisabledAt.is_null())
        .all(tx)
        .await?;
    let listening = listening.into_iter().filter(|row| Event::ClickRecorded.is_in(&row.events));
    let listening: BTreeSet<Uuid> = listening.map(|row| row.tenant_id).collect();
    let mut by_tenant: BTreeMap<Uuid, Vec<Json>> = BTreeMap::new();
    for click in clicks.iter().filter(|click| listening.contains(&click.tenant_id)) {
        by_tenant.entry(click.tenant_id).or_default().push(payload::click(click));
    }
    let row = |tenant_id: Uuid, clicks: &[Json]| webhook_click::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(tenant_id),
        clicks: Set(i32::try_from(clicks.len()).unwrap_or(i32::MAX)),
        payload: Set(Json::Array(clicks.to_vec()).to_string()),
        created_at: Set(now),
    };
    let rows = by_tenant.iter().flat_map(|(tenant, clicks)| clicks.chunks(TOGETHER).map(|chunk| row(*tenant, chunk)));
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    webhook_click::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Puts together what has waited long enough, or is enough.
pub(super) async fn tell(app: &App) -> Result<(), Error> {
    let oldest = webhook_click::Column::CreatedAt.min();
    let enough = webhook_click::Column::Clicks.sum().gte(TOGETHER as i64);
    let ripe: Vec<Uuid> = webhook_click::Entity::find()
        .select_only()
        .column(webhook_click::Column::TenantId)
        .group_by(webhook_click::Column::TenantId)
        .having(Expr::expr(oldest.lte(app.clock.now() - WAIT)).or(enough))
        .into_tuple()
        .all(app.db.read())
        .await?;
    for tenant_id in ripe {
        // what is wrong with one tenant's clicks holds up no other's
        if let Err(error) = tell_tenant(app, tenant_id).await {
            tracing::warn!(%error, %tenant_id, "the clicks of a tenant cannot be told to webhooks");
        }
    }
    Ok(())
}

/// Of two who come at once, each takes what the other does not hold.
async fn tell_tenant(app: &App, tenant_id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let rows = webhook_click::Entity::find()
        .filter(webhook_click::Column::TenantId.eq(tenant_id))
        .order_by_asc(webhook_click::Column::Id)
        .limit(ROWS)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&tx)
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let to = message::Listeners::hold(&tx, tenant_id).await?.to(Event::ClickRecorded);
    if !to.is_empty() {
        let mut clicks: Vec<Json> = Vec::new();
        for row in rows {
            let read = serde_json::from_str::<Vec<Json>>(&row.payload);
            clicks.extend(read.map_err(|error| Error::Fault(format!("webhook_clicks.payload: {error}")))?);
        }
        let news = together(clicks).into_iter().map(|clicks| News {
            event: Event::ClickRecorded,
            data: json!({ "clicks": clicks }),
            to: to.clone(),
        });
        message::write(&tx, tenant_id, app.clock.now(), news).await?;
    }
    webhook_click::Entity::delete_many().filter(webhook_click::Column::Id.is_in(ids)).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Clicks in lists for one message each, in their order.
fn together(clicks: Vec<Json>) -> Vec<Vec<Json>> {
    let (mut lists, mut bytes) = (Vec::<Vec<Json>>::new(), 0);
    for click in clicks {
        let length = click.to_string().len();
        match lists.last_mut() {
            Some(list) if list.len() < TOGETHER && bytes + length <= BYTES => {
                bytes += length;
                list.push(click);
            }
            _ => {
                bytes = length;
                lists.push(vec![click]);
            }
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_at_most_100_clicks_and_256_kib() {
        let lengths = |clicks: Vec<Json>| together(clicks).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(Vec::new()), [0_usize; 0]);
        assert_eq!(lengths(vec![json!(1); 250]), [100, 100, 50]);
        let large = json!("x".repeat(100 * 1024));
        assert_eq!(lengths(vec![large.clone(), large.clone(), large, json!(1)]), [2, 2]);
        let huge = json!("x".repeat(BYTES));
        assert_eq!(lengths(vec![json!(1), huge, json!(1)]), [1, 1, 1]);
    }
}
