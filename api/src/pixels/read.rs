//! Reads pixels of a tenant: one, a page of all, and those of many links in one statement.

use crate::{
    db::Db,
    error::Error,
    page::{Page, Sort, Window},
    scope::TenantScope,
};
use contract::{
    document::PixelMode,
    network::{Network, catalogue},
};
use entities::{TenantOwned, link_pixel, pixel};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::Expr,
};
use std::collections::{BTreeMap, HashMap};

/// A pixel of a tenant.
#[derive(Debug, Clone)]
pub struct Pixel {
    /// Its key.
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Its network, in the catalogue.
    pub network: &'static Network,
    /// What its owner calls it.
    pub name: String,
    /// Its ids in the network, by field.
    pub ids: BTreeMap<String, String>,
    /// How it fires.
    pub mode: PixelMode,
    /// Whether it fires on every link of the tenant.
    pub is_default: bool,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

impl TryFrom<pixel::Model> for Pixel {
    type Error = Error;

    fn try_from(row: pixel::Model) -> Result<Self, Error> {
        let unknown = || Error::Fault(format!("pixels.network: {} is not in the catalogue", row.network));
        let network = catalogue().get(&row.network).ok_or_else(unknown)?;
        let ids = serde_json::from_value(row.ids).map_err(|error| Error::Fault(format!("pixels.ids: {error}")))?;
        let mode = match row.mode {
            pixel::Mode::Auto => PixelMode::Auto,
            pixel::Mode::Script => PixelMode::Script,
        };
        Ok(Self {
            id: row.id,
            tenant_id: row.tenant_id,
            network,
            name: row.name,
            ids,
            mode,
            is_default: row.is_default,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The pixel with this id.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn find(db: &Db, scope: TenantScope, id: Uuid) -> Result<Pixel, Error> {
    let row = pixel::Entity::of(scope.tenant_id()).filter(pixel::Column::Id.eq(id)).one(db.read()).await?;
    row.ok_or_else(|| Error::not_found("id"))?.try_into()
}

/// A tenant's pixels, in the order they were made.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(db: &Db, scope: TenantScope, page: &Page) -> Result<Window<Pixel>, Error> {
    let sort = Sort {
        name: "id",
        by: None,
        id: Expr::col((pixel::Entity, pixel::Column::Id)),
        id_of: |row: &pixel::Model| row.id,
        descending: false,
    };
    page.fetch(db.read(), pixel::Entity::of(scope.tenant_id()), &sort).await?.try_map(Pixel::try_from)
}

/// All of a tenant's pixels, in the order they were made.
pub(super) async fn all(db: &Db, tenant_id: Uuid) -> Result<Vec<Pixel>, Error> {
    let rows = pixel::Entity::of(tenant_id).order_by_asc(pixel::Column::Id).all(db.read()).await?;
    rows.into_iter().map(Pixel::try_from).collect()
}

/// How many pixels a tenant has.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, scope: TenantScope) -> Result<u64, Error> {
    Ok(pixel::Entity::of(scope.tenant_id()).count(db.read()).await?)
}

/// Those of a tenant's pixels that have these ids, in one statement.
///
/// # Errors
/// Of the database.
pub async fn by_ids(db: &Db, tenant_id: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, Pixel>, Error> {
    let rows = pixel::Entity::of(tenant_id).filter(pixel::Column::Id.is_in(ids.iter().copied()));
    let rows = rows.all(db.read()).await?;
    rows.into_iter().map(|row| Ok((row.id, row.try_into()?))).collect()
}

/// The pixels of each of these links, besides the default ones, in the order they were made; two statements.
///
/// # Errors
/// Of the database.
pub async fn of_links(db: &Db, tenant_id: Uuid, links: &[Uuid]) -> Result<HashMap<Uuid, Vec<Pixel>>, Error> {
    let joined =
        link_pixel::Entity::belongs_to(pixel::Entity).from(link_pixel::Column::PixelId).to(pixel::Column::Id).into();
    let rows = link_pixel::Entity::of(tenant_id)
        .filter(link_pixel::Column::LinkId.is_in(links.iter().copied()))
        .filter(pixel::Column::TenantId.eq(tenant_id))
        .join(JoinType::InnerJoin, joined)
        .select_also(pixel::Entity)
        .order_by_asc(link_pixel::Column::PixelId)
        .all(db.read())
        .await?;
    let mut found: HashMap<Uuid, Vec<Pixel>> = HashMap::new();
    for (pair, pixel) in rows {
        if let Some(pixel) = pixel {
            found.entry(pair.link_id).or_default().push(pixel.try_into()?);
        }
    }
    Ok(found)
}
