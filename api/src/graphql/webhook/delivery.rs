//! Deliveries to webhooks, as they are given out.

use super::WebhookEvent;
use crate::{
    graphql::{
        context,
        error::top_level,
        id::{self, Kind},
        loaders,
        page::{self, PageArgs, TotalCount, connect},
        scalars::DateTime,
    },
    scope::TenantScope,
    webhooks::{event::Event, log},
};
use async_graphql::{Context, Enum, ID, Object, Result};
use entities::webhook_delivery::{Model, State};
use uuid::Uuid;

/// Whether a delivery arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum WebhookDeliveryState {
    /// It is to be tried, or tried again.
    Pending,
    /// It was answered with a status of 200 to 299.
    Delivered,
    /// It is not tried any more; `replayWebhookDelivery` sends it again.
    Failed,
}

/// A message on its way to a webhook.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    scope: TenantScope,
    row: Model,
}

impl WebhookDelivery {
    /// A delivery that was reached through a scope.
    #[must_use]
    pub const fn new(scope: TenantScope, row: Model) -> Self {
        Self { scope, row }
    }
}

/// A message on its way to a webhook, and what became of it; kept for 7 days.
#[Object]
impl WebhookDelivery {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        id::encode(Kind::WebhookDelivery, self.row.id)
    }

    /// The header `webhook-id`: the same each time that the message is sent, to every webhook and when it is replayed.
    async fn message_id(&self) -> String {
        log::message_id(self.row.message_id)
    }

    /// What it tells of; null for an event that this version does not know.
    async fn event(&self) -> Option<WebhookEvent> {
        Event::named(&self.row.event).map(Into::into)
    }

    /// When it was written: when the event happened, or the replay was asked for.
    async fn at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// Whether it arrived.
    async fn state(&self) -> WebhookDeliveryState {
        self.row.state.into()
    }

    /// Attempts that were begun, at most 8 unless the operator of this server set other pauses.
    async fn attempts(&self) -> i32 {
        self.row.attempts
    }

    /// When the last attempt began; null before the first.
    async fn attempted_at(&self) -> Option<DateTime> {
        self.row.attempted_at.map(DateTime)
    }

    /// Status code of the last answer; null when there was none.
    async fn response_status(&self) -> Option<i32> {
        self.row.status
    }

    /// Milliseconds that the last attempt took; null before the first has ended.
    async fn duration_ms(&self) -> Option<i64> {
        self.row.duration_ms
    }

    /// What was wrong with the last attempt, a sentence for people; null when nothing was.
    async fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// When it is tried next; while an attempt is under way, when that counts as lost. Null when it is not tried any more.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.row.next_attempt_at.map(DateTime)
    }

    /// The body as it is sent, JSON; null when it was cleared away meanwhile. An API key needs the scope that reads what it
    /// tells: `links:read`, `reports:read` for clicks, or `pixels:read`.
    async fn payload(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let event = Event::named(&self.row.event).unwrap_or(Event::Test);
        context::demand(ctx, &self.scope, event.needs())?;
        loaders::payload(ctx, self.row.tenant_id, self.row.message_id).await
    }
}

/// A page of deliveries.
pub type WebhookDeliveryConnection = page::Connection<WebhookDelivery>;

/// The deliveries to a webhook, those of one state or all.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn deliveries_of(
    ctx: &Context<'_>,
    scope: TenantScope,
    webhook_id: Uuid,
    state: Option<State>,
    page: PageArgs,
) -> Result<WebhookDeliveryConnection> {
    let app = context::app(ctx)?;
    let window = log::list(app, scope, webhook_id, state, &page.page()?).await.map_err(top_level)?;
    let counted = app.clone();
    let total = TotalCount::new(move || {
        let app = counted.clone();
        async move { log::count(&app, scope, webhook_id, state).await }
    });
    Ok(connect(window, total, move |row| WebhookDelivery::new(scope, row)))
}
