//! The open streams of this process, WebSockets and event streams: how many everybody and each caller may have, and how they
//! are told that the process stops.

use crate::{
    graphql::limits::streams::{CONNECTIONS, OF_CALLER, WAITING_SOCKETS},
    scope::{Caller, Credential},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

/// How long streams may take to end once they were told to.
const ENDING: Duration = Duration::from_secs(3);

/// All streams.
#[derive(Debug, Default)]
pub(in crate::http) struct Streams {
    stopping: watch::Sender<bool>,
    open: watch::Sender<u64>,
    /// By user, by API key, and by the network of who has not said yet who it is.
    holders: Mutex<HashMap<Holder, u64>>,
}

/// Whose a stream is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    /// A user's or an API key's.
    Caller(Uuid),
    /// Nobody's yet, at this network.
    Network(Option<String>),
}

impl Streams {
    /// Tells every stream to end.
    pub(in crate::http) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until they have, for at most 3 s.
    pub(in crate::http) async fn ended(&self) {
        let mut open = self.open.subscribe();
        if timeout(ENDING, open.wait_for(|open| *open == 0)).await.is_err() {
            tracing::warn!("streams are cut off: their clients read nothing");
        }
    }

    /// Turns true when streams are to end.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// A place for a stream; `None` when there are as many as there can be.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let entered = self.open.send_if_modified(|open| {
            let free = *open < CONNECTIONS.most;
            *open += u64::from(free);
            free
        });
        entered.then(|| Place { streams: Arc::clone(self), holder: None })
    }

    fn leave(&self, holder: &Holder) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = holders.get_mut(holder) {
            *count -= 1;
            if *count == 0 {
                holders.remove(holder);
            }
        }
    }
}

/// The place of a stream, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    streams: Arc<Streams>,
    holder: Option<Holder>,
}

impl Place {
    /// Counts it among those at a network that have not said who they are; false when there are as many as there can be.
    pub(super) fn waits_at(&mut self, network: Option<String>) -> bool {
        self.held_by(Holder::Network(network), WAITING_SOCKETS.most)
    }

    /// Counts it among the caller's; false when they have as many as they can have.
    pub(super) fn belongs_to(&mut self, caller: &Caller) -> bool {
        let id = match caller.credential {
            Credential::Session(_) => caller.user_id,
            Credential::Key { id, .. } => id,
        };
        self.held_by(Holder::Caller(id), OF_CALLER.most)
    }

    fn held_by(&mut self, holder: Holder, most: u64) -> bool {
        let mut holders = self.streams.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let count = holders.entry(holder.clone()).or_default();
        if *count >= most {
            return false;
        }
        *count += 1;
        drop(holders);
        if let Some(before) = self.holder.replace(holder) {
            self.streams.leave(&before);
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(holder) = self.holder.take() {
            self.streams.leave(&holder);
        }
        self.streams.open.send_modify(|open| *open -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_places_and_so_many_for_each() {
        let streams = Arc::new(Streams::default());
        let caller = Caller::of_session(Uuid::from_u128(1), Uuid::from_u128(2));
        let key =
            Caller { credential: Credential::Key { id: Uuid::from_u128(3), scopes: Default::default() }, ..caller };
        let mut places: Vec<_> = (0..CONNECTIONS.most).map(|_| streams.enter().unwrap()).collect();
        assert!(streams.enter().is_none());
        let mut next = places.iter_mut();
        let network = || Some("203.0.113.0/24".to_owned());
        assert!(next.by_ref().take(50).all(|place| place.waits_at(network())));
        assert!(!next.next().unwrap().waits_at(network()) && next.next().unwrap().waits_at(None));
        drop(places.drain(..50));
        let mut next = places.iter_mut();
        assert!(next.by_ref().take(20).all(|place| place.waits_at(network()) && place.belongs_to(&caller)));
        assert!(next.next().unwrap().waits_at(network()));
        assert!(!next.next().unwrap().belongs_to(&caller) && next.next().unwrap().belongs_to(&key));
        places.remove(0);
        assert!(places.last_mut().unwrap().belongs_to(&caller) && streams.enter().is_some());
        streams.stop();
        assert!(*streams.stopping().borrow());
        drop(places);
        streams.ended().await;
        assert!(streams.holders.lock().unwrap().is_empty());
    }
}
