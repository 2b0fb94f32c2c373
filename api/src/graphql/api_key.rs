//! API keys: what a user lets a program do in their name.

use super::{
    context,
    error::{UserError, answer, top_level},
    id::{self, Kind},
    page::{self, PageArgs, TotalCount, connect},
    scalars::DateTime,
    tenant::scope_of,
};
use crate::{
    auth::api_key::{self, NewApiKey},
    error::Error,
    scope::{self, KeyScopes, Permission, TenantScope},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entities::api_key::Model;
use uuid::Uuid;

/// What the owner of an API key lets it do. A key never may more than its owner at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scope::KeyScope")]
pub enum ApiKeyScope {
    /// `links:read`: links and domains.
    LinksRead,
    /// `links:write`: making and changing links; includes `links:read`.
    LinksWrite,
    /// `pixels:read`: pixels and how they do.
    PixelsRead,
    /// `pixels:write`: making and changing pixels; includes `pixels:read`.
    PixelsWrite,
    /// `reports:read`: reports and clicks, with the links and pixels that they are about.
    ReportsRead,
    /// `members:write`: seeing, inviting, changing and removing members. A key gives no role that may more than the key: a
    /// VIEWER takes `links:read`, `pixels:read` and `reports:read` besides, an EDITOR `links:write`, `pixels:write` and
    /// `reports:read`, an ADMIN these and `tenant:admin`.
    MembersWrite,
    /// `tenant:admin`: to change the tenant's name and policy, its domains, webhooks and API keys, and to read its audit log.
    /// What a webhook's events tell needs the scope that reads it besides.
    TenantAdmin,
    /// `schema:read`: the schema, where introspection is off for others.
    SchemaRead,
}

/// An API key: what a user lets a program do in their name.
#[derive(Debug, Clone)]
pub struct ApiKey(Model);

impl From<Model> for ApiKey {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

/// An API key: what a user lets a program do in their name.
#[Object]
impl ApiKey {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        id::encode(Kind::ApiKey, self.0.id)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its first 12 characters, by which people tell keys apart.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// What it may do.
    async fn scopes(&self) -> Vec<ApiKeyScope> {
        KeyScopes::of_stored(&self.0.scopes).list().map(ApiKeyScope::from).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// It does not work from here on; null for never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// When a request last showed it, to the minute; null when none did.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    /// When it was ended; null while it is not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

/// A page of API keys.
pub type ApiKeyConnection = page::Connection<ApiKey>;

/// The caller's own keys.
///
/// # Errors
/// `FORBIDDEN` for a caller with a key; for arguments that break a rule; a top-level error for a fault.
pub async fn keys_of_viewer(ctx: &Context<'_>, page: PageArgs) -> Result<ApiKeyConnection> {
    let (app, caller) = (context::app(ctx)?, context::caller(ctx)?);
    caller.session_id().map_err(top_level)?;
    let window = api_key::list(app, caller, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { api_key::count(&app, caller).await }
    });
    Ok(connect(window, total, ApiKey))
}

/// The keys that may act in a tenant.
///
/// # Errors
/// `FORBIDDEN` below the role ADMIN; for arguments that break a rule; a top-level error for a fault.
pub async fn keys_of_tenant(ctx: &Context<'_>, scope: TenantScope, page: PageArgs) -> Result<ApiKeyConnection> {
    context::demand(ctx, &scope, Permission::Administer)?;
    let app = context::app(ctx)?;
    let window = api_key::list_of_tenant(app, scope, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { api_key::count_of_tenant(&app, scope).await }
    });
    Ok(connect(window, total, ApiKey))
}

/// Input of `createApiKey`.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What to call it, 1 to 100 characters.
    name: String,
    /// What it may do; at least one.
    scopes: Vec<ApiKeyScope>,
    /// Where it may do that: 1 to 100 tenants that the caller is a member of.
    tenant_ids: Vec<ID>,
    /// It does not work from here on, in the future; never ends when it is left out.
    expires_at: Option<DateTime>,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, but without the secret, and with another input it is `INVALID`. 1 to 255 characters, unique for
    /// the user.
    idempotency_key: Option<String>,
}

/// Answer of `createApiKey`.
#[derive(SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The new key; null when there are `userErrors`.
    api_key: Option<ApiKey>,
    /// What a program sends as `Authorization: Bearer`. It is told this once; null when there are `userErrors`, and for
    /// a call that is sent again.
    secret: Option<String>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `revokeApiKey`.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// The key, one of the caller's own.
    id: ID,
}

