//! Makes rollups anew from the raw clicks and receipts, day by day: all of them by `api rebuild`, after a change of what
//! is counted, and a day by `ingest`, when one of its rollups cannot be read. What comes out equals what `ingest` counted (but for what `rollup::breakdown` says of more than 1,000 values).
//! Ingest may run meanwhile. A day without raw clicks, such as one that was cleared, keeps its rollups.

use super::{
    deltas::{Deltas, SaveError},
    rows,
};
use crate::db::Db;
use contract::clock::DAY;
use entities::{TenantOwned, click, receipt, rollup};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
};
use std::collections::BTreeSet;

/// Rows read at once.
const PAGE: u64 = 2_000;

/// Makes all rollups anew, each tenant's day in a transaction of its own; tells how many such days there were.
///
/// # Errors
/// Of the database; the days before are done then.
pub async fn all(db: &Db) -> Result<usize, DbErr> {
    let clicks = click::Entity::find().select_only().columns([click::Column::TenantId, click::Column::Day]);
    let receipts = receipt::Entity::find().select_only().columns([receipt::Column::TenantId, receipt::Column::Day]);
    let mut days: BTreeSet<(Uuid, i32)> =
        clicks.distinct().into_tuple::<(Uuid, i32)>().all(db.read()).await?.into_iter().collect();
    days.extend(receipts.distinct().into_tuple::<(Uuid, i32)>().all(db.read()).await?);
    for (tenant_id, day) in &days {
        self::day(db, *tenant_id, *day).await?;
    }
    Ok(days.len())
}

/// Makes a tenant's rollups of one day (UTC) anew, and of its hours.
///
/// # Errors
/// Of the database.
pub async fn day(db: &Db, tenant_id: Uuid, day: i32) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    if !db.is_sqlite() {
        // an ingest either has committed, and its clicks are seen below, or adds to what is made here
        tx.execute_unprepared("LOCK TABLE rollups IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    let start = i64::from(day) * DAY;
    rollup::Entity::delete_of(tenant_id)
        .filter(rollup::Column::StartsAt.gte(start))
        .filter(rollup::Column::StartsAt.lt(start + DAY))
        .exec(&tx)
        .await?;
    let mut deltas = Deltas::default();
    count_clicks(&tx, tenant_id, day, &mut deltas).await?;
    count_receipts(&tx, tenant_id, day, &mut deltas).await?;
    match deltas.save(&tx).await {
        Ok(()) => tx.commit().await,
        Err(SaveError::Db(error)) => Err(error),
        Err(error) => Err(DbErr::Custom(error.to_string())),
    }
}

async fn count_clicks(tx: &DatabaseTransaction, tenant_id: Uuid, day: i32, deltas: &mut Deltas) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let mut cursor = click::Entity::of(tenant_id)
            .filter(click::Column::Day.eq(day))
            .cursor_by((click::Column::BootId, click::Column::Seq));
        if let Some(after) = after {
            cursor.after(after);
        }
        let page = cursor.first(PAGE).all(tx).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.boot_id, last.seq));
        page.into_iter().for_each(|row| deltas.add_click(&rows::click_of(row)));
    }
}

async fn count_receipts(tx: &DatabaseTransaction, tenant_id: Uuid, day: i32, deltas: &mut Deltas) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let mut select = receipt::Entity::of(tenant_id)
            .filter(receipt::Column::Day.eq(day))
            .order_by_asc(receipt::Column::ClickId)
            .limit(PAGE);
        if let Some(after) = after {
            select = select.filter(receipt::Column::ClickId.gt(after));
        }
        let page = select.all(tx).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.click_id);
        page.into_iter().for_each(|row| deltas.add_receipt(&rows::receipt_of(row)));
    }
}
