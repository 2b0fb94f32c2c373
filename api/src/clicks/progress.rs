//! Which events of one click log are stored: everything up to a number, and ranges beyond it, so that frames may come in
//! any order and more than once. `ingest` keeps one for each log, under a row lock; what it contains is never counted
//! again.

use entities::ingest_progress;
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, DbErr, EntityTrait, QuerySelect,
    prelude::Uuid,
    sea_query::OnConflict,
};

/// A set of sequence numbers, which count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    contiguous: u64,
    /// First and last numbers: ascending, apart from each other and from `contiguous`.
    ranges: Vec<(u64, u64)>,
}

impl Progress {
    /// Everything up to this number is stored.
    #[must_use]
    pub const fn contiguous(&self) -> u64 {
        self.contiguous
    }

    /// The highest number that is stored.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.ranges.last().map_or(self.contiguous, |range| range.1)
    }

    /// How many events are stored.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.ranges.iter().fold(self.contiguous, |sum, (first, last)| sum + (last - first + 1))
    }

    /// Whether an event is stored.
    #[must_use]
    pub fn contains(&self, seq: u64) -> bool {
        let place = self.ranges.partition_point(|range| range.1 < seq);
        seq <= self.contiguous || self.ranges.get(place).is_some_and(|range| range.0 <= seq)
    }

    /// Notes that an event is stored.
    pub fn add(&mut self, seq: u64) {
        if self.contains(seq) {
            return;
        }
        let place = self.ranges.partition_point(|range| range.1 < seq);
        let joins_left = place > 0 && self.ranges[place - 1].1 + 1 == seq;
        let joins_right = self.ranges.get(place).is_some_and(|range| range.0 - 1 == seq);
        match (joins_left, joins_right) {
            (true, true) => self.ranges[place - 1].1 = self.ranges.remove(place).1,
            (true, false) => self.ranges[place - 1].1 = seq,
            (false, true) => self.ranges[place].0 = seq,
            (false, false) => self.ranges.insert(place, (seq, seq)),
        }
        if self.ranges[0].0 == self.contiguous + 1 {
            self.contiguous = self.ranges.remove(0).1;
        }
    }

    /// Reads the progress of a log and keeps others from changing it until the transaction ends.
    ///
    /// # Errors
    /// Of the database; ranges that cannot be read are one too.
    pub async fn lock(tx: &impl ConnectionTrait, boot_id: Uuid, now: i64) -> Result<Self, DbErr> {
        let row = ingest_progress::ActiveModel {
            boot_id: Set(boot_id),
            contiguous: Set(0),
            ranges: Set(serde_json::json!([])),
            events: Set(0),
            updated_at: Set(now),
        };
        let on_conflict = OnConflict::column(ingest_progress::Column::BootId).do_nothing().to_owned();
        ingest_progress::Entity::insert(row).on_conflict(on_conflict).exec_without_returning(tx).await?;
        let row = ingest_progress::Entity::find_by_id(boot_id).lock_exclusive().one(tx).await?;
        row.map_or_else(|| Ok(Self::default()), |row| Self::of(&row))
    }

    /// Stores the progress that [`Progress::lock`] read.
    ///
    /// # Errors
    /// Of the database.
    pub async fn save(&self, tx: &impl ConnectionTrait, boot_id: Uuid, now: i64) -> Result<(), DbErr> {
        let row = ingest_progress::ActiveModel {
            boot_id: Unchanged(boot_id),
            contiguous: Set(signed(self.contiguous)),
            ranges: Set(serde_json::json!(self.ranges)),
            events: Set(signed(self.events())),
            updated_at: Set(now),
        };
        ingest_progress::Entity::update(row).exec(tx).await.map(drop)
    }

    /// The progress in a row.
    ///
    /// # Errors
    /// Of ranges that cannot be read.
    pub fn of(row: &ingest_progress::Model) -> Result<Self, DbErr> {
        let bad = || DbErr::Type(format!("the progress of {} cannot be read", row.boot_id));
        let ranges: Vec<(u64, u64)> = serde_json::from_value(row.ranges.clone()).map_err(|_| bad())?;
        let contiguous = u64::try_from(row.contiguous).map_err(|_| bad())?;
        let mut before = contiguous;
        for (first, last) in &ranges {
            if *first <= before + 1 || last < first {
                return Err(bad());
            }
            before = *last;
        }
        Ok(Self { contiguous, ranges })
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_added(added in vec(1_u64..60, 0..120)) {
            let (mut progress, mut set) = (Progress::default(), BTreeSet::new());
            for seq in added {
                prop_assert_eq!(progress.contains(seq), !set.insert(seq));
                progress.add(seq);
                prop_assert!(progress.contains(seq));
            }
            prop_assert_eq!(progress.events(), set.len() as u64);
            prop_assert_eq!(progress.highest(), set.last().copied().unwrap_or(0));
            prop_assert_eq!(progress.contiguous(), (1..).take_while(|seq| set.contains(seq)).count() as u64);
            prop_assert_eq!((1..62).filter(|seq| progress.contains(*seq)).collect::<BTreeSet<_>>(), set);
            let row = ingest_progress::Model {
                boot_id: Uuid::nil(),
                contiguous: signed(progress.contiguous),
                ranges: serde_json::json!(progress.ranges),
                events: 0,
                updated_at: 0,
            };
            prop_assert_eq!(Progress::of(&row), Ok(progress));
        }
    }
}
