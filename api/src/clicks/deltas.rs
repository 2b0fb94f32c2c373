//! What a batch adds to the rollups: an hour's and a day's rows of each link and tenant that it touches. `ingest` and
//! `rebuild` collect and save them in the transaction that stores or reads the clicks.

use super::rollup::{Rollup, Scope, bytes::Damaged};
use contract::{
    click::{Click, PixelState, Receipt},
    clock::{DAY, HOUR, day_of},
};
use entities::rollup::{self, Period};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, prelude::Uuid, sea_query::OnConflict};
use std::collections::BTreeMap;

/// Names a row of the table `rollups`; rows are locked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tenant_id: Uuid,
    scope_id: Uuid,
    period: Period,
    starts_at: i64,
}

/// Why rollups could not be saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The database's.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// A rollup of this tenant and day cannot be read.
    #[error("a rollup of the tenant {tenant_id} on day {day} cannot be read")]
    Damaged {
        /// The tenant.
        tenant_id: Uuid,
        /// The day, in UTC.
        day: i32,
    },
}

/// Counts to be added to rollups.
#[derive(Debug, Default)]
pub struct Deltas {
    /// By tenant, scope (the tenant itself or a link) and start of the hour.
    hours: BTreeMap<(Uuid, Uuid, i64), Rollup>,
}

impl Deltas {
    /// Counts a click.
    pub fn add_click(&mut self, click: &Click) {
        self.hour(click.tenant_id, click.tenant_id, click.at).add_click(Scope::Tenant, click);
        self.hour(click.tenant_id, click.link_id, click.at).add_click(Scope::Link, click);
    }

    /// Counts a receipt, at the time of its click.
    pub fn add_receipt(&mut self, receipt: &Receipt) {
        self.hour(receipt.tenant_id, receipt.tenant_id, receipt.at).add_receipt(receipt);
        self.hour(receipt.tenant_id, receipt.link_id, receipt.at).add_receipt(receipt);
    }

    fn hour(&mut self, tenant_id: Uuid, scope_id: Uuid, at: i64) -> &mut Rollup {
        self.hours.entry((tenant_id, scope_id, at - at.rem_euclid(HOUR))).or_default()
    }

    /// Adds the counts to the rows, which stay locked until the transaction ends. All transactions lock them in the same
    /// order, so none waits for one that waits for it.
    ///
    /// # Errors
    /// Of the database, and of a row that cannot be read; the transaction is of no use then.
    pub async fn save(self, tx: &impl ConnectionTrait) -> Result<(), SaveError> {
        let mut deltas = BTreeMap::new();
        for ((tenant_id, scope_id, hour), rollup) in self.hours {
            let day = Key { tenant_id, scope_id, period: Period::Day, starts_at: hour - hour.rem_euclid(DAY) };
            deltas.entry(day).or_insert_with(Rollup::default).merge_period(&rollup);
            deltas.insert(Key { period: Period::Hour, starts_at: hour, ..day }, rollup);
        }
        let empty = deltas.keys().map(|key| row(*key, &Rollup::default(), Vec::new())).collect();
        let mut changed = BTreeMap::new();
        for chunk in chunks(empty) {
            // changes nothing where the row is there, but locks and returns it
            let touch = OnConflict::columns(KEY).update_column(rollup::Column::StartsAt).to_owned();
            for present in rollup::Entity::insert_many(chunk).on_conflict(touch).exec_with_returning(tx).await? {
                let (key, packed) = (key_of(&present), present.packed);
                let Some(delta) = deltas.remove(&key) else { continue };
                changed.insert(key, merged(key.period, &packed, delta).map_err(|Damaged| key.damaged())?);
            }
        }
        let full = changed.into_iter().map(|(key, rollup)| row(key, &rollup, rollup.pack())).collect();
        for chunk in chunks(full) {
            let replace = OnConflict::columns(KEY).update_columns(COUNTS).to_owned();
            rollup::Entity::insert_many(chunk).on_conflict(replace).exec_without_returning(tx).await?;
        }
        Ok(())
    }
}

impl Key {
    fn damaged(self) -> SaveError {
        SaveError::Damaged { tenant_id: self.tenant_id, day: day_of(self.starts_at) }
    }
}

const KEY: [rollup::Column; 4] =
    [rollup::Column::TenantId, rollup::Column::ScopeId, rollup::Column::Period, rollup::Column::StartsAt];

