//! Reads rollups: day rows for the whole days (UTC) in the middle of a range, hour rows at its edges. A month at a time,
//! merged off the runtime's threads, so that a large tenant's report neither fills the memory nor holds up others.

use crate::{
    clicks::rollup::{
        Rollup, Totals,
        breakdown::MOST_VALUES,
        bytes::Damaged,
        delivery::Delivery,
        outcomes::Outcomes,
        packing::{QUARTERS_LENGTH, TOTALS_LENGTH, deliveries_of},
        quarters::Quarters,
    },
    db::Db,
    error::Error,
    scope::TenantScope,
};
use contract::clock::{DAY, day_of};
use entities::{
    TenantOwned,
    rollup::{self, Period},
};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, SimpleExpr},
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Days read at once.
const WINDOW: i64 = 31 * DAY;
/// Hours that are named one by one and read at once.
const HOURS: usize = 500;
/// Reads of all reports together: what a document asks for at once would fill the memory with rows, sketches and threads.
const AT_A_TIME: usize = 4;
/// A dimension of a sum holds at most so many values in between: enough that what comes out on top belongs there.
const MOST_IN_BETWEEN: usize = 8 * MOST_VALUES;

/// Whose rollups; made of the proof that the caller may read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A tenant's.
    Tenant(TenantScope),
    /// A link's; another tenant's link has none here.
    Link {
        /// Of the tenant.
        tenant: TenantScope,
        /// The link.
        link_id: Uuid,
    },
    /// A tenant's, for this server itself.
    Server(Uuid),
}

impl Scope {
    /// The tenant.
    pub(super) const fn tenant_id(self) -> Uuid {
        match self {
            Self::Tenant(tenant) | Self::Link { tenant, .. } => tenant.tenant_id(),
            Self::Server(tenant_id) => tenant_id,
        }
    }

    fn rows(self, period: Period, from: i64, to: i64) -> Select<rollup::Entity> {
        let scope_id = match self {
            Self::Link { link_id, .. } => link_id,
            Self::Tenant(_) | Self::Server(_) => self.tenant_id(),
        };
        rollup::Entity::of(self.tenant_id())
            .filter(rollup::Column::ScopeId.eq(scope_id))
            .filter(rollup::Column::Period.eq(period))
            .filter(rollup::Column::StartsAt.gte(from))
            .filter(rollup::Column::StartsAt.lt(to))
            .order_by_asc(rollup::Column::StartsAt)
    }
}

/// The periods whose rows make up `[from, to)`, which are hours' starts: `(period, from, to)`, ascending and apart.
pub(super) fn cover(from: i64, to: i64) -> Vec<(Period, i64, i64)> {
    let first_day = from + (-from).rem_euclid(DAY);
    let end_of_days = to - to.rem_euclid(DAY);
    if first_day >= end_of_days {
        return if from < to { vec![(Period::Hour, from, to)] } else { Vec::new() };
    }
    let mut parts = vec![(Period::Hour, from, first_day)];
    let mut start = first_day;
    while start < end_of_days {
        let end = (start + WINDOW).min(end_of_days);
        parts.push((Period::Day, start, end));
        start = end;
    }
    parts.push((Period::Hour, end_of_days, to));
    parts.retain(|(_, from, to)| from < to);
    parts
}

/// Everything in a range together.
pub(super) async fn sum(db: &Db, scope: Scope, from: i64, to: i64) -> Result<Rollup, Error> {
    let mut sum = Rollup::default();
    for (period, from, to) in cover(from, to) {
        let rows = scope.rows(period, from, to).select_only().column(rollup::Column::Packed);
        let rows = rows.into_tuple::<Vec<u8>>().all(db.read());
        sum = apart(rows, move |rows| {
            for packed in rows {
                sum.merge_period(&Rollup::unpack(&packed)?);
                sum.trim(MOST_IN_BETWEEN);
            }
            Ok(sum)
        })
        .await?;
    }
    Ok(sum)
}

/// What became of each pixel in a range, which begins and ends at whole hours.
///
/// # Errors
/// Of the database.
pub async fn outcomes(db: &Db, scope: Scope, from: i64, to: i64) -> Result<BTreeMap<Uuid, Outcomes>, Error> {
    let sum = |sum: &mut BTreeMap<Uuid, Outcomes>, _, pixel, delivery: &Delivery| {
        sum.entry(pixel).or_default().merge(&delivery.all);
    };
    deliveries(db, scope, from, to, sum).await
}

/// What became of all pixels, or of one, on each day (UTC) of a range; days without any are left out.
pub(super) async fn outcomes_by_day(
    db: &Db,
    scope: Scope,
    from: i64,
    to: i64,
    only: Option<Uuid>,
) -> Result<BTreeMap<i32, Outcomes>, Error> {
    let sum = move |sum: &mut BTreeMap<i32, Outcomes>, at, pixel, delivery: &Delivery| {
        if only.is_none_or(|only| only == pixel) {
            sum.entry(day_of(at)).or_default().merge(&delivery.all);
        }
    };
    deliveries(db, scope, from, to, sum).await
}

