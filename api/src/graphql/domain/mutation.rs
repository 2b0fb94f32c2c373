//! Mutations of domains of a tenant's own. A shared domain belongs to nobody: to them it does not exist.

use super::Domain;
use crate::{
    domains::{self, DomainChange},
    error::Error,
    graphql::{
        context,
        error::{UserError, answer},
        id::{self, Kind},
        tenant::scope_of,
    },
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use uuid::Uuid;

/// Input of `createDomain`.
#[derive(InputObject)]
pub struct CreateDomainInput {
    /// The tenant; it can have 50 domains.
    tenant_id: ID,
    /// The host name, such as `go.example.com`: public, without a port, not below this server's own domain, and not one
    /// that another tenant has verified.
    host: String,
    /// Where a visit of an unknown slug goes: an http or https address of a public host without merge fields, at most
    /// 2,048 bytes; a page says that there is no such link when it is left out.
    fallback: Option<String>,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    idempotency_key: Option<String>,
}

/// Input of `verifyDomain`.
#[derive(InputObject)]
pub struct VerifyDomainInput {
    /// The domain.
    id: ID,
}

/// Input of `updateDomain`; what is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateDomainInput {
    /// The domain.
    id: ID,
    /// Where a visit of an unknown slug goes; as in `createDomain`. Null takes it off.
    fallback: MaybeUndefined<String>,
    /// Whether links of the tenant go here when they name no domain; true takes this from the domain that had it, and is
    /// for a verified domain only. Null leaves it as it is.
    is_default: Option<bool>,
}

/// Input of `deleteDomain`.
#[derive(InputObject)]
pub struct DeleteDomainInput {
    /// The domain.
    id: ID,
}

/// Answer of `createDomain`.
#[derive(SimpleObject)]
pub struct CreateDomainPayload {
    /// The new domain, with the DNS record to make; null when there are `userErrors`.
    domain: Option<Domain>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `verifyDomain`.
#[derive(SimpleObject)]
pub struct VerifyDomainPayload {
    /// The domain as it is now, whether or not its record was seen: `state` and `verification.problem` tell. Null when
    /// there are `userErrors`.
    domain: Option<Domain>,
    /// The mistakes of the input; empty when the record was looked up.
    user_errors: Vec<UserError>,
}

/// Answer of `updateDomain`.
#[derive(SimpleObject)]
pub struct UpdateDomainPayload {
    /// The domain as it is now; null when there are `userErrors`.
    domain: Option<Domain>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `deleteDomain`.
#[derive(SimpleObject)]
pub struct DeleteDomainPayload {
    /// The domain that is gone; null when there are `userErrors`.
    deleted_domain_id: Option<ID>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

type Outcome = std::result::Result<domains::Domain, Error>;

/// A payload's two fields.
fn parts(ctx: &Context<'_>, outcome: Outcome) -> Result<(Option<Domain>, Vec<UserError>)> {
    Ok(match answer(ctx, outcome)? {
        Ok(domain) => (Some(domain.into()), Vec::new()),
        Err(user_errors) => (None, user_errors),
    })
}

/// The scope and the key of a domain's id, for an ADMIN.
async fn scope_of_domain(ctx: &Context<'_>, id: &ID) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::Domain, id) else { return Ok(Err(Error::not_found("id"))) };
    let scope = TenantScope::of_domain(&context::app(ctx)?.db, caller, key, Permission::Administer, "id").await;
    context::admitted(ctx, scope.map(|scope| (scope, key)), |(scope, _)| scope)
}

/// Mutations of domains.
#[derive(Default)]
pub struct DomainMutation;

#[Object]
impl DomainMutation {
    /// Claims a host for a tenant; needs the role ADMIN. It serves once the DNS record in `verification` was seen: that
    /// is looked up every minute for a day and every hour from then on, and at once by `verifyDomain`.
    async fn create_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new domain.")] input: CreateDomainInput,
    ) -> Result<CreateDomainPayload> {
        let made = match scope_of(ctx, &input.tenant_id, Permission::Administer, "tenantId").await? {
            Ok(scope) => {
                let once = context::once(ctx, input.idempotency_key)?;
                domains::create(context::app(ctx)?, scope, &input.host, input.fallback.as_deref(), once).await
            }
            Err(error) => Err(error),
        };
        let (domain, user_errors) = parts(ctx, made)?;
        Ok(CreateDomainPayload { domain, user_errors })
    }

    /// Looks a domain's DNS record up now; needs the role ADMIN. Visits follow within a second. Within 10 seconds of the
    /// last look it is refused with `LIMIT_REACHED`, and the message says how long to wait.
    async fn verify_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: VerifyDomainInput,
    ) -> Result<VerifyDomainPayload> {
        let looked = match scope_of_domain(ctx, &input.id).await? {
            Ok((scope, key)) => domains::verify(context::app(ctx)?, scope, key).await,
            Err(error) => Err(error),
        };
        let (domain, user_errors) = parts(ctx, looked)?;
        Ok(VerifyDomainPayload { domain, user_errors })
    }

    /// Changes a domain; needs the role ADMIN. Visits follow within a second.
    async fn update_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateDomainInput,
    ) -> Result<UpdateDomainPayload> {
        let fallback = match input.fallback {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => Some(Some(text)),
        };
        let change = DomainChange { fallback, is_default: input.is_default };
        let changed = match scope_of_domain(ctx, &input.id).await? {
            Ok((scope, key)) => domains::update(context::app(ctx)?, scope, key, change).await,
            Err(error) => Err(error),
        };
        let (domain, user_errors) = parts(ctx, changed)?;
        Ok(UpdateDomainPayload { domain, user_errors })
    }

    /// Gives a domain up, once no link lives on it; needs the role ADMIN. Its host is free for others at once.
    async fn delete_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: DeleteDomainInput,
    ) -> Result<DeleteDomainPayload> {
        let gone = match scope_of_domain(ctx, &input.id).await? {
            Ok((scope, key)) => domains::delete(context::app(ctx)?, scope, key).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, gone)? {
            Ok(()) => DeleteDomainPayload { deleted_domain_id: Some(input.id), user_errors: Vec::new() },
            Err(user_errors) => DeleteDomainPayload { deleted_domain_id: None, user_errors },
        })
    }
}
