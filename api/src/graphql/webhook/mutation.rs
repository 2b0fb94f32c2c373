//! Mutations of webhooks: decode, find the scope, run the operation, answer.

use super::{Webhook, WebhookDelivery, WebhookEvent, scope_of_webhook};
use crate::{
    error::Error,
    graphql::{
        context,
        error::{UserError, answer},
        id::{self, Kind},
        tenant::scope_of,
    },
    scope::{Permission, TenantScope},
    webhooks::{self, NewWebhook, WebhookChange, log},
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use uuid::Uuid;

/// Input of `createWebhook`.
#[derive(InputObject)]
pub struct CreateWebhookInput {
    /// The tenant that it belongs to; at most 10 do.
    tenant_id: ID,
    /// Where events go: an https address on the public internet, at most 2,048 bytes, of port 443 or one from 1,024 on.
    url: String,
    /// Which events, 1 to 6; `TEST` is none to choose.
    events: Vec<WebhookEvent>,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, but without the secret, and with another input it is `INVALID`. 1 to 255 characters, unique for
    /// the tenant.
    idempotency_key: Option<String>,
}

/// Answer of `createWebhook`.
#[derive(SimpleObject)]
pub struct CreateWebhookPayload {
    /// The new webhook; null when there are `userErrors`.
    webhook: Option<Webhook>,
    /// What the receiver verifies signatures with: `whsec_` and Base64. It is told this once; null when there are
    /// `userErrors`, and for a call that is sent again.
    secret: Option<String>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `updateWebhook`. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateWebhookInput {
    /// The webhook.
    id: ID,
    /// Where events go: an https address on the public internet, at most 2,048 bytes, of port 443 or one from 1,024 on.
    url: Option<String>,
    /// Which events, 1 to 6; `TEST` is none to choose.
    events: Option<Vec<WebhookEvent>>,
    /// Whether it is told of events. Switched off, what is still to be delivered is given up; switched on, it starts anew.
    enabled: Option<bool>,
}

/// Answer of `updateWebhook`.
#[derive(SimpleObject)]
pub struct UpdateWebhookPayload {
    /// The webhook as it is now; null when there are `userErrors`.
    webhook: Option<Webhook>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `deleteWebhook`.
#[derive(InputObject)]
pub struct DeleteWebhookInput {
    /// The webhook.
    id: ID,
}

/// Answer of `deleteWebhook`.
#[derive(SimpleObject)]
pub struct DeleteWebhookPayload {
    /// The id of what was deleted; null when there are `userErrors`.
    deleted_webhook_id: Option<ID>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `rotateWebhookSecret`.
#[derive(InputObject)]
pub struct RotateWebhookSecretInput {
    /// The webhook.
    id: ID,
}

/// Answer of `rotateWebhookSecret`.
#[derive(SimpleObject)]
pub struct RotateWebhookSecretPayload {
    /// The webhook as it is now; null when there are `userErrors`.
    webhook: Option<Webhook>,
    /// The new secret, told this once; null when there are `userErrors`.
    secret: Option<String>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `replayWebhookDelivery`.
#[derive(InputObject)]
pub struct ReplayWebhookDeliveryInput {
    /// The delivery, of the last 7 days.
    id: ID,
}

/// Answer of `replayWebhookDelivery`.
#[derive(SimpleObject)]
pub struct ReplayWebhookDeliveryPayload {
    /// The new delivery of the same message; null when there are `userErrors`.
    delivery: Option<WebhookDelivery>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `sendTestWebhook`.
#[derive(InputObject)]
pub struct SendTestWebhookInput {
    /// The webhook.
    id: ID,
}

/// Answer of `sendTestWebhook`.
#[derive(SimpleObject)]
pub struct SendTestWebhookPayload {
    /// The delivery, whose state tells whether the message arrives; null when there are `userErrors`.
    delivery: Option<WebhookDelivery>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// The scope and the key of a delivery's id, for who may go on.
async fn scope_of_delivery(ctx: &Context<'_>, id: &ID) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::WebhookDelivery, id) else { return Ok(Err(Error::not_found("id"))) };
    let scope = TenantScope::of_delivery(&context::app(ctx)?.db, caller, key, Permission::Administer).await;
    context::admitted(ctx, scope.map(|scope| (scope, key)), |(scope, _)| scope)
}

/// Mutations of webhooks; they need the role ADMIN.
#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Makes a webhook: an address that is told of events. Needs the role ADMIN. An API key needs besides `tenant:admin` the
    /// scopes that read what the events tell: `links:read`, `reports:read` for clicks, `pixels:read` for pixels.
    async fn create_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new webhook.")] input: CreateWebhookInput,
    ) -> Result<CreateWebhookPayload> {
        let once = context::once(ctx, input.idempotency_key)?;
        let scope = scope_of(ctx, &input.tenant_id, Permission::Administer, "tenantId").await?;
        let new = NewWebhook { url: input.url, events: input.events.into_iter().map(Into::into).collect() };
        let made = match scope {
            Ok(scope) => webhooks::create(context::app(ctx)?, scope, new, once).await.map(|made| (scope, made)),
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, made)? {
            Ok((scope, made)) => {
                let (webhook, secret) = (Some(Webhook::new(scope, made.webhook)), made.secret);
                CreateWebhookPayload { webhook, secret, user_errors: Vec::new() }
            }
            Err(user_errors) => CreateWebhookPayload { webhook: None, secret: None, user_errors },
        })
    }

    /// Changes a webhook: only the fields that are given. Needs the role ADMIN, and of an API key the scopes that
    /// `createWebhook` needs for the events that it has then, unless it is only switched off.
    async fn update_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateWebhookInput,
    ) -> Result<UpdateWebhookPayload> {
        let events = input.events.map(|events| events.into_iter().map(Into::into).collect());
        let change = WebhookChange { url: input.url, events, enabled: input.enabled };
        let changed = match scope_of_webhook(ctx, &input.id).await? {
            Ok((scope, key)) => {
                let changed = webhooks::update(context::app(ctx)?, scope, key, change).await;
                changed.map(|row| Webhook::new(scope, row))
            }
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, changed)? {
            Ok(webhook) => UpdateWebhookPayload { webhook: Some(webhook), user_errors: Vec::new() },
            Err(user_errors) => UpdateWebhookPayload { webhook: None, user_errors },
        })
    }

    /// Deletes a webhook with the log of its deliveries. Needs the role ADMIN.
    async fn delete_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which webhook.")] input: DeleteWebhookInput,
    ) -> Result<DeleteWebhookPayload> {
        let deleted = match scope_of_webhook(ctx, &input.id).await? {
            Ok((scope, key)) => webhooks::delete(context::app(ctx)?, scope, key).await,
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, deleted)? {
            Ok(()) => DeleteWebhookPayload { deleted_webhook_id: Some(input.id), user_errors: Vec::new() },
            Err(user_errors) => DeleteWebhookPayload { deleted_webhook_id: None, user_errors },
        })
    }

    /// Gives a webhook a new secret; for 24 hours the one before signs beside it, so that the receiver has time to change.
    /// Needs the role ADMIN.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which webhook.")] input: RotateWebhookSecretInput,
    ) -> Result<RotateWebhookSecretPayload> {
        let rotated = match scope_of_webhook(ctx, &input.id).await? {
            Ok((scope, key)) => webhooks::rotate_secret(context::app(ctx)?, scope, key).await.map(|made| (scope, made)),
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, rotated)? {
            Ok((scope, made)) => {
                let (webhook, secret) = (Some(Webhook::new(scope, made.webhook)), made.secret);
                RotateWebhookSecretPayload { webhook, secret, user_errors: Vec::new() }
            }
            Err(user_errors) => RotateWebhookSecretPayload { webhook: None, secret: None, user_errors },
        })
    }

    /// Sends a message to its webhook again, under the same `webhook-id`. `INVALID` for one that is still tried, and for a
    /// webhook that is off. Needs the role ADMIN.
    async fn replay_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which delivery.")] input: ReplayWebhookDeliveryInput,
    ) -> Result<ReplayWebhookDeliveryPayload> {
        let replayed = match scope_of_delivery(ctx, &input.id).await? {
            Ok((scope, key)) => {
                let row = log::replay(context::app(ctx)?, scope, key).await;
                row.map(|row| WebhookDelivery::new(scope, row))
            }
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, replayed)? {
            Ok(delivery) => ReplayWebhookDeliveryPayload { delivery: Some(delivery), user_errors: Vec::new() },
            Err(user_errors) => ReplayWebhookDeliveryPayload { delivery: None, user_errors },
        })
    }

    /// Sends a message of the type `webhook.test` to a webhook, whatever events it is set up for. `INVALID` for one that is
    /// off. Needs the role ADMIN.
    async fn send_test_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which webhook.")] input: SendTestWebhookInput,
    ) -> Result<SendTestWebhookPayload> {
        let sent = match scope_of_webhook(ctx, &input.id).await? {
            Ok((scope, key)) => {
                let row = log::send_test(context::app(ctx)?, scope, key).await;
                row.map(|row| WebhookDelivery::new(scope, row))
            }
            Err(error) => Err(error),
        };
        Ok(match answer(ctx, sent)? {
            Ok(delivery) => SendTestWebhookPayload { delivery: Some(delivery), user_errors: Vec::new() },
            Err(user_errors) => SendTestWebhookPayload { delivery: None, user_errors },
        })
    }
}
