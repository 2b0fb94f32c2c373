//! Brings changes to the redirectors. An operation notes them in its own transaction ([`Changes`]: version counted up,
//! outbox row written) and hands them to the [`Publisher`] after COMMIT; what does not reach Redis then is brought later
//! by the [`relay`]. Nothing here can fail an operation that has committed.

pub mod redis;
pub mod relay;

use crate::db::Db;
use contract::{
    address::{Host, LinkAddress, Slug},
    clock::Clock,
    document::{Announcement, DocumentKey},
};
use entities::{outbox, slot, tenant};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, prelude::Uuid};
use std::time::Duration;
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
    /// Notes that an address resolves to something else now: `link_id`, or nothing.
    ///
    /// # Errors
    /// Of the database.
    pub async fn slot(
        &mut self,
        tx: &impl ConnectionTrait,
        clock: &Clock,
        (domain_id, host): (Uuid, &Host),
        slug: &Slug,
        link_id: Option<Uuid>,
    ) -> Result<(), DbErr> {
        let ver = slot::bump(tx, domain_id, slug.as_str(), link_id).await?;
        let key = DocumentKey::Link(LinkAddress { host: host.clone(), slug: slug.clone() });
        self.note(tx, clock, key, ver).await
    }

    /// Notes that a tenant or one of its pixels changed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn tenant(&mut self, tx: &impl ConnectionTrait, clock: &Clock, tenant_id: Uuid) -> Result<(), DbErr> {
        let ver = tenant::bump(tx, tenant_id).await?;
        self.note(tx, clock, DocumentKey::Tenant(tenant_id), ver).await
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
        self.note(tx, clock, DocumentKey::Domain(host.clone()), ver).await
    }

    async fn note(
        &mut self,
        tx: &impl ConnectionTrait,
        clock: &Clock,
        key: DocumentKey,
        ver: i64,
    ) -> Result<(), DbErr> {
        let id = Uuid::now_v7();
        let row = outbox::ActiveModel {
            id: Set(id),
            key: Set(key.to_string()),
            ver: Set(ver),
            created_at: Set(clock.now()),
            published_at: Set(None),
        };
        outbox::Entity::insert(row).exec_without_returning(tx).await?;
        let version = u64::try_from(ver).unwrap_or_default();
        self.made.push(Change { id, announcement: Announcement { key, version } });
        Ok(())
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
        if changes.made.is_empty() {
            return;
        }
        if let Self::Local(sender) = self {
            // nobody listening means nothing is remembered either
            changes.made.iter().for_each(|change| drop(sender.send(change.announcement.clone())));
        }
        match tokio::time::timeout(BUDGET, self.deliver(db, clock, &changes.made)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a change was not published; the relay brings it"),
            Err(_) => tracing::warn!("a change was not published in time; the relay brings it"),
        }
    }

    /// Publishes changes and marks their outbox rows; whatever fails stays unmarked.
    async fn deliver(&self, db: &Db, clock: &Clock, changes: &[Change]) -> Result<(), String> {
        if let Self::Redis(redis) = self {
            for change in changes {
                redis.publish(db, &change.announcement.key).await?;
            }
        }
        let ids = changes.iter().map(|change| change.id);
        mark(db, clock, ids).await.map_err(|error| error.to_string())
    }
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
