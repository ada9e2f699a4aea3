//! Many sockets that only listen. As little of the protocol as that needs: a whole client for each would take the
//! cores from the server.

use std::{
    mem,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinSet,
    time::timeout,
};

/// Sockets that are opened at a time.
const OPENING: usize = 64;
/// How long everybody may take to receive one message.
const PATIENCE: Duration = Duration::from_mins(1);
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const TEXT: u8 = 1;
const PING: &[u8] = b"{\"type\":\"ping\"}";
const PONG: &str = "{\"type\":\"pong\"}";

/// How a socket is opened: what is said, and what is waited for.
#[derive(Debug, Clone)]
pub(crate) struct Greeting {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    /// Lines of the upgrade beside the usual, each with its end.
    pub(crate) header: &'static str,
    /// Messages in this order; after each but the last an answer is awaited.
    pub(crate) messages: Vec<String>,
}

/// Sockets that note when they receive something.
#[derive(Debug)]
pub(crate) struct Audience {
    heard: Arc<Heard>,
    listeners: JoinSet<Result<()>>,
    size: usize,
}

#[derive(Debug, Default)]
struct Heard {
    notes: Mutex<Notes>,
    enough: Notify,
}

#[derive(Debug, Default)]
struct Notes {
    received: Vec<Instant>,
    /// Length of the last message.
    length: usize,
    wanted: usize,
}

impl Heard {
    fn note(&self, length: usize) {
        let now = Instant::now();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.received.push(now);
        notes.length = length;
        if notes.received.len() == notes.wanted {
            self.enough.notify_one();
        }
    }
}

impl Audience {
    pub(crate) async fn gather(size: usize, greeting: &Greeting) -> Result<Self> {
        let heard = Arc::new(Heard::default());
        heard.notes.lock().unwrap_or_else(PoisonError::into_inner).wanted = size;
        let mut listeners = JoinSet::new();
        let mut sockets = stream::iter(0..size)
            .map(|_| Socket::open(greeting))
            .buffer_unordered(OPENING);
        while let Some(socket) = sockets.try_next().await? {
            listeners.spawn(socket.listen(Arc::clone(&heard)));
        }
        drop(sockets);
        Ok(Self { heard, listeners, size })
    }

    /// Waits until everybody has received one message more; when each did, and its length.
    pub(crate) async fn all(&mut self) -> Result<(Vec<Instant>, usize)> {
        tokio::select! {
            waited = timeout(PATIENCE, self.heard.enough.notified()) => waited.context("not everybody received it")?,
            Some(ended) = self.listeners.join_next() => {
                ended??;
                bail!("a socket was closed");
            }
        }
        let mut notes = self.heard.notes.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(notes.received.len() == self.size, "some received it twice");
        let received = mem::replace(&mut notes.received, Vec::with_capacity(self.size));
        Ok((received, notes.length))
    }
}

struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    async fn open(greeting: &Greeting) -> Result<Self> {
        let Greeting {
            address,
            path,
            header,
            messages,
        } = greeting;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            stream,
            received: Vec::with_capacity(1024),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n"
        );
        socket.stream.write_all(request.as_bytes()).await?;
        while !socket.received.ends_with(END_OF_HEAD) {
            socket.receive().await?;
        }
        let head = String::from_utf8_lossy(&socket.received);
        ensure!(head.starts_with("HTTP/1.1 101"), "no upgrade but {head}");
        socket.received.clear();
        for (index, message) in messages.iter().enumerate() {
            if index > 0 {
                socket.message().await?;
            }
            socket.say(message).await?;
        }
        Ok(socket)
    }

    async fn listen(mut self, heard: Arc<Heard>) -> Result<()> {
        loop {
            let message = self.message().await?;
            if message == PING {
                self.say(PONG).await?;
            } else {
                heard.note(message.len());
            }
        }
    }

    async fn receive(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the server has closed the connection");
        Ok(())
    }

    /// The next text.
    async fn message(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some((kind, start, end)) = frame(&self.received) {
                let message = self.received[start..end].to_vec();
                self.received.drain(..end);
                ensure!(
                    kind == TEXT,
                    "a frame of kind {kind}: {}",
                    String::from_utf8_lossy(&message)
                );
                return Ok(message);
            }
            self.receive().await?;
        }
    }

    async fn say(&mut self, message: &str) -> Result<()> {
        let length = u16::try_from(message.len()).context("too long for a greeting")?;
        let mut frame = vec![0x80 | TEXT];
        match u8::try_from(length) {
            Ok(short) if short < 126 => frame.push(0x80 | short),
            Ok(_) | Err(_) => {
                frame.push(0xfe);
                frame.extend(length.to_be_bytes());
            }
        }
        // A mask of zeros leaves the text as it is.
        frame.extend([0; 4]);
        frame.extend(message.as_bytes());
        Ok(self.stream.write_all(&frame).await?)
    }
}

/// Kind of the first frame, and where its payload begins and ends; `None` when it has not come whole. Frames of 64 KiB
/// and more are not understood.
fn frame(received: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, rest @ ..] = received else {
        return None;
    };
    let (start, length) = match (*second, rest) {
        (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        (126.., _) => return None,
        (length, _) => (2, usize::from(length)),
    };
    (received.len() >= start + length).then_some((first & 15, start, start + length))
}
