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
    embedded::{DataDir, Postgres},
    server::options,
    vault,
};

/// What a command works on, and what had to be started for it.
pub(crate) struct Target {
    pub(crate) log: EventLog,
    pub(crate) vault: Vault,
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
        let (node_url, database_url) = (
            config.event_store_url.clone().or(running.0),
            config.database_url.clone().or(running.1),
        );
        let (mut data, mut node, mut postgres) = (None, None, None);
        let node_url = match node_url {
            Some(url) => url,
            None => {
                let data = data.insert(DataDir::open(&config.data)?);
                node.insert(start_node(data).await?).connection_string()
            }
        };
        let database_url = match (database_url, data.take()) {
            (Some(url), kept) => {
                data = kept;
                url
            }
            (None, kept) => {
                let kept = kept.map_or_else(|| DataDir::open(&config.data), Ok)?;
                let kept = data.insert(kept);
                postgres.insert(start_postgres(kept).await?).url()
            }
        };
        let database = options(&database_url)?;
        MIGRATOR.run(&PgPool::connect_with(database.clone()).await?).await?;
        Ok(Self {
            log: EventLog::new(&node_url)?,
            vault: vault::open(config, &config.data, database).await?,
            node,
            postgres,
            _data: data,
        })
    }

    pub(crate) async fn handler(&self) -> Result<Handler> {
        let (log, vault) = (self.log.clone(), self.vault.clone());
        Ok(Handler::new(log, vault, Clock::System, Sharing::Shared).await?)
    }

    pub(crate) async fn close(self) -> Result<()> {
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
