//! Runs a subscription: the same guard as for every document, then events one by one, each fit for strangers. What keeps it
//! from beginning, or from going on, is its last event.

use super::{Answer, Asking, Engine, Told, make_ready, tell};
use crate::graphql::{
    error::code,
    guard::{Fault, Guard, Refusal, Rights},
    limits::SECONDS,
    loaders::loader,
    order::Shape,
};
use async_graphql::{Request, Response};
use futures_util::{
    StreamExt,
    stream::{BoxStream, Stream, unfold},
};
use secrecy::SecretString;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// The token that a subscription runs by, to be looked at again while it runs.
#[derive(Debug, Clone)]
pub struct Token(pub SecretString);

/// What a resolver tells of its stream.
#[derive(Debug, Default)]
pub struct Course {
    begun: AtomicBool,
    over: AtomicBool,
    given: AtomicU64,
    missed: AtomicU64,
    notice: Notify,
}

impl Course {
    /// It was allowed, and events may come.
    pub fn begin(&self) {
        self.begun.store(true, Relaxed);
        self.notice.notify_one();
    }

    /// The next event is on its way, after so many that were left out.
    pub fn give(&self, missed: u64) {
        self.given.fetch_add(1, Relaxed);
        self.missed.fetch_add(missed, Relaxed);
    }

    /// The next thing is an error, and the last.
    pub fn end(&self) {
        self.over.store(true, Relaxed);
    }
}

/// What comes out of a subscription.
#[derive(Debug)]
pub enum Event {
    /// Something happened.
    Next(Answer),
    /// It did not begin, or does not go on.
    Failed(Answer),
}

/// A running subscription; dropped, it ends.
pub struct Events {
    responses: BoxStream<'static, Response>,
    course: Arc<Course>,
    shape: Shape,
    asking: Asking,
    /// What came while it was seen to begin.
    first: Option<Event>,
    answered: u64,
    over: bool,
}

/// Why nothing is streamed.
pub enum NotStreamed {
    /// It is not run at all.
    Refused(Box<Answer>),
    /// It is no subscription.
    Other(Box<(Request, Asking)>),
}

/// Prepares a subscription; it begins with the first look at its [`Events`].
///
/// # Errors
/// Why its document is not run; the request itself when it is no subscription.
pub fn subscribe(
    engine: &Engine,
    mut request: Request,
    asking: Asking,
    token: Option<SecretString>,
) -> Result<Events, NotStreamed> {
    let refused = |refusal| NotStreamed::Refused(Box::new(Answer::refused(refusal)));
    // one that is not known here is sent along, and is not kept: its stream is long, and it comes seldom
    engine.persisted.complete(&mut request.query, &request.extensions).map_err(refused)?;
    let rights = Rights { introspect: asking.may_introspect, body: asking.body };
    let cost = engine.guard.check(&mut request, rights).map_err(refused)?;
    let operation = request.operation_name.clone();
    // parsed by the guard
    let document = request.parsed_query().ok();
    if !document.as_ref().is_some_and(|document| Guard::is_subscription(document, operation.as_deref())) {
        return Err(NotStreamed::Other(Box::new((request, asking))));
    }
    let shape = document.map(|document| engine.guard.shape(document, operation.as_deref())).unwrap_or_default();
    if let Some(meter) = &asking.meter {
        meter.weigh(cost).map_err(|error| NotStreamed::Refused(Box::new(Answer::limited(error))))?;
        request = request.data(meter.clone());
    }
    make_ready(engine, &mut request).map_err(NotStreamed::Refused)?;
    let course = Arc::new(Course::default());
    let app = engine.app.acting_for(asking.caller);
    request = request.data(loader(app.db.clone())).data(app);
    request = request.data(Arc::clone(&course)).data(asking.client.clone()).data(asking.id.clone());
    if let Some(caller) = asking.caller {
        request = request.data(caller);
    }
    if let Some(token) = token {
        request = request.data(Token(token));
    }
    let responses = engine.schema.execute_stream(request);
    Ok(Events { responses, course, shape, asking, first: None, answered: 0, over: false })
}

impl Events {
    /// Waits until it has begun.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn begin(&mut self) -> Result<(), Box<Answer>> {
        let course = Arc::clone(&self.course);
        tokio::select! {
            biased;
            () = course.notice.notified() => Ok(()),
            event = self.next() => match event {
                Some(Event::Failed(answer)) => Err(Box::new(answer)),
                other => {
                    self.first = other;
                    Ok(())
                }
            },
        }
    }

    /// The next event, with at most 10 s for its making; `None` after the last.
    pub async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let mut stuck = None;
        while !self.over {
            match timeout(Duration::from_secs(SECONDS.most), self.responses.next()).await {
                Ok(Some(response)) => return Some(self.told(response)),
                Ok(None) => self.over = true,
                Err(_) => {
                    let given = self.course.given.load(Relaxed);
                    let making = given > self.answered && stuck.replace(given) == Some(given);
                    if making || !self.course.begun.load(Relaxed) {
                        tracing::warn!(
                            "a subscription took more than {} s for its beginning or an event",
                            SECONDS.most
                        );
                        self.over = true;
                        let message = format!("more than {} s went by without an answer", SECONDS.most);
                        let refusal = Refusal { fault: Fault::Document, code: code::TIMED_OUT, message, at: None };
                        return Some(Event::Failed(Answer::refused(refusal)));
                    }
                }
            }
        }
        None
    }

    fn told(&mut self, mut response: Response) -> Event {
        self.answered += 1;
        self.shape.apply(&mut response.data, &response.errors);
        let mut answer = tell(response, &self.asking.id);
        let missed = self.course.missed.swap(0, Relaxed);
        answer.extensions = (missed > 0).then_some(Told { cost: None, missed: Some(missed) });
        if self.course.begun.load(Relaxed) && !self.course.over.load(Relaxed) {
            return Event::Next(answer);
        }
        self.over = true;
        // a stream that is none is an error of the request, which has neither data nor a place in them
        answer.errors.iter_mut().for_each(|error| error.path.clear());
        (answer.data, answer.fault) = (None, Some(Fault::Document));
        Event::Failed(answer)
    }

    /// As a stream.
    pub fn stream(self) -> impl Stream<Item = Event> + Send {
        unfold(self, |mut events| async move { events.next().await.map(|event| (event, events)) })
    }
}
