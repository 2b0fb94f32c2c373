//! Accepts connections: with TCP_NODELAY, so that a small answer leaves at once, and with a limit on silence, so that
//! connections which say nothing (or half a request, for ever) do not pile up.

use poem::{
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep},
};

/// A connection that says nothing for so long is closed.
const SILENCE: Duration = Duration::from_secs(75);
/// Pause after a failed accept: most of all, there are no file descriptors left, which takes a moment to change.
const PAUSE: Duration = Duration::from_millis(20);

/// A bound port.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds.
    ///
    /// # Errors
    /// The address cannot be resolved or is in use.
    pub async fn bind(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Acceptor for Listener {
    type Io = Watched<TcpStream>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                stream.set_nodelay(true)?;
                let local = LocalAddr(self.address.into());
                Ok((Watched::new(stream, SILENCE), local, RemoteAddr(peer.into()), Scheme::HTTP))
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

/// A stream that ends with an error when nothing was read or written for a time.
pub struct Watched<S> {
    inner: S,
    limit: Duration,
    /// When something last went in or out.
    busy: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    fn new(inner: S, limit: Duration) -> Self {
        Self { inner, limit, busy: Instant::now(), alarm: Box::pin(sleep(limit)) }
    }

    /// Ready when the silence has lasted too long. The alarm is moved on only when it rings, not with every byte.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let due = self.busy + self.limit;
            if due <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(due);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Ready(result) => {
                self.busy = Instant::now();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_silence(context).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    fn watch_write<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                self.busy = Instant::now();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_silence(context).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch_write(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch_write(context, result)
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
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::advance,
    };

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_and_a_byte_now_and_then_does_not() {
        let (mut peer, stream) = duplex(64);
        let mut stream = Watched::new(stream, SILENCE);
        for _ in 0..3 {
            advance(SILENCE / 2).await;
            peer.write_u8(7).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), 7);
        }
        let began = Instant::now();
        let ended = stream.read_u8().await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
        assert!((SILENCE..SILENCE * 2).contains(&began.elapsed()));
    }
}
