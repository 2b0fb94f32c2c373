//! Tenants: making one, reading one, changing its name and its policy for visits. Every change counts the tenant's version
//! up and tells the redirectors.

pub mod branding;
pub mod consent;
mod name;

pub(crate) use name::{check_name, is_like_an_address};

use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    invalidation::Changes,
    links::defaults::{self, NewDefaults},
    once::{Call, Once},
    scope::{Caller, Permission, TenantScope, hold_user},
};
use branding::BrandingChange;
use contract::{consent::ConsentPolicy, document::Policy};
use entities::{membership, membership::Role, tenant};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    prelude::{Json, Uuid},
    sea_query::LockType,
};
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;

/// Longest name, in characters.
pub const MAX_NAME: usize = 100;
/// Most tenants that one user may own.
pub const MAX_OWNED: usize = 100;
/// Most tenants that one user may be a member of.
pub const MAX_MEMBERSHIPS: usize = 200;
/// What a page may wait for at most, in milliseconds.
pub const BUDGET_MS: RangeInclusive<i32> = 300..=5_000;
/// Share of confirmed visits below which a pixel is unhealthy when nobody says otherwise, in hundredths of a percent.
const HEALTH_THRESHOLD: i32 = 5_000;

/// The values of `Referrer-Policy`, as the W3C's Referrer Policy has them.
pub const REFERRER_POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// Makes a tenant that the caller owns.
///
/// # Errors
/// Every mistake at once: in `name` and `idempotencyKey`; `LIMIT_REACHED` in `name` beyond [`MAX_OWNED`] and
/// [`MAX_MEMBERSHIPS`]; [`Error::KeyForbidden`] for a caller with an API key.
pub async fn create(
    app: &App,
    caller: Caller,
    name: &str,
    once: Option<Once>,
) -> Result<(TenantScope, tenant::Model), Error> {
    caller.session_id()?;
    // nobody is a member of what is only being made
    let app = &app.everywhere();
    let mut mistakes = Mistakes::default();
    let name = check_name("name", name, &mut mistakes);
    let mut changes = Changes::default();
    let now = app.clock.now();
    let call = Call { owner_id: caller.user_id, action: "createTenant", part: 0, once: once.as_ref(), now };
    let tx = app.db.begin().await?;
    if let Some(Some(id)) = mistakes.gather(call.begin::<Uuid>(&tx).await)? {
        drop(tx);
        let scope = TenantScope::of(&app.db, caller, id, Permission::ReadTenant, "idempotencyKey").await?;
        return Ok((scope, find(app, &scope).await?));
    }
    hold_user(&tx, caller.user_id).await?;
    let all = TenantScope::all(&tx, caller).await?;
    if all.len() >= MAX_MEMBERSHIPS {
        let rule = format!("a user is a member of at most {MAX_MEMBERSHIPS} tenants");
        mistakes.add("name", Code::LimitReached, rule);
    } else if all.iter().filter(|scope| scope.role() == Role::Owner).count() >= MAX_OWNED {
        let rule = format!("a user owns at most {MAX_OWNED} tenants");
        mistakes.add("name", Code::LimitReached, rule);
    }
    mistakes.check()?;
    let row = insert(app, &tx, &mut changes, (caller, name), call.action).await?;
    call.keep(&tx, &row.id).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    let scope = TenantScope::of(&app.db, caller, row.id, Permission::ReadTenant, "tenantId").await?;
    Ok((scope, row))
}

