//! What goes over a WebSocket, as the protocol `graphql-transport-ws` has it (graphql-ws, PROTOCOL.md): the messages of a
//! client, ours, and the codes that close it. Pure.

use crate::{
    graphql::limits::{WORD, streams::MESSAGE},
    http::scan,
};
use async_graphql::Request;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

/// The subprotocol.
pub(super) const NAME: &str = "graphql-transport-ws";

/// Why we close: a code and a sentence of at most 123 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(123));
        Self(code, reason)
    }

    /// The process stops.
    pub(super) fn away() -> Self {
        Self::new(1001, "The server stops")
    }

    /// A message that is none.
    pub(super) fn invalid(rule: &str) -> Self {
        Self::new(4400, format!("Invalid message: {rule}"))
    }

    /// A subscription before the greeting.
    pub(super) fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    /// No token, or none that is good or still good.
    pub(super) fn forbidden() -> Self {
        Self::new(4403, "Forbidden")
    }

    /// No greeting in time.
    pub(super) fn too_late() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// An id that is in use.
    pub(super) fn exists(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// A second greeting.
    pub(super) fn greeted() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    /// The caller has too many streams.
    pub(super) fn too_many(most: u64) -> Self {
        Self::new(4429, format!("You have {most} open streams: close one first"))
    }

    /// A fault of ours.
    pub(super) fn fault() -> Self {
        Self::new(1011, "Internal error")
    }
}

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    /// Its greeting, and the token in it.
    Init(Option<String>),
    /// It wants to know whether we live.
    Ping,
    /// It does.
    Pong,
    /// It wants the events of a document.
    Subscribe(String, Box<Request>),
    /// It wants no more of them.
    Complete(String),
}

#[derive(Deserialize)]
struct Message<'a> {
    r#type: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Said, Close> {
    if text.len() as u64 > MESSAGE.most {
        return Err(Close::invalid(&format!("it has more than {} bytes", MESSAGE.most)));
    }
    scan::check(text.as_bytes()).map_err(|rule| Close::invalid(&rule))?;
    let message: Message<'_> = serde_json::from_str(text).map_err(|_| Close::invalid("it is no message"))?;
    let payload = message.payload.map_or("null", RawValue::get);
    let object = || match serde_json::from_str(payload) {
        Ok(value @ (Value::Null | Value::Object(_))) => Ok(value),
        _ => Err(Close::invalid("the payload is no object")),
    };
    let id = || match &message.id {
        Some(id) if !id.is_empty() && id.len() as u64 <= WORD.most => Ok(id.clone()),
        _ => Err(Close::invalid("it has no id of 1 to 256 bytes")),
    };
    match message.r#type.as_str() {
        "connection_init" => object().map(|payload| Said::Init(token(&payload))),
        "ping" => object().map(|_| Said::Ping),
        "pong" => object().map(|_| Said::Pong),
        "complete" => id().map(Said::Complete),
        "subscribe" => {
            let request = serde_json::from_str(payload).map_err(|_| Close::invalid("the payload is no request"))?;
            Ok(Said::Subscribe(id()?, Box::new(request)))
        }
        _ => Err(Close::invalid("its type is unknown")),
    }
}

/// What a greeting shows, with or without the scheme; a header's name may be written as clients like.
fn token(payload: &Value) -> Option<String> {
    let fields = payload.as_object()?;
    let (_, value) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let value = value.as_str().unwrap_or_default();
    Some(super::super::bearer(value).unwrap_or(value).to_owned())
}

/// Our answer to a greeting, and to a ping.
pub(super) fn plain(kind: &str) -> String {
    json!({ "type": kind }).to_string()
}

/// A message of a subscription; `payload` is JSON.
pub(super) fn of(kind: &str, id: &str, payload: Option<&str>) -> String {
    let id = Value::from(id);
    match payload {
        Some(payload) => format!(r#"{{"id":{id},"type":"{kind}","payload":{payload}}}"#),
        None => format!(r#"{{"id":{id},"type":"{kind}"}}"#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_is_read() {
        let init = |text: &str| match read(text) {
            Ok(Said::Init(token)) => token,
            other => panic!("{other:?}"),
        };
        assert_eq!(init(r#"{"type":"connection_init"}"#), None);
        for payload in [r#"{"authorization":"Bearer t"}"#, r#"{"Authorization":"t"}"#] {
            let text = format!(r#"{{"type":"connection_init","payload":{payload}}}"#);
            assert_eq!(init(&text).as_deref(), Some("t"), "{payload}");
        }
        let text = r#"{"id":"a\"b","type":"subscribe","payload":{"query":"{ a }","variables":{"n":1.5},"operationName":null}}"#;
        let Ok(Said::Subscribe(id, request)) = read(text) else { panic!("{text}") };
        assert_eq!((id.as_str(), request.query.as_str()), ("a\"b", "{ a }"));
        assert!(matches!(read(r#"{"type":"ping","payload":{}}"#), Ok(Said::Ping)));
        assert!(matches!(read(r#"{"type":"pong","payload":null}"#), Ok(Said::Pong)));
        assert!(matches!(read(r#"{"id":"1","type":"complete"}"#), Ok(Said::Complete(id)) if id == "1"));
    }

    #[test]
    fn what_is_no_message_closes() {
        let deep = format!(r#"{{"type":"ping","payload":{}"#, "[".repeat(100_000));
        let long = format!(r#"{{"type":"ping","payload":{{"a":"{}"}}}}"#, "x".repeat(65_536));
        for bad in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"type":"connection_ack"}"#,
            r#"{"type":"connection_init","payload":"t"}"#,
            r#"{"type":"ping","payload":[]}"#,
            r#"{"type":"complete"}"#,
            r#"{"id":"","type":"complete"}"#,
            r#"{"id":1,"type":"complete"}"#,
            r#"{"id":"1","type":"subscribe"}"#,
            r#"{"id":"1","type":"subscribe","payload":{"query":1}}"#,
            r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#,
            &deep,
            &long,
        ] {
            assert!(matches!(read(bad), Err(Close(4400, reason)) if reason.len() <= 123), "{bad:.60}");
        }
        assert_eq!(Close::exists(&"é".repeat(100)).1.len(), 123);
    }

    #[test]
    fn what_we_say_is_json() {
        assert_eq!(plain("pong"), r#"{"type":"pong"}"#);
        assert_eq!(of("next", "a\"", Some("{}")), r#"{"id":"a\"","type":"next","payload":{}}"#);
        assert_eq!(of("complete", "1", None), r#"{"id":"1","type":"complete"}"#);
    }
}
