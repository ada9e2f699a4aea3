//! Accepted connections that acknowledge at once.
//!
//! The official client leaves Nagle's algorithm on: its second small write waits for the acknowledgement of the
//! first, which Linux delays by 40 ms. `TCP_QUICKACK` takes the delay away, but the kernel falls back from it by
//! itself, so it is set again before every read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Out of file descriptors, the next accept fails as well: wait instead of spinning.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Connections accepted by a listener, for tonic.
#[derive(Debug)]
pub struct Incoming {
    listener: TcpListener,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    /// Accepts from `listener` for as long as it is polled.
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, pause: None }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Socket>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        match ready!(self.listener.poll_accept(cx)) {
            Ok((stream, _peer)) => {
                stream.set_nodelay(true)?;
                Poll::Ready(Some(Ok(Socket(stream))))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                self.pause = Some(Box::pin(sleep(PAUSE_AFTER_ERROR)));
                Poll::Ready(Some(Err(error)))
            }
        }
    }
}

/// One of them.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Socket {
    #[cfg(target_os = "linux")]
    fn acknowledge_at_once(&self) {
        // Only speed depends on it, so a refusal is no error.
        socket2::SockRef::from(&self.0).set_tcp_quickack(true).ok();
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge_at_once(&self) {}
}

impl Connected for Socket {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.connect_info()
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.acknowledge_at_once();
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
