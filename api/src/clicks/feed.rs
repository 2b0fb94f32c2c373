//! Clicks as they come: what the ingest has committed is brought to whoever watches a tenant, in this process or, over
//! Redis, in any other. Each stored click is announced once, and arrives at most once: what a subscriber misses is in the
//! tables, and nowhere else. Nothing here can fail or slow the ingest, and while nobody watches it costs next to nothing.

pub mod courier;
mod queue;
mod watch;

pub use queue::{Hub, Received, Subscriber};
pub use watch::{Watch, watch};

use contract::click::Click;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Most clicks that wait for one subscriber; of more, the oldest are left out. Twice as many as a redirector ships at once, so
/// that a burst alone leaves nothing out.
pub const WAITING: usize = 1_024;
/// Most subscribers of a tenant in one process.
pub const SUBSCRIBERS: usize = 100;
/// Time between two looks whether a subscriber may still watch.
pub const RECHECK: Duration = Duration::from_secs(10);

/// Where the ingest announces clicks, and where subscribers are made.
#[derive(Clone, Default)]
pub struct Feed {
    hub: Arc<Hub>,
    /// To other processes, by way of Redis; `None` where there is but one.
    outgoing: Option<mpsc::Sender<Vec<Click>>>,
}

impl Feed {
    /// Announces clicks that were committed and that no announcement has had before. Never waits: what cannot be taken at
    /// once is left out.
    pub fn announce(&self, clicks: Vec<Click>) {
        match &self.outgoing {
            _ if clicks.is_empty() => {}
            None => self.hub.publish(clicks),
            Some(outgoing) => {
                if outgoing.try_send(clicks).is_err() {
                    tracing::debug!("clicks are stored, and no subscriber hears of them: Redis is behind");
                }
            }
        }
    }

    /// Who watches in this process.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::{
        batch::tests::{click, frame_of},
        tests::{BOOT, MONDAY, TENANT, World},
    };
    use contract::click::Event;
    use uuid::Uuid;

    #[tokio::test]
    async fn what_is_stored_is_announced_once_however_often_it_is_sent() {
        let world = World::new().await;
        let feed = Feed::default();
        let ingest = world.ingest.clone().announcing(feed.clone());
        let subscriber = feed.hub().subscribe(Uuid::from_u128(TENANT), None).unwrap();
        let frame = |places: &[u64]| {
            let click = |place: &u64| click(MONDAY + i64::try_from(*place).unwrap(), TENANT, 7, 1);
            frame_of(places.iter().map(|place| (*place, Event::Click(Box::new(click(place))))))
        };
        for places in [&[1, 2][..], &[1, 2], &[2, 3], &[1, 2, 3, 4]] {
            ingest.store(BOOT, &frame(places)).await.unwrap();
        }
        for expected in 1..=4 {
            assert_eq!(subscriber.next().await.click.at, MONDAY + expected);
        }
    }
}
