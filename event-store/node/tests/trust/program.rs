//! The node as a child process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kurrentdb::{AppendToStreamOptions, Client, EventData, StreamState, WriteResult};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Program {
    child: Child,
    pub(crate) connection: String,
}

impl Program {
    pub(crate) async fn start(data: &Path) -> Self {
        Self::try_start(data, "").await.unwrap()
    }

    /// `before` are shell commands that run first in the same process. The error is what was written on stderr.
    pub(crate) async fn try_start(data: &Path, before: &str) -> Result<Self, String> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before}\nexec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_event-store-node"))
            .args(["--log", "off", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let Some(connection) = line else {
            let (success, text) = ended(child).await;
            assert!(!success);
            return Err(text);
        };
        Ok(Self { child, connection })
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(format!("{}&maxDiscoverAttempts=2", self.connection).parse().unwrap()).unwrap()
    }

    /// As `kill -9` does, without waiting for the rest of this test.
    pub(crate) fn kill_now(&self) {
        self.signal(Signal::SIGKILL);
    }

    pub(crate) async fn killed(mut self) {
        self.kill_now();
        self.child.wait().await.unwrap();
    }

    /// Whether it went well, and what was written on stderr.
    pub(crate) async fn stopped(self) -> (bool, String) {
        self.signal(Signal::SIGTERM);
        ended(self.child).await
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(self) -> (bool, String) {
        ended(self.child).await
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().unwrap().cast_signed();
        kill(Pid::from_raw(id), signal).unwrap();
    }
}

async fn ended(mut child: Child) -> (bool, String) {
    let mut text = String::new();
    let read = child.stderr.take().unwrap();
    let waited = tokio::time::timeout(PATIENCE, async {
        BufReader::new(read).read_to_string(&mut text).await.unwrap();
        child.wait().await.unwrap()
    });
    (waited.await.unwrap().success(), text)
}

pub(crate) fn event(id: u128, bytes: usize) -> EventData {
    EventData::binary("thing.happened", vec![b'x'; bytes].into()).id(Uuid::from_u128(id))
}

pub(crate) async fn append(
    client: &Client,
    stream: &str,
    state: StreamState,
    events: Vec<EventData>,
) -> Result<WriteResult, kurrentdb::Error> {
    let options = AppendToStreamOptions::default()
        .stream_state(state)
        .deadline(Duration::from_secs(10));
    client.append_to_stream(stream, &options, events).await
}
