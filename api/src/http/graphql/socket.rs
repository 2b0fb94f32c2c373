//! WebSockets: subscriptions in the protocol `graphql-transport-ws`, at `GET /graphql`. The token comes in the greeting's
//! payload (`authorization`) or in the header; no cookie is read, and a page of an origin that is not allowed is refused all
//! the same. One task serves one connection: what it cannot write it does not read, so that nothing piles up.

mod operations;
mod protocol;

use self::{
    operations::Operations,
    protocol::{Close, NAME, Said},
};
use super::{Documents, bad_request, client, error, events::no_place, limits, places::Place, shown, text_of};
use crate::{
    auth::{self, Client},
    error::Error,
    graphql::{
        Answer, Asking, Event, NotStreamed,
        context::RequestId,
        error::code,
        limits::streams::{GREETING, HEARTBEAT, MESSAGE, OF_CALLER, OF_CONNECTION, SILENCE, WRITE},
        subscribe,
    },
    http::media,
    scope::Caller,
};
use futures_util::{SinkExt, StreamExt};
use poem::{
    FromRequest, IntoResponse, Request, Response,
    http::{HeaderMap, StatusCode, header},
    web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream},
};
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// How long a client may take to hear that it is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request) -> bool {
    request.headers().get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Answers such a request.
pub(super) async fn open(documents: &Arc<Documents>, request: Request) -> Response {
    let headers = request.headers();
    if !is_of_a_good_origin(documents, headers) {
        return error(StatusCode::FORBIDDEN, code::FORBIDDEN, "pages of this origin may not open a WebSocket here");
    }
    if !media::listed(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|(name, _)| name == NAME) {
        return bad_request(StatusCode::BAD_REQUEST, "the subprotocol spoken here is graphql-transport-ws");
    }
    let Ok(socket) = WebSocket::from_request_without_body(&request).await else {
        return bad_request(StatusCode::BAD_REQUEST, "the handshake is not one of RFC 6455");
    };
    if let Err(refusal) = documents.authenticate(headers).await {
        return refusal;
    }
    let Some(mut place) = documents.streams.enter() else { return no_place() };
    let client = client::of(&request, &documents.app.rules.trusted_proxies);
    if !place.waits_at(client.network()) {
        let message = "too many WebSockets of this address have not sent `connection_init`: come back in 10 s";
        return error(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_STREAMS, message);
    }
    let connection = Connection {
        documents: Arc::clone(documents),
        client,
        id: request.data::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new())),
        header: shown(headers),
    };
    let most = usize::try_from(MESSAGE.most).unwrap_or(usize::MAX);
    // a little more than is taken, so that what is too long is told so
    let config = WebSocketConfig::default().max_message_size(Some(2 * most)).max_frame_size(Some(2 * most));
    let config = config.write_buffer_size(0).read_buffer_size(4 * 1024);
    socket.config(config).protocols([NAME]).on_upgrade(move |stream| connection.serve(stream, place)).into_response()
}

fn is_of_a_good_origin(documents: &Documents, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &poem::http::HeaderValue| value.to_str().unwrap_or("?"));
    let Some(origin) = text(header::ORIGIN) else { return true };
    documents.app.rules.allowed_origins.allow(origin, text(header::HOST).unwrap_or_default())
}

/// Why a connection ends.
enum End {
    /// We say so.
    Close(Close),
    /// There is nobody to say it to.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// What is known of a connection.
struct Connection {
    documents: Arc<Documents>,
    client: Client,
    id: RequestId,
    header: Option<SecretString>,
}

/// Who greeted.
struct Greeted {
    caller: Caller,
    token: SecretString,
}

impl Connection {
    async fn serve(self, stream: WebSocketStream, mut place: Place) {
        let stopping = self.documents.streams.stopping();
        let mut wire = Wire { stream, stopping, heard: Instant::now() };
        let end = match self.greet(&mut wire, &mut place).await {
            Ok(greeted) => self.talk(&mut wire, &greeted).await,
            Err(end) => end,
        };
        if let End::Close(close) = end {
            tracing::debug!(id = self.id.0, code = close.0, reason = close.1, "a WebSocket is closed");
            wire.close(close).await;
        }
    }

    async fn greet(&self, wire: &mut Wire, place: &mut Place) -> Result<Greeted, End> {
        let greeting = timeout(Duration::from_secs(GREETING.most), async {
            loop {
                match wire.read().await? {
                    Said::Init(token) => return Ok::<_, End>(token),
                    Said::Ping => wire.send(protocol::plain("pong")).await?,
                    Said::Subscribe(..) => return Err(Close::unauthorized().into()),
                    Said::Pong | Said::Complete(_) => {}
                }
            }
        });
        let token = greeting.await.unwrap_or_else(|_| Err(Close::too_late().into()))?;
        let token = match (token, &self.header) {
            // which of the two somebody in front has looked at, nobody knows
            (Some(token), Some(header)) if token != header.expose_secret() => return Err(Close::forbidden().into()),
            (Some(token), _) => token.into(),
            (None, Some(header)) => header.clone(),
            (None, None) => return Err(Close::forbidden().into()),
        };
        let caller = self.authenticate(&token).await?;
        if !place.belongs_to(&caller) {
            return Err(Close::too_many(OF_CALLER.most).into());
        }
        wire.send(protocol::plain("connection_ack")).await?;
        Ok(Greeted { caller, token })
    }

    async fn authenticate(&self, token: &SecretString) -> Result<Caller, Close> {
        auth::authenticate(&self.documents.app, token.expose_secret()).await.map_err(|error| match error {
            Error::Fault(cause) => {
                tracing::error!(%cause, "a token cannot be verified");
                Close::fault()
            }
            _ => Close::forbidden(),
        })
    }