/// Answer of `revokeApiKey`.
#[derive(SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The key as it is now; null when there are `userErrors`.
    api_key: Option<ApiKey>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `excludeApiKey`.
#[derive(InputObject)]
pub struct ExcludeApiKeyInput {
    /// The tenant that the key is kept out of.
    tenant_id: ID,
    /// The key, whosever it is.
    id: ID,
}

/// Answer of `excludeApiKey`.
#[derive(SimpleObject)]
pub struct ExcludeApiKeyPayload {
    /// The key as it is now; null when there are `userErrors`.
    api_key: Option<ApiKey>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

fn key_of(id: &ID) -> std::result::Result<Uuid, Error> {
    id::decode(Kind::ApiKey, id).ok_or_else(|| Error::not_found("id"))
}

/// Mutations of API keys.
#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key in the caller's name. Needs a log-in: no key makes keys. `LIMIT_REACHED` in `name` for who has 100
    /// that work. The audit logs of its tenants tell of it, too, and of its end.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new key.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload> {
        let (app, caller) = (context::app(ctx)?, context::caller(ctx)?);
        let once = context::once(ctx, input.idempotency_key)?;
        let new = NewApiKey {
            name: input.name,
            scopes: input.scopes.into_iter().map(scope::KeyScope::from).collect(),
            // an id of another kind goes on as the nil key, which no row has
            tenant_ids: input.tenant_ids.iter().map(|id| id::decode(Kind::Tenant, id).unwrap_or_default()).collect(),
            expires_at: input.expires_at.map(|at| at.0),
        };
        Ok(match answer(ctx, api_key::create(app, caller, new, once).await)? {
            Ok(made) => {
                let (api_key, secret) = (Some(made.key.into()), made.secret);
                CreateApiKeyPayload { api_key, secret, user_errors: Vec::new() }
            }
            Err(user_errors) => CreateApiKeyPayload { api_key: None, secret: None, user_errors },
        })
    }

    /// Ends an API key of the caller's own, at once. Needs a log-in.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload> {
        let (app, caller) = (context::app(ctx)?, context::caller(ctx)?);
        let revoked = match key_of(&input.id) {
            Ok(key) => api_key::revoke(app, caller, key).await,
            Err(error) => caller.session_id().and(Err(error)),
        };
        Ok(match answer(ctx, revoked)? {
            Ok(row) => RevokeApiKeyPayload { api_key: Some(row.into()), user_errors: Vec::new() },
            Err(user_errors) => RevokeApiKeyPayload { api_key: None, user_errors },
        })
    }

    /// Keeps an API key, whosever it is, out of a tenant, at once; needs the role ADMIN. A key that may act nowhere any
    /// more is ended.
    async fn exclude_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and where.")] input: ExcludeApiKeyInput,
    ) -> Result<ExcludeApiKeyPayload> {
        let scope = scope_of(ctx, &input.tenant_id, Permission::Administer, "tenantId").await?;
        let excluded = match scope.and_then(|scope| Ok((scope, key_of(&input.id)?))) {
            Ok((scope, key)) => api_key::exclude(context::app(ctx)?, scope, key).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, excluded)? {
            Ok(row) => ExcludeApiKeyPayload { api_key: Some(row.into()), user_errors: Vec::new() },
            Err(user_errors) => ExcludeApiKeyPayload { api_key: None, user_errors },
        })
    }
}
