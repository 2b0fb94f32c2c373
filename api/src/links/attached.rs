//! What hangs on a link in tables of its own: tags and pixels. Written with the link in one transaction, read for many
//! links at once.

use crate::{db::Db, error::Error};
use entities::{TenantOwned, link_pixel, link_tag};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid,
};
use std::collections::HashMap;

/// Rows of one statement: far below the parameters that SQLite (32,766) and PostgreSQL (65,535) take.
const ROWS: usize = 1_000;

/// The tags of each of these links, in the order of the alphabet, in one statement.
///
/// # Errors
/// Of the database.
pub async fn tags_of(db: &Db, tenant_id: Uuid, links: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>, Error> {
    let rows = link_tag::Entity::of(tenant_id)
        .filter(link_tag::Column::LinkId.is_in(links.iter().copied()))
        .all(db.read())
        .await?;
    let mut found: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        found.entry(row.link_id).or_default().push(row.tag);
    }
    // databases differ in their alphabets
    found.values_mut().for_each(|tags| tags.sort_unstable());
    Ok(found)
}

/// The tags and pixels of one link.
pub(super) async fn read(
    tx: &impl ConnectionTrait,
    tenant_id: Uuid,
    link_id: Uuid,
) -> Result<(Vec<String>, Vec<Uuid>), DbErr> {
    let tags = link_tag::Entity::of(tenant_id).filter(link_tag::Column::LinkId.eq(link_id)).all(tx).await?;
    let pixels = link_pixel::Entity::of(tenant_id)
        .select_only()
        .column(link_pixel::Column::PixelId)
        .filter(link_pixel::Column::LinkId.eq(link_id))
        .order_by_asc(link_pixel::Column::PixelId)
        .into_tuple()
        .all(tx)
        .await?;
    Ok((tags.into_iter().map(|row| row.tag).collect(), pixels))
}

/// Attaches tags and pixels, each once, to links that have none yet.
pub(super) async fn write<'a>(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    links: impl IntoIterator<Item = (Uuid, &'a [String], &'a [Uuid])>,
) -> Result<(), DbErr> {
    let (mut tag_rows, mut pixel_rows) = (Vec::new(), Vec::new());
    for (link_id, tags, pixels) in links {
        let tag = |tag: &String| link_tag::ActiveModel {
            link_id: Set(link_id),
            tag: Set(tag.clone()),
            tenant_id: Set(tenant_id),
        };
        tag_rows.extend(tags.iter().map(tag));
        let mut pixels = pixels.to_vec();
        pixels.sort_unstable();
        pixels.dedup();
        let pixel = |pixel_id| link_pixel::ActiveModel {
            link_id: Set(link_id),
            pixel_id: Set(pixel_id),
            tenant_id: Set(tenant_id),
        };
        pixel_rows.extend(pixels.into_iter().map(pixel));
    }
    for rows in tag_rows.chunks(ROWS) {
        link_tag::Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
    }
    for rows in pixel_rows.chunks(ROWS) {
        link_pixel::Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Takes all tags and pixels off a link.
pub(super) async fn clear(tx: &DatabaseTransaction, tenant_id: Uuid, link_id: Uuid) -> Result<(), DbErr> {
    link_tag::Entity::delete_of(tenant_id).filter(link_tag::Column::LinkId.eq(link_id)).exec(tx).await?;
    link_pixel::Entity::delete_of(tenant_id).filter(link_pixel::Column::LinkId.eq(link_id)).exec(tx).await?;
    Ok(())
}
