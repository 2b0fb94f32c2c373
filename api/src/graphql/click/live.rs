//! Clicks as they come, for whoever may read them.

use super::Click;
use crate::{
    clicks::{
        feed::{self, Received, Watch},
        recent::Recorded,
    },
    error::Error,
    graphql::{
        context,
        error::{streamed, top_level},
        execute::stream::{Course, Token},
        id::{self, Kind},
    },
};
use async_graphql::{Context, ID, Result, Subscription};
use futures_util::stream::{Stream, unfold};
use std::sync::Arc;

/// Subscriptions to clicks.
#[derive(Default)]
pub struct ClickSubscription;

#[Subscription]
impl ClickSubscription {
    /// Every click of a tenant, or of one of its links, once it is stored: machines' and excluded ones as well, and with
    /// nothing known of its pixels yet but what was refused. For a WebSocket (`graphql-transport-ws`, at the address of this
    /// API) or an event stream (`POST` with `Accept: text/event-stream`); needs the right to read reports.
    ///
    /// A click comes at most once, and it may not come at all: what happens while nobody listens, while Redis is away or
    /// while the connection breaks is in `Link.clicks` and in reports, and nowhere else. Clicks come in about the order of
    /// their time. At most 1,024 clicks wait for a reader that is slow; of more the oldest are left out, and
    /// `extensions.missed` of the event that follows says how many.
    ///
    /// The right to it is looked at every 10 seconds. When the access token is over (after 15 minutes), the session or key is
    /// ended or the membership is gone, the stream ends with an error; come back with a new token.
    async fn click_recorded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's id.")] tenant_id: ID,
        #[graphql(desc = "One of the tenant's links; clicks of all of them when left out.")] link_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Click>>> {
        let app = context::app(ctx)?.clone();
        let unauthenticated = || top_level(Error::Unauthenticated);
        let Token(token) = ctx.data_opt::<Token>().cloned().ok_or_else(unauthenticated)?;
        let course = ctx.data_opt::<Arc<Course>>().cloned().ok_or_else(unauthenticated)?;
        let missing = |argument: &str| streamed(Error::not_found(argument));
        let tenant_id = id::decode(Kind::Tenant, &tenant_id).ok_or_else(|| missing("tenantId"))?;
        let link_id = link_id.map(|link_id| id::decode(Kind::Link, &link_id).ok_or_else(|| missing("linkId")));
        let watch = feed::watch(app, token, tenant_id, link_id.transpose()?).await;
        let watch = context::admitted(ctx, watch, Watch::scope)?.map_err(streamed)?;
        course.begin();
        Ok(unfold(Some((watch, course)), |state| async move {
            let (mut watch, course) = state?;
            match watch.next().await {
                Ok(Received { click, missed }) => {
                    course.give(missed);
                    let click = Click(Recorded { click: (*click).clone(), results: None });
                    Some((Ok(click), Some((watch, course))))
                }
                Err(error) => {
                    course.end();
                    Some((Err(streamed(error)), None))
                }
            }
        }))
    }
}
