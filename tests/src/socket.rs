//! A client of `graphql-transport-ws`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open socket.
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
        let mut request = format!("{}/graphql/ws", base.replacen("http", "ws", 1)).into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        Ok(Self { stream: connect_async(request).await?.0 })
    }

    /// Opens a socket, introduces itself with `key` and subscribes.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn subscribe(base: &str, key: &str, query: &str, variables: Value) -> Result<Self> {
        let mut socket = Self::open(base).await?;
        socket
            .say(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {key}")}}))
            .await?;
        let ack = socket.hear().await?;
        if ack["type"] != "connection_ack" {
            bail!("no connection_ack but {ack}");
        }
        socket
            .say(json!({"type": "subscribe", "id": "1", "payload": {"query": query, "variables": variables}}))
            .await?;
        Ok(socket)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn say(&mut self, message: Value) -> Result<()> {
        Ok(self.stream.send(Message::text(message.to_string())).await?)
    }

    /// The next message; a close frame comes as `{"close": code, "reason": text}`.
    ///
    /// # Errors
    /// When none comes in 30 s, or the connection is broken.
    pub async fn hear(&mut self) -> Result<Value> {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await.context("the server is silent")?;
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
