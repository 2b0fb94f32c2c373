//! Who asks: the account behind the access token, and the tenants it may act in.

use super::{
    context, error,
    id::{self, Kind},
    scalars::DateTime,
    tenant::{Role, Tenant},
};
use crate::{auth, scope::Caller, tenants};
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
    /// The account that the access token belongs to.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        auth::user(context::app(ctx)?, self.0).await.map(User).map_err(error::top_level)
    }

    /// The tenants that the user may act in, in the order of joining; a user owns at most 100.
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        let all = tenants::all(context::app(ctx)?, self.0).await.map_err(error::top_level)?;
        let membership = |(scope, row)| {
            let tenant = Tenant::new(scope, row);
            Membership { role: tenant.role(), tenant }
        };
        Ok(all.into_iter().map(membership).collect())
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
