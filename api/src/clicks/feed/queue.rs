//! The subscribers of one process. Each has a queue of its own, which is bounded: a reader that is too slow loses the oldest
//! clicks, is told how many with the first one after them, and holds up nobody.

use super::{SUBSCRIBERS, WAITING};
use contract::click::Click;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// A click, as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The click.
    pub click: Arc<Click>,
    /// How many clicks before it were left out because the subscriber was too slow.
    pub missed: u64,
}

/// Clicks that wait for one subscriber.
#[derive(Debug, Default)]
struct Queue {
    link_id: Option<Uuid>,
    waiting: Mutex<VecDeque<Received>>,
    arrived: Notify,
}

impl Queue {
    fn push(&self, click: &Arc<Click>) {
        if self.link_id.is_some_and(|link_id| link_id != click.link_id) {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(Received { click: Arc::clone(click), missed: 0 });
        if waiting.len() > WAITING {
            let missed = waiting.pop_front().map_or(0, |oldest| oldest.missed + 1);
            if let Some(next) = waiting.front_mut() {
                next.missed += missed;
            }
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    fn pop(&self) -> Option<Received> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The subscribers of this process, by tenant.
#[derive(Debug, Default)]
pub struct Hub {
    queues: Mutex<HashMap<Uuid, Vec<Arc<Queue>>>>,
    /// The tenants that somebody watches.
    watched: watch::Sender<BTreeSet<Uuid>>,
    /// Those of them whose clicks reach this process; `None` where they all do.
    reached: watch::Sender<Option<BTreeSet<Uuid>>>,
}

impl Hub {
    /// A subscriber to the clicks of a tenant, or of one of its links; `None` when the tenant has as many as it can have.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, tenant_id: Uuid, link_id: Option<Uuid>) -> Option<Subscriber> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = queues.entry(tenant_id).or_default();
        if of_tenant.len() >= SUBSCRIBERS {
            return None;
        }
        let queue = Arc::new(Queue { link_id, ..Queue::default() });
        of_tenant.push(Arc::clone(&queue));
        self.watched.send_if_modified(|watched| watched.insert(tenant_id));
        Some(Subscriber { hub: Arc::clone(self), tenant_id, queue })
    }

    fn unsubscribe(&self, tenant_id: Uuid, queue: &Arc<Queue>) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_tenant) = queues.get_mut(&tenant_id) else { return };
        of_tenant.retain(|other| !Arc::ptr_eq(other, queue));
        if of_tenant.is_empty() {
            queues.remove(&tenant_id);
            self.watched.send_if_modified(|watched| watched.remove(&tenant_id));
        }
    }

    /// Hands clicks to those who watch their tenants.
    pub(super) fn publish(&self, clicks: Vec<Click>) {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.is_empty() {
            return;
        }
        for click in clicks {
            if let Some(of_tenant) = queues.get(&click.tenant_id) {
                let click = Arc::new(click);
                of_tenant.iter().for_each(|queue| queue.push(&click));
            }
        }
    }

    /// The tenants that somebody watches, as they change.
    pub(super) fn watched(&self) -> watch::Receiver<BTreeSet<Uuid>> {
        self.watched.subscribe()
    }

    /// Says whose clicks reach this process.
    pub(super) fn reach(&self, tenants: BTreeSet<Uuid>) {
        self.reached.send_replace(Some(tenants));
    }
}

/// One who watches; dropped, it is forgotten.
#[derive(Debug)]
pub struct Subscriber {
    hub: Arc<Hub>,
    tenant_id: Uuid,
    queue: Arc<Queue>,
}

impl Subscriber {
    /// Waits until clicks of the tenant reach this process.
    pub async fn reached(&self) {
        let mut reached = self.hub.reached.subscribe();
        let here = |tenants: &Option<BTreeSet<Uuid>>| tenants.as_ref().is_none_or(|all| all.contains(&self.tenant_id));
        // the hub holds the sender
        drop(reached.wait_for(here).await);
    }

    /// The next click; waits for it. What was not taken because this future was dropped comes the next time.
    pub async fn next(&self) -> Received {
        loop {
            // a click that comes in between leaves its notice
            let arrived = self.queue.arrived.notified();
            if let Some(received) = self.queue.pop() {
                return received;
            }
            arrived.await;
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.hub.unsubscribe(self.tenant_id, &self.queue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::batch::tests::click;

    #[tokio::test]
    async fn clicks_come_to_those_who_watch_and_a_slow_one_is_told_what_it_missed() {
        let hub = Arc::new(Hub::default());
        let tenant = |number: u128| Uuid::from_u128(number);
        let all = hub.subscribe(tenant(1), None).unwrap();
        let one = hub.subscribe(tenant(1), Some(Uuid::from_u128(7))).unwrap();
        let other = hub.subscribe(tenant(2), None).unwrap();
        hub.publish(vec![click(1, 1, 7, 0), click(2, 1, 8, 0), click(3, 3, 7, 0)]);
        let at = |received: Received| (received.click.at, received.missed);
        assert_eq!((at(all.next().await), at(all.next().await), at(one.next().await)), ((1, 0), (2, 0), (1, 0)));
        assert!(one.queue.pop().is_none() && other.queue.pop().is_none());

        let more = i64::try_from(WAITING).unwrap() + 5;
        hub.publish((1..=more).map(|at| click(at, 1, 8, 0)).collect());
        assert_eq!((at(all.next().await), at(all.next().await)), ((6, 5), (7, 0)));
        assert_eq!(all.queue.waiting.lock().unwrap().len(), WAITING - 2);
    }

    #[test]
    fn a_tenant_has_so_many_subscribers_and_who_leaves_makes_room() {
        let hub = Arc::new(Hub::default());
        let tenant_id = Uuid::from_u128(1);
        let all: Vec<_> = (0..SUBSCRIBERS).map(|_| hub.subscribe(tenant_id, None).unwrap()).collect();
        assert!(hub.subscribe(tenant_id, None).is_none() && hub.subscribe(Uuid::from_u128(2), None).is_some());
        assert_eq!(*hub.watched().borrow(), BTreeSet::from([tenant_id]));
        drop(all);
        assert!(hub.watched().borrow().is_empty() && hub.queues.lock().unwrap().is_empty());
        assert!(hub.subscribe(tenant_id, None).is_some());
    }
}
