//! The audit log: what was changed, by whom, from what to what.

use super::{
    context,
    error::{bad_argument, top_level},
    id::{self, Kind},
    page::{self, PageArgs, TotalCount, connect},
    scalars::DateTime,
};
use crate::audit::{self, Filter, Log};
use async_graphql::{Context, ID, InputObject, Object, Result};
use entities::audit_event;

/// What somebody changed.
pub struct AuditEvent(audit_event::Model);

/// What somebody changed: one for each mutation that changed something, written together with the change. The events of a
/// log are chained by their hashes, so that none can be altered or taken out unseen.
#[Object]
impl AuditEvent {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        id::encode(Kind::AuditEvent, self.0.id)
    }

    /// Its number in the log, from 1 without a gap.
    async fn sequence(&self) -> i64 {
        self.0.seq
    }

    /// When it was.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who did it; null for this server itself.
    async fn user_id(&self) -> Option<ID> {
        self.0.user_id.map(|key| id::encode(Kind::User, key))
    }

    /// The API key that was shown; null for a log-in, and for this server itself.
    async fn api_key_id(&self) -> Option<ID> {
        self.0.api_key_id.map(|key| id::encode(Kind::ApiKey, key))
    }

    /// The request, as the header `X-Request-Id` of its answer named it; null for this server itself.
    async fn request_id(&self) -> Option<String> {
        self.0.request_id.map(|id| id.as_simple().to_string())
    }

    /// What was done: the name of the mutation.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// What kind of thing was changed: the name of its type.
    async fn target_kind(&self) -> &str {
        &self.0.target_kind
    }

    /// What was changed; null where it was many things.
    async fn target_id(&self) -> Option<ID> {
        let kind = Kind::of_name(&self.0.target_kind)?;
        self.0.target_id.map(|key| id::encode(kind, key))
    }

    /// What it was before, as JSON; null for what was not there. Ids in it are those of this server's rows.
    async fn before(&self) -> Option<&str> {
        self.0.before.as_deref()
    }

    /// What it was from then on, as JSON; null for what was gone. Ids in it are those of this server's rows.
    async fn after(&self) -> Option<&str> {
        self.0.after.as_deref()
    }

    /// Hash of the event before it, 64 hexadecimal digits; zeros for the first.
    async fn previous_hash(&self) -> String {
        hexadecimal(&self.0.previous_hash)
    }

    /// SHA-256 over `previousHash` and all the values of the event, 64 hexadecimal digits.
    async fn hash(&self) -> String {
        hexadecimal(&self.0.hash)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A page of an audit log.
pub type AuditEventConnection = page::Connection<AuditEvent>;

/// Which events; every part that is given must be met.
#[derive(Default, InputObject)]
pub struct AuditFilter {
    /// The name of the mutation, such as `updateLink`.
    action: Option<String>,
    /// Who did it.
    user_id: Option<ID>,
    /// What was changed.
    target_id: Option<ID>,
}

impl AuditFilter {
    fn read(self) -> Result<Filter> {
        let key = |argument: &str, id: Option<ID>| {
            let decode = |id: ID| {
                let found = id::decode_any(&id).map(|(_, key)| key);
                found.ok_or_else(|| bad_argument(argument, "must be an id that this API gave out"))
            };
            id.map(decode).transpose()
        };
        Ok(Filter {
            action: self.action,
            user_id: key("filter.userId", self.user_id)?,
            target_id: key("filter.targetId", self.target_id)?,
        })
    }
}

/// A page of a log.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn events_of(
    ctx: &Context<'_>,
    log: Log,
    filter: Option<AuditFilter>,
    page: PageArgs,
) -> Result<AuditEventConnection> {
    let db = &context::app(ctx)?.db;
    let filter = filter.unwrap_or_default().read()?;
    let window = audit::list(db, log, &filter, &page.page()?).await.map_err(top_level)?;
    let counted = db.clone();
    let total = TotalCount::new(move || {
        let (db, filter) = (counted.clone(), filter.clone());
        async move { audit::count(&db, log, &filter).await }
    });
    Ok(connect(window, total, AuditEvent))
}
