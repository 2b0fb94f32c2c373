//! Pixels of a tenant: made, changed and deleted one at a time behind the tenant's row lock, so that their number and
//! the size of the tenant's document stay within bounds whoever writes at once. Each write commits the new version of
//! that document with it.

mod check;
pub mod health;
mod image;
mod read;

pub use check::{MAX_IDS, MAX_NAME};
pub use read::{Pixel, by_ids, count, find, list, of_links};

use crate::{
    app::App,
    audit::{self, Deed},
    domains,
    error::{Code, Error, Mistake, gather},
    invalidation::Changes,
    links::text::mistake,
    once::{Call, Once},
    scope::TenantScope,
};
use contract::{
    document::{self, MAX_PIXELS, PixelMode},
    network::{IdProblem, Network},
};
use entities::{TenantOwned, documents, link_pixel, pixel};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    prelude::{Json, Uuid},
};
use serde_json::json;
use std::collections::BTreeSet;

/// A pixel to be made.
#[derive(Debug, Clone)]
pub struct NewPixel {
    /// Of the catalogue.
    pub network: &'static Network,
    /// What its owner calls it.
    pub name: String,
    /// Its ids in the network, as pairs of field and value.
    pub ids: Vec<(String, String)>,
    /// How it fires.
    pub mode: PixelMode,
    /// Whether it fires on every link of the tenant.
    pub is_default: bool,
}

/// What is to change about a pixel; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct PixelChange {
    /// What its owner calls it.
    pub name: Option<String>,
    /// All its ids, as pairs of field and value.
    pub ids: Option<Vec<(String, String)>>,
    /// How it fires.
    pub mode: Option<PixelMode>,
    /// Whether it fires on every link of the tenant.
    pub is_default: Option<bool>,
}

/// A pixel as it was stored.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The pixel.
    pub pixel: Pixel,
    /// What is odd about its ids, but allowed.
    pub warnings: Vec<IdProblem>,
}

/// Makes a pixel.
///
/// # Errors
/// Mistakes in `name`, `ids` and `mode`; `LIMIT_REACHED` in `tenantId` for a tenant that has [`MAX_PIXELS`]; of the
/// database.
pub async fn create(app: &App, scope: TenantScope, new: NewPixel, once: Option<Once>) -> Result<Saved, Error> {
    let mut mistakes = Vec::new();
    let name = check::name(&new.name, &mut mistakes);
    let checked = check::ids(new.network, &new.ids, app.rules.reach, &mut mistakes);
    check::mode(new.network, new.mode, &mut mistakes);
    let now = app.clock.now();
    let call = Call { owner_id: scope.tenant_id(), action: "createPixel", part: 0, once: once.as_ref(), now };
    let row = pixel::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(scope.tenant_id()),
        network: Set(new.network.key.clone()),
        name: Set(name),
        ids: Set(column(&checked.ids)?),
        mode: Set(stored(new.mode)),
        is_default: Set(new.is_default),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let (tx, changes) = lock(app, scope).await?;
    refuse_own_host(app, &tx, &checked, &mut mistakes).await?;
    if let Some(Some(id)) = gather(&mut mistakes, call.begin::<Uuid>(&tx).await)? {
        let row = pixel::Entity::of(scope.tenant_id()).filter(pixel::Column::Id.eq(id)).one(&tx).await?;
        let rule = "belongs to a call whose pixel was deleted since";
        let row = row.ok_or_else(|| Error::mistake("idempotencyKey", Code::NotFound, rule))?;
        return Ok(Saved { pixel: row.try_into()?, warnings: checked.warnings });
    }
    let present = pixel::Entity::of(scope.tenant_id()).count(&tx).await?;
    if present >= MAX_PIXELS as u64 {
        let rule = format!("has {MAX_PIXELS} pixels already, the most that a tenant can have");
        mistakes.push(mistake(["tenantId"], Code::LimitReached, rule));
    }
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes));
    }
    let row = pixel::Entity::insert(row).exec_with_returning(&tx).await?;
    check_size(&tx, scope).await?;
    call.keep(&tx, &row.id).await?;
    let pixel = Pixel::try_from(row)?;
    let deed = Deed::new(call.action, "Pixel", Some(pixel.id)).after(&told(&pixel))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(Saved { pixel, warnings: checked.warnings })
}

