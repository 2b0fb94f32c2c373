//! Accepts connections: with TCP_NODELAY, so that a small answer leaves at once, and with limits on time, so that connections
//! do not pile up which send nothing, or a request in crumbs, or which take nothing of an answer. What comes is not read
//! here: a request begins with the first byte after an answer, and is answered when something is written.

use crate::graphql::limits::connections;
use poem::{
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use socket2::SockRef;
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

/// A connection that sends and takes nothing for so long is closed.
const SILENCE: Duration = Duration::from_secs(connections::SILENCE.most);
/// A request that is not answered so long after its first byte has not come whole.
const REQUEST: Duration = Duration::from_secs(connections::REQUEST.most);
/// A client that takes nothing of its answer for so long takes none of it.
const READING: Duration = Duration::from_secs(connections::READING.most);
/// Bytes of an answer that the system takes in at once: small, so that a slow reader is seen to read.
const SEND_BUFFER: usize = 256 * 1_024;
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
                // the system would take in megabytes of an answer, and hold a slow reader for one that takes nothing
                SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
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

/// A stream whose reads and writes fail when they take too long.
pub(super) struct Watched<S> {
    inner: S,
    /// Ends the silence, or the request that has begun.
    alarm: Pin<Box<Sleep>>,
    /// Whether something came that nothing was written after.
    asked: bool,
    /// Ends a write that cannot go on.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    fn new(inner: S) -> Self {
        Self { inner, alarm: Box::pin(sleep(SILENCE)), asked: false, stalled: None }
    }

    /// The first byte after an answer begins a request, and none that follows begins it anew.
    fn came(&mut self) {
        if !self.asked {
            self.asked = true;
            self.alarm.as_mut().reset(Instant::now() + REQUEST);
        }
    }

    /// Who reads a stream of events sends nothing: what they take is a sign of life as well.
    fn wrote(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(bytes)) if bytes > 0) {
            self.asked = false;
            self.alarm.as_mut().reset(Instant::now() + SILENCE);
        }
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(READING)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // looked at first: who sends without a pause is late as well
        if self.asked && self.alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if let Poll::Ready(result) = Pin::new(&mut self.inner).poll_read(context, buffer) {
            self.came();
            return Poll::Ready(result);
        }
        self.alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.wrote(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.wrote(context, written)
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
    async fn silence_ends_a_connection_and_answered_requests_do_not() {
        let (mut peer, stream) = duplex(64);
        let mut stream = Watched::new(stream);
        for _ in 0..5 {
            tokio::time::advance(SILENCE / 2).await;
            peer.write_u8(7).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), 7);
            tokio::time::advance(REQUEST / 2).await;
            stream.write_u8(7).await.unwrap();
        }
        // who only takes is there as well
        for _ in 0..3 {
            tokio::time::advance(SILENCE / 2).await;
            stream.write_u8(7).await.unwrap();
        }
        let ended = stream.read_u8().await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_crumbs_ends() {
        for pause in
            [Duration::ZERO, Duration::from_millis(1), Duration::from_secs(7), REQUEST - Duration::from_secs(1)]
        {
            let (mut peer, stream) = duplex(64);
            let mut stream = Watched::new(stream);
            // a connection may be opened long before
            tokio::time::advance(SILENCE / 2).await;
            let began = Instant::now();
            let crumbs = tokio::spawn(async move {
                while peer.write_u8(7).await.is_ok() {
                    sleep(pause.max(Duration::from_millis(1))).await;
                }
            });
            let ended = loop {
                if let Err(error) = stream.read_u8().await {
                    break error.kind();
                }
            };
            assert_eq!(ended, io::ErrorKind::TimedOut, "{pause:?}");
            assert!((REQUEST..REQUEST + Duration::from_secs(1)).contains(&began.elapsed()), "{pause:?}");
            drop(stream);
            crumbs.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_an_answer_is_cut_off() {
        let (mut peer, stream) = duplex(4);
        let mut stream = Watched::new(stream);
        stream.write_all(&[7; 4]).await.unwrap();
        let began = Instant::now();
        // a byte now and then is taken as it comes
        let (written, ()) = tokio::join!(stream.write_all(&[7; 2]), async {
            for _ in 0..2 {
                sleep(READING / 2).await;
                peer.read_u8().await.unwrap();
            }
        });
        assert!(written.is_ok() && began.elapsed() >= READING, "{:?}", began.elapsed());
        let ended = stream.write_u8(7).await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
        drop(peer);
    }
}
