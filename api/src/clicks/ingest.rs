//! Takes records of the redirectors' click logs in, exactly once, however often and in whatever order they are sent. In
//! come frames of one log; out goes how far that log is stored, which lets the redirector delete its segments. One
//! transaction stores clicks and receipts, adds what was really inserted to the rollups, and notes the progress.

mod error;

pub use self::error::IngestError;
use super::{
    batch::{Batch, Unreadable},
    deltas::{Deltas, chunks},
    feed::Feed,
    partitions::Partitions,
    progress::Progress,
    rebuild, rows,
};
use crate::{db::Db, webhooks};
use contract::{
    click::{Click, EventId, Receipt},
    clock::{Clock, day_of},
    frame,
};
use entities::{click, dead_letter, ingest_progress, receipt};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait, TryInsertResult, prelude::Uuid};
use std::collections::BTreeSet;

/// Stores the events of click logs.
#[derive(Clone)]
pub struct Ingest {
    db: Db,
    clock: Clock,
    partitions: Partitions,
    feed: Option<Feed>,
}

/// Events that a log has given out and that are not stored, though later ones are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The log.
    pub boot_id: Uuid,
    /// How many events are missing.
    pub missing: u64,
    /// When an event of the log was stored last.
    pub since: i64,
}

impl Ingest {
    /// Prepares an ingest; any number may run beside each other.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, partitions: Partitions::default(), feed: None }
    }

    /// Tells this feed of every click that it has stored.
    #[must_use]
    pub fn announcing(self, feed: Feed) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// The database that events are stored in.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The time.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Stores the records of one frame; see [`Ingest::store_frames`].
    ///
    /// # Errors
    /// As [`Ingest::store_frames`].
    pub async fn store(&self, boot_id: Uuid, records: &[u8]) -> Result<u64, IngestError> {
        self.store_frames(boot_id, &[records]).await
    }

    /// Stores the records of frames of one log, all or none, and gives the number up to which everything of that log is
    /// stored. A record that cannot be read, or that the database refuses for what it holds, is put into the table
    /// `dead_letters` and counts as stored: it stops no other.
    ///
    /// # Errors
    /// [`IngestError::Outage`] for all that may pass; the same records are then to be given again.
    pub async fn store_frames(&self, boot_id: Uuid, frames: &[&[u8]]) -> Result<u64, IngestError> {
        let result = self.attempt(boot_id, Batch::read(frames)).await;
        match result {
            Err(IngestError::Damaged { tenant_id, day }) => {
                tracing::error!(%tenant_id, day, "a rollup cannot be read and is made anew from the raw clicks");
                rebuild::day(&self.db, tenant_id, day).await?;
                self.attempt(boot_id, Batch::read(frames)).await
            }
            Err(IngestError::Refused(error)) => {
                tracing::error!(%boot_id, %error, "records are refused; each is tried on its own");
                self.store_each(boot_id, frames).await
            }
            other => other,
        }
    }

    /// Stores records one by one, and puts away those that are refused.
    async fn store_each(&self, boot_id: Uuid, frames: &[&[u8]]) -> Result<u64, IngestError> {
        let mut progress = 0;
        for frame in frames {
            let (mut records, mut from) = (frame::records(frame), 0);
            while records.next().is_some() {
                let record = &frame[from..records.position()];
                from = records.position();
                progress = match self.attempt(boot_id, Batch::read(&[record])).await {
                    Err(IngestError::Refused(error)) => {
                        self.attempt(boot_id, Batch::condemned(&[record], &error.to_string())).await?
                    }
                    other => other?,
                };
            }
        }
        Ok(progress)
    }

    /// The transaction.
    async fn attempt(&self, boot_id: Uuid, mut batch: Batch) -> Result<u64, IngestError> {
        if batch.torn > 0 {
            tracing::warn!(%boot_id, bytes = batch.torn, "a frame ends in bytes that are no record");
        }
        let now = self.clock.now();
        // tomorrow's are made ahead of time: making one waits for those who are reading
        let days = batch.instants().map(day_of).chain([day_of(now), day_of(now) + 1]);
        self.partitions.ensure(&self.db, days).await?;

        let tx = self.db.begin().await?;
        let mut progress = Progress::lock(&tx, boot_id, now).await?;
        batch.leave_out(|seq| progress.contains(seq));
        if batch.is_empty() {
            return Ok(progress.contiguous());
        }
        batch.places().for_each(|seq| progress.add(seq));
        let mut deltas = Deltas::default();
        let result = async {
            let new = insert_clicks(&tx, boot_id, &batch.clicks, &mut deltas).await?;
            let told: Vec<&Click> = new.iter().map(|(_, click)| click).collect();
            webhooks::work::note_clicks(&tx, &told, now).await?;
            let new = new.iter().map(|(seq, _)| *seq).collect();
            insert_receipts(&tx, boot_id, &batch.receipts, &mut deltas).await?;
            insert_dead_letters(&tx, boot_id, batch.unreadable, now).await?;
            deltas.save(&tx).await?;
            progress.save(&tx, boot_id, now).await?;
            Ok(new)
        };
        let result: Result<BTreeSet<u64>, IngestError> = result.await;
        if let Err(IngestError::Outage(_)) = &result {
            // perhaps a partition was dropped behind our back
            self.partitions.forget();
        }
        let new = result?;
        tx.commit().await?;
        if let Some(feed) = &self.feed {
            feed.announce(
                batch.clicks.into_iter().filter(|(seq, _)| new.contains(seq)).map(|(_, click)| click).collect(),
            );
        }
        Ok(progress.contiguous())
    }

    /// The logs of which events are missing. Within half a minute that is only what is on its way; what stays is lost.
    ///
    /// # Errors
    /// Of the database.
    pub async fn gaps(&self) -> Result<Vec<Gap>, DbErr> {
        let mut gaps = Vec::new();
        for row in ingest_progress::Entity::find().all(self.db.read()).await? {
            let progress = Progress::of(&row)?;
            let missing = progress.highest() - progress.events();
            if missing > 0 {
                gaps.push(Gap { boot_id: row.boot_id, missing, since: row.updated_at });
            }
        }
        Ok(gaps)
    }
}

