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
    scope: TenantScope,
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
    let scope = right(&app, caller, tenant_id).await?;
    if let Some(link_id) = link_id {
        let of_link = TenantScope::of_link(&app.db, caller, link_id, Permission::ReadReports, "linkId").await?;
        if of_link.tenant_id() != tenant_id {
            return Err(Error::not_found("linkId"));
        }
    }
    let subscriber = app.feed.hub().subscribe(tenant_id, link_id).ok_or(Error::TooManyStreams)?;
    drop(timeout(REACH, subscriber.reached()).await);
    Ok(Watch { app, token, scope, subscriber, check_at: Instant::now() + RECHECK, faults: 0 })
}

async fn right(app: &App, caller: Caller, tenant_id: Uuid) -> Result<TenantScope, Error> {
    TenantScope::of(&app.db, caller, tenant_id, Permission::ReadReports, "tenantId").await
}

impl Watch {
    /// What was found to be watched.
    #[must_use]
    pub const fn scope(&self) -> &TenantScope {
        &self.scope
    }

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
            right(&self.app, caller, self.scope.tenant_id()).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::World;

    #[tokio::test]
    async fn a_token_that_time_ends_ends_what_it_watches_and_not_before() {
        let world = World::new().await;
        let token: SecretString = world.account.session.access_token.clone().into();
        let begin = async || watch(world.app.clone(), token.clone(), world.account.tenant.id, None).await;
        let mut watched = begin().await.unwrap();
        let minute = 60_000;
        world.app.clock.advance(14 * minute);
        watched.check().await.unwrap();
        assert!(watched.check_at > Instant::now(), "it is looked at again, and not at once");
        world.app.clock.advance(2 * minute);
        watched.check_at = Instant::now();
        assert!(matches!(watched.next().await, Err(Error::Unauthenticated)));
        assert!(matches!(begin().await, Err(Error::Unauthenticated)));
    }
}
