//! A client of `graphql-sse`, with a connection for each operation.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// How long a test waits for an event that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An operation that is being answered. Dropping it cuts the connection without a word.
#[derive(Debug)]
pub struct Events {
    response: Response,
    heard: String,
}

impl Events {
    /// The events of a response.
    ///
    /// # Errors
    /// When it is no stream of events.
    pub fn of(response: Response) -> Result<Self> {
        let kind = response.headers().get("content-type").context("no content-type")?;
        ensure!(kind == "text/event-stream", "{response:?}");
        Ok(Self {
            response,
            heard: String::new(),
        })
    }

    /// The next block of lines, a comment or an event; `None` at the end.
    ///
    /// # Errors
    /// When none comes in 30 s, or the connection is broken.
    pub async fn block(&mut self) -> Result<Option<String>> {
        loop {
            if let Some((block, rest)) = self.heard.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.heard = rest;
                return Ok(Some(block));
            }
            let part = timeout(PATIENCE, self.response.chunk()).await;
            match part.context("the server is silent")?? {
                Some(part) => self.heard.push_str(std::str::from_utf8(&part)?),
                None => return Ok(None),
            }
        }
    }

    /// The payload of the next `next` event.
    ///
    /// # Errors
    /// When something else comes.
    pub async fn next(&mut self) -> Result<Value> {
        loop {
            let block = self.block().await?.context("the stream has ended")?;
            if block.starts_with(':') {
                continue;
            }
            let Some(data) = block.strip_prefix("event: next\ndata: ") else {
                bail!("not a `next` event: {block}");
            };
            return Ok(serde_json::from_str(data)?);
        }
    }

    /// Whether the operation is complete, and the stream ends with that.
    ///
    /// # Errors
    /// When something else comes.
    pub async fn completed(&mut self) -> Result<()> {
        let block = self.block().await?.context("the stream has ended")?;
        ensure!(block.starts_with("event: complete\ndata:"), "{block}");
        ensure!(self.block().await?.is_none(), "something follows");
        Ok(())
    }
}