/// Changes a pixel; its network stays.
///
/// # Errors
/// `NOT_FOUND` in `id`; mistakes in `name`, `ids` and `mode`; of the database.
pub async fn update(app: &App, scope: TenantScope, id: Uuid, change: PixelChange) -> Result<Saved, Error> {
    let (tx, changes) = lock(app, scope).await?;
    let before = pixel::Entity::of(scope.tenant_id()).filter(pixel::Column::Id.eq(id)).one(&tx).await?;
    let before = Pixel::try_from(before.ok_or_else(|| Error::not_found("id"))?)?;
    let network = before.network;
    let deed = Deed::new("updatePixel", "Pixel", Some(id)).before(&told(&before))?;
    let mut row = pixel::ActiveModel { updated_at: Set(app.clock.now()), ..Default::default() };
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    if let Some(name) = &change.name {
        row.name = Set(check::name(name, &mut mistakes));
    }
    if let Some(mode) = change.mode {
        check::mode(network, mode, &mut mistakes);
        row.mode = Set(stored(mode));
    }
    if let Some(ids) = &change.ids {
        let checked = check::ids(network, ids, app.rules.reach, &mut mistakes);
        refuse_own_host(app, &tx, &checked, &mut mistakes).await?;
        row.ids = Set(column(&checked.ids)?);
        warnings = checked.warnings;
    }
    if let Some(is_default) = change.is_default {
        row.is_default = Set(is_default);
    }
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes));
    }
    let update = pixel::Entity::update_of(scope.tenant_id()).set(row).filter(pixel::Column::Id.eq(id));
    let row = update.exec_with_returning(&tx).await?.pop().ok_or_else(|| Error::not_found("id"))?;
    check_size(&tx, scope).await?;
    let pixel = Pixel::try_from(row)?;
    audit::record(&tx, &app.clock, scope, deed.after(&told(&pixel))?).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(Saved { pixel, warnings })
}

/// Deletes a pixel; it leaves the links that had it. Their documents may name it until they next change: a pixel that
/// the tenant's document does not have fires nowhere.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn delete(app: &App, scope: TenantScope, id: Uuid) -> Result<(), Error> {
    let (tx, changes) = lock(app, scope).await?;
    let before = pixel::Entity::of(scope.tenant_id()).filter(pixel::Column::Id.eq(id)).one(&tx).await?;
    let before = Pixel::try_from(before.ok_or_else(|| Error::not_found("id"))?)?;
    let on_links = link_pixel::Entity::delete_of(scope.tenant_id());
    on_links.filter(link_pixel::Column::PixelId.eq(id)).exec(&tx).await?;
    pixel::Entity::delete_of(scope.tenant_id()).filter(pixel::Column::Id.eq(id)).exec(&tx).await?;
    let deed = Deed::new("deletePixel", "Pixel", Some(id)).before(&told(&before))?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(())
}

/// A pixel as the audit log tells of it.
fn told(pixel: &Pixel) -> Json {
    json!({
        "network": pixel.network.key,
        "name": pixel.name,
        "ids": pixel.ids,
        "mode": pixel.mode,
        "isDefault": pixel.is_default,
    })
}

/// Begins a transaction that holds the tenant's row, and counts up the version of its document: who comes second waits
/// here, and sees what the first did.
async fn lock(app: &App, scope: TenantScope) -> Result<(DatabaseTransaction, Changes), Error> {
    let tx = app.db.begin().await?;
    let mut changes = Changes::default();
    changes.tenant(&tx, &app.clock, scope.tenant_id()).await?;
    Ok((tx, changes))
}

/// Refuses a tenant's document that could not be cached any more.
async fn check_size(tx: &DatabaseTransaction, scope: TenantScope) -> Result<(), Error> {
    let composed = documents::tenant(tx, scope.tenant_id()).await?;
    match composed.value.as_ref().map(document::encode) {
        Some(Err(document::DocumentError::TooLarge(_))) => {
            let rule = "make all pixels of the tenant together too large; shorten them or delete a pixel";
            Err(Error::mistake("ids", Code::LimitReached, rule))
        }
        Some(Err(error)) => Err(Error::Fault(error.to_string())),
        _ => Ok(()),
    }
}

async fn refuse_own_host(
    app: &App,
    tx: &DatabaseTransaction,
    checked: &check::Checked,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), Error> {
    if let Some((field, name)) = &checked.own_host
        && !domains::serving_links(tx, &app.rules, &BTreeSet::from([name.clone()])).await?.is_empty()
    {
        mistakes.push(mistake(["ids", field], Code::Invalid, "must not name a domain that serves links"));
    }
    Ok(())
}

fn column(ids: &impl serde::Serialize) -> Result<Json, Error> {
    serde_json::to_value(ids).map_err(|error| Error::Fault(format!("pixels.ids: {error}")))
}

const fn stored(mode: PixelMode) -> pixel::Mode {
    match mode {
        PixelMode::Auto => pixel::Mode::Auto,
        PixelMode::Script => pixel::Mode::Script,
    }
}
