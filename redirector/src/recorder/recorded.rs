//! What a visit awaits before it answers: that its event is in the log, or that waiting has no use.

use super::queue::Queue;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Resolves when an event is in the log, or was counted as dropped, or the disk has stalled.
#[must_use = "the response waits for it"]
pub struct Recorded {
    queue: Arc<Queue>,
    group: Option<u64>,
    waits: bool,
}

impl Recorded {
    /// Waits for a group; `None` is an event that was dropped.
    pub(super) const fn new(queue: Arc<Queue>, group: Option<u64>) -> Self {
        Self { queue, group, waits: false }
    }
}

impl Future for Recorded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(group) = self.group else { return Poll::Ready(()) };
        let again = std::mem::replace(&mut self.waits, true);
        self.queue.poll(group, context.waker(), again)
    }
}
