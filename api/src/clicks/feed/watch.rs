//! Watching the clicks of a tenant: whoever may read its reports may, and only as long as they may. The token is looked at
//! again and again, and so is the membership: a stream ends within seconds of the right to it.

use super::{RECHECK, Received, Subscriber};
use crate::{
    app::App,
    auth,
    error::Error,
    scope::{Caller, Permission, TenantScope},
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

/// How long is waited for Redis to send a tenant's clicks here; after that they come when it does.
const REACH: Duration = Duration::from_secs(2);
/// How often in a row a look at the right to watch may fail for reasons of ours before the stream ends.
const FAULTS: u8 = 3;

/// A tenant's clicks, or a link's, as they come.
pub struct Watch {
    app: App,
    token: SecretString,
    tenant_id: Uuid,
    subscriber: Subscriber,
    check_at: Instant,
    faults: u8,
}

/// Begins to watch a tenant, or one of its links, with this token.
///
/// # Errors
/// As [`TenantScope::of`]; `NOT_FOUND` in `linkId` for a link that is not the tenant's; [`Error::TooManyStreams`].
pub async fn watch(app: App, token: SecretString, tenant_id: Uuid, link_id: Option<Uuid>) -> Result<Watch, Error> {
    let caller = auth::authenticate(&app, token.expose_secret()).await?;
    right(&app, caller, tenant_id).await?;
    if let Some(link_id) = link_id {
        let scope = TenantScope::of_link(&app.db, caller, link_id, Permission::ReadReports, "linkId").await?;
        if scope.tenant_id() != tenant_id {
            return Err(Error::not_found("linkId"));
        }
    }
    let subscriber = app.feed.hub().subscribe(tenant_id, link_id).ok_or(Error::TooManyStreams)?;
    drop(timeout(REACH, subscriber.reached()).await);
    Ok(Watch { app, token, tenant_id, subscriber, check_at: Instant::now() + RECHECK, faults: 0 })
}

async fn right(app: &App, caller: Caller, tenant_id: Uuid) -> Result<(), Error> {
    TenantScope::of(&app.db, caller, tenant_id, Permission::ReadReports, "tenantId").await.map(drop)
}

impl Watch {
    /// The next click; waits for it.
    ///
    /// # Errors
    /// Why this may be watched no longer; there is nothing more after one.
    pub async fn next(&mut self) -> Result<Received, Error> {
        loop {
            tokio::select! {
                // first: a busy tenant must not keep the looks away
                biased;
                () = sleep_until(self.check_at) => self.check().await?,
                received = self.subscriber.next() => return Ok(received),
            }
        }
    }

    async fn check(&mut self) -> Result<(), Error> {
        let seen = async {
            let caller = auth::authenticate(&self.app, self.token.expose_secret()).await?;
            right(&self.app, caller, self.tenant_id).await
        };
        match seen.await {
            Err(Error::Fault(cause)) if self.faults + 1 < FAULTS => {
                tracing::warn!(%cause, "whether a stream may go on cannot be seen; it is looked at again");
                self.faults += 1;
            }
            other => {
                other?;
                self.faults = 0;
            }
        }
        self.check_at = Instant::now() + RECHECK;
        Ok(())
    }
}
