//! The members of a tenant: who they are, and what each may do.

use super::{
    context,
    error::{UserError, answer, top_level},
    id::{self, Kind},
    page::{self, PageArgs, TotalCount, connect},
    scalars::DateTime,
    tenant::{Role, scope_of},
};
use crate::{
    error::Error,
    members::{self, Member as Row},
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use uuid::Uuid;

/// A user, as other members of a tenant see them.
#[derive(Debug, Clone, SimpleObject)]
pub struct MemberUser {
    /// Opaque and stable.
    id: ID,
    /// The name to log in with, in lower case.
    email: String,
}

/// A member of a tenant.
#[derive(Debug, Clone, SimpleObject)]
pub struct Member {
    /// Who it is.
    user: MemberUser,
    /// What they may do in the tenant.
    role: Role,
    /// Since when.
    joined_at: DateTime,
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        let user = MemberUser { id: id::encode(Kind::User, row.user_id), email: row.email };
        Self { user, role: row.role.into(), joined_at: DateTime(row.joined_at) }
    }
}

/// A page of members.
pub type MemberConnection = page::Connection<Member>;

/// The members of a tenant.
///
/// # Errors
/// `FORBIDDEN` for an API key without the scope; for arguments that break a rule; a top-level error for a fault.
pub async fn members_of(ctx: &Context<'_>, scope: TenantScope, page: PageArgs) -> Result<MemberConnection> {
    context::demand(ctx, &scope, Permission::ReadMembers)?;
    let app = context::app(ctx)?;
    let window = members::list(app, scope, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { members::count(&app, scope).await }
    });
    Ok(connect(window, total, Member::from))
}

/// Input of `changeMemberRole`.
#[derive(InputObject)]
pub struct ChangeMemberRoleInput {
    /// The tenant.
    tenant_id: ID,
    /// The member.
    user_id: ID,
    /// What they may do from now on; only an owner makes an owner, or makes an owner something else, and an API key needs the
    /// scopes of all that the role may.
    role: Role,
}

/// Answer of `changeMemberRole`.
#[derive(SimpleObject)]
pub struct ChangeMemberRolePayload {
    /// The member as they are now; null when there are `userErrors`.
    member: Option<Member>,
    /// `NOT_FOUND` in `tenantId` or `userId`, `INVALID` in `role` for the last owner, `LIMIT_REACHED` in it for who owns 100
    /// tenants; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `removeMember`.
#[derive(InputObject)]
pub struct RemoveMemberInput {
    /// The tenant.
    tenant_id: ID,
    /// The member; who asks may be it, and leaves.
    user_id: ID,
}

/// Answer of `removeMember`.
#[derive(SimpleObject)]
pub struct RemoveMemberPayload {
    /// Who is no member any more; null when there are `userErrors`.
    removed_user_id: Option<ID>,
    /// `NOT_FOUND` in `tenantId` or `userId`, `INVALID` in `userId` for the last owner; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `transferOwnership`.
#[derive(InputObject)]
pub struct TransferOwnershipInput {
    /// The tenant.
    tenant_id: ID,
    /// The member who is to own it.
    user_id: ID,
    /// The password of who asks.
    password: String,
}

/// Answer of `transferOwnership`.
#[derive(SimpleObject)]
pub struct TransferOwnershipPayload {
    /// The new owner; null when there are `userErrors`.
    member: Option<Member>,
    /// `NOT_FOUND` in `tenantId` or `userId`, `INVALID` in `userId` for who is an owner already, `LIMIT_REACHED` in it for
    /// who owns 100 tenants, `INVALID` in `password`; empty when it worked.
    user_errors: Vec<UserError>,
}

/// The tenant and the member that an input names.
async fn place(
    ctx: &Context<'_>,
    tenant_id: &ID,
    user_id: &ID,
    needs: Permission,
) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let scope = scope_of(ctx, tenant_id, needs, "tenantId").await?;
    let user = || id::decode(Kind::User, user_id).ok_or_else(|| Error::not_found("userId"));
    Ok(scope.and_then(|scope| Ok((scope, user()?))))
}

/// Mutations of members.
#[derive(Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Changes what a member may do; needs the role ADMIN, and OWNER with a log-in where an owner is made or unmade. The
    /// last owner stays one. Invitations that the member made and may make no more are over.
    async fn change_member_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and what they may do.")] input: ChangeMemberRoleInput,
    ) -> Result<ChangeMemberRolePayload> {
        let place = place(ctx, &input.tenant_id, &input.user_id, Permission::WriteMembers).await?;
        let changed = match place {
            Ok((scope, user)) => members::change_role(context::app(ctx)?, scope, user, input.role.into()).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, changed)? {
            Ok(row) => ChangeMemberRolePayload { member: Some(row.into()), user_errors: Vec::new() },
            Err(user_errors) => ChangeMemberRolePayload { member: None, user_errors },
        })
    }

    /// Removes a member, with the role ADMIN, or an owner, with the role OWNER and a log-in; whoever names themselves leaves.
    /// The last owner cannot go. API keys of who goes act in the tenant no more, also when they come back, and invitations
    /// that they made are over.
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: RemoveMemberInput,
    ) -> Result<RemoveMemberPayload> {
        let place = place(ctx, &input.tenant_id, &input.user_id, Permission::ReadMembers).await?;
        let removed = match place {
            Ok((scope, user)) => members::remove(context::app(ctx)?, scope, user).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, removed)? {
            Ok(()) => RemoveMemberPayload { removed_user_id: Some(input.user_id), user_errors: Vec::new() },
            Err(user_errors) => RemoveMemberPayload { removed_user_id: None, user_errors },
        })
    }

    /// Makes another member an owner, and who asks an ADMIN. Needs the role OWNER, a log-in and the password. `RATE_LIMITED`
    /// after 5 wrong passwords, together with log-ins.
    async fn transfer_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tenant, and to whom.")] input: TransferOwnershipInput,
    ) -> Result<TransferOwnershipPayload> {
        let (app, client) = (context::app(ctx)?, context::client(ctx));
        let scope = scope_of(ctx, &input.tenant_id, Permission::Own, "tenantId").await?;
        // an id of another kind goes on as the nil key, which no row has
        let user = id::decode(Kind::User, &input.user_id).unwrap_or_default();
        let transferred = match scope {
            Ok(scope) => members::transfer(app, scope, &client, user, input.password).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, transferred)? {
            Ok(row) => TransferOwnershipPayload { member: Some(row.into()), user_errors: Vec::new() },
            Err(user_errors) => TransferOwnershipPayload { member: None, user_errors },
        })
    }
}
