//! A database of the harness's cluster that goes when its measurement is over: what is left behind would be vacuumed
//! during the next one.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, postgres::PgConnectOptions};
use tests::Cluster;

/// All tables, empty at first.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
}

impl Database {
    pub(crate) async fn new() -> Result<Self> {
        let url = Cluster::shared().await?.database().await?;
        Ok(Self { options: url.parse()? })
    }

    /// The same without any build of a read model, as a rebuild finds it.
    pub(crate) async fn unfilled() -> Result<Self> {
        let database = Self::new().await?;
        let mut connection = database.options.connect().await?;
        let schemas: Vec<String> = sqlx::query_scalar("DELETE FROM ops.generation RETURNING schema")
            .fetch_all(&mut connection)
            .await?;
        for schema in schemas {
            connection
                .execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE")))
                .await?;
        }
        connection.close().await?;
        Ok(database)
    }

    /// Removes it, whoever is still connected.
    pub(crate) async fn remove(self) -> Result<()> {
        remove(&self.options).await
    }
}

/// Removes a database, whoever is still connected.
pub(crate) async fn remove(options: &PgConnectOptions) -> Result<()> {
    let name = options.get_database().context("a database without a name")?;
    let mut admin = options.clone().database("postgres").connect().await?;
    admin
        .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .await?;
    Ok(admin.close().await?)
}
