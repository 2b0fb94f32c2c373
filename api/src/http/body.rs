//! Reads a request's body: counted, and in bounded time. What the length header says is believed only when it is too much.

use crate::graphql::limits::connections::BODY_SECONDS;
use poem::Body;
use std::time::Duration;
use tokio::{io::AsyncReadExt, time::timeout};

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(BODY_SECONDS.most);
/// How much of a body that is too large is still taken, so that its sender reads the answer.
const DRAIN: usize = 4 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// More than the limit.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// The connection broke.
    Broken,
}

/// Reads at most `limit` bytes.
pub(super) async fn read(body: Body, limit: u64) -> Result<Vec<u8>, BodyError> {
    timeout(PATIENCE, read_all(body, limit)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn read_all(body: Body, limit: u64) -> Result<Vec<u8>, BodyError> {
    let mut reader = body.into_async_read();
    let mut bytes = Vec::new();
    let mut limited = (&mut reader).take(limit + 1);
    limited.read_to_end(&mut bytes).await.map_err(|_| BodyError::Broken)?;
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let mut rest = reader.take(DRAIN as u64);
    drop(tokio::io::copy(&mut rest, &mut tokio::io::sink()).await);
    Err(BodyError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from_vec(vec![7; 10]), 10).await, Ok(vec![7; 10]));
        assert_eq!(read(Body::from_vec(vec![7; 11]), 10).await, Err(BodyError::TooLarge));
        assert_eq!(read(Body::empty(), 10).await, Ok(Vec::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let (_silent, stream) = tokio::io::duplex(16);
        assert_eq!(read(Body::from_async_read(stream), 10).await, Err(BodyError::TooSlow));
        // nor does a byte now and then keep it
        let (mut crumbs, stream) = tokio::io::duplex(16);
        tokio::spawn(async move {
            while crumbs.write_u8(b' ').await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let began = tokio::time::Instant::now();
        assert_eq!(read(Body::from_async_read(stream), 100).await, Err(BodyError::TooSlow));
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