const COUNTS: [rollup::Column; 10] = [
    rollup::Column::HumanClicks,
    rollup::Column::BotClicks,
    rollup::Column::UniqueVisitors,
    rollup::Column::PixelsSent,
    rollup::Column::PixelsFired,
    rollup::Column::PixelsBlocked,
    rollup::Column::PixelsFailed,
    rollup::Column::PixelsTimedOut,
    rollup::Column::PixelsRefused,
    rollup::Column::Packed,
];

fn key_of(row: &rollup::Model) -> Key {
    Key { tenant_id: row.tenant_id, scope_id: row.scope_id, period: row.period, starts_at: row.starts_at }
}

fn merged(period: Period, packed: &[u8], mut delta: Rollup) -> Result<Rollup, Damaged> {
    let stored = Rollup::unpack(packed)?;
    match period {
        Period::Hour => delta.merge(&stored.of_hour()),
        Period::Day => delta.merge_period(&stored),
    }
    Ok(delta)
}

/// The columns repeat what stands in `packed`, for people who read SQL.
fn row(key: Key, rollup: &Rollup, packed: Vec<u8>) -> rollup::ActiveModel {
    let count = |count: u64| Set(i64::try_from(count).unwrap_or(i64::MAX));
    let pixels = |state| count(rollup.pixels(state));
    rollup::ActiveModel {
        tenant_id: Set(key.tenant_id),
        scope_id: Set(key.scope_id),
        period: Set(key.period),
        starts_at: Set(key.starts_at),
        human_clicks: count(rollup.totals.human),
        bot_clicks: count(rollup.totals.bot()),
        unique_visitors: count(rollup.totals.visitors.count()),
        pixels_sent: pixels(PixelState::Sent),
        pixels_fired: pixels(PixelState::Fired),
        pixels_blocked: pixels(PixelState::Blocked),
        pixels_failed: pixels(PixelState::Failed),
        pixels_timed_out: pixels(PixelState::TimedOut),
        pixels_refused: pixels(PixelState::Refused),
        packed: Set(packed),
    }
}

/// Cuts rows for statements of 512, 64, 8 or 1 of them: within the databases' limits of parameters (26 columns of 512
/// rows are 13,312; SQLite takes 32,766, PostgreSQL 65,535), and only four texts to prepare and remember.
pub(super) fn chunks<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let left = rows.len();
        let size = [512, 64, 8, 1].into_iter().find(|size| *size <= left)?;
        Some(rows.by_ref().take(size).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::batch::tests::click;
    use contract::clock::MINUTE;

    #[test]
    fn rows_are_cut_into_few_sizes() {
        let sizes = |count: usize| chunks(vec![0; count]).map(|chunk| chunk.len()).collect::<Vec<_>>();
        assert_eq!(sizes(0), Vec::<usize>::new());
        assert_eq!(sizes(1_097), [512, 512, 64, 8, 1]);
    }

    #[test]
    fn a_click_counts_for_its_link_and_its_tenant() {
        let mut deltas = Deltas::default();
        deltas.add_click(&click(5 * HOUR + 1, 1, 2, 3));
        deltas.add_click(&click(6 * HOUR - 1, 1, 7, 3));
        let counts =
            deltas.hours.iter().map(|((_, scope, hour), rollup)| (scope.as_u128(), *hour, rollup.totals.human));
        assert_eq!(counts.collect::<Vec<_>>(), [(1, 5 * HOUR, 2), (2, 5 * HOUR, 1), (7, 5 * HOUR, 1)]);
    }

    #[test]
    fn what_an_hour_held_before_quarters_were_counted_is_in_its_first() {
        let mut delta = Rollup::default();
        delta.add_click(Scope::Link, &click(45 * MINUTE, 1, 2, 3));
        // one person's click in version 1, and nothing else
        let packed = [1, 1, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let hour = merged(Period::Hour, &packed, delta.clone()).unwrap();
        let parts =
            |rollup: Rollup| rollup.quarters.into_parts().map(|(at, part)| (at, part.human)).collect::<Vec<_>>();
        assert_eq!((hour.totals.human, parts(hour)), (2, vec![(0, 1), (45 * MINUTE, 1)]));
        let mut of_day = Rollup::default();
        of_day.merge_period(&delta);
        let day = merged(Period::Day, &packed, of_day).unwrap();
        assert_eq!((day.totals.human, parts(day)), (2, vec![]));
    }
}
