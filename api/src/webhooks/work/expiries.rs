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
use contract::clock::DAY;
use entities::{TenantOwned, link, link_pixel, link_tag, webhook_expiry};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// How far back ends are noticed, in milliseconds: as long as no loop may have run.
const BACK: i64 = 7 * DAY;
/// Links of one round.
const BATCH: u64 = 200;

/// Notices ends that have come since the last time.
pub(super) async fn notice(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    loop {
        let noticed = webhook_expiry::Entity::find()
            .select_only()
            .expr(Expr::val(1))
            .filter(
                Expr::col((webhook_expiry::Entity, webhook_expiry::Column::LinkId))
                    .equals((link::Entity, link::Column::Id)),
            )
            .filter(
                Expr::col((webhook_expiry::Entity, webhook_expiry::Column::ExpiresAt))
                    .equals((link::Entity, link::Column::ExpiresAt)),
            );
        let ended = link::Entity::find()
            .filter(link::Column::ExpiresAt.lte(now))
            .filter(link::Column::ExpiresAt.gt(now - BACK))
            .filter(Expr::exists(noticed.into_query()).not())
            .order_by_asc(link::Column::ExpiresAt)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let full = ended.len() as u64 == BATCH;
        for row in ended {
            notice_one(app, &row).await?;
        }
        if !full {
            return Ok(());
        }
    }
}

async fn notice_one(app: &App, seen: &link::Model) -> Result<(), Error> {
    let Some(expires_at) = seen.expires_at else { return Ok(()) };
    let tx = app.db.begin().await?;
    // it may have been given another end, or be gone
    let same = link::Entity::of(seen.tenant_id).filter(link::Column::Id.eq(seen.id));
    let Some(row) = same.filter(link::Column::ExpiresAt.eq(expires_at)).lock_shared().one(&tx).await? else {
        return Ok(());
    };
    let mark = webhook_expiry::Model { link_id: row.id, expires_at, tenant_id: row.tenant_id };
    let known = [webhook_expiry::Column::LinkId, webhook_expiry::Column::ExpiresAt];
    let known = OnConflict::columns(known).do_nothing().to_owned();
    let mark = webhook_expiry::Entity::insert(mark.into_active_model()).on_conflict(known);
    if mark.exec_without_returning(&tx).await? > 0 {
        let (tags, pixel_ids) = attached(&tx, row.tenant_id, row.id).await?;
        let link = Link::try_from(row)?;
        let told = Told { link: &link, tags: &tags, pixel_ids: &pixel_ids };
        note::links(app, &tx, link.tenant_id, Event::LinkExpired, [told]).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn attached(tx: &DatabaseTransaction, tenant_id: Uuid, link_id: Uuid) -> Result<(Vec<String>, Vec<Uuid>), Error> {
    let tags = link_tag::Entity::of(tenant_id).filter(link_tag::Column::LinkId.eq(link_id));
    let tags = tags.order_by_asc(link_tag::Column::Tag).all(tx).await?;
    let pixels = link_pixel::Entity::of(tenant_id).filter(link_pixel::Column::LinkId.eq(link_id));
    let pixels = pixels.order_by_asc(link_pixel::Column::PixelId).all(tx).await?;
    Ok((tags.into_iter().map(|row| row.tag).collect(), pixels.into_iter().map(|row| row.pixel_id).collect()))
}

/// Forgets marks of ends so long ago that nobody looks for them.
pub(super) async fn forget(app: &App, before: i64) -> Result<(), Error> {
    let over = webhook_expiry::Entity::delete_many().filter(webhook_expiry::Column::ExpiresAt.lt(before));
    over.exec(app.db.write()).await?;
    Ok(())
}