/// Inserts a tenant with its owner, at version 1; `action` is the mutation that does it.
pub(crate) async fn insert(
    app: &App,
    tx: &DatabaseTransaction,
    changes: &mut Changes,
    (owner, name): (Caller, String),
    action: &'static str,
) -> Result<tenant::Model, Error> {
    let now = app.clock.now();
    let policy = Policy::default();
    let row = tenant::Model {
        id: Uuid::now_v7(),
        name,
        active: true,
        ver: 0,
        budget_ms: i32::try_from(policy.budget_ms).unwrap_or(*BUDGET_MS.end()),
        confirm_share: i32::try_from(policy.confirm_share).unwrap_or_default(),
        honour_gpc: policy.honour_gpc,
        referrer_policy: policy.referrer_policy,
        health_threshold: HEALTH_THRESHOLD,
        consent: None,
        branding: None,
        link_defaults: None,
        created_at: now,
        updated_at: now,
    };
    tenant::Entity::insert(tenant::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    let member = membership::Model { tenant_id: row.id, user_id: owner.user_id, role: Role::Owner, created_at: now };
    membership::Entity::insert(membership::ActiveModel::from(member)).exec_without_returning(tx).await?;
    changes.tenant(tx, &app.clock, row.id).await?;
    let deed = Deed::new(action, "Tenant", Some(row.id)).after(&told(&row)?)?;
    audit::record(tx, &app.clock, Author::new(row.id, owner), deed).await?;
    Ok(row)
}

/// A tenant as the audit log tells of it: instead of its logo, which may have 20 KiB, the hash of that.
fn told(row: &tenant::Model) -> Result<Json, Error> {
    let link_defaults = row.link_defaults.clone().map(defaults::told).transpose()?;
    let mut branding = row.branding.clone().unwrap_or_default();
    if let Some(logo) = branding.get_mut("logo")
        && let Some(text) = logo.as_str()
    {
        *logo = Json::String(format!(
            "sha256:{}",
            Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        ));
    }
    Ok(json!({
        "name": row.name,
        "policy": {
            "budgetMs": row.budget_ms,
            "confirmShare": f64::from(row.confirm_share) / 10_000.0,
            "honourGpc": row.honour_gpc,
            "referrerPolicy": row.referrer_policy,
            "healthThreshold": f64::from(row.health_threshold) / 10_000.0,
            "consent": row.consent,
        },
        "branding": branding,
        "linkDefaults": link_defaults,
    }))
}

/// Reads a tenant.
///
/// # Errors
/// `NOT_FOUND` when it was deleted meanwhile.
pub async fn find(app: &App, scope: &TenantScope) -> Result<tenant::Model, Error> {
    let row = tenant::Entity::find_by_id(scope.tenant_id()).one(app.db.read()).await?;
    row.ok_or_else(|| Error::not_found("id"))
}

/// Reads a tenant within a transaction. With `held` nobody else who wants that goes on before this transaction ends, and
/// rows that refer to the tenant can be written all the same.
///
/// # Errors
/// `NOT_FOUND` in `tenantId` when it was deleted meanwhile; of the database.
pub(crate) async fn read(tx: &DatabaseTransaction, tenant_id: Uuid, held: bool) -> Result<tenant::Model, Error> {
    let row = tenant::Entity::find_by_id(tenant_id);
    let row = if held { row.lock(LockType::NoKeyUpdate) } else { row };
    row.one(tx).await?.ok_or_else(|| Error::not_found("tenantId"))
}

/// Holds a tenant, as [`read`] does.
///
/// # Errors
/// As [`read`].
pub(crate) async fn hold(tx: &DatabaseTransaction, tenant_id: Uuid) -> Result<(), Error> {
    read(tx, tenant_id, true).await.map(drop)
}

/// All tenants of a caller, in the order the caller joined them.
///
/// # Errors
/// Of the database.
pub async fn all(app: &App, caller: Caller) -> Result<Vec<(TenantScope, tenant::Model)>, Error> {
    let scopes = TenantScope::all(app.db.read(), caller).await?;
    let ids = scopes.iter().map(TenantScope::tenant_id);
    let rows = tenant::Entity::find().filter(tenant::Column::Id.is_in(ids)).all(app.db.read()).await?;
    let row = |scope: &TenantScope| rows.iter().find(|row| row.id == scope.tenant_id()).cloned();
    Ok(scopes.iter().filter_map(|scope| Some((*scope, row(scope)?))).collect())
}

/// What a column of a tenant holds; what holds out of the box when it is empty.
///
/// # Errors
/// A fault for what cannot be read.
pub fn stored<T: DeserializeOwned + Default>(column: Option<Json>) -> Result<T, Error> {
    let read = column.map(serde_json::from_value).transpose();
    read.map(Option::unwrap_or_default).map_err(|error| Error::Fault(format!("a tenant's settings: {error}")))
}

/// What to change; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    /// 1 to 100 characters.
    pub name: Option<String>,
    /// 300 to 5,000 ms.
    pub budget_ms: Option<i32>,
    /// From 0 to 1.
    pub confirm_share: Option<f64>,
    /// Whether a Global Privacy Control signal refuses pixels.
    pub honour_gpc: Option<bool>,
    /// One of [`REFERRER_POLICIES`].
    pub referrer_policy: Option<String>,
    /// From 0 to 1.
    pub health_threshold: Option<f64>,
    /// Where pixels need consent, in full.
    pub consent: Option<ConsentPolicy>,
    /// How its pages look and speak.
    pub branding: Option<BrandingChange>,
    /// What its links are when nobody says otherwise, in full.
    pub link_defaults: Option<NewDefaults>,
}

