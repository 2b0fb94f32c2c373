//! The subscriptions of one WebSocket, by the ids that its client gave them, looked at in turns.

use crate::graphql::Event;
use futures_util::{StreamExt, stream::BoxStream};
use std::task::{Context, Poll};

/// Running subscriptions.
#[derive(Default)]
pub(super) struct Operations {
    running: Vec<(String, BoxStream<'static, Event>)>,
    turn: usize,
}

impl Operations {
    /// How many run.
    pub(super) const fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether one of this id runs.
    pub(super) fn has(&self, id: &str) -> bool {
        self.running.iter().any(|(known, _)| known == id)
    }

    /// Takes one up.
    pub(super) fn add(&mut self, id: String, events: BoxStream<'static, Event>) {
        self.running.push((id, events));
    }

    /// Ends one; no matter if it has ended.
    pub(super) fn end(&mut self, id: &str) {
        self.running.retain(|(known, _)| known != id);
    }

    /// The next event of any, with the id of its subscription; `None` is the end of one, and while none runs nothing comes.
    pub(super) async fn next(&mut self) -> (String, Option<Event>) {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(String, Option<Event>)> {
        let count = self.running.len();
        for at in (0..count).map(|step| (self.turn + step) % count) {
            let (id, events) = &mut self.running[at];
            if let Poll::Ready(event) = events.poll_next_unpin(context) {
                // who was heard comes last the next time
                self.turn = at + 1;
                return Poll::Ready((id.clone(), event));
            }
        }
        Poll::Pending
    }
}
