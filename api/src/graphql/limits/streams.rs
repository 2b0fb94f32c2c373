//! Every bound on subscriptions, in one table: the feed and the transports enforce it, and `api/LIMITS.md` prints it, which a
//! test holds. Counts are of one process.

use super::{BODY, Limit, SIZE, code, limit};
use crate::clicks::feed::{RECHECK, SUBSCRIBERS, WAITING};

const MANY: &str = code::TOO_MANY_STREAMS;
/// Of what is no refusal, or closes a WebSocket by its number.
const NONE: &str = "";

/// Most root fields of a subscription.
pub const ROOTS: Limit =
    limit("root fields of a subscription", 1, SIZE, "exactly one, named in the operation itself and never skipped");
/// Most connections of everybody.
pub const CONNECTIONS: Limit =
    limit("open streams", 1_000, MANY, "of everybody, WebSockets and event streams; 503, then come back");
/// Most connections of one caller.
pub const OF_CALLER: Limit =
    limit("open streams of a caller", 20, MANY, "a user's log-ins together, each API key on its own; 429, or 4429");
/// Most WebSockets of one network that have not greeted.
pub const WAITING_SOCKETS: Limit = limit(
    "WebSockets of an address before `connection_init`",
    50,
    MANY,
    "of its /24 or /48, as `STOPOVER_TRUSTED_PROXIES` tells it; 429",
);
/// Most subscriptions of one WebSocket.
pub const OF_CONNECTION: Limit =
    limit("subscriptions on a WebSocket", 20, MANY, "the next one is refused, the others go on");
/// Most subscriptions of one tenant.
pub const OF_TENANT: Limit = limit(
    "subscriptions of a tenant",
    SUBSCRIBERS as u64,
    MANY,
    "whoever holds them; 429, or the subscription is refused",
);
/// Largest message of a WebSocket.
pub const MESSAGE: Limit = limit("bytes in a message of a WebSocket", BODY.most, NONE, "closes it with 4400");
/// Longest wait for a WebSocket's first message.
pub const GREETING: Limit = limit("seconds until `connection_init`", 10, NONE, "closes the WebSocket with 4408");
/// Most clicks that wait for a reader.
pub const BUFFER: Limit = limit(
    "clicks that wait for a slow reader",
    WAITING as u64,
    NONE,
    "nothing is refused: of more, the oldest are left out, and `extensions.missed` of the next event counts them",
);
/// Longest time that a right to watch outlives itself.
pub const RECHECKS: Limit = limit(
    "seconds between two looks at the token and the membership",
    RECHECK.as_secs(),
    code::UNAUTHENTICATED,
    "then the stream ends; a WebSocket whose token is over is closed with 4403",
);
/// Time between two signs of life.
pub const HEARTBEAT: Limit =
    limit("seconds between two signs of life", 10, NONE, "a WebSocket's ping, a comment in an event stream");
/// Longest silence of a WebSocket's peer.
pub const SILENCE: Limit =
    limit("seconds of silence of a WebSocket's client", 45, NONE, "every message and pong counts; then it is closed");
/// Longest write.
pub const WRITE: Limit =
    limit("seconds for the writing of a message", 30, NONE, "of a client that reads nothing; then it is cut off");

/// All of them.
pub const TABLE: [Limit; 13] = [
    ROOTS,
    CONNECTIONS,
    OF_CALLER,
    WAITING_SOCKETS,
    OF_CONNECTION,
    OF_TENANT,
    MESSAGE,
    GREETING,
    BUFFER,
    RECHECKS,
    HEARTBEAT,
    SILENCE,
    WRITE,
];