/// Inserts clicks, counts those that were not there, and gives them with their numbers.
async fn insert_clicks<'a>(
    tx: &DatabaseTransaction,
    boot_id: Uuid,
    clicks: &'a [(u64, Click)],
    deltas: &mut Deltas,
) -> Result<Vec<&'a (u64, Click)>, DbErr> {
    let row = |(seq, click): &(u64, Click)| rows::click_row(EventId { boot_id, seq: *seq }, click.clone());
    let mut inserted = BTreeSet::new();
    for chunk in chunks(clicks.iter().map(row).collect()) {
        let insert = click::Entity::insert_many(chunk).on_conflict_do_nothing();
        if let TryInsertResult::Inserted(keys) = insert.exec_with_returning_keys(tx).await? {
            inserted.extend(keys.into_iter().map(|(_, _, seq)| seq.cast_unsigned()));
        }
    }
    let new: Vec<&(u64, Click)> = clicks.iter().filter(|(seq, _)| inserted.contains(seq)).collect();
    new.iter().for_each(|(_, click)| deltas.add_click(click));
    Ok(new)
}

/// Inserts receipts and counts the first of each click.
async fn insert_receipts(
    tx: &DatabaseTransaction,
    boot_id: Uuid,
    receipts: &[(u64, Receipt)],
    deltas: &mut Deltas,
) -> Result<(), DbErr> {
    let row = |(seq, receipt): &(u64, Receipt)| rows::receipt_row(EventId { boot_id, seq: *seq }, receipt.clone());
    let mut inserted = BTreeSet::new();
    for chunk in chunks(receipts.iter().map(row).collect()) {
        let insert = receipt::Entity::insert_many(chunk).on_conflict_do_nothing();
        if let TryInsertResult::Inserted(keys) = insert.exec_with_returning_keys(tx).await? {
            inserted.extend(keys);
        }
    }
    // the rows went in in the order of the log, so that of two receipts of a click the first was inserted
    let new = receipts.iter().filter(|(_, receipt)| inserted.remove(&(day_of(receipt.at), receipt.click_id)));
    new.for_each(|(_, receipt)| deltas.add_receipt(receipt));
    Ok(())
}

/// Puts away what could not be read.
async fn insert_dead_letters(
    tx: &DatabaseTransaction,
    boot_id: Uuid,
    unreadable: Vec<Unreadable>,
    now: i64,
) -> Result<(), DbErr> {
    if !unreadable.is_empty() {
        tracing::error!(%boot_id, count = unreadable.len(), "records cannot be read; see the table dead_letters");
    }
    let row = |record: Unreadable| dead_letter::ActiveModel {
        boot_id: Set(boot_id),
        seq: Set(record.seq.cast_signed()),
        payload: Set(record.payload),
        reason: Set(record.reason),
        created_at: Set(now),
    };
    for chunk in chunks(unreadable.into_iter().map(row).collect()) {
        dead_letter::Entity::insert_many(chunk).on_conflict_do_nothing().exec_without_returning(tx).await?;
    }
    Ok(())
}
