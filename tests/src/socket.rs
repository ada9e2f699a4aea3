//! A client of `graphql-transport-ws`.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::KEY;

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open socket. Dropping it cuts the connection without a word.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket; says nothing yet.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn open(base: &str) -> Result<Self> {
        Self::speaking(base, Some("graphql-transport-ws")).await
    }

    /// Opens a socket that offers this subprotocol, or none.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn speaking(base: &str, protocol: Option<&'static str>) -> Result<Self> {
        let mut request = format!("{}/graphql/ws", base.replacen("http", "ws", 1)).into_client_request()?;
        if let Some(protocol) = protocol {
            request
                .headers_mut()
                .insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        }
        Ok(Self {
            stream: connect_async(request).await?.0,
        })
    }

    /// Opens a socket and introduces itself with the key of the tests.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn introduced(base: &str) -> Result<Self> {
        Self::introduced_with(base, KEY).await
    }

    async fn introduced_with(base: &str, key: &str) -> Result<Self> {
        let mut socket = Self::open(base).await?;
        socket
            .say(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {key}")}}))
            .await?;
        let ack = socket.hear().await?;
        ensure!(ack["type"] == "connection_ack", "no connection_ack but {ack}");
        Ok(socket)
    }

    /// Opens a socket, introduces itself with `key` and subscribes.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn subscribe(base: &str, key: &str, query: &str, variables: Value) -> Result<Self> {
        let mut socket = Self::introduced_with(base, key).await?;
        socket.ask("1", query, variables).await?;
        Ok(socket)
    }

    /// Begins an operation.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn ask(&mut self, id: &str, query: &str, variables: Value) -> Result<()> {
        self.say(json!({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}}))
            .await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn say(&mut self, message: Value) -> Result<()> {
        self.send(Message::text(message.to_string())).await
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        Ok(self.stream.send(message).await?)
    }

    /// Asks whether the server is there, until it says so; what came before must be none.
    ///
    /// # Errors
    /// When something else comes.
    pub async fn ping(&mut self) -> Result<()> {
        self.say(json!({"type": "ping"})).await?;
        let answer = self.hear().await?;
        ensure!(answer["type"] == "pong", "no pong but {answer}");
        Ok(())
    }

    /// The next message; a close frame comes as `{"close": code, "reason": text}`.
    ///
    /// # Errors
    /// When none comes in 30 s, or the connection is broken.
    pub async fn hear(&mut self) -> Result<Value> {
        loop {
            let message = timeout(PATIENCE, self.stream.next())
                .await
                .context("the server is silent")?;
            match message.context("the socket is closed")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(Some(frame)) => {
                    return Ok(json!({"close": u16::from(frame.code), "reason": frame.reason.as_str()}));
                }
                Message::Close(None) => return Ok(json!({"close": 1005, "reason": ""})),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }

    /// The data of the next `next` message.
    ///
    /// # Errors
    /// When something else comes.
    pub async fn next(&mut self) -> Result<Value> {
        loop {
            let mut message = self.hear().await?;
            match message["type"].as_str() {
                Some("next") => return Ok(message["payload"]["data"].take()),
                Some("ping") => self.say(json!({"type": "pong"})).await?,
                Some(_) | None => bail!("not a `next` message: {message}"),
            }
        }
    }
}
