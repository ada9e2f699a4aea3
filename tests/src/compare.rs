//! `replay_equals_live`: the tables rebuilt from the log must be those that grew with it, row for row.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use event_store::{EventLog, Vault};
use event_store_node::{Node, NodeConfig};
use projections::{
    Worker,
    generation::{self, State},
    registry,
};
use replay_tools::diff;
use sqlx::PgPool;

/// Rows that are told when tables differ.
const TOLD: usize = 3;

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

/// Rebuilds all read models from the log in `data` (no server may use it) beside those in `database_url`, and compares
/// the two after the live ones have caught up.
///
/// # Errors
/// The tables that differ, with the first rows that do.
pub async fn assert_replay_equals_live(data: &Path, database_url: &str) -> Result<()> {
    let (node, log) = open_log(data).await?;
    let head = log.head().await?;
    let vault = open_vault(data, database_url).await?;
    let worker = Worker::new(log.clone(), vault, database_url.parse()?).alone();
    let pool = PgPool::connect(database_url).await?;
    let models = registry();
    let present = generation::all(&pool).await?;
    let serves = |name: &str| present.iter().any(|it| it.serving && it.model == name);
    let is_building = present.iter().any(|it| it.state != State::Following);
    if is_building || !models.iter().all(|it| serves(it.name)) {
        worker.catch_up(head).await?;
    }
    let mut rebuilt = Vec::new();
    for model in &models {
        rebuilt.push(generation::begin(&pool, model, 1, head, false).await?);
    }
    // All of them: those that serve, and those beside them.
    worker.catch_up(head).await?;
    let present = generation::all(&pool).await?;
    for (model, rebuilt) in models.iter().zip(rebuilt) {
        let live = present
            .iter()
            .find(|it| it.serving && it.model == model.name && it.version == model.version);
        let live = live.context("nothing serves")?.id;
        let report = diff::builds(&pool, &log, model, (live, rebuilt), TOLD).await?;
        ensure!(report.is_equal(), "replay and live differ\n{report}");
        generation::discard(&pool, rebuilt).await?;
    }
    pool.close().await;
    node.stop().await?;
    Ok(())
}
