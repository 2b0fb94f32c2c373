//! Changes links that are there: their fields, their address, whether they lead anywhere, and whether they are there at
//! all. Every operation holds the link's row, so that two changes of one link follow each other.

use super::{
    Link, attached,
    check::{self, Checked},
    draft::{Draft, LinkChange},
    known::{Kept, Known},
    row,
    text::mistake,
    told::told,
    written::Written,
};
use crate::{
    app::App,
    audit::Deed,
    error::{Code, Error},
    scope::TenantScope,
    tenants,
};
use entities::{TenantOwned, link, slot};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, SqlErr,
    prelude::{Json, Uuid},
};
use serde_json::json;

/// Changes a link: only the fields that are given. With a new slug or domain it moves, and its old address is free.
///
/// # Errors
/// `NOT_FOUND` in `id`; all mistakes of what the link would be; of the database.
pub async fn update(app: &App, scope: TenantScope, id: Uuid, change: LinkChange) -> Result<Link, Error> {
    let tx = app.db.begin().await?;
    if matches!(change.external_id, Some(Some(_))) {
        // whoever gives out external ids holds the tenant: of two that want one the second sees the first
        tenants::hold(&tx, scope.tenant_id()).await?;
    }
    let before = hold(&tx, scope, id).await?;
    let changed = apply(app, &tx, scope, before, change).await?;
    let deed = Deed::new("updateLink", "Link", Some(id)).before(&changed.before)?.after(&changed.after)?;
    let mut written = Written::default();
    written.changed(&changed.link, changed.tags, changed.pixel_ids, changed.from);
    written.commit(app, tx, scope, deed).await?;
    Ok(changed.link)
}

/// A change that was written and that nobody has been told of.
pub(super) struct Changed {
    /// The link as it is now.
    pub(super) link: Link,
    /// Its tags.
    pub(super) tags: Vec<String>,
    /// Its own pixels.
    pub(super) pixel_ids: Vec<Uuid>,
    /// Where it lived before, a domain and a slug.
    pub(super) from: (Uuid, String),
    /// For the audit log.
    pub(super) before: Json,
    /// For the audit log.
    pub(super) after: Json,
}

/// Writes a change of a link that is held.
///
/// # Errors
/// All mistakes of what the link would be; of the database.
pub(super) async fn apply(
    app: &App,
    tx: &DatabaseTransaction,
    scope: TenantScope,
    before: link::Model,
    change: LinkChange,
) -> Result<Changed, Error> {
    let (tenant_id, id) = (scope.tenant_id(), before.id);
    let (tags, pixels) = attached::read(tx, tenant_id, id).await?;
    let told_before = told(&before.clone().try_into()?, &tags, &pixels);
    let kept = Kept { domain_id: before.domain_id, pixel_ids: pixels.iter().copied().collect() };
    let draft = Draft::of(Link::try_from(before.clone())?, tags, pixels).with(change);
    let mut mistakes = Vec::new();
    let checked = check::shape(draft, &app.rules, None, &mut mistakes);
    let known = Known::load(tx, &app.rules, tenant_id, [&checked], Some(kept)).await?;
    let domain = check::place(&checked, &known, &mut mistakes);
    let slug = checked.slug.as_ref().map_or_else(|| before.slug.clone(), |slug| slug.as_str().to_owned());
    let moves = |domain_id: &Uuid| (*domain_id, slug.as_str()) != (before.domain_id, before.slug.as_str());
    if let Some(domain_id) = domain.filter(moves)
        && is_taken(app, domain_id, &slug).await?
    {
        mistakes.push(mistake(["slug"], Code::Taken, "is in use on this domain"));
    }
    if checked.external_id != before.external_id && is_named(tx, scope, checked.external_id.as_deref()).await? {
        mistakes.push(mistake(["externalId"], Code::Taken, "belongs to another link of the tenant"));
    }
    let Some(domain_id) = domain.filter(|_| mistakes.is_empty()) else { return Err(Error::Mistakes(mistakes)) };
    let row = row::columns(&checked, domain_id, &slug, app.clock.now())?;
    let link: Link = write(tx, scope, id, row).await?.try_into()?;
    attached::clear(tx, tenant_id, id).await?;
    attached::write(tx, tenant_id, [(id, checked.tags.as_slice(), checked.pixel_ids.as_slice())]).await?;
    let after = told(&link, &checked.tags, &checked.pixel_ids);
    let Checked { tags, pixel_ids, .. } = checked;
    Ok(Changed { link, tags, pixel_ids, from: (before.domain_id, before.slug), before: told_before, after })
}

