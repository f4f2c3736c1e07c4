//! A connection whose other end must say something at first, and take what it is sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4). Whether it comes decides the version.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream with these time-outs. After the version is known, the time for a head is HTTP's own affair.
pub(super) struct Timed<S> {
    stream: S,
    /// Until when the version must be known.
    version: Option<Pin<Box<Sleep>>>,
    /// Bytes of the preface that have come.
    seen: usize,
    stalled: Duration,
    /// Until when the other end must take something; `None` while it does.
    room: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, first: Duration, stalled: Duration) -> Self {
        Self {
            stream,
            version: Some(Box::pin(sleep(first))),
            seen: 0,
            stalled,
            room: None,
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        let rest = &PREFACE[self.seen..];
        let same = bytes.iter().zip(rest).take_while(|(a, b)| a == b).count();
        self.seen += same;
        if self.seen == PREFACE.len() || (same < bytes.len()) {
            self.version = None;
        }
    }

    fn limit<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.room = None;
            return polled;
        }
        let stalled = self.stalled;
        let room = self.room.get_or_insert_with(|| Box::pin(sleep(stalled)));
        ready!(room.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client takes nothing",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(version) = self.version.as_mut() else {
            return polled;
        };
        if polled.is_pending() {
            ready!(version.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client says nothing",
            )));
        }
        self.look(&buffer.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.limit(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.limit(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limit(context, polled)
    }
}
