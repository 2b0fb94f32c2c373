//! Every bound on a connection, in one table: the listener and the reader of bodies enforce it, and `api/LIMITS.md` prints it,
//! which a test holds.

use super::{Limit, code, limit};

/// Longest wait for a body.
pub const BODY_SECONDS: Limit =
    limit("seconds for a body", 15, code::BAD_REQUEST, "from the end of its head to its last byte; 408");
/// Longest wait for a request: its head, its body and its run.
pub const REQUEST: Limit = limit(
    "seconds for a request",
    30,
    "",
    "from its first byte to the first one of its answer, however many come in between; then the connection is cut off",
);
/// Longest wait for the reader of an answer.
pub const READING: Limit =
    limit("seconds in which a reader of an answer takes nothing", 30, "", "then the connection is cut off");
/// Longest silence.
pub const SILENCE: Limit = limit("seconds of silence", 75, "", "between requests; then the connection is cut off");

/// All of them.
pub const TABLE: [Limit; 4] = [BODY_SECONDS, REQUEST, READING, SILENCE];
