//! The relay: brings every committed change that has not reached Redis, and says by a watermark that none is left. It
//! polls by `published_at IS NULL`, never by `id > last`: rows do not become visible in the order of their ids. Any
//! number of relays may run; publishing a document twice is harmless.

use super::{Publisher, mark, redis::RedisPublisher};
use crate::db::Db;
use contract::{
    clock::{Clock, MINUTE},
    document::DocumentKey,
};
use entities::outbox;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{collections::BTreeSet, future::Future, time::Duration};

/// Time between two polls.
const POLL: Duration = Duration::from_millis(100);
/// Time between two polls while something is broken.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Rows taken at once.
const BATCH: u64 = 500;
/// What is published again to a Redis that may have lost it, in milliseconds.
const REPLAY: i64 = 10 * MINUTE;
/// How long published rows are kept, in milliseconds.
const KEEP: i64 = 60 * MINUTE;
/// Polls between two clean-ups.
const CLEAN_EVERY: u32 = 3_000;

/// The loop.
pub struct Relay {
    db: Db,
    clock: Clock,
    publisher: Publisher,
    run_id: Option<String>,
    polls: u32,
}

impl Relay {
    /// Prepares the loop.
    #[must_use]
    pub const fn new(db: Db, clock: Clock, publisher: Publisher) -> Self {
        Self { db, clock, publisher, run_id: None, polls: 0 }
    }

    /// Polls until `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut broken = false;
        loop {
            let pause = if broken { BACK_OFF } else { POLL };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
            let result = self.poll().await;
            if let Err(error) = &result
                && !broken
            {
                tracing::warn!(%error, "the relay cannot publish; redirectors compare versions with SQL meanwhile");
            }
            broken = result.is_err();
        }
    }

    /// Brings what is left, once.
    ///
    /// # Errors
    /// What went wrong, for the log; nothing is marked that was not published.
    pub async fn poll(&mut self) -> Result<(), String> {
        self.polls = self.polls.wrapping_add(1);
        if self.polls.is_multiple_of(CLEAN_EVERY) {
            self.clean().await.map_err(|error| error.to_string())?;
        }
        if let Publisher::Redis(redis) = self.publisher.clone() {
            self.replay_to_a_new_server(&redis).await?;
            self.bring(Some(&redis)).await?;
            return redis.set_watermark().await;
        }
        self.bring(None).await
    }

    async fn bring(&self, redis: Option<&RedisPublisher>) -> Result<(), String> {
        loop {
            let waiting = outbox::Entity::find()
                .filter(outbox::Column::PublishedAt.is_null())
                .order_by_asc(outbox::Column::Id)
                .limit(BATCH)
                .all(self.db.write())
                .await
                .map_err(|error| error.to_string())?;
            if waiting.is_empty() {
                return Ok(());
            }
            if let Some(redis) = redis {
                self.publish_all(redis, &waiting).await?;
            }
            let ids = waiting.iter().map(|row| row.id);
            mark(&self.db, &self.clock, ids).await.map_err(|error| error.to_string())?;
        }
    }

    /// Publishes the documents that rows name, each once.
    async fn publish_all(&self, redis: &RedisPublisher, rows: &[outbox::Model]) -> Result<(), String> {
        for key in rows.iter().map(|row| row.key.as_str()).collect::<BTreeSet<_>>() {
            match key.parse::<DocumentKey>() {
                Ok(key) => redis.publish(&self.db, &key).await?,
                Err(error) => tracing::error!(key, %error, "an outbox row names no document"),
            }
        }
        Ok(())
    }

    /// A server that was restarted or replaced may have lost publications that were marked: they are made again before
    /// the watermark says that nothing is left.
    async fn replay_to_a_new_server(&mut self, redis: &RedisPublisher) -> Result<(), String> {
        let run_id = redis.run_id().await?;
        if self.run_id.as_ref() == Some(&run_id) {
            return Ok(());
        }
        let recent = outbox::Entity::find()
            .filter(outbox::Column::PublishedAt.gte(self.clock.now() - REPLAY))
            .all(self.db.write())
            .await
            .map_err(|error| error.to_string())?;
        self.publish_all(redis, &recent).await?;
        self.run_id = Some(run_id);
        Ok(())
    }

    async fn clean(&self) -> Result<(), DbErr> {
        let old = outbox::Column::PublishedAt.lt(self.clock.now() - KEEP);
        outbox::Entity::delete_many().filter(old).exec(self.db.write()).await.map(drop)
    }
}
