//! Log and vault for a command of one run: those of the configuration, or of the server that runs on the data folder, or
//! the folder's own, started for as long as the command runs.

use std::net::SocketAddr;

use anyhow::Result;
use commands::{Clock, Handler, Sharing};
use event_store::{EventLog, Vault};
use event_store_node::{Node, NodeConfig};
use projections::MIGRATOR;
use sqlx::PgPool;

use crate::{
    config::Config,
    database::options,
    embedded::{DataDir, Postgres},
    vault,
};

/// What a command works on, and what had to be started for it.
pub(crate) struct Target {
    pub(crate) log: EventLog,
    pub(crate) vault: Vault,
    pub(crate) pool: PgPool,
    node: Option<Node>,
    postgres: Option<Postgres>,
    /// Locked until the command has ended.
    _data: Option<DataDir>,
}

impl Target {
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let running = (
            DataDir::running_node(&config.data)?,
            DataDir::running_database(&config.data)?,
        );
        let (mut node_url, mut database_url) = (
            config.event_store_url.clone().or(running.0),
            config.database_url.clone().or(running.1),
        );
        let (mut data, mut node, mut postgres) = (None, None, None);
        if node_url.is_none() || database_url.is_none() {
            data = Some(DataDir::open(&config.data)?);
        }
        if let (None, Some(data)) = (&node_url, &data) {
            let started = start_node(data).await?;
            node_url = Some(started.connection_string());
            node = Some(started);
        }
        if let (None, Some(data)) = (&database_url, &data) {
            let started = start_postgres(data).await?;
            database_url = Some(started.url());
            postgres = Some(started);
        }
        let (node_url, database_url) = (node_url.unwrap_or_default(), database_url.unwrap_or_default());
        let database = options(&database_url)?;
        let pool = PgPool::connect_with(database.clone()).await?;
        MIGRATOR.run(&pool).await?;
        Ok(Self {
            log: EventLog::new(&node_url)?,
            vault: vault::open(config, &config.data, database).await?,
            pool,
            node,
            postgres,
            _data: data,
        })
    }

    /// Whether log and vault belong together, before anything is written to either.
    pub(crate) async fn check(&self) -> Result<()> {
        self.vault.recognise(&self.log).await?;
        Ok(self.vault.check(&self.log, |_| {}).await?)
    }

    pub(crate) async fn handler(&self) -> Result<Handler> {
        let (log, vault) = (self.log.clone(), self.vault.clone());
        Ok(Handler::new(log, vault, Clock::System, Sharing::Shared).await?)
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.pool.close().await;
        if let Some(node) = self.node {
            node.stop().await?;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}

async fn start_node(data: &DataDir) -> Result<Node> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let node = Node::start(NodeConfig {
        data: data.log(),
        listen,
    })
    .await?;
    data.publish_node_url(&node.connection_string())?;
    Ok(node)
}

async fn start_postgres(data: &DataDir) -> Result<Postgres> {
    let postgres = Postgres::start(data.root()).await?;
    data.publish_database_url(&postgres.url())?;
    Ok(postgres)
}
