//! Notices that the end of a link has come, once for each end: the mark and the message are written together.

use crate::{
    app::App,
    error::Error,
    links::Link,
    webhooks::{
        event::Event,
        note::{self, Told},
    },
};
use contract::clock::MINUTE;
use entities::{link, link_pixel, link_tag, webhook_expiry};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use std::collections::{BTreeMap, HashMap};

/// How far back ends are looked for each time, in milliseconds.
pub(super) const RECENT: i64 = 15 * MINUTE;
/// Links of one transaction.
const BATCH: u64 = 200;

/// Notices ends that have come within the last `back` milliseconds and were not noticed yet.
pub(super) async fn notice(app: &App, back: i64) -> Result<(), Error> {
    let now = app.clock.now();
    loop {
        let seen = ended(now, back).order_by_asc(link::Column::ExpiresAt).limit(BATCH);
        let seen: Vec<Uuid> = seen.select_only().column(link::Column::Id).into_tuple().all(app.db.read()).await?;
        if !seen.is_empty() {
            notice_some(app, &seen, now, back).await?;
        }
        if (seen.len() as u64) < BATCH {
            return Ok(());
        }
    }
}

/// Links whose end has come, and that have no mark of it.
fn ended(now: i64, back: i64) -> Select<link::Entity> {
    let column = |column: webhook_expiry::Column| Expr::col((webhook_expiry::Entity, column));
    let noticed = webhook_expiry::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(column(webhook_expiry::Column::LinkId).equals((link::Entity, link::Column::Id)))
        .filter(column(webhook_expiry::Column::ExpiresAt).equals((link::Entity, link::Column::ExpiresAt)));
    link::Entity::find()
        .filter(link::Column::ExpiresAt.lte(now))
        .filter(link::Column::ExpiresAt.gt(now - back))
        .filter(Expr::exists(noticed.into_query()).not())
}

/// Marks and tells of links that are still as they were seen. Of two who come at once, the second finds the first's marks.
async fn notice_some(app: &App, seen: &[Uuid], now: i64, back: i64) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    // held in the order of their ids, as by everybody who holds many
    let rows = ended(now, back).filter(link::Column::Id.is_in(seen.iter().copied()));
    let rows = rows.order_by_asc(link::Column::Id).lock_shared().all(&tx).await?;
    let marks = rows.iter().filter_map(|row| {
        Some(webhook_expiry::Model { link_id: row.id, expires_at: row.expires_at?, tenant_id: row.tenant_id })
    });
    let marks: Vec<_> = marks.map(IntoActiveModel::into_active_model).collect();
    if marks.is_empty() {
        return Ok(());
    }
    let known = [webhook_expiry::Column::LinkId, webhook_expiry::Column::ExpiresAt];
    let known = OnConflict::columns(known).do_nothing().to_owned();
    let new = webhook_expiry::Entity::insert_many(marks).on_conflict(known).exec_with_returning(&tx).await?;
    let new: HashMap<Uuid, i64> = new.into_iter().map(|mark| (mark.link_id, mark.expires_at)).collect();
    let rows = rows.into_iter().filter(|row| row.expires_at.is_some_and(|at| new.get(&row.id) == Some(&at)));
    tell(app, &tx, rows.collect()).await?;
    tx.commit().await?;
    Ok(())
}

async fn tell(app: &App, tx: &DatabaseTransaction, rows: Vec<link::Model>) -> Result<(), Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let (mut tags, mut pixels) = (HashMap::<Uuid, Vec<String>>::new(), HashMap::<Uuid, Vec<Uuid>>::new());
    for row in link_tag::Entity::find().filter(link_tag::Column::LinkId.is_in(ids.iter().copied())).all(tx).await? {
        tags.entry(row.link_id).or_default().push(row.tag);
    }
    for row in link_pixel::Entity::find().filter(link_pixel::Column::LinkId.is_in(ids)).all(tx).await? {
        pixels.entry(row.link_id).or_default().push(row.pixel_id);
    }
    let mut by_tenant: BTreeMap<Uuid, Vec<Told>> = BTreeMap::new();
    for row in rows {
        let id = row.id;
        let link = match Link::try_from(row) {
            Ok(link) => link,
            Err(error) => {
                // it is marked like the others, or it would hold them up each time
                tracing::error!(%error, link_id = %id, "the end of a link cannot be told");
                continue;
            }
        };
        let (tags, pixel_ids) =
            (tags.remove(&link.id).unwrap_or_default(), pixels.remove(&link.id).unwrap_or_default());
        by_tenant.entry(link.tenant_id).or_default().push(Told { event: Event::LinkExpired, link, tags, pixel_ids });
    }
    for (tenant_id, links) in by_tenant {
        note::links(app, tx, tenant_id, links).await?;
    }
    Ok(())
}

/// Forgets marks of ends so long ago that nobody looks for them.
pub(super) async fn forget(app: &App, before: i64) -> Result<(), Error> {
    let over = webhook_expiry::Entity::delete_many().filter(webhook_expiry::Column::ExpiresAt.lt(before));
    over.exec(app.db.write()).await?;
    Ok(())
}