/// Changes a tenant.
///
/// # Errors
/// Every mistake of the input at once; [`Error::Forbidden`] below the role ADMIN.
pub async fn update(app: &App, scope: &TenantScope, mut change: TenantChange) -> Result<tenant::Model, Error> {
    scope.demand(Permission::Administer)?;
    let new_defaults = change.link_defaults.take();
    let checked = check_change(change);
    let mut changes = Changes::default();
    let tx = app.db.begin().await?;
    changes.tenant(&tx, &app.clock, scope.tenant_id()).await?;
    let link_defaults = match new_defaults {
        Some(new) => defaults::check(&tx, &app.rules, scope.tenant_id(), new).await.map(Some),
        None => Ok(None),
    };
    let ((mut row, branding), link_defaults) = together(checked, link_defaults)?;
    row.id = Set(scope.tenant_id());
    row.updated_at = Set(app.clock.now());
    if let Some(link_defaults) = link_defaults {
        let written = serde_json::to_value(link_defaults).map_err(|error| Error::Fault(error.to_string()))?;
        row.link_defaults = Set(Some(written));
    }
    let before = tenant::Entity::find_by_id(scope.tenant_id()).one(&tx).await?;
    let before = before.ok_or_else(|| Error::not_found("id"))?;
    let deed = Deed::new("updateTenant", "Tenant", Some(before.id)).before(&told(&before)?)?;
    if let Some(change) = branding {
        row.branding = Set(Some(branding::applied(before.branding, change)?));
    }
    let row = row.update(&tx).await?;
    branding::check_size(&tx, scope).await?;
    audit::record(&tx, &app.clock, *scope, deed.after(&told(&row)?)?).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(row)
}

fn check_change(change: TenantChange) -> Result<(tenant::ActiveModel, Option<BrandingChange>), Error> {
    let mut mistakes = Mistakes::default();
    let name = change.name.map(|name| check_name("name", &name, &mut mistakes));
    let budget_ms = change.budget_ms;
    if budget_ms.is_some_and(|budget| !BUDGET_MS.contains(&budget)) {
        mistakes.push(in_policy("budgetMs", "must be from 300 to 5000"));
    }
    let confirm_share = change.confirm_share.map(|share| check_share("confirmShare", share, &mut mistakes));
    if change.referrer_policy.as_deref().is_some_and(|policy| !REFERRER_POLICIES.contains(&policy)) {
        mistakes.push(in_policy("referrerPolicy", "must be a value of Referrer-Policy"));
    }
    let health_threshold = change.health_threshold.map(|share| check_share("healthThreshold", share, &mut mistakes));
    let consent = change.consent.map(|policy| consent::check(policy, &mut mistakes));
    let branding = change.branding.map(|branding| branding::check(branding, &mut mistakes));
    mistakes.check()?;
    let consent = consent.map(serde_json::to_value).transpose().map_err(|error| Error::Fault(error.to_string()))?;
    let row = tenant::ActiveModel {
        name: name.map_or(NotSet, Set),
        budget_ms: budget_ms.map_or(NotSet, Set),
        confirm_share: confirm_share.map_or(NotSet, Set),
        honour_gpc: change.honour_gpc.map_or(NotSet, Set),
        referrer_policy: change.referrer_policy.map_or(NotSet, Set),
        health_threshold: health_threshold.map_or(NotSet, Set),
        consent: consent.map_or(NotSet, |consent| Set(Some(consent))),
        ..Default::default()
    };
    Ok((row, branding))
}

/// Both, or the mistakes of both.
fn together<A, B>(one: Result<A, Error>, other: Result<B, Error>) -> Result<(A, B), Error> {
    match (one, other) {
        (Err(Error::Mistakes(mut mistakes)), Err(Error::Mistakes(more))) => {
            mistakes.extend(more);
            Err(Error::Mistakes(mistakes))
        }
        (one, other) => Ok((one?, other?)),
    }
}

fn in_policy(field: &str, rule: &str) -> crate::error::Mistake {
    let field = vec!["policy".to_owned(), field.to_owned()];
    crate::error::Mistake { field, code: Code::Invalid, message: rule.to_owned() }
}

/// Notes what is wrong with a share and gives it in hundredths of a percent.
fn check_share(field: &str, share: f64, mistakes: &mut Mistakes) -> i32 {
    // a NaN is in no range
    if !(0.0..=1.0).contains(&share) {
        mistakes.push(in_policy(field, "must be from 0 to 1"));
    }
    hundredths_of_a_percent(share)
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and the range is checked")]
fn hundredths_of_a_percent(share: f64) -> i32 {
    (share * 10_000.0).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_mistakes_of_a_change_come_back_at_once() {
        let change = TenantChange {
            name: Some(" ".to_owned()),
            budget_ms: Some(299),
            confirm_share: Some(f64::NAN),
            honour_gpc: None,
            referrer_policy: Some("none".to_owned()),
            health_threshold: Some(1.1),
            ..TenantChange::default()
        };
        let Err(Error::Mistakes(mistakes)) = check_change(change) else { panic!("no mistakes") };
        let fields: Vec<String> = mistakes.iter().map(|mistake| mistake.field.join(".")).collect();
        let expected =
            ["name", "policy.budgetMs", "policy.confirmShare", "policy.referrerPolicy", "policy.healthThreshold"];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_share_is_kept_in_hundredths_of_a_percent() {
        assert_eq!([0.0, 0.02, 0.123_45, 1.0].map(hundredths_of_a_percent), [0, 200, 1_235, 10_000]);
    }
}
