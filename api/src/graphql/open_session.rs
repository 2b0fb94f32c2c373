//! The sessions of who asks: what devices are logged in, and ending them.

use super::{
    context, error,
    error::{UserError, answer},
    id::{self, Kind},
    scalars::DateTime,
};
use crate::auth::open_sessions;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entities::session;

/// A session of the user that is open: one log-in, on one device.
#[derive(Debug, Clone, SimpleObject)]
pub struct OpenSession {
    /// Opaque and stable.
    id: ID,
    /// When it was begun.
    created_at: DateTime,
    /// When it was begun or refreshed last; a session in use is refreshed every 15 minutes.
    last_used_at: DateTime,
    /// When it ends by itself.
    expires_at: DateTime,
    /// What the device said of itself then, in its header `User-Agent`, at most 200 characters; null when it said nothing.
    user_agent: Option<String>,
    /// The network it was in then, such as `203.0.113.0/24` or `2001:db8:1::/48`; whole addresses are not kept. Null when it
    /// is not known.
    ip_address: Option<String>,
    /// Whether this request belongs to it.
    current: bool,
}

impl OpenSession {
    /// A row, seen from the session that asks.
    #[must_use]
    pub fn new(row: session::Model, current: bool) -> Self {
        Self {
            id: id::encode(Kind::Session, row.id),
            created_at: DateTime(row.created_at),
            last_used_at: DateTime(row.last_used_at.unwrap_or(row.created_at)),
            expires_at: DateTime(row.expires_at),
            user_agent: row.user_agent,
            ip_address: row.ip_address,
            current,
        }
    }
}

/// Input of `revokeSession`.
#[derive(InputObject)]
pub struct RevokeSessionInput {
    /// The session, of the user who asks; it may be the one that this request belongs to.
    id: ID,
}

/// Answer of `revokeSession`.
#[derive(SimpleObject)]
pub struct RevokeSessionPayload {
    /// `NOT_FOUND` for what is no session of this user; empty when the session has ended, now or before.
    user_errors: Vec<UserError>,
}

/// Answer of `revokeOtherSessions`.
#[derive(SimpleObject)]
pub struct RevokeOtherSessionsPayload {
    /// How many sessions were ended; null when there are `userErrors`.
    ended: Option<u64>,
    /// The mistakes; always empty.
    user_errors: Vec<UserError>,
}

/// Mutations of open sessions.
#[derive(Default)]
pub struct OpenSessionMutation;

#[Object]
impl OpenSessionMutation {
    /// Ends one session of the user who asks: its tokens work no more, from the next request on.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: RevokeSessionInput,
    ) -> Result<RevokeSessionPayload> {
        let session = id::decode(Kind::Session, &input.id);
        let ended = answer(ctx, open_sessions::revoke(context::app(ctx)?, context::caller(ctx)?, session).await)?;
        Ok(RevokeSessionPayload { user_errors: ended.err().unwrap_or_default() })
    }

    /// Ends every session of the user who asks, except the one that this request belongs to.
    async fn revoke_other_sessions(&self, ctx: &Context<'_>) -> Result<RevokeOtherSessionsPayload> {
        let ended = open_sessions::revoke_others(context::app(ctx)?, context::caller(ctx)?).await;
        let ended = ended.map_err(error::top_level)?;
        Ok(RevokeOtherSessionsPayload { ended: Some(ended), user_errors: Vec::new() })
    }
}
