//! As much of HTTP/1.1 as a load generator needs: one connection, kept alive, one request at a time. A whole client
//! would take the cores from the server.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A connection to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What every request begins with.
    head: String,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, path: &str, key: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: "
        );
        Ok(Self {
            stream,
            head,
            received: Vec::with_capacity(4096),
        })
    }

    /// Posts a body and returns what is answered with 200.
    pub(crate) async fn post(&mut self, body: &str) -> Result<Value> {
        let request = format!("{}{}\r\n\r\n{body}", self.head, body.len());
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        let (start, length) = loop {
            self.receive().await?;
            if let Some(at) = self
                .received
                .windows(END_OF_HEAD.len())
                .position(|it| it == END_OF_HEAD)
            {
                break (at + END_OF_HEAD.len(), length(&self.received[..at])?);
            }
        };
        while self.received.len() < start + length {
            self.receive().await?;
        }
        Ok(serde_json::from_slice(&self.received[start..start + length])?)
    }

    async fn receive(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the server has closed the connection");
        Ok(())
    }
}

fn length(head: &[u8]) -> Result<usize> {
    let head = str::from_utf8(head)?;
    let (status, fields) = head.split_once("\r\n").context("no status line")?;
    ensure!(status.starts_with("HTTP/1.1 200"), "the server answers {status}");
    let length = fields
        .lines()
        .filter_map(|it| it.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.context("no content-length")?.1.trim().parse()?)
}
