//! Invitations into a tenant: made by an administrator, taken by who has the address and the link.

use super::{
    context,
    error::{UserError, answer, top_level},
    id::{self, Kind},
    page::{self, PageArgs, TotalCount, connect},
    scalars::DateTime,
    tenant::{Role, Tenant, scope_of},
};
use crate::{
    error::Error,
    members::{invitations, join},
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entities::invitation::Model;

/// An invitation into a tenant that is pending.
#[derive(Debug, Clone, SimpleObject)]
pub struct Invitation {
    /// Opaque and stable, also when the invitation is made again.
    id: ID,
    /// Whom it is for, in lower case.
    email: String,
    /// What they will be.
    role: Role,
    /// Id of the user who invites.
    invited_by: ID,
    /// When it was made, or made again.
    created_at: DateTime,
    /// It does not work from here on: 7 days after it was made.
    expires_at: DateTime,
}

impl From<Model> for Invitation {
    fn from(row: Model) -> Self {
        Self {
            id: id::encode(Kind::Invitation, row.id),
            email: row.email,
            role: row.role.into(),
            invited_by: id::encode(Kind::User, row.invited_by),
            created_at: DateTime(row.created_at),
            expires_at: DateTime(row.expires_at),
        }
    }
}

/// A page of invitations.
pub type InvitationConnection = page::Connection<Invitation>;

/// The invitations of a tenant that are pending.
///
/// # Errors
/// `FORBIDDEN` below the role ADMIN; for arguments that break a rule; a top-level error for a fault.
pub async fn invitations_of(ctx: &Context<'_>, scope: TenantScope, page: PageArgs) -> Result<InvitationConnection> {
    context::demand(ctx, &scope, Permission::WriteMembers)?;
    let app = context::app(ctx)?;
    let window = invitations::list(app, scope, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { invitations::count(&app, scope).await }
    });
    Ok(connect(window, total, Invitation::from))
}

/// Input of `inviteMember`.
#[derive(InputObject)]
pub struct InviteMemberInput {
    /// The tenant.
    tenant_id: ID,
    /// Whom to invite, with an account here or without; at most 254 characters.
    email: String,
    /// What they will be; only an owner invites an owner, and an API key needs the scopes of all that the role may.
    role: Role,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, but without the link, and with another input it is `INVALID`. 1 to 255 characters, unique for the
    /// tenant.
    idempotency_key: Option<String>,
}

/// Answer of `inviteMember`.
#[derive(SimpleObject)]
pub struct InviteMemberPayload {
    /// The invitation; null when there are `userErrors`.
    invitation: Option<Invitation>,
    /// What to pass on to the invited: the link, or its token alone where this server does not know its front end's address.
    /// It is told this once; null when a mail carries it, when there are `userErrors`, and for a call that is sent again.
    link: Option<String>,
    /// `INVALID` or `TOO_LONG` in `email`, `TAKEN` in it for a member, `LIMIT_REACHED` in it when 100 are pending; empty when
    /// it worked.
    user_errors: Vec<UserError>,
}

/// Input of `revokeInvitation`.
#[derive(InputObject)]
pub struct RevokeInvitationInput {
    /// The invitation.
    id: ID,
}

/// Answer of `revokeInvitation`.
#[derive(SimpleObject)]
pub struct RevokeInvitationPayload {
    /// Which one is gone; null when there are `userErrors`.
    revoked_invitation_id: Option<ID>,
    /// `NOT_FOUND` for one that is not pending, or not for this caller; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `acceptInvitation`.
#[derive(InputObject)]
pub struct AcceptInvitationInput {
    /// What stands at the end of the link.
    token: String,
}

/// Answer of `acceptInvitation`.
#[derive(SimpleObject)]
pub struct AcceptInvitationPayload {
    /// The tenant, which the caller may act in from now on; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// In `token`: `INVALID` for one that is unknown, used, taken back, over or for another address, `TAKEN` for a member,
    /// `LIMIT_REACHED` for who owns 100 tenants or is a member of 200; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Mutations of invitations.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites somebody into a tenant, for 7 days; needs the role ADMIN, and OWNER with a log-in to invite an owner. Inviting
    /// an address again makes its invitation anew, and the link so far works no more. `FORBIDDEN` for an API key that may
    /// less than the role, with the scope that it lacks. `RATE_LIMITED` where mails are sent, after 5 to one address, with one
    /// more each hour, after 200 of a tenant, with one more every 5 minutes, and after 50 of who invites, with one more each
    /// minute.
    async fn invite_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, and as what.")] input: InviteMemberInput,
    ) -> Result<InviteMemberPayload> {
        let scope = scope_of(ctx, &input.tenant_id, Permission::WriteMembers, "tenantId").await?;
        let once = context::once(ctx, input.idempotency_key)?;
        let made = match scope {
            Ok(scope) => {
                let invited = (&*input.email, input.role.into());
                invitations::invite(context::app(ctx)?, scope, invited, once).await
            }
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, made)? {
            Ok(made) => {
                let (invitation, link) = (Some(made.invitation.into()), made.link);
                InviteMemberPayload { invitation, link, user_errors: Vec::new() }
            }
            Err(user_errors) => InviteMemberPayload { invitation: None, link: None, user_errors },
        })
    }

    /// Takes an invitation back, at once; needs the role ADMIN, and OWNER with a log-in for one that makes an owner.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload> {
        let (app, caller) = (context::app(ctx)?, context::caller(ctx)?);
        let revoked = match id::decode(Kind::Invitation, &input.id) {
            Some(key) => {
                let scope = TenantScope::of_invitation(&app.db, caller, key, Permission::WriteMembers, "id").await;
                match context::admitted(ctx, scope, |scope| scope)? {
                    Ok(scope) => invitations::revoke(app, scope, key).await,
                    Err(error) => Err(error),
                }
            }
            None => Err(Error::not_found("id")),
        };
        Ok(match answer(ctx, revoked)? {
            Ok(()) => RevokeInvitationPayload { revoked_invitation_id: Some(input.id), user_errors: Vec::new() },
            Err(user_errors) => RevokeInvitationPayload { revoked_invitation_id: None, user_errors },
        })
    }

    /// Takes an invitation: who asks joins its tenant. Needs a log-in with the address that was invited; who has no account
    /// yet gives the token to `signUp`.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let accepted = join::accept(context::app(ctx)?, context::caller(ctx)?, &input.token).await;
        Ok(match answer(ctx, accepted)? {
            Ok((scope, row)) => {
                AcceptInvitationPayload { tenant: Some(Tenant::new(scope, row)), user_errors: Vec::new() }
            }
            Err(user_errors) => AcceptInvitationPayload { tenant: None, user_errors },
        })
    }
}
