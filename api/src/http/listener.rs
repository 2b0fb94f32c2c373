//! Accepts connections: with TCP_NODELAY, so that a small answer leaves at once, and with a limit on silence, so that
//! connections which send nothing (or half a request, for ever) do not pile up.

use poem::{
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep},
};

/// A connection that sends and takes nothing for so long is closed; longer than any request may take.
const SILENCE: Duration = Duration::from_secs(75);
/// Pause after a failed accept: most of all, there are no file descriptors left, which takes a moment to change.
const PAUSE: Duration = Duration::from_millis(20);

/// A bound port.
pub(super) struct Acceptor {
    listener: TcpListener,
    address: LocalAddr,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener) -> io::Result<Self> {
        let address = LocalAddr(listener.local_addr()?.into());
        Ok(Self { listener, address })
    }
}

impl poem::listener::Acceptor for Acceptor {
    type Io = Watched<TcpStream>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.address.clone()]
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                stream.set_nodelay(true)?;
                Ok((Watched::new(stream), self.address.clone(), RemoteAddr(peer.into()), Scheme::HTTP))
            }
            Err(error) => {
                // who was here and left again is no trouble of ours
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    sleep(PAUSE).await;
                }
                Err(error)
            }
        }
    }
}

/// A stream whose reads fail when nothing has come or gone for a time.
pub(super) struct Watched<S> {
    inner: S,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    fn new(inner: S) -> Self {
        Self { inner, alarm: Box::pin(sleep(SILENCE)) }
    }

    /// Who reads a stream of events sends nothing: what they take is a sign of life as well.
    fn heard(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(bytes)) if bytes > 0) {
            self.alarm.as_mut().reset(Instant::now() + SILENCE);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(result) = Pin::new(&mut self.inner).poll_read(context, buffer) {
            self.alarm.as_mut().reset(Instant::now() + SILENCE);
            return Poll::Ready(result);
        }
        self.alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.heard(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.heard(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_and_a_byte_now_and_then_does_not() {
        let (mut peer, stream) = duplex(64);
        let mut stream = Watched::new(stream);
        for _ in 0..3 {
            tokio::time::advance(SILENCE / 2).await;
            peer.write_u8(7).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), 7);
        }
        // who only takes is there as well
        for _ in 0..3 {
            tokio::time::advance(SILENCE / 2).await;
            stream.write_u8(7).await.unwrap();
            assert_eq!(peer.read_u8().await.unwrap(), 7);
        }
        let ended = stream.read_u8().await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
    }
}
