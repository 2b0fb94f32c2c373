//! Who asks: the account behind the access token, and the tenants it may act in.

use super::{
    api_key::{self, ApiKey, ApiKeyConnection},
    audit::{self, AuditEventConnection, AuditFilter},
    context, error,
    id::{self, Kind},
    open_session::OpenSession,
    page::PageArgs,
    scalars::DateTime,
    tenant::{Role, Tenant},
};
use crate::{
    audit::Log,
    auth,
    error::{Code, Error},
    scope::Caller,
    tenants::{self, MAX_MEMBERSHIPS},
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entities::user;

/// A person who can log in.
#[derive(Debug, Clone)]
pub struct User(user::Model);

impl From<user::Model> for User {
    fn from(row: user::Model) -> Self {
        Self(row)
    }
}

/// A person who can log in.
#[Object]
impl User {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        id::encode(Kind::User, self.0.id)
    }

    /// The name to log in with, in lower case.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// When the account was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Whether log-ins need a code of an authenticator app beside the password.
    async fn totp_enabled(&self, ctx: &Context<'_>) -> Result<bool> {
        auth::second_factor::is_on(context::app(ctx)?, self.0.id).await.map_err(error::top_level)
    }
}

/// A tenant of a user, with what the user may do there.
#[derive(SimpleObject)]
pub struct Membership {
    /// The tenant.
    tenant: Tenant,
    /// What the user may do in it.
    role: Role,
}

/// Who asks.
pub struct Viewer(Caller);

/// Who asks.
#[Object]
impl Viewer {
    /// The account that the access token belongs to; null for an API key, which speaks for its owner without being it.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        if self.0.key_id().is_some() {
            return Ok(None);
        }
        auth::user(context::app(ctx)?, self.0).await.map(User).map(Some).map_err(error::top_level)
    }

    /// The API key that the request shows; null for a log-in.
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<ApiKey>> {
        let Some(key) = self.0.key_id() else { return Ok(None) };
        let found = auth::api_key::find(context::app(ctx)?, self.0, key).await;
        Ok(found.map_err(error::top_level)?.map(ApiKey::from))
    }

    /// The user's API keys, the newest first, those that are over as well; `FORBIDDEN` for an API key.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<ApiKeyConnection> {
        api_key::keys_of_viewer(ctx, PageArgs::new(first, after, last, before)).await
    }

    /// What was changed in the user's own account, the latest first; `FORBIDDEN` for an API key.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; all when left out.")] filter: Option<AuditFilter>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<AuditEventConnection> {
        let log = Log::of_account(self.0).map_err(error::top_level)?;
        audit::events_of(ctx, log, filter, PageArgs::new(first, after, last, before)).await
    }

    /// The sessions of the user that are open, at most 100, the one that was used last first.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<OpenSession>> {
        let open = auth::open_sessions::list(context::app(ctx)?, self.0).await.map_err(error::top_level)?;
        let current = self.0.session_id().map_err(error::top_level)?;
        Ok(open.into_iter().map(|row| (row.id == current, row)).map(|(is, row)| OpenSession::new(row, is)).collect())
    }

    /// The tenants that the user may act in, in the order of joining; at most 200, of which a user owns at most 100. Whoever asks for
    /// much of each says with `first` how many they expect, since that is what the document's cost goes by.
    async fn memberships(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many, 1 to 200.", default = 200)] first: i32,
    ) -> Result<Vec<Membership>> {
        let most = usize::try_from(first).ok().filter(|most| (1..=MAX_MEMBERSHIPS).contains(most));
        let rule = || Error::mistake("first", Code::Invalid, format!("must be from 1 to {MAX_MEMBERSHIPS}"));
        let most = most.ok_or_else(|| error::top_level(rule()))?;
        let all = tenants::all(context::app(ctx)?, self.0).await.map_err(error::top_level)?;
        let membership = |(scope, row)| {
            let tenant = Tenant::new(scope, row);
            Membership { role: tenant.role(), tenant }
        };
        Ok(all.into_iter().take(most).map(membership).collect())
    }
}

/// Queries about who asks.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who asks; `UNAUTHENTICATED` without a token.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        context::caller(ctx).map(Viewer)
    }
}