/// Puts a link away: visits are refused until it is restored. An archived link stays as it is.
///
/// # Errors
/// `NOT_FOUND` in `id`; `INVALID` in `id` for a link that the operator switched off; of the database.
pub async fn archive(app: &App, scope: TenantScope, id: Uuid) -> Result<Link, Error> {
    set_state(app, scope, id, link::State::Archived, "archiveLink").await
}

/// Brings an archived link back. An active link stays as it is.
///
/// # Errors
/// As [`archive`].
pub async fn restore(app: &App, scope: TenantScope, id: Uuid) -> Result<Link, Error> {
    set_state(app, scope, id, link::State::Active, "restoreLink").await
}

/// Deletes a link with its tags; its clicks stay, and its address is free.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn delete(app: &App, scope: TenantScope, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let gone: Link = hold(&tx, scope, id).await?.try_into()?;
    let (tags, pixels) = attached::read(&tx, scope.tenant_id(), id).await?;
    let deed = Deed::new("deleteLink", "Link", Some(id)).before(&told(&gone, &tags, &pixels))?;
    attached::clear(&tx, scope.tenant_id(), id).await?;
    link::Entity::delete_of(scope.tenant_id()).filter(link::Column::Id.eq(id)).exec(&tx).await?;
    let mut written = Written::default();
    written.deleted(&gone, tags, pixels);
    written.commit(app, tx, scope, deed).await
}

async fn set_state(
    app: &App,
    scope: TenantScope,
    id: Uuid,
    state: link::State,
    action: &'static str,
) -> Result<Link, Error> {
    let tx = app.db.begin().await?;
    let before = hold(&tx, scope, id).await?;
    if before.state == link::State::Disabled {
        return Err(Error::mistake("id", Code::Invalid, "was switched off by the operator of this server"));
    }
    if before.state == state {
        return before.try_into();
    }
    let row = link::ActiveModel { state: Set(state), updated_at: Set(app.clock.now()), ..Default::default() };
    let after: Link = write(&tx, scope, id, row).await?.try_into()?;
    let (tags, pixels) = attached::read(&tx, scope.tenant_id(), id).await?;
    let deed = Deed::new(action, "Link", Some(id));
    let deed = deed
        .before(&json!({ "state": before.state.to_value() }))?
        .after(&json!({ "state": after.stored_state.to_value() }))?;
    let mut written = Written::default();
    written.changed(&after, tags, pixels, (before.domain_id, before.slug));
    written.commit(app, tx, scope, deed).await?;
    Ok(after)
}

/// Whether a link has this external id.
async fn is_named(tx: &DatabaseTransaction, scope: TenantScope, id: Option<&str>) -> Result<bool, DbErr> {
    let Some(id) = id else { return Ok(false) };
    let named = link::Entity::of(scope.tenant_id()).filter(link::Column::ExternalId.eq(id));
    Ok(named.one(tx).await?.is_some())
}

/// Reads a link and keeps others from changing it until the transaction ends.
async fn hold(tx: &DatabaseTransaction, scope: TenantScope, id: Uuid) -> Result<link::Model, Error> {
    let row = link::Entity::of(scope.tenant_id()).filter(link::Column::Id.eq(id)).lock_exclusive().one(tx).await?;
    row.ok_or_else(|| Error::not_found("id"))
}

/// Whether a link of anybody is there. Addresses are counted up as the last of a transaction, so that this one has changed none
/// yet.
async fn is_taken(app: &App, domain_id: Uuid, slug: &str) -> Result<bool, DbErr> {
    let slot = slot::Entity::find_by_id((domain_id, slug.to_owned())).one(app.db.everywhere().read()).await?;
    Ok(slot.is_some_and(|slot| slot.link_id.is_some()))
}

async fn write(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    id: Uuid,
    row: link::ActiveModel,
) -> Result<link::Model, Error> {
    let update = link::Entity::update_of(scope.tenant_id()).set(row).filter(link::Column::Id.eq(id));
    match update.exec_with_returning(tx).await {
        Ok(mut rows) => rows.pop().ok_or_else(|| Error::not_found("id")),
        // somebody else came between the look and the write
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Err(Error::mistake("slug", Code::Taken, "is in use on this domain"))
        }
        Err(error) => Err(error.into()),
    }
}
