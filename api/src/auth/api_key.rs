//! API keys: what a user lets a program do in their name. A key may do what its scopes say in the tenants it names, and
//! never more than its owner may there at that moment. It is shown once; what is kept is its SHA-256, which is enough for
//! 178 random bits.

mod end;
mod form;

pub use end::{exclude, revoke};
pub(crate) use end::{leave, revoke_all};

use super::session;
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    once::{Call, Once},
    page::{Page, Sort, Window},
    scope::{Caller, Credential, KeyScope, KeyScopes, TenantScope, hold_memberships},
};
use contract::clock::MINUTE;
use entities::{api_key, api_key_tenant};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect, QueryTrait, Select, prelude::Uuid, sea_query::Expr,
};
use serde_json::json;

/// Longest name, in characters.
pub const MAX_NAME: usize = 100;
/// Most keys that a user can have, ended ones apart.
pub const MAX_KEYS: usize = 100;
/// Most tenants that a key can name.
pub const MAX_TENANTS: usize = 100;
/// How exactly one sees when a key was last used, in milliseconds.
const LAST_USED: i64 = MINUTE;

/// A new key, before anything was checked.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: KeyScopes,
    /// Where.
    pub tenant_ids: Vec<Uuid>,
    /// When it ends; `None` for never.
    pub expires_at: Option<i64>,
}

/// A key that was made. The secret is gone after this; a call that is repeated by its idempotency key has none.
#[derive(Debug, Clone)]
pub struct Made {
    /// The key.
    pub key: api_key::Model,
    /// What a program sends.
    pub secret: Option<String>,
}

/// Whether a token has the looks of an API key; anything else is an access token.
#[must_use]
pub fn is_api_key(token: &str) -> bool {
    token.starts_with(form::PREFIX)
}

/// Who shows this key.
///
/// # Errors
/// [`Error::Unauthenticated`] for one that is not ours, ended or over; of the database.
pub async fn authenticate(app: &App, key: &str) -> Result<Caller, Error> {
    let hash = form::hash(key).ok_or(Error::Unauthenticated)?;
    let row = api_key::Entity::find().filter(api_key::Column::Hash.eq(hash)).one(app.db.read()).await?;
    let now = app.clock.now();
    let row = row.filter(|row| works(row, now)).ok_or(Error::Unauthenticated)?;
    if row.last_used_at.is_none_or(|at| at + LAST_USED <= now) {
        let used = api_key::ActiveModel { last_used_at: Set(Some(now)), ..Default::default() };
        api_key::Entity::update_many().set(used).filter(api_key::Column::Id.eq(row.id)).exec(app.db.write()).await?;
    }
    let credential = Credential::Key { id: row.id, scopes: KeyScopes::of_stored(&row.scopes) };
    Ok(Caller { user_id: row.user_id, credential, request_id: Uuid::nil() })
}

/// Whether a key works at `now`.
#[must_use]
pub fn works(row: &api_key::Model, now: i64) -> bool {
    row.revoked_at.is_none() && row.expires_at.is_none_or(|at| at > now)
}

/// What is asked of keys for those that work at `now`, of which a user has at most [`MAX_KEYS`]; there is no end to the others.
fn working(now: i64) -> Condition {
    let lasting = Condition::any().add(api_key::Column::ExpiresAt.is_null()).add(api_key::Column::ExpiresAt.gt(now));
    Condition::all().add(api_key::Column::RevokedAt.is_null()).add(lasting)
}

/// Makes a key in the caller's name.
///
/// # Errors
/// All mistakes of the input; [`Error::KeyForbidden`] for a caller with a key; of the database.
pub async fn create(app: &App, caller: Caller, new: NewApiKey, once: Option<Once>) -> Result<Made, Error> {
    caller.session_id()?;
    let now = app.clock.now();
    let mut mistakes = Mistakes::default();
    let name = check_shape(&new, now, &mut mistakes);
    let (owner_id, action) = (caller.user_id, "createApiKey");
    let call = Call { owner_id, action, part: 0, once: once.as_ref(), now };
    let tx = app.db.begin().await?;
    if let Some(Some(id)) = mistakes.gather(call.begin::<Uuid>(&tx).await)? {
        let key = own(caller).filter(api_key::Column::Id.eq(id)).one(&tx).await?;
        return key.map(|key| Made { key, secret: None }).ok_or_else(|| Error::not_found("idempotencyKey"));
    }
    // of two that are made at once, and beside a new password, one waits for the other
    session::hold_account(&tx, caller, now).await?;
    // who is removed from one of them takes this key along
    hold_memberships(&tx, caller, &new.tenant_ids).await?;
    check_tenants(&tx, caller, &new.tenant_ids, &mut mistakes).await?;
    if own(caller).filter(working(now)).count(&tx).await? >= MAX_KEYS as u64 {
        let rule = format!("you have {MAX_KEYS} keys already: revoke one first");
        mistakes.add("name", Code::LimitReached, rule);
    }
    mistakes.check()?;
    let secret = form::draw();
    let key = api_key::Model {
        id: Uuid::now_v7(),
        user_id: caller.user_id,
        name,
        prefix: form::shown(&secret).to_owned(),
        hash: form::hash(&secret).unwrap_or_default(),
        scopes: new.scopes.stored(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    api_key::Entity::insert(key.clone().into_active_model()).exec_without_returning(&tx).await?;
    let tenants = new.tenant_ids.iter().map(|tenant| api_key_tenant::Model { api_key_id: key.id, tenant_id: *tenant });
    let tenants = tenants.map(IntoActiveModel::into_active_model);
    api_key_tenant::Entity::insert_many(tenants).exec_without_returning(&tx).await?;
    call.keep(&tx, &key.id).await?;
    let deed = |tenants: &[Uuid]| deed(action, key.id).after(&told(&key, tenants));
    audit::record_all(&tx, &app.clock, in_every_log(caller, &new.tenant_ids, deed)?).await?;
    tx.commit().await?;
    Ok(Made { key, secret: Some(secret) })
}

fn check_shape(new: &NewApiKey, now: i64, mistakes: &mut Mistakes) -> String {
    let name = new.name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        mistakes.add("name", Code::Invalid, "must have visible characters and no control characters");
    } else if name.chars().count() > MAX_NAME {
        mistakes.add("name", Code::TooLong, format!("must have at most {MAX_NAME} characters"));
    }
    if new.scopes == KeyScopes::default() {
        mistakes.add("scopes", Code::Invalid, "must name at least one scope");
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        mistakes.add("expiresAt", Code::Invalid, "must be in the future");
    }
    name.to_owned()
}

async fn check_tenants(
    db: &impl ConnectionTrait,
    caller: Caller,
    tenant_ids: &[Uuid],
    mistakes: &mut Mistakes,
) -> Result<(), Error> {
    if tenant_ids.is_empty() || tenant_ids.len() > MAX_TENANTS {
        mistakes.add("tenantIds", Code::Invalid, format!("must name 1 to {MAX_TENANTS} tenants"));
        return Ok(());
    }
    let scopes = TenantScope::all(db, caller).await?;
    for (index, id) in tenant_ids.iter().enumerate() {
        let field = vec!["tenantIds".to_owned(), index.to_string()];
        let mut add = |code, message: &str| {
            mistakes.push(crate::error::Mistake { field: field.clone(), code, message: message.to_owned() });
        };
        if !scopes.iter().any(|scope| scope.tenant_id() == *id) {
            add(Code::NotFound, "does not exist");
        } else if tenant_ids[..index].contains(id) {
            add(Code::Invalid, "is named twice");
        }
    }
    Ok(())
}

/// A page of the caller's own keys, the newest first, with those that are over.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(app: &App, caller: Caller, page: &Page) -> Result<Window<api_key::Model>, Error> {
    page.fetch(app.db.read(), own(caller), &sort()).await
}

