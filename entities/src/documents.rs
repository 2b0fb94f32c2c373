//! Composes the documents that the redirector serves from, out of rows. The one composer: the redirector fills its cache
//! with it and the API publishes with it, so that the two can never disagree about what a row means.

use crate::{TenantOwned, domain, link, link_pixel, pixel, slot, tenant};
use contract::{
    address::Host,
    document::{
        DocumentKey, DomainDocument, LinkDocument, LinkState, PixelDocument, PixelMode, Policy, SlotKey,
        TenantDocument, Utm, Versioned,
    },
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::{Json, Uuid},
};
use serde::de::DeserializeOwned;

/// Reads a domain by its host.
///
/// # Errors
/// Of the database.
pub async fn domain(db: &impl ConnectionTrait, host: &Host) -> Result<Versioned<DomainDocument>, DbErr> {
    let Some(row) = domain::last_of(host.as_str()).one(db).await? else { return Ok(Versioned::never()) };
    let version = version_of(row.ver);
    if row.deleted_at.is_some() {
        return Ok(Versioned { version, value: None });
    }
    let value =
        DomainDocument { domain_id: row.id, tenant_id: row.tenant_id, fallback: row.fallback, serving: row.serving };
    Ok(Versioned { version, value: Some(value) })
}

/// Reads what an address resolves to. The version is read before the link, so that a change in between leaves the
/// document newer than its version and never the other way round.
///
/// # Errors
/// Of the database; a stored value that cannot be read is one too.
pub async fn link(db: &impl ConnectionTrait, key: &SlotKey) -> Result<Versioned<LinkDocument>, DbErr> {
    let Some(slot) = find_slot(db, key).await? else { return Ok(Versioned::never()) };
    let version = version_of(slot.ver);
    let Some(link_id) = slot.link_id else { return Ok(Versioned { version, value: None }) };
    // by the slot, not by a tenant: an address belongs to whoever made the link there
    let Some(row) = link::Entity::find_by_id(link_id).one(db).await? else {
        return Ok(Versioned { version, value: None });
    };
    let pixel_ids = link_pixel::Entity::of(row.tenant_id)
        .select_only()
        .column(link_pixel::Column::PixelId)
        .filter(link_pixel::Column::LinkId.eq(link_id))
        .order_by_asc(link_pixel::Column::PixelId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(Versioned { version, value: Some(link_document(row, pixel_ids)?) })
}

fn link_document(row: link::Model, pixel_ids: Vec<Uuid>) -> Result<LinkDocument, DbErr> {
    Ok(LinkDocument {
        link_id: row.id,
        tenant_id: row.tenant_id,
        state: match row.state {
            link::State::Active => LinkState::Active,
            link::State::Archived => LinkState::Archived,
            link::State::Disabled => LinkState::Disabled,
        },
        destination: row.destination,
        title: row.title,
        starts_at: row.starts_at,
        expires_at: row.expires_at,
        fallback: row.fallback,
        forwarding: read("links.forwarding", row.forwarding)?,
        utm: Utm {
            source: row.utm_source,
            medium: row.utm_medium,
            campaign: row.utm_campaign,
            term: row.utm_term,
            content: row.utm_content,
        },
        values: read("links.merge_values", row.merge_values)?,
        pixel_ids,
        without_pixels: row.without_pixels,
        card: row.card.map(|card| read("links.card", card)).transpose()?,
    })
}

/// Reads a tenant with its pixels, in the order they were made.
///
/// # Errors
/// Of the database; a stored value that cannot be read is one too.
pub async fn tenant(db: &impl ConnectionTrait, tenant_id: Uuid) -> Result<Versioned<TenantDocument>, DbErr> {
    let Some(row) = tenant::Entity::find_by_id(tenant_id).one(db).await? else { return Ok(Versioned::never()) };
    let pixels = pixel::Entity::of(tenant_id).order_by_asc(pixel::Column::Id).all(db).await?;
    let pixels = pixels.into_iter().map(pixel_document).collect::<Result<_, _>>()?;
    let policy = Policy {
        budget_ms: u32::try_from(row.budget_ms).unwrap_or_default(),
        confirm_share: u32::try_from(row.confirm_share).unwrap_or_default(),
        honour_gpc: row.honour_gpc,
        referrer_policy: row.referrer_policy,
        consent: maybe("tenants.consent", row.consent)?,
    };
    let branding = maybe("tenants.branding", row.branding)?;
    let value = TenantDocument { tenant_id, name: row.name, active: row.active, policy, pixels, branding };
    Ok(Versioned { version: version_of(row.ver), value: Some(value) })
}

fn pixel_document(row: pixel::Model) -> Result<PixelDocument, DbErr> {
    Ok(PixelDocument {
        pixel_id: row.id,
        network: row.network,
        ids: read("pixels.ids", row.ids)?,
        mode: match row.mode {
            pixel::Mode::Auto => PixelMode::Auto,
            pixel::Mode::Script => PixelMode::Script,
        },
        default: row.is_default,
    })
}

/// Reads only the version of a document; 0 for one that never was.
///
/// # Errors
/// Of the database.
pub async fn version(db: &impl ConnectionTrait, key: &DocumentKey) -> Result<u64, DbErr> {
    let ver: Option<i64> = match key {
        DocumentKey::Domain(host) => {
            let select = domain::last_of(host.as_str()).select_only().column(domain::Column::Ver);
            select.into_tuple().one(db).await?
        }
        DocumentKey::Link(slot) => find_slot(db, slot).await?.map(|slot| slot.ver),
        DocumentKey::Tenant(id) => {
            let select = tenant::Entity::find_by_id(*id).select_only().column(tenant::Column::Ver);
            select.into_tuple().one(db).await?
        }
    };
    Ok(ver.map_or(0, version_of))
}

async fn find_slot(db: &impl ConnectionTrait, key: &SlotKey) -> Result<Option<slot::Model>, DbErr> {
    slot::Entity::find_by_id((key.domain_id, key.slug.to_string())).one(db).await
}

fn read<T: DeserializeOwned>(column: &str, value: Json) -> Result<T, DbErr> {
    serde_json::from_value(value).map_err(|error| DbErr::Type(format!("{column}: {error}")))
}

/// A column that holds nothing stands for what holds out of the box.
fn maybe<T: DeserializeOwned + Default>(column: &str, value: Option<Json>) -> Result<T, DbErr> {
    value.map_or_else(|| Ok(T::default()), |value| read(column, value))
}

fn version_of(ver: i64) -> u64 {
    u64::try_from(ver).unwrap_or_default()
}
