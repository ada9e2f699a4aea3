//! An embedded node with an empty log in a folder of its own, and the handler over it.

use std::sync::Arc;

use anyhow::Result;
use commands::{Clock, Handler, Sharing};
use event_store::{EventLog, Vault, vault::MasterKey};
use event_store_node::{Node, NodeConfig};
use tempfile::TempDir;

use crate::database::Database;

/// Goes with its folder when it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) log: EventLog,
    pub(crate) handler: Arc<Handler>,
    pub(crate) vault: Vault,
    keys: Database,
    node: Node,
    folder: TempDir,
}

impl Stack {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let node = Node::start(NodeConfig {
            data: folder.path().join("log"),
            listen: ([127, 0, 0, 1], 0).into(),
        })
        .await?;
        let log = EventLog::new(&node.connection_string())?;
        let keys = Database::new().await?;
        let vault = Vault::open(keys.options.clone(), MasterKey::from_bytes([7; 32]), None).await?;
        let handler = Handler::new(log.clone(), vault.clone(), Clock::System, Sharing::Alone).await?;
        let handler = Arc::new(handler);
        Ok(Self {
            log,
            handler,
            vault,
            keys,
            node,
            folder,
        })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        let Self {
            log,
            handler,
            vault,
            keys,
            node,
            folder,
        } = self;
        // The client first, so that the node does not wait for it.
        drop((handler, log, vault));
        node.stop().await?;
        keys.remove().await?;
        Ok(folder.close()?)
    }
}