    async fn talk(&self, wire: &mut Wire, greeted: &Greeted) -> End {
        let mut operations = Operations::default();
        let beat = Duration::from_secs(HEARTBEAT.most);
        let mut next_beat = Instant::now() + beat;
        loop {
            let done = tokio::select! {
                biased;
                () = sleep_until(next_beat) => {
                    next_beat = Instant::now() + beat;
                    self.beat(wire, greeted, operations.len() == 0).await
                }
                said = wire.read() => match said {
                    Ok(said) => self.take(wire, greeted, &mut operations, said).await,
                    Err(end) => Err(end),
                },
                (id, event) = operations.next() => tell(wire, &mut operations, &id, event).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// A sign of life, and a look at the other's; a connection without subscriptions has nobody else to look at its token.
    async fn beat(&self, wire: &mut Wire, greeted: &Greeted, idle: bool) -> Result<(), End> {
        if wire.heard.elapsed() > Duration::from_secs(SILENCE.most) {
            return Err(End::Gone);
        }
        if idle {
            self.authenticate(&greeted.token).await?;
        }
        wire.write(Message::ping(Vec::new())).await
    }

    async fn take(
        &self,
        wire: &mut Wire,
        greeted: &Greeted,
        operations: &mut Operations,
        said: Said,
    ) -> Result<(), End> {
        match said {
            Said::Init(_) => Err(Close::greeted().into()),
            Said::Ping => wire.send(protocol::plain("pong")).await,
            Said::Pong => Ok(()),
            Said::Complete(id) => {
                operations.end(&id);
                Ok(())
            }
            Said::Subscribe(id, _) if operations.has(&id) => Err(Close::exists(&id).into()),
            Said::Subscribe(id, _) if operations.len() as u64 >= OF_CONNECTION.most => {
                let message = format!("{} subscriptions run on this connection: end one first", OF_CONNECTION.most);
                wire.send(refusal(&id, code::TOO_MANY_STREAMS, &message)).await
            }
            Said::Subscribe(id, request) => {
                let may_introspect = self.documents.introspection || greeted.caller.may_introspect();
                let (client, request_id) = (self.client.clone(), self.id.clone());
                // its length was looked at before
                let (caller, wants_cost, body) = (Some(greeted.caller), false, 0);
                // it costs what a request does
                let meter = limits::meter(&self.documents.app, greeted.caller);
                if let Err(error) = meter.begin() {
                    let answer = Answer::limited(error);
                    return wire.send(protocol::of("error", &id, Some(&text_of(&answer.errors())))).await;
                }
                let asking =
                    Asking { caller, meter: Some(meter), client, id: request_id, may_introspect, wants_cost, body };
                match subscribe(&self.documents.engine, *request, asking, Some(greeted.token.clone())) {
                    Ok(events) => operations.add(id, events.stream().boxed()),
                    Err(NotStreamed::Refused(answer)) => {
                        wire.send(protocol::of("error", &id, Some(&text_of(&answer.errors())))).await?;
                    }
                    Err(NotStreamed::Other(_)) => {
                        let message = "only subscriptions run here: send other operations with POST";
                        wire.send(refusal(&id, code::INVALID_DOCUMENT, message)).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn refusal(id: &str, code: &str, message: &str) -> String {
    let errors = serde_json::json!([{ "message": message, "extensions": { "code": code } }]);
    protocol::of("error", id, Some(&errors.to_string()))
}

/// Tells of an event. A token that is over ends the connection, whose every subscription runs by it.
async fn tell(wire: &mut Wire, operations: &mut Operations, id: &str, event: Option<Event>) -> Result<(), End> {
    match event {
        Some(Event::Next(answer)) => wire.send(protocol::of("next", id, Some(&text_of(&answer)))).await,
        Some(Event::Failed(answer)) => {
            operations.end(id);
            wire.send(protocol::of("error", id, Some(&text_of(&answer.errors())))).await?;
            if answer.code() == code::UNAUTHENTICATED { Err(Close::forbidden().into()) } else { Ok(()) }
        }
        None => {
            operations.end(id);
            wire.send(protocol::of("complete", id, None)).await
        }
    }
}

/// The WebSocket itself.
struct Wire {
    stream: WebSocketStream,
    stopping: watch::Receiver<bool>,
    /// When the other end last gave a sign of life.
    heard: Instant,
}

impl Wire {
    /// The next message; ends when the process stops.
    async fn read(&mut self) -> Result<Said, End> {
        loop {
            let message = tokio::select! {
                biased;
                // a sender that is gone means the same
                _ = self.stopping.wait_for(|stopping| *stopping) => return Err(Close::away().into()),
                message = self.stream.next() => message,
            };
            self.heard = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => return Ok(protocol::read(&text)?),
                Some(Ok(Message::Binary(_))) => return Err(Close::invalid("it is no text").into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // a message that is too long, or no frame at all
                Some(Err(error)) if error.kind() == std::io::ErrorKind::Other => {
                    return Err(Close::invalid("it is too long, or broken").into());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        self.write(Message::text(text)).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            // first: what can be written at once is, whatever else happens
            biased;
            written = timeout(Duration::from_secs(WRITE.most), self.stream.send(message)) => match written {
                Ok(Ok(())) => Ok(()),
                _ => Err(End::Gone),
            },
            // what is half written cannot be followed by a farewell
            _ = self.stopping.wait_for(|stopping| *stopping) => Err(End::Gone),
        }
    }

    /// Closes, and waits a moment for the other end to do so too: else it might never read why.
    async fn close(&mut self, Close(code, reason): Close) {
        let farewell = async {
            if self.stream.send(Message::close_with(code, reason)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        drop(timeout(FAREWELL, farewell).await);
    }
}
