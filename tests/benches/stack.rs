//! An embedded node with an empty log in a folder of its own, and the handler over it.

use std::sync::Arc;

use anyhow::Result;
use commands::{Clock, Handler, Sharing};
use event_store::EventLog;
use event_store_node::{Node, NodeConfig};
use tempfile::TempDir;

/// Goes with its folder when it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) log: EventLog,
    pub(crate) handler: Arc<Handler>,
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
        let handler = Arc::new(Handler::new(log.clone(), Clock::System, Sharing::Alone).await?);
        Ok(Self {
            log,
            handler,
            node,
            folder,
        })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        let Self {
            log,
            handler,
            node,
            folder,
        } = self;
        // The client first, so that the node does not wait for it.
        drop((handler, log));
        node.stop().await?;
        Ok(folder.close()?)
    }
}