/// Adds up the deliveries in the rows of a range, each with the start of its row.
async fn deliveries<T: Default + Send + 'static>(
    db: &Db,
    scope: Scope,
    from: i64,
    to: i64,
    add: impl Fn(&mut T, i64, Uuid, &Delivery) + Copy + Send + 'static,
) -> Result<T, Error> {
    let mut sum = T::default();
    for (period, from, to) in cover(from, to) {
        let rows = scope.rows(period, from, to).select_only();
        let rows = rows.columns([rollup::Column::StartsAt, rollup::Column::Packed]);
        let rows = rows.into_tuple::<(i64, Vec<u8>)>().all(db.read());
        sum = apart(rows, move |rows| {
            for (at, packed) in rows {
                let deliveries = deliveries_of(&packed)?;
                deliveries.iter().for_each(|(pixel, delivery)| add(&mut sum, at, *pixel, delivery));
            }
            Ok(sum)
        })
        .await?;
    }
    Ok(sum)
}

/// The totals of the days and hours that make up a range of whole hours, each with its start.
pub(super) async fn totals(db: &Db, scope: Scope, from: i64, to: i64) -> Result<Vec<(i64, Totals)>, Error> {
    let mut totals = Vec::new();
    for (period, from, to) in cover(from, to) {
        totals.extend(read_totals(db, scope, period, from, to).await?);
    }
    Ok(totals)
}

/// The totals of the quarters of these hours, each with its start.
pub(super) async fn quarters(db: &Db, scope: Scope, hours: &BTreeSet<i64>) -> Result<Vec<(i64, Totals)>, Error> {
    let hours: Vec<i64> = hours.iter().copied().collect();
    let mut totals = Vec::new();
    for hours in hours.chunks(HOURS) {
        let (Some(first), Some(last)) = (hours.first(), hours.last()) else { continue };
        let rows = scope.rows(Period::Hour, *first, *last + 1);
        let rows = rows.filter(rollup::Column::StartsAt.is_in(hours.iter().copied()));
        let read = apart(read_beginnings(db, rows, QUARTERS_LENGTH), |rows| {
            let mut read = Vec::new();
            for (hour, packed) in rows {
                read.extend(Quarters::of_hour(&packed)?.into_parts().map(|(at, part)| (hour + at, part)));
            }
            Ok(read)
        });
        totals.extend(read.await?);
    }
    Ok(totals)
}

/// The totals of a period's rows, each with its start, ascending.
pub(super) async fn read_totals(
    db: &Db,
    scope: Scope,
    period: Period,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, Totals)>, Error> {
    let rows = read_beginnings(db, scope.rows(period, from, to), TOTALS_LENGTH);
    apart(rows, |rows| rows.into_iter().map(|(at, packed)| Ok((at, Totals::unpack(&packed)?))).collect()).await
}

/// The starts of rows, and the first bytes of each.
async fn read_beginnings(db: &Db, rows: Select<rollup::Entity>, length: usize) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let rows = rows.select_only().column(rollup::Column::StartsAt).expr(beginning(length));
    Ok(rows.into_tuple().all(db.read()).await?)
}

/// The first bytes of `packed`.
pub(super) fn beginning(length: usize) -> SimpleExpr {
    let length = i32::try_from(length).unwrap_or(i32::MAX);
    sea_orm::sea_query::Func::cust("substr").arg(Expr::col(rollup::Column::Packed)).arg(1).arg(length).into()
}

/// Reads rows and works on them, on a thread where it holds nobody up; all when a turn is free, so that no rows wait in the
/// memory.
pub(super) async fn apart<R: Send + 'static, T: Send + 'static, E: Into<Error>>(
    rows: impl Future<Output = Result<R, E>>,
    work: impl FnOnce(R) -> Result<T, Damaged> + Send + 'static,
) -> Result<T, Error> {
    static TURNS: Semaphore = Semaphore::const_new(AT_A_TIME);
    let turn = TURNS.acquire().await.map_err(|error| Error::Fault(error.to_string()))?;
    let rows = rows.await.map_err(Into::into)?;
    let work = move || {
        // held until the work is done, even when nobody waits for it any more
        let _turn = turn;
        work(rows)
    };
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Fault(error.to_string()))?;
    done.map_err(|error| Error::Fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::clock::HOUR;

    #[test]
    fn days_in_the_middle_and_hours_at_the_edges() {
        let hour = Period::Hour;
        assert_eq!(cover(DAY + HOUR, DAY + 3 * HOUR), [(hour, DAY + HOUR, DAY + 3 * HOUR)]);
        assert_eq!(cover(DAY - HOUR, DAY + HOUR), [(hour, DAY - HOUR, DAY + HOUR)]);
        assert_eq!(cover(DAY, 3 * DAY), [(Period::Day, DAY, 3 * DAY)]);
        assert_eq!(cover(DAY + HOUR, DAY), []);
        let parts = cover(DAY - HOUR, 2 * DAY + HOUR);
        assert_eq!(parts, [(hour, DAY - HOUR, DAY), (Period::Day, DAY, 2 * DAY), (hour, 2 * DAY, 2 * DAY + HOUR)]);
        let long = cover(0, 400 * DAY + HOUR);
        assert!(long.windows(2).all(|pair| pair[0].2 == pair[1].1));
        assert_eq!((long[0].1, long[long.len() - 1].2, long.len()), (0, 400 * DAY + HOUR, 14));
    }
}
