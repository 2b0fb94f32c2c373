//! Runs the background loops: the relay, the checks of domains, the mails, the deliveries of webhooks, the ingest of clicks
//! from Redis and the courier that carries them to subscribers. A loop that ends on its own takes the process down, so that
//! somebody notices.

use crate::{
    clicks::{feed::courier::Courier, stream::StreamIngest},
    domains::Rechecks,
    invalidation::relay::Relay,
    mails,
    webhooks::work::Work,
};
use std::future::Future;
use tokio::sync::watch;

/// The loops of a process.
pub struct Worker {
    /// Brings changes out.
    pub relay: Relay,
    /// Looks whether domains of tenants are still proved.
    pub rechecks: Rechecks,
    /// Sends mails.
    pub mails: mails::Sender,
    /// Delivers webhooks.
    pub webhooks: Work,
    /// Brings clicks in; the embedded default hands them over in process instead.
    pub ingest: Option<StreamIngest>,
    /// Carries stored clicks to subscribers in other processes; the embedded default has none.
    pub courier: Option<Courier>,
}

impl Worker {
    /// Runs every loop until `stop`, then lets each finish what it holds.
    ///
    /// # Errors
    /// The name of a loop that ended before.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), String> {
        let (stopping, stopped) = watch::channel(false);
        let signal = |mut stopped: watch::Receiver<bool>| async move {
            // a sender that is gone means the same
            drop(stopped.wait_for(|stopped| *stopped).await);
        };
        let mut loops = tokio::task::JoinSet::new();
        let relay = self.relay.run(signal(stopped.clone()));
        loops.spawn(async move {
            relay.await;
            "relay"
        });
        let rechecks = self.rechecks.run(signal(stopped.clone()));
        loops.spawn(async move {
            rechecks.await;
            "rechecks"
        });
        if let Some(courier) = self.courier {
            let courier = courier.run(signal(stopped.clone()));
            loops.spawn(async move {
                courier.await;
                "courier"
            });
        }
        let mails = self.mails.run(signal(stopped.clone()));
        loops.spawn(async move {
            mails.await;
            "mails"
        });
        let webhooks = self.webhooks.run(signal(stopped.clone()));
        loops.spawn(async move {
            webhooks.await;
            "webhooks"
        });
        if let Some(ingest) = self.ingest {
            let ingest = ingest.run(signal(stopped));
            loops.spawn(async move {
                if let Err(error) = ingest.await {
                    tracing::error!(%error, "the ingest ended");
                }
                "ingest"
            });
        }
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => {}
            ended = loops.join_next() => return Err(format!("a loop ended on its own: {ended:?}")),
        }
        stopping.send_replace(true);
        while loops.join_next().await.is_some() {}
        Ok(())
    }
}
