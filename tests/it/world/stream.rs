//! Hears what subscriptions bring, as clients do: over a WebSocket, and as an event stream. Every wait is bounded.

use super::{
    client::{Client, Reply},
    wait::PATIENCE,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

/// A subscription to the clicks of `$tenant`, or of `$link`.
pub(crate) const CLICKS: &str = "subscription($tenant: ID!, $link: ID) { clickRecorded(tenantId: $tenant, linkId: $link) { id linkId utm { campaign } } }";

/// What is heard over a WebSocket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    /// A message.
    Message(Value),
    /// It was closed, with this code; 1006 where it just ended.
    Closed(u16),
}

impl Heard {
    /// The type of a message; empty for the end.
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::Message(message) => message["type"].as_str().unwrap_or_default(),
            Self::Closed(_) => "",
        }
    }

    /// What a message carries.
    pub(crate) fn payload(&self) -> &Value {
        match self {
            Self::Message(message) => &message["payload"],
            Self::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> &str {
        self.payload()[0]["extensions"]["code"].as_str().unwrap_or_default()
    }
}

/// A WebSocket.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens one with these headers.
    ///
    /// # Errors
    /// The status that it is refused with.
    pub(crate) async fn open(client: &Client, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let socket = TcpSocket::new_v4().unwrap();
        // small, so that a client that reads nothing soon holds up whoever writes
        socket.set_recv_buffer_size(4_096).unwrap();
        let stream = socket.connect(client.address().parse().unwrap()).await.unwrap();
        let mut request = format!("ws://{}/graphql", client.address()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match client_async(request, stream).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one that has not greeted.
    pub(crate) async fn silent(client: &Client) -> Self {
        Self::open(client, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    /// Opens one and greets with a token.
    pub(crate) async fn greeted(client: &Client) -> Self {
        let mut socket = Self::silent(client).await;
        let token = client.token().unwrap_or_default();
        socket
            .say(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } }))
            .await;
        assert_eq!(socket.hear().await, Heard::Message(json!({ "type": "connection_ack" })));
        socket
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends a message of any kind.
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Subscribes.
    pub(crate) async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({ "query": document, "variables": variables });
        self.say(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// What comes next; fails when nothing does.
    pub(crate) async fn hear(&mut self) -> Heard {
        self.hear_within(PATIENCE).await.expect("nothing is heard")
    }

    /// What comes next; `None` when nothing does for so long.
    pub(crate) async fn hear_within(&mut self, limit: Duration) -> Option<Heard> {
        let heard = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Heard::Message(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => {
                        return Heard::Closed(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Closed(1006),
                }
            }
        };
        tokio::time::timeout(limit, heard).await.ok()
    }
}

/// An event stream.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    /// Subscribes.
    ///
    /// # Errors
    /// The answer when there is no stream.
    pub(crate) async fn open(client: &Client, document: &str, variables: Value) -> Result<Self, Reply> {
        let request = client.post().header("accept", "text/event-stream");
        let response = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        if headers["content-type"] == "text/event-stream; charset=utf-8" {
            assert_eq!(status, 200);
            return Ok(Self { response, text: String::new() });
        }
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
        Err(Reply { status, headers, body })
    }

    /// The next event, by its name and what it carries; `None` at the end. Fails when nothing comes.
    pub(crate) async fn hear(&mut self) -> Option<(String, Value)> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("nothing is heard")
    }

    /// The next event, which must be of something that happened.
    pub(crate) async fn next(&mut self) -> Value {
        let (name, value) = self.hear().await.expect("the stream goes on");
        assert_eq!(name, "next", "{value}");
        value
    }

    async fn read(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let Some(name) = field("event:") {
                    let data = field("data:").unwrap_or_default();
                    return Some((name.to_owned(), serde_json::from_str(data).unwrap_or_default()));
                }
                // else it is a comment
                assert!(event.starts_with(':'), "{event}");
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
