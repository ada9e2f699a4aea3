//! What GraphQL subscribers are held against: a server that pushes what it is given to every WebSocket, and does
//! nothing else. It runs in a process of its own, as the server of the other side does.

use std::process::Stdio;

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::broadcast,
};

/// Makes this program that server.
pub(crate) const ARGUMENT: &str = "plain-sockets";
/// Messages kept for sockets that are slow.
const AHEAD: usize = 64;

type Messages = broadcast::Sender<Utf8Bytes>;

/// Says on standard output where it listens, and serves until it is killed.
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    crate::report::say(&listener.local_addr()?.to_string())?;
    let messages: Messages = broadcast::channel(AHEAD).0;
    let routes = Router::new()
        .route("/push", post(push))
        .route("/ws", get(open))
        .with_state(messages);
    Ok(axum::serve(listener, routes).await?)
}

async fn push(State(messages): State<Messages>, message: String) -> Json<Value> {
    // Nobody listening is seen where nothing arrives.
    messages.send(message.into()).ok();
    Json(json!({}))
}

async fn open(State(messages): State<Messages>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        // As the other side has it.
        .read_buffer_size(4096)
        .on_upgrade(move |socket| pass_on(socket, messages.subscribe()))
}

async fn pass_on(mut socket: WebSocket, mut messages: broadcast::Receiver<Utf8Bytes>) {
    loop {
        let sent = tokio::select! {
            Ok(message) = messages.recv() => socket.send(Message::Text(message)).await,
            Some(Ok(_)) = socket.recv() => Ok(()),
            else => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// That server, started.
#[derive(Debug)]
pub(crate) struct Plain {
    /// Where it listens.
    pub(crate) address: std::net::SocketAddr,
    child: Child,
}

impl Plain {
    pub(crate) async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let address = line.context("the plain server has ended")?.parse()?;
        Ok(Self { address, child })
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the plain server has ended")
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}
