//! Event streams: a subscription over `POST` whose client reads `text/event-stream`, in the "distinct connections mode" of the
//! GraphQL-over-SSE protocol (graphql-sse, 2.5). What keeps it from beginning is an ordinary answer; then come `next` events,
//! a comment now and then, and `complete`.

use super::{Documents, error, places::Place, shown, status, text_of, written};
use crate::{
    graphql::{
        Answer, Asking, Event, NotStreamed,
        error::code,
        limits::streams::{CONNECTIONS, HEARTBEAT, OF_CALLER},
        subscribe,
    },
    http::media::{EVENTS, Form},
};
use async_graphql::Request;
use futures_util::{
    StreamExt,
    stream::{BoxStream, unfold},
};
use poem::{
    Body, Response,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use std::{io, time::Duration};
use tokio::{sync::watch, time::sleep};

/// Seconds after which a client may try again that found no place.
const AGAIN: u64 = 10;

/// Answers a subscription with its events.
///
/// # Errors
/// What is no subscription, for an ordinary answer.
pub(super) async fn open(
    documents: &Documents,
    document: Request,
    asking: Asking,
    headers: &HeaderMap,
    form: Form,
) -> Result<Response, (Request, Asking)> {
    let caller = asking.caller;
    let mut events = match subscribe(&documents.engine, document, asking, shown(headers)) {
        Ok(events) => events,
        Err(NotStreamed::Other(other)) => return Err(*other),
        Err(NotStreamed::Refused(answer)) => return Ok(written(&answer, form, headers)),
    };
    let Some(mut place) = documents.streams.enter() else { return Ok(no_place()) };
    if caller.is_some_and(|caller| !place.belongs_to(&caller)) {
        let message = format!("you have {} open streams: close one first", OF_CALLER.most);
        return Ok(error(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_STREAMS, &message));
    }
    if let Err(answer) = events.begin().await {
        return Ok(refused(&answer, form, headers));
    }
    let stream = Streaming {
        events: events.stream().boxed(),
        _place: place,
        stopping: documents.streams.stopping(),
        over: false,
    };
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, EVENTS)
        // nginx would collect events, and hold them back
        .header("x-accel-buffering", "no")
        .body(Body::from_bytes_stream(stream.body())))
}

/// Everybody together has as many streams as this process serves.
pub(super) fn no_place() -> Response {
    let message = format!("{} streams are open here, which is the most: come back later", CONNECTIONS.most);
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, code::TOO_MANY_STREAMS, &message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(AGAIN));
    response
}

/// The answer to a subscription that does not begin.
fn refused(answer: &Answer, form: Form, headers: &HeaderMap) -> Response {
    let mut response = written(answer, form, headers);
    let status = match answer.code() {
        code::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
        code::TOO_MANY_STREAMS | code::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
        code::TIMED_OUT => StatusCode::SERVICE_UNAVAILABLE,
        _ => status(answer.fault(), form),
    };
    response.set_status(status);
    response
}

struct Streaming {
    events: BoxStream<'static, Event>,
    _place: Place,
    stopping: watch::Receiver<bool>,
    over: bool,
}

impl Streaming {
    fn body(self) -> BoxStream<'static, io::Result<String>> {
        let first = futures_util::stream::once(async { Ok(":\n\n".to_owned()) });
        let rest = unfold(self, |mut streaming| async move {
            let text = streaming.next().await?;
            Some((Ok(text), streaming))
        });
        first.chain(rest).boxed()
    }

    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        tokio::select! {
            biased;
            // a sender that is gone means the same
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
            event = self.events.next() => match event {
                Some(Event::Next(answer)) => return Some(next(&answer)),
                Some(Event::Failed(answer)) => {
                    self.over = true;
                    return Some(next(&answer) + COMPLETE);
                }
                None => {}
            },
            () = sleep(Duration::from_secs(HEARTBEAT.most)) => return Some(":\n\n".to_owned()),
        }
        self.over = true;
        Some(COMPLETE.to_owned())
    }
}

const COMPLETE: &str = "event: complete\ndata:\n\n";

/// JSON has no line breaks of its own.
fn next(answer: &Answer) -> String {
    format!("event: next\ndata: {}\n\n", text_of(answer))
}
