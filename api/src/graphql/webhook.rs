//! Webhooks, and what became of the deliveries to them. Each holds the caller's scope, so that whatever is reached through
//! it was allowed.

pub mod delivery;
pub mod mutation;

pub use delivery::{WebhookDelivery, WebhookDeliveryConnection, WebhookDeliveryState};

use super::{
    context,
    error::{top_level, value},
    id::{self, Kind},
    page::{self, PageArgs, TotalCount, connect},
    scalars::DateTime,
};
use crate::{
    error::Error,
    scope::{Permission, TenantScope},
    webhooks::{self, event::Event},
};
use async_graphql::{Context, Enum, ID, Object, Result};
use entities::webhook::{DisabledBy, Model};
use uuid::Uuid;

/// What a webhook is told of. Each message has a body `{"type", "timestamp", "data"}` whose ids are those of this API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Event")]
pub enum WebhookEvent {
    /// `link.created`: a link was made; `data.link`. Of many that are made at once, of a content too, one message for each.
    LinkCreated,
    /// `link.updated`: a link was changed, by an upsert too, archived or restored; `data.link` as it is now.
    LinkUpdated,
    /// `link.deleted`: a link was deleted; `data.link` as it was.
    LinkDeleted,
    /// `link.expired`: the end of a link has come, once for each end, within seconds; `data.link`. An end that is set to the
    /// past is told of within a minute, one of more than 7 days ago not at all.
    LinkExpired,
    /// `click.recorded`: visits were stored, machines' as well; `data.clicks`, up to 100 or 256 KiB or those of a second
    /// together. Each visit is in exactly one message.
    ClickRecorded,
    /// `pixel.unhealthy`: a pixel has begun to fire on fewer visits than the policy asks for; once until it has recovered.
    PixelUnhealthy,
    /// `webhook.test`: what `sendTestWebhook` sends. No webhook can be set up for it, and every one gets it.
    Test,
}

/// Why a webhook is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "DisabledBy")]
pub enum WebhookDisabledBy {
    /// A member switched it off.
    Member,
    /// The receiver answered 410 Gone.
    Gone,
    /// No attempt has worked for 5 days.
    Failing,
}

/// An address of a tenant that is told of events.
#[derive(Debug, Clone)]
pub struct Webhook {
    scope: TenantScope,
    row: Model,
}

impl Webhook {
    /// A webhook that was reached through a scope.
    #[must_use]
    pub const fn new(scope: TenantScope, row: Model) -> Self {
        Self { scope, row }
    }
}

/// An address of a tenant that is told of events: by POST requests with a JSON body, signed as Standard Webhooks 1.0 says
/// (headers `webhook-id`, `webhook-timestamp`, `webhook-signature`). An answer of 200 to 299 within 10 seconds takes a
/// message; anything else is tried again for a day. A message may come twice, under the same `webhook-id`, and in any order.
#[Object]
impl Webhook {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Webhook, self.row.id)
    }

    /// Where events go.
    async fn url(&self) -> &str {
        &self.row.url
    }

    /// Which events.
    async fn events(&self) -> Vec<WebhookEvent> {
        Event::of_stored(&self.row.events).into_iter().map(Into::into).collect()
    }

    /// Whether it is told of events; while it is off nothing is kept for it.
    async fn enabled(&self) -> bool {
        self.row.disabled_at.is_none()
    }

    /// When it was switched off; null while it is on.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.row.disabled_at.map(DateTime)
    }

    /// Why it is off; null while it is on.
    async fn disabled_by(&self) -> Option<WebhookDisabledBy> {
        self.row.disabled_by.map(Into::into)
    }

    /// Since when every attempt has failed; null when the last one worked. After 5 days a failure switches it off.
    async fn failing_since(&self) -> Option<DateTime> {
        self.row.failing_since.map(DateTime)
    }

    /// Until when the secret before signs beside the present one; null when the secret was never rotated.
    async fn previous_secret_until(&self) -> Option<DateTime> {
        self.row.previous_until.map(DateTime)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }

    /// What is and was to be delivered to it in the last 7 days, the latest first.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those in this state; all of them when it is left out. FAILED are the dead letters.")]
        state: Option<WebhookDeliveryState>,
        #[graphql(desc = "At most this many from the start, 0 to 100; 20 when `last` is left out as well.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end, 0 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<WebhookDeliveryConnection> {
        let state = state.map(Into::into);
        delivery::deliveries_of(ctx, self.scope, self.row.id, state, PageArgs::new(first, after, last, before)).await
    }
}

/// A page of webhooks.
pub type WebhookConnection = page::Connection<Webhook>;

/// The webhooks of a tenant.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn webhooks_of(ctx: &Context<'_>, scope: TenantScope, page: PageArgs) -> Result<WebhookConnection> {
    let app = context::app(ctx)?;
    let window = webhooks::list(app, scope, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { webhooks::count(&app, scope).await }
    });
    Ok(connect(window, total, move |row| Webhook::new(scope, row)))
}

/// The scope and the key of a webhook's id, for who may go on.
async fn scope_of_webhook(ctx: &Context<'_>, id: &ID) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::Webhook, id) else { return Ok(Err(Error::not_found("id"))) };
    let scope = TenantScope::of_webhook(&context::app(ctx)?.db, caller, key, Permission::Administer).await;
    context::admitted(ctx, scope.map(|scope| (scope, key)), |(scope, _)| scope)
}

/// The webhook of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Webhook>> {
    let Some((scope, key)) = value(scope_of_webhook(ctx, id).await?)? else { return Ok(None) };
    let found = webhooks::find(context::app(ctx)?, scope, key).await;
    Ok(value(found)?.map(|row| Webhook::new(scope, row)))
}
