//! `replay_equals_live`: the tables rebuilt from the log must be those that grew with it, row for row.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use event_store::{EventLog, Vault};
use event_store_node::{Node, NodeConfig};
use projections::Worker;
use sqlx::{AssertSqlSafe, PgPool, Row};

use crate::Cluster;

/// Every table of every read model, and the order that makes two copies comparable.
const TABLES: &[(&str, &str)] = &[
    ("read_ticket_list_v1.ticket_list", "ticket_id"),
    ("read_ticket_history_v1.ticket_history", "position"),
];

/// A node on the log in `data`, which no server may use, and a connection to it.
///
/// # Errors
/// When it does not start.
pub async fn open_log(data: &Path) -> Result<(Node, EventLog)> {
    let node = Node::start(NodeConfig {
        data: data.join("log"),
        listen: ([127, 0, 0, 1], 0).into(),
    })
    .await?;
    let log = EventLog::new(&node.connection_string())?;
    Ok((node, log))
}

/// The vault in a database, under the master key in `data`.
///
/// # Errors
/// When it does not open.
pub async fn open_vault(data: &Path, database_url: &str) -> Result<Vault> {
    let config = Config {
        data: data.to_owned(),
        ..Config::default()
    };
    Ok(api::vault::open(&config, data, database_url.parse()?).await?)
}

/// Rebuilds all read models from the log in `data` (no server may use it) and compares them with those in
/// `database_url`, after the live ones have caught up.
///
/// # Errors
/// The first table that differs, with the first rows that do.
pub async fn assert_replay_equals_live(data: &Path, database_url: &str) -> Result<()> {
    let (node, log) = open_log(data).await?;
    let head = log.head().await?;
    let vault = open_vault(data, database_url).await?;
    let rebuilt_url = Cluster::shared().await?.database().await?;
    for url in [database_url, &rebuilt_url] {
        Worker::new(log.clone(), vault.clone(), url.parse()?)
            .catch_up(head)
            .await?;
    }
    let (live, rebuilt) = (
        PgPool::connect(database_url).await?,
        PgPool::connect(&rebuilt_url).await?,
    );
    for (table, key) in TABLES {
        let (live, rebuilt) = (rows(&live, table, key).await?, rows(&rebuilt, table, key).await?);
        if let Some((left, right)) = live.iter().zip(&rebuilt).find(|(left, right)| left != right) {
            anyhow::bail!("{table} differs\n live    {left}\n rebuilt {right}");
        }
        ensure!(
            live.len() == rebuilt.len(),
            "{table}: {} rows live, {} rebuilt",
            live.len(),
            rebuilt.len()
        );
    }
    node.stop().await?;
    Ok(())
}

async fn rows(pool: &PgPool, table: &str, key: &str) -> Result<Vec<String>> {
    let statement = format!("SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY {key}");
    let rows = sqlx::query(AssertSqlSafe(statement))
        .fetch_all(pool)
        .await
        .context("the tables do not read")?;
    rows.into_iter().map(|it| Ok(it.try_get(0)?)).collect()
}
