//! Mutations of links: decode, find the scope, run the operation, answer.

use super::{
    Group, Link,
    input::{CreateLinkInput, CreateLinksInput, UpdateLinkInput, if_there},
    scope_of_link,
};
use crate::{
    graphql::{
        context,
        error::{UserError, answer, user_errors},
        tenant::scope_of,
    },
    links,
    scope::Permission,
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

/// Input of `archiveLink`.
#[derive(InputObject)]
pub struct ArchiveLinkInput {
    /// The link.
    id: ID,
}

/// Input of `restoreLink`.
#[derive(InputObject)]
pub struct RestoreLinkInput {
    /// The link.
    id: ID,
}

/// Input of `deleteLink`.
#[derive(InputObject)]
pub struct DeleteLinkInput {
    /// The link.
    id: ID,
}

/// Answer of `createLink`.
#[derive(SimpleObject)]
pub struct CreateLinkPayload {
    /// The new link, or with `upsert` the changed one; null when there are `userErrors`.
    link: Option<Link>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// What became of one of many links.
#[derive(SimpleObject)]
pub struct CreateLinksResult {
    /// Its place in `input.links`, from 0.
    index: usize,
    /// The new link, or with `upsert` the changed one; null when there are `userErrors`.
    link: Option<Link>,
    /// Its mistakes; empty when it worked. Their paths start with `links` and the index.
    user_errors: Vec<UserError>,
}

/// Answer of `createLinks`.
#[derive(SimpleObject)]
pub struct CreateLinksPayload {
    /// One for each of `input.links`, in their order; empty when there are `userErrors`.
    results: Vec<CreateLinksResult>,
    /// The mistakes of the input as a whole: then no link was made.
    user_errors: Vec<UserError>,
}

/// Answer of `updateLink`.
#[derive(SimpleObject)]
pub struct UpdateLinkPayload {
    /// The link as it is now; null when there are `userErrors`.
    link: Option<Link>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `archiveLink`.
#[derive(SimpleObject)]
pub struct ArchiveLinkPayload {
    /// The link as it is now; null when there are `userErrors`.
    link: Option<Link>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `restoreLink`.
#[derive(SimpleObject)]
pub struct RestoreLinkPayload {
    /// The link as it is now; null when there are `userErrors`.
    link: Option<Link>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `deleteLink`.
#[derive(SimpleObject)]
pub struct DeleteLinkPayload {
    /// The link that is gone; null when there are `userErrors`.
    deleted_link_id: Option<ID>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// A link, or the mistakes that kept it from being.
type Outcome = std::result::Result<Link, Vec<UserError>>;

fn split(outcome: Outcome) -> (Option<Link>, Vec<UserError>) {
    match outcome {
        Ok(link) => (Some(link), Vec::new()),
        Err(user_errors) => (None, user_errors),
    }
}

/// Mutations of links.
#[derive(Default)]
pub struct LinkMutation;

#[Object]
impl LinkMutation {
    /// Makes a link, or with `upsert` changes the one that has its `externalId`; needs the role EDITOR and the scope
    /// `links:write`.
    async fn create_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new link.")] input: CreateLinkInput,
    ) -> Result<CreateLinkPayload> {
        let scope = match answer(ctx, scope_of(ctx, &input.tenant_id, Permission::WriteLinks, "tenantId").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(CreateLinkPayload { link: None, user_errors }),
        };
        let once = context::once(ctx, input.idempotency_key)?;
        let made = links::create(context::app(ctx)?, scope, input.link.into(), if_there(input.upsert), once).await;
        let (link, user_errors) = split(answer(ctx, made)?.map(|link| Link::new(scope, link)));
        Ok(CreateLinkPayload { link, user_errors })
    }

    /// Makes up to 1,000 links, or with `upsert` changes those that have their `externalId`, each on its own: the mistakes
    /// of one keep none of the others from being made. Needs the role EDITOR and the scope `links:write`. The audit log has
    /// one event for each 100 links, which are stored together.
    async fn create_links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new links.")] input: CreateLinksInput,
    ) -> Result<CreateLinksPayload> {
        let failed = |user_errors| CreateLinksPayload { results: Vec::new(), user_errors };
        let scope = match answer(ctx, scope_of(ctx, &input.tenant_id, Permission::WriteLinks, "tenantId").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        let once = context::once(ctx, input.idempotency_key)?;
        let given = input.links.into_iter().map(Into::into).collect();
        let made = links::create_many(context::app(ctx)?, scope, given, if_there(input.upsert), once).await;
        let results = match answer(ctx, made)? {
            Ok(results) => results,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        let group = Group::of(scope, results.iter().flatten());
        let result = |(index, made): (usize, std::result::Result<links::Link, Vec<_>>)| {
            let made = made.map(|link| Link::of_group(scope, link, group.clone()));
            let (link, user_errors) = split(made.map_err(|mistakes| user_errors(ctx, mistakes)));
            CreateLinksResult { index, link, user_errors }
        };
        Ok(CreateLinksPayload {
            results: results.into_iter().enumerate().map(result).collect(),
            user_errors: Vec::new(),
        })
    }

    /// Changes a link: only the fields that are given. Needs the role EDITOR. Visits follow within a second.
    async fn update_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateLinkInput,
    ) -> Result<UpdateLinkPayload> {
        let (scope, key) = match answer(ctx, scope_of_link(ctx, &input.id, Permission::WriteLinks).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(UpdateLinkPayload { link: None, user_errors }),
        };
        let changed = answer(ctx, links::update(context::app(ctx)?, scope, key, input.into()).await)?;
        let (link, user_errors) = split(changed.map(|link| Link::new(scope, link)));
        Ok(UpdateLinkPayload { link, user_errors })
    }

    /// Puts a link away: its visits are refused until it is restored. Needs the role EDITOR. Visits follow within a
    /// second.
    async fn archive_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] input: ArchiveLinkInput,
    ) -> Result<ArchiveLinkPayload> {
        let (scope, key) = match answer(ctx, scope_of_link(ctx, &input.id, Permission::WriteLinks).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(ArchiveLinkPayload { link: None, user_errors }),
        };
        let archived = answer(ctx, links::archive(context::app(ctx)?, scope, key).await)?;
        let (link, user_errors) = split(archived.map(|link| Link::new(scope, link)));
        Ok(ArchiveLinkPayload { link, user_errors })
    }

    /// Brings an archived link back. Needs the role EDITOR. Visits follow within a second.
    async fn restore_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] input: RestoreLinkInput,
    ) -> Result<RestoreLinkPayload> {
        let (scope, key) = match answer(ctx, scope_of_link(ctx, &input.id, Permission::WriteLinks).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(RestoreLinkPayload { link: None, user_errors }),
        };
        let restored = answer(ctx, links::restore(context::app(ctx)?, scope, key).await)?;
        let (link, user_errors) = split(restored.map(|link| Link::new(scope, link)));
        Ok(RestoreLinkPayload { link, user_errors })
    }

    /// Deletes a link for good; its address is free then, and its clicks stay in the tenant's reports. Needs the role
    /// EDITOR. Visits follow within a second.
    async fn delete_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] input: DeleteLinkInput,
    ) -> Result<DeleteLinkPayload> {
        let failed = |user_errors| DeleteLinkPayload { deleted_link_id: None, user_errors };
        let (scope, key) = match answer(ctx, scope_of_link(ctx, &input.id, Permission::WriteLinks).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        Ok(match answer(ctx, links::delete(context::app(ctx)?, scope, key).await)? {
            Ok(()) => DeleteLinkPayload { deleted_link_id: Some(input.id), user_errors: Vec::new() },
            Err(user_errors) => failed(user_errors),
        })
    }
}
