//! A whole server in this process, with its own node and its own database.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use api::{config::Config, server::Server};
use commands::Clock;
use projections::Worker;
use tempfile::TempDir;

use serde_json::Value;

use crate::{Client, Cluster, KEY, Program, assert_replay_equals_live, open_log, open_vault, poll};

/// A running server and its client.
#[derive(Debug)]
pub struct App {
    /// Speaks to the server with the administrator's key.
    pub client: Client,
    /// URL of its database.
    pub database_url: String,
    /// Its data folder.
    pub data: TempDir,
    server: Server,
}

impl App {
    /// A new server on an empty log and an empty database.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Result<Self> {
        Self::start_at(Clock::System).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_at(clock: Clock) -> Result<Self> {
        let database_url = Cluster::shared().await?.database().await?;
        Self::on(tempfile::tempdir()?, database_url, clock).await
    }

    /// A server on a log that is there already, with its database, in which all of it shows.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_on(data: TempDir, database_url: String) -> Result<Self> {
        let (node, log) = open_log(data.path()).await?;
        let head = log.head().await?;
        let vault = open_vault(data.path(), &database_url).await?;
        Worker::new(log, vault, database_url.parse()?).catch_up(head).await?;
        node.stop().await?;
        Self::on(data, database_url, Clock::System).await
    }

    /// A new server whose settings differ from the usual.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_with(adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let database_url = Cluster::shared().await?.database().await?;
        Self::adjusted(tempfile::tempdir()?, database_url, Clock::System, adjust).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_with_at(clock: Clock, adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let database_url = Cluster::shared().await?.database().await?;
        Self::adjusted(tempfile::tempdir()?, database_url, clock, adjust).await
    }

    /// A new server in a folder in which something lies already, such as a key.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_in(data: TempDir, adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let database_url = Cluster::shared().await?.database().await?;
        Self::adjusted(data, database_url, Clock::System, adjust).await
    }

    async fn on(data: TempDir, database_url: String, clock: Clock) -> Result<Self> {
        Self::adjusted(data, database_url, clock, std::convert::identity).await
    }

    async fn adjusted(
        data: TempDir,
        database_url: String,
        clock: Clock,
        adjust: impl FnOnce(Config) -> Config,
    ) -> Result<Self> {
        let config = Config {
            data: data.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            database_url: Some(database_url.clone()),
            event_store_url: None,
            master_key_file: None,
            previous_master_key_file: None,
            bootstrap_api_key: Some(KEY.to_owned()),
            // Tests ask more than people do; those that are about limits set them.
            cost_budget: 0,
            address_requests: 0,
            operation_limits: BTreeMap::new(),
            ..Config::default()
        };
        let config = adjust(config);
        let server = Server::start(config, clock).await?;
        if !server.ready().await {
            server.ended().await?;
            anyhow::bail!("the server ended before it was ready");
        }
        let client = Client::new(format!("http://{}", server.address()), KEY)?;
        Ok(Self {
            client,
            database_url,
            data,
            server,
        })
    }

    /// What makes the first administrator, as the operator sees it.
    ///
    /// # Errors
    /// When the program does not tell.
    pub async fn set_up_token(&self) -> Result<String> {
        Ok(self.tell(&["set-up-token"]).await?.trim().to_owned())
    }

    /// The token of the newest mail to an address, as the operator sees it.
    ///
    /// # Errors
    /// When there is no such mail within 10 s.
    pub async fn mailed_token(&self, to: &str) -> Result<String> {
        let waits = async || self.has_mail_to(to).await.unwrap_or_default();
        poll("no mail waits", waits).await?;
        let mail = self.mails().await?.into_iter().rfind(|it| it["to"] == to);
        let token = mail.and_then(|it| Some(it["token"].as_str()?.to_owned()));
        token.with_context(|| format!("no mail to {to}"))
    }

    /// Whether a mail to an address waits.
    ///
    /// # Errors
    /// When the program does not tell.
    pub async fn has_mail_to(&self, to: &str) -> Result<bool> {
        Ok(self.mails().await?.iter().any(|it| it["to"] == to))
    }

    async fn mails(&self) -> Result<Vec<Value>> {
        let listed = self.tell(&["outbox", "list", "--json"]).await?;
        Ok(listed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// What `letopis` with these arguments prints, beside this server.
    ///
    /// # Errors
    /// When it fails.
    pub async fn tell(&self, words: &[&str]) -> Result<String> {
        let data = self.data.path().to_str().context("a path that is no text")?;
        let place = ["--data", data, "--database-url", &self.database_url];
        let output = Program::output(&[words, &place].concat()).await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Stops the server as a signal would, and starts another on what it left.
    ///
    /// # Errors
    /// When it does not stop or start.
    pub async fn restart(self) -> Result<Self> {
        let Self {
            database_url,
            data,
            server,
            ..
        } = self;
        server.stop();
        server.ended().await?;
        Self::on(data, database_url, Clock::System).await
    }

    /// The same, with other settings.
    ///
    /// # Errors
    /// When it does not stop or start.
    pub async fn restart_with(self, adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let (data, database_url) = self.stop().await?;
        Self::adjusted(data, database_url, Clock::System, adjust).await
    }

    /// Stops the server; its log stays in the folder that is returned.
    ///
    /// # Errors
    /// Why it ended, when that was not this.
    pub async fn stop(self) -> Result<(TempDir, String)> {
        let Self {
            database_url,
            data,
            server,
            ..
        } = self;
        server.stop();
        server.ended().await?;
        Ok((data, database_url))
    }

    /// The end of every journey: stops the server, rebuilds the read models from its log, and compares.
    ///
    /// # Errors
    /// Why it ended, when that was not this; the first table that differs.
    pub async fn finish(self) -> Result<()> {
        let (data, database_url) = self.stop().await?;
        assert_replay_equals_live(data.path(), &database_url).await?;
        Cluster::shared().await?.drop(&database_url).await
    }
}
