//! Brings changes to the redirectors. An operation notes them in its own transaction ([`Changes`]: version counted up,
//! outbox row written) and hands them to the [`Publisher`] after COMMIT; what does not reach Redis then is brought later
//! by the [`relay`]. Nothing here can fail an operation that has committed.

pub mod redis;
pub mod relay;

use crate::db::Db;
use contract::{
    address::{Host, Slug},
    clock::Clock,
    document::{Announcement, DocumentKey, SlotKey},
};
use entities::{outbox, slot, tenant};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, prelude::Uuid};
use std::{collections::HashMap, time::Duration};
use tokio::sync::broadcast;

/// How long an operation waits for its changes to be published before it leaves them to the relay.
const BUDGET: Duration = Duration::from_millis(50);

/// Changes that an operation made in its transaction; worthless until that commits.
#[derive(Debug, Default)]
#[must_use = "changes are announced by `Publisher::publish` after COMMIT"]
pub struct Changes {
    made: Vec<Change>,
}

/// One outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The outbox row.
    pub id: Uuid,
    /// What changed, and to which version.
    pub announcement: Announcement,
}

impl Changes {
    /// Notes that addresses resolve to something else now, each to its link or to nothing. Many go in one order for
    /// everybody, against deadlocks.
    ///
    /// # Errors
    /// Of the database.
    pub async fn slots(
        &mut self,
        tx: &impl ConnectionTrait,
        clock: &Clock,
        moved: impl IntoIterator<Item = (Uuid, Slug, Option<Uuid>)>,
    ) -> Result<(), DbErr> {
        let mut keys = HashMap::new();
        let mut resolutions = Vec::new();
        for (domain_id, slug, link_id) in moved {
            resolutions.push(slot::Resolution { domain_id, slug: slug.to_string(), link_id });
            keys.insert((domain_id, slug.to_string()), SlotKey { domain_id, slug });
        }
        let rows = slot::bump(tx, resolutions).await?;
        let named = rows
            .into_iter()
            .filter_map(|row| Some((DocumentKey::Link(keys.remove(&(row.domain_id, row.slug))?), row.ver)));
        self.note(tx, clock, named.collect()).await
    }

    /// Notes that a tenant or one of its pixels changed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn tenant(&mut self, tx: &impl ConnectionTrait, clock: &Clock, tenant_id: Uuid) -> Result<(), DbErr> {
        let ver = tenant::bump(tx, tenant_id).await?;
        self.note(tx, clock, vec![(DocumentKey::Tenant(tenant_id), ver)]).await
    }

    /// Notes that a domain changed, to the version that its row has now.
    ///
    /// # Errors
    /// Of the database.
    pub async fn domain(
        &mut self,
        tx: &impl ConnectionTrait,
        clock: &Clock,
        host: &Host,
        ver: i64,
    ) -> Result<(), DbErr> {
        self.note(tx, clock, vec![(DocumentKey::Domain(host.clone()), ver)]).await
    }

    async fn note(
        &mut self,
        tx: &impl ConnectionTrait,
        clock: &Clock,
        documents: Vec<(DocumentKey, i64)>,
    ) -> Result<(), DbErr> {
        let created_at = clock.now();
        let mut rows = Vec::new();
        for (key, ver) in documents {
            let id = Uuid::now_v7();
            rows.push(outbox::ActiveModel {
                id: Set(id),
                key: Set(key.to_string()),
                ver: Set(ver),
                created_at: Set(created_at),
                published_at: Set(None),
            });
            let version = u64::try_from(ver).unwrap_or_default();
            self.made.push(Change { id, announcement: Announcement { key, version } });
        }
        if rows.is_empty() {
            return Ok(());
        }
        outbox::Entity::insert_many(rows).exec_without_returning(tx).await.map(drop)
    }
}

/// Where changes go.
#[derive(Clone)]
pub enum Publisher {
    /// To Redis, for redirectors elsewhere.
    Redis(redis::RedisPublisher),
    /// To the redirector in this process, which has no cache but its memory.
    Local(broadcast::Sender<Announcement>),
}

impl Publisher {
    /// Announces committed changes. Never fails and takes at most 50 ms: what remains is the relay's.
    pub async fn publish(&self, db: &Db, clock: &Clock, changes: Changes) {
        let redis = match self {
            // nobody listening means nothing is remembered either; the relay marks the rows
            Self::Local(sender) => {
                return changes.made.into_iter().for_each(|change| drop(sender.send(change.announcement)));
            }
            Self::Redis(redis) => redis,
        };
        if changes.made.is_empty() {
            return;
        }
        // documents are the server's own to read, whoever changed them
        match tokio::time::timeout(BUDGET, deliver(redis, &db.everywhere(), clock, &changes.made)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a change was not published; the relay brings it"),
            Err(_) => tracing::debug!("a change was not published in time; the relay brings it"),
        }
    }
}

/// Publishes changes and marks their outbox rows; whatever fails stays unmarked.
async fn deliver(redis: &redis::RedisPublisher, db: &Db, clock: &Clock, changes: &[Change]) -> Result<(), String> {
    for change in changes {
        redis.publish(db, &change.announcement.key).await?;
    }
    let ids = changes.iter().map(|change| change.id);
    mark(db, clock, ids).await.map_err(|error| error.to_string())
}

/// Marks outbox rows as published.
async fn mark(db: &Db, clock: &Clock, ids: impl IntoIterator<Item = Uuid>) -> Result<(), DbErr> {
    outbox::Entity::update_many()
        .set(outbox::ActiveModel { published_at: Set(Some(clock.now())), ..Default::default() })
        .filter(outbox::Column::Id.is_in(ids))
        .exec(db.write())
        .await
        .map(drop)
}
