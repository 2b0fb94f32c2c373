//! Get, fill and publish: the only code that touches a document in Redis.
//!
//! A document is a HASH {v, d} and a lease beside it. Three rules make a stale value impossible to keep:
//! - a reader that misses takes a lease; only its holder may fill, and only a version newer than what is there;
//! - a publisher (which committed first) kills the lease, so that a fill that read before the commit is refused;
//! - a publisher updates a document that is present and older, and never creates one: what is not cached is read from
//!   SQL by the next reader.
//!
//! Versions are compared as numbers; Lua's are doubles, exact to 2^53.

/// How long a lease lives, in milliseconds: longer than any fill takes.
pub const LEASE_MS: u64 = 3_000;
/// How long a document lives, in milliseconds; the caller adds jitter.
pub const DOCUMENT_MS: u64 = 24 * 3_600 * 1_000;
/// How long a negative document lives, in milliseconds.
pub const NEGATIVE_MS: u64 = 10_000;
/// How long the watermark lives, in milliseconds.
pub const WATERMARK_MS: u64 = 3_000;

/// KEYS document, lease; ARGV lease token, lease life in ms. Answers {1, version, document} on a hit, {2} when the
/// caller got the lease, {3} when somebody else has it.
pub const GET: &str = r"
local found = redis.call('HMGET', KEYS[1], 'v', 'd')
if found[1] then return {1, found[1], found[2]} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {2} end
return {3}
";

/// KEYS document, lease; ARGV lease token, version, document, life in ms. Answers 1 when it filled, 0 when refused.
pub const FILL: &str = r"
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local present = redis.call('HGET', KEYS[1], 'v')
if present and tonumber(present) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
";

/// KEYS document, lease; ARGV version, document, life in ms, channel, announcement. Answers 1 when it replaced a
/// document, 0 when none was present or the present one is not older.
pub const PUBLISH: &str = r"
redis.call('DEL', KEYS[2])
local present = redis.call('HGET', KEYS[1], 'v')
local replaced = 0
if present and tonumber(present) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'v', ARGV[1], 'd', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  replaced = 1
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return replaced
";
