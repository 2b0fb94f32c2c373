//! Mutations of tenants.

use super::{Tenant, link_defaults::LinkDefaultsInput, policy::PolicyInput, scope_of};
use crate::{
    graphql::{
        branding::BrandingInput,
        context,
        error::{UserError, answer},
    },
    scope::Permission,
    tenants::{self, TenantChange},
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

/// Input of `createTenant`.
#[derive(InputObject)]
pub struct CreateTenantInput {
    /// 1 to 100 characters, without a web address: it stands in the mails that invite members.
    name: String,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique for the user.
    idempotency_key: Option<String>,
}

/// Answer of `createTenant`.
#[derive(SimpleObject)]
pub struct CreateTenantPayload {
    /// The new tenant, which the caller owns; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `updateTenant`; what is left out, or null, stays as it is.
#[derive(InputObject)]
pub struct UpdateTenantInput {
    /// The tenant.
    id: ID,
    /// 1 to 100 characters, without a web address: it stands in the mails that invite members.
    name: Option<String>,
    /// Its policy for visits.
    policy: Option<PolicyInput>,
    /// How its pages look and speak.
    branding: Option<BrandingInput>,
    /// What fills in the fields that are left out of its new links; replaces the defaults that were there.
    link_defaults: Option<LinkDefaultsInput>,
}

/// Answer of `updateTenant`.
#[derive(SimpleObject)]
pub struct UpdateTenantPayload {
    /// The tenant as it is now; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Mutations of tenants.
#[derive(Default)]
pub struct TenantMutation;

#[Object]
impl TenantMutation {
    /// Makes a tenant that the caller owns; a user owns at most 100, and is a member of at most 200.
    async fn create_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new tenant.")] input: CreateTenantInput,
    ) -> Result<CreateTenantPayload> {
        let once = context::once(ctx, input.idempotency_key)?;
        let made = tenants::create(context::app(ctx)?, context::caller(ctx)?, &input.name, once).await;
        Ok(match answer(ctx, made)? {
            Ok((scope, row)) => CreateTenantPayload { tenant: Some(Tenant::new(scope, row)), user_errors: Vec::new() },
            Err(user_errors) => CreateTenantPayload { tenant: None, user_errors },
        })
    }

    /// Changes a tenant's name, policy, branding and defaults for links; needs the role ADMIN. Visits follow within a second.
    async fn update_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateTenantInput,
    ) -> Result<UpdateTenantPayload> {
        let scope = match answer(ctx, scope_of(ctx, &input.id, Permission::Administer, "id").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(UpdateTenantPayload { tenant: None, user_errors }),
        };
        let policy = input.policy.unwrap_or_default();
        let change = TenantChange {
            name: input.name,
            budget_ms: policy.budget_ms,
            confirm_share: policy.confirm_share,
            honour_gpc: policy.honour_gpc,
            referrer_policy: policy.referrer_policy.map(|policy| policy.header().to_owned()),
            health_threshold: policy.health_threshold,
            consent: policy.consent.map(Into::into),
            branding: input.branding.map(Into::into),
            link_defaults: input.link_defaults.map(Into::into),
        };
        Ok(match answer(ctx, tenants::update(context::app(ctx)?, &scope, change).await)? {
            Ok(row) => UpdateTenantPayload { tenant: Some(Tenant::new(scope, row)), user_errors: Vec::new() },
            Err(user_errors) => UpdateTenantPayload { tenant: None, user_errors },
        })
    }
}
