//! Hears the announcements of changes on a connection of its own, made again whenever it is lost. Whoever listens is
//! told when hearing begins (what was remembered until then may be outdated) and when it ends.

use contract::{document::Announcement, keys::Keys};
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use std::time::Duration;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{sleep, timeout},
};

/// Longest wait for a connection and for an answer.
const ANSWER: Duration = Duration::from_millis(500);
/// How often a quiet connection is tried: a peer that vanished says nothing.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// First and longest pause before the next attempt.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the subscription tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Announcements are heard from now on; earlier ones may have been missed.
    Listening,
    /// A document changed.
    Change(Announcement),
    /// Announcements are not heard any more.
    Deaf,
}

/// Listens for ever.
pub(super) async fn listen(client: &Client, keys: &Keys, hear: impl Fn(Heard)) {
    let mut pause = BACK_OFF.0;
    let mut told = false;
    loop {
        let mut listened = false;
        let ended = listen_once(client, keys, |heard| {
            listened = true;
            hear(heard);
        });
        let ended = ended.await;
        if listened {
            hear(Heard::Deaf);
            pause = BACK_OFF.0;
            told = false;
        }
        if !told {
            let cause = ended.err().map_or_else(|| "the connection was lost".to_owned(), |error| error.to_string());
            tracing::warn!(cause, "announcements of changes are not heard; memory is kept short");
            told = true;
        }
        sleep(pause).await;
        pause = (2 * pause).min(BACK_OFF.1);
    }
}

/// Listens until the connection is lost.
async fn listen_once(client: &Client, keys: &Keys, mut hear: impl FnMut(Heard)) -> Result<(), RedisError> {
    let (pushed, mut pushes) = unbounded_channel();
    let info = client.get_connection_info().clone();
    // announcements and answers on one connection need the third version of Redis' protocol
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER))
        .set_push_sender(pushed);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe(keys.changes()).await?;
    hear(Heard::Listening);
    loop {
        match timeout(TRY_EVERY, next(&mut pushes)).await {
            Ok(Some(announcement)) => hear(Heard::Change(announcement)),
            Ok(None) => return Ok(()),
            Err(_) => redis::cmd("PING").exec_async(&mut connection).await?,
        }
    }
}

/// The next announcement; `None` when the connection is lost.
async fn next(pushes: &mut UnboundedReceiver<PushInfo>) -> Option<Announcement> {
    loop {
        let push = pushes.recv().await?;
        match push.kind {
            PushKind::Disconnection => return None,
            PushKind::Message => match read(&push.data) {
                Some(announcement) => return Some(announcement),
                None => tracing::warn!("an announcement cannot be read"),
            },
            _ => {}
        }
    }
}

/// The data of a message: the channel, and what was said.
fn read(data: &[Value]) -> Option<Announcement> {
    match data {
        [_, Value::BulkString(said)] => std::str::from_utf8(said).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::document::DocumentKey;

    #[tokio::test]
    async fn announcements_are_read_and_a_lost_connection_ends_it() {
        let (pushed, mut pushes) = unbounded_channel();
        let push = |kind, text: &str| PushInfo { kind, data: vec![Value::Nil, Value::BulkString(text.into())] };
        let key: DocumentKey = "link:00000000000000000000000000000007/abc".parse().unwrap();
        let announcement = Announcement { key, version: 3 };
        pushed.send(push(PushKind::Subscribe, "1")).unwrap();
        pushed.send(push(PushKind::Message, "nonsense")).unwrap();
        pushed.send(push(PushKind::Message, &announcement.to_string())).unwrap();
        pushed.send(push(PushKind::Disconnection, "")).unwrap();
        assert_eq!(next(&mut pushes).await, Some(announcement));
        assert_eq!(next(&mut pushes).await, None);
    }
}
