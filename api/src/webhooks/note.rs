//! Writes down what webhooks are to be told, in the transaction in which it happens: there together or not at all. A
//! message is written once and has a delivery for each webhook that is set up for its event; where there is none, nothing
//! is written. It comes before the audit log's row, which is a transaction's last.

use super::{event::Event, payload};
use crate::{app::App, domains, error::Error, links::Link};
use entities::{TenantOwned, domain, webhook, webhook_delivery, webhook_message};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::{Json, Uuid},
    sea_query::LockType,
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Rows of one statement.
const ROWS: usize = 500;

/// A link that something happened to, with what hangs on it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// What happened.
    pub(crate) event: Event,
    /// The link.
    pub(crate) link: Link,
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// Its own pixels.
    pub(crate) pixel_ids: Vec<Uuid>,
}

/// Notes what happened to links of a tenant, one message for each.
///
/// # Errors
/// Of the database.
pub(crate) async fn links(app: &App, tx: &DatabaseTransaction, tenant_id: Uuid, links: Vec<Told>) -> Result<(), Error> {
    if links.is_empty() {
        return Ok(());
    }
    let listeners = Listeners::hold(tx, tenant_id).await?;
    let links: Vec<(Told, Vec<Uuid>)> = links
        .into_iter()
        .map(|told| {
            let to = listeners.to(told.event);
            (told, to)
        })
        .filter(|(_, to)| !to.is_empty())
        .collect();
    if links.is_empty() {
        return Ok(());
    }
    let hosts = hosts(tx, tenant_id, links.iter().map(|(told, _)| told.link.domain_id).collect()).await?;
    let news = links.into_iter().map(|(told, to)| {
        let host = hosts.get(&told.link.domain_id).map_or("", String::as_str);
        let link = payload::link(&told.link, told.tags, told.pixel_ids, host, app.rules.https);
        News { event: told.event, data: json!({ "link": link }), to }
    });
    write(tx, tenant_id, app.clock.now(), news).await?;
    Ok(())
}

async fn hosts(tx: &DatabaseTransaction, tenant_id: Uuid, ids: BTreeSet<Uuid>) -> Result<HashMap<Uuid, String>, Error> {
    let rows = domains::reachable(tenant_id).select_only().columns([domain::Column::Id, domain::Column::Host]);
    let rows = rows.filter(domain::Column::Id.is_in(ids)).into_tuple::<(Uuid, String)>().all(tx).await?;
    Ok(rows.into_iter().collect())
}

/// The webhooks of a tenant that are on; they stay until the transaction ends.
pub(super) struct Listeners(Vec<webhook::Model>);

impl Listeners {
    /// Holds them in the order of their ids, so that two transactions never wait for each other in a circle.
    pub(super) async fn hold(tx: &DatabaseTransaction, tenant_id: Uuid) -> Result<Self, Error> {
        let rows = webhook::Entity::of(tenant_id)
            .filter(webhook::Column::DisabledAt.is_null())
            .order_by_asc(webhook::Column::Id)
            .lock(LockType::KeyShare);
        Ok(Self(rows.all(tx).await?))
    }

    /// Those that are to be told of an event.
    pub(super) fn to(&self, event: Event) -> Vec<Uuid> {
        self.0.iter().filter(|row| event.is_in(&row.events)).map(|row| row.id).collect()
    }
}

/// What is to be told, and whom.
pub(super) struct News {
    /// What happened.
    pub(super) event: Event,
    /// What there is to say of it.
    pub(super) data: Json,
    /// Webhooks.
    pub(super) to: Vec<Uuid>,
}

/// Writes messages, each with a delivery for every webhook it goes to; gives the deliveries' ids.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    now: i64,
    news: impl IntoIterator<Item = News>,
) -> Result<Vec<Uuid>, Error> {
    let (mut messages, mut deliveries) = (Vec::new(), Vec::new());
    for News { event, data, to } in news {
        let message = webhook_message::Model {
            id: Uuid::now_v7(),
            tenant_id,
            event: event.name().to_owned(),
            payload: payload::body(event, now, &data),
            created_at: now,
        };
        deliveries.extend(to.into_iter().map(|webhook_id| new(tenant_id, webhook_id, message.id, event.name(), now)));
        messages.push(message);
    }
    let ids = deliveries.iter().map(|delivery| delivery.id).collect();
    let mut messages = messages.into_iter().map(IntoActiveModel::into_active_model);
    insert_all::<webhook_message::Entity>(tx, &mut messages).await?;
    let mut deliveries = deliveries.into_iter().map(IntoActiveModel::into_active_model);
    insert_all::<webhook_delivery::Entity>(tx, &mut deliveries).await?;
    Ok(ids)
}

/// A delivery that is due at once.
pub(super) fn new(
    tenant_id: Uuid,
    webhook_id: Uuid,
    message_id: Uuid,
    event: &str,
    now: i64,
) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: Uuid::now_v7(),
        tenant_id,
        webhook_id,
        message_id,
        event: event.to_owned(),
        state: webhook_delivery::State::Pending,
        attempts: 0,
        next_attempt_at: Some(now),
        claim: None,
        attempted_at: None,
        status: None,
        duration_ms: None,
        error: None,
        created_at: now,
    }
}

async fn insert_all<E: EntityTrait>(
    db: &impl ConnectionTrait,
    rows: &mut impl Iterator<Item = E::ActiveModel>,
) -> Result<(), Error>
where
    E::ActiveModel: Send,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    loop {
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(ROWS).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        E::insert_many(chunk).exec_without_returning(db).await?;
    }
}
