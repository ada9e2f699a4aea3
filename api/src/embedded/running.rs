use event_store_node::Node;

use super::Postgres;
use crate::error::ServeError;

/// The parts that this process runs itself.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    pub(crate) node: Option<Node>,
    pub(crate) postgres: Option<Postgres>,
}

impl Embedded {
    /// Resolves when a part fails; never while all are well.
    pub(crate) async fn failed(&self) -> ServeError {
        let node = async {
            match &self.node {
                Some(node) => node.failed().await.into(),
                None => std::future::pending().await,
            }
        };
        let postgres = async {
            match &self.postgres {
                Some(postgres) => postgres.exited().await.into(),
                None => std::future::pending().await,
            }
        };
        tokio::select! { error = node => error, error = postgres => error }
    }

    /// Stops them.
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        let node = match self.node {
            Some(node) => node.stop().await,
            None => Ok(()),
        };
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(node?)
    }
}