/// How many keys the caller has.
///
/// # Errors
/// Of the database.
pub async fn count(app: &App, caller: Caller) -> Result<u64, Error> {
    Ok(own(caller).count(app.db.read()).await?)
}

/// A page of the keys that may act in a tenant, the newest first.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list_of_tenant(app: &App, scope: TenantScope, page: &Page) -> Result<Window<api_key::Model>, Error> {
    page.fetch(app.db.read(), of_tenant(scope), &sort()).await
}

/// How many keys may act in a tenant.
///
/// # Errors
/// Of the database.
pub async fn count_of_tenant(app: &App, scope: TenantScope) -> Result<u64, Error> {
    Ok(of_tenant(scope).count(app.db.read()).await?)
}

/// The tenants that a key of the caller's names.
///
/// # Errors
/// Of the database.
pub async fn tenants(app: &App, id: Uuid) -> Result<Vec<Uuid>, Error> {
    let rows =
        api_key_tenant::Entity::find().filter(api_key_tenant::Column::ApiKeyId.eq(id)).all(app.db.read()).await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

/// The caller's own key: the one that was shown, or another by its id.
///
/// # Errors
/// Of the database.
pub async fn find(app: &App, caller: Caller, id: Uuid) -> Result<Option<api_key::Model>, Error> {
    Ok(own(caller).filter(api_key::Column::Id.eq(id)).one(app.db.read()).await?)
}

fn own(caller: Caller) -> Select<api_key::Entity> {
    own_of(caller.user_id)
}

fn own_of(user_id: Uuid) -> Select<api_key::Entity> {
    api_key::Entity::find().filter(api_key::Column::UserId.eq(user_id))
}

fn of_tenant(scope: TenantScope) -> Select<api_key::Entity> {
    let there = api_key_tenant::Entity::find().filter(api_key_tenant::Column::TenantId.eq(scope.tenant_id()));
    let there = there.select_only().column(api_key_tenant::Column::ApiKeyId);
    let keys = api_key::Entity::find().filter(api_key::Column::Id.in_subquery(there.into_query()));
    keys.filter(api_key::Column::RevokedAt.is_null())
}

fn sort() -> Sort<api_key::Model> {
    let id = Expr::col((api_key::Entity, api_key::Column::Id));
    Sort { name: "key", by: None, id, id_of: |row| row.id, descending: true }
}

/// A deed on a key for the log of its owner, with all the tenants that the key names, and for each tenant's, with that one.
fn in_every_log(
    owner: Caller,
    tenants: &[Uuid],
    deed: impl Fn(&[Uuid]) -> Result<Deed, Error>,
) -> Result<Vec<(Author, Deed)>, Error> {
    let of_account = std::iter::once((Author::of_account(owner), tenants));
    let of_tenants = tenants.chunks(1).map(|tenant| (Author::new(tenant[0], owner), tenant));
    of_account.chain(of_tenants).map(|(author, tenants)| Ok((author, deed(tenants)?))).collect()
}

fn deed(action: &'static str, id: Uuid) -> Deed {
    Deed::new(action, "ApiKey", Some(id))
}

fn told(key: &api_key::Model, tenants: &[Uuid]) -> serde_json::Value {
    let scopes: Vec<_> = KeyScopes::of_stored(&key.scopes).list().map(KeyScope::name).collect();
    json!({
        "name": key.name, "prefix": key.prefix, "scopes": scopes, "tenantIds": tenants, "expiresAt": key.expires_at,
    })
}
