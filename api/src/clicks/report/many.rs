//! The totals of many links over one range, in one statement however many they are, and one more for hours that the range
//! cuts. For lists that show a number beside each link.

use super::{
    down,
    reading::{apart, beginning, cover},
    up,
};
use crate::{
    clicks::rollup::{
        Totals,
        packing::{QUARTERS_LENGTH, TOTALS_LENGTH},
        quarters::Quarters,
    },
    db::Db,
    error::Error,
};
use contract::{click::PixelState, clock::HOUR};
use entities::{
    TenantOwned,
    rollup::{self, Column, Period},
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// What a list shows of a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkTotals {
    /// Its clicks, to the quarter of an hour.
    pub clicks: Totals,
    /// Its pixels by state, in the order of [`PixelState::ALL`], in the whole hours that the range touches.
    pub pixels: [u64; PixelState::ALL.len()],
}

/// The first bytes of a row, and how many pixels were in each state.
type Row = (Uuid, i64, Vec<u8>, i64, i64, i64, i64, i64, i64);

/// The totals of a tenant's links over the range of a filter; links without any are left out.
///
/// # Errors
/// Of the database.
pub async fn totals_of_links(
    db: &Db,
    tenant_id: Uuid,
    links: &[Uuid],
    (from, to): (i64, i64),
) -> Result<HashMap<Uuid, LinkTotals>, Error> {
    let cut: Vec<i64> = [from, to].into_iter().filter(|at| at.rem_euclid(HOUR) != 0).map(|at| down(at, HOUR)).collect();
    let rows = rollup::Entity::of(tenant_id).filter(Column::ScopeId.is_in(links.iter().copied()));
    let rows = rows
        .filter(parts(up(from, HOUR), down(to, HOUR), &cut))
        .select_only()
        .columns([Column::ScopeId, Column::StartsAt]);
    let rows = rows.expr(beginning(TOTALS_LENGTH)).columns([
        Column::PixelsSent,
        Column::PixelsFired,
        Column::PixelsBlocked,
        Column::PixelsFailed,
        Column::PixelsTimedOut,
        Column::PixelsRefused,
    ]);
    let hours = cut.clone();
    let read = async {
        let rows: Vec<Row> = rows.into_tuple().all(db.read()).await?;
        let quarters = if hours.is_empty() { Vec::new() } else { read_quarters(db, tenant_id, links, &hours).await? };
        Ok::<_, Error>((rows, quarters))
    };
    apart(read, move |(rows, quarters)| {
        let mut found: HashMap<Uuid, LinkTotals> = HashMap::new();
        for (link, at, packed, sent, fired, blocked, failed, timed_out, refused) in rows {
            let totals = found.entry(link).or_default();
            // hours that the range cuts count by their quarters
            if !cut.contains(&at) {
                totals.clicks.merge(&Totals::unpack(&packed)?);
            }
            for (sum, count) in totals.pixels.iter_mut().zip([sent, fired, blocked, failed, timed_out, refused]) {
                *sum = sum.saturating_add(u64::try_from(count).unwrap_or_default());
            }
        }
        for (link, hour, packed) in quarters {
            let clicks = &mut found.entry(link).or_default().clicks;
            let parts = Quarters::of_hour(&packed)?.into_parts().map(|(at, part)| (hour + at, part));
            parts.filter(|(at, _)| (from..to).contains(at)).for_each(|(_, part)| clicks.merge(&part));
        }
        Ok(found)
    })
    .await
}

/// The days in the middle of a range of whole hours, the hours at its edges, and those that are cut.
fn parts(from: i64, to: i64, cut: &[i64]) -> Condition {
    let part = |(period, from, to): (Period, i64, i64)| {
        Condition::all().add(Column::Period.eq(period)).add(Column::StartsAt.gte(from)).add(Column::StartsAt.lt(to))
    };
    let hours = cut.iter().map(|at| (Period::Hour, *at, at + HOUR));
    cover(from, to).into_iter().chain(hours).map(part).fold(Condition::any(), Condition::add)
}

async fn read_quarters(
    db: &Db,
    tenant_id: Uuid,
    links: &[Uuid],
    hours: &[i64],
) -> Result<Vec<(Uuid, i64, Vec<u8>)>, Error> {
    let rows = rollup::Entity::of(tenant_id)
        .filter(Column::ScopeId.is_in(links.iter().copied()))
        .filter(Column::Period.eq(Period::Hour))
        .filter(Column::StartsAt.is_in(hours.iter().copied()));
    let rows = rows.select_only().columns([Column::ScopeId, Column::StartsAt]).expr(beginning(QUARTERS_LENGTH));
    Ok(rows.into_tuple().all(db.read()).await?)
}
