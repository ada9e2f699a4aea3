//! `replay_equals_live`: the tables rebuilt from the log must be those that grew with it, row for row; and the audit must
//! have an entry of everything in the log.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use api::config::Config;
use event_store::{EventLog, Position, Vault, decode};
use event_store_node::{Node, NodeConfig};
use projections::{
    Worker,
    generation::{self, State},
    registry, search_path,
};
use replay_tools::diff;
use sqlx::{PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

/// Rows that are told when tables differ.
const TOLD: usize = 3;
/// Events read at a time.
const PAGE: usize = 5000;

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
/// the two after the live ones have caught up; looks whether the audit has all there is.
///
/// # Errors
/// The tables that differ, with the first rows that do; what the audit says otherwise than the log.
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
    assert_audit_is_whole(&log, database_url).await?;
    node.stop().await?;
    Ok(())
}

/// Whatever is said in a log, but for its seals, has an entry in the audit that names who, what, and in which command.
async fn assert_audit_is_whole(log: &EventLog, database_url: &str) -> Result<()> {
    const ENTRIES: &str = "SELECT position, event_type, actor, object_id, version, command_id FROM audit_entry";
    const PARKED: &str = "SELECT stream_id FROM ops.parked JOIN ops.generation ON generation.id = parked.generation
        WHERE model = 'audit_entry' AND serving";
    const SEALS: &str = "log_seal.";
    let options: PgConnectOptions = database_url.parse()?;
    let pool = PgPool::connect_with(options.options([("search_path", search_path(&registry()))])).await?;
    let rows: Vec<(i64, String, String, Uuid, i64, Uuid)> = sqlx::query_as(ENTRIES).fetch_all(&pool).await?;
    let parked: HashSet<Uuid> = sqlx::query_scalar(PARKED).fetch_all(&pool).await?.into_iter().collect();
    pool.close().await;
    let mut unread = HashSet::new();
    let mut entries: HashMap<i64, _> = rows
        .into_iter()
        .map(|(position, event_type, actor, object, version, command)| {
            (position, (event_type, actor, object, version, command))
        })
        .collect();
    let mut after = Position::START;
    loop {
        let page = log.read_unfiltered(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for raw in page.iter().filter(|it| !it.event_type.starts_with(SEALS)) {
            let entry = entries.remove(&raw.position.0.cast_signed());
            // What cannot be read or applied is parked, with what comes after it in its stream.
            let Ok(event) = decode(raw) else {
                unread.insert(raw.stream.clone());
                continue;
            };
            if parked.contains(&event.stream_id) || unread.contains(&raw.stream) {
                continue;
            }
            let said = (
                raw.event_type.clone(),
                event.metadata.actor.to_string(),
                event.stream_id,
                i64::try_from(raw.revision)? + 1,
                event.metadata.command_id.0,
            );
            ensure!(entry.as_ref() == Some(&said), "the audit says {entry:?} of {said:?}");
        }
    }
    ensure!(entries.is_empty(), "the audit has what was never said: {entries:?}");
    Ok(())
}
