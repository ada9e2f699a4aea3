//! The engine of the projections: many workers, builds beside each other, events that cannot be applied.

mod chaos;
mod disk;
mod leases;
mod poison;
mod sift;
mod versions;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use commands::{Clock, Command, Handler, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    assignment::AssignmentCommand,
    ids::{AgentId, CommandId, TicketId},
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{AssignmentMode, HoldReason, Priority, ResolutionReason, Subject, TicketType},
};
use event_store::{EventLog, Position, Vault};
use event_store_node::Node;
use projections::{Model, ProjectError, Worker, generation};
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;
use tests::{Cluster, open_log, open_vault};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Events of each ticket.
const STEPS: usize = 6;

/// A log with somebody who writes to it, and a database.
struct Bench {
    handler: Arc<Handler>,
    log: EventLog,
    vault: Vault,
    url: String,
    pool: PgPool,
    node: Node,
    data: TempDir,
}

impl Bench {
    async fn start() -> Result<Self> {
        Self::on(Cluster::shared().await?.database().await?).await
    }

    async fn on(url: String) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &url).await?;
        let handler = Handler::new(log.clone(), vault.clone(), Clock::System, Sharing::Alone).await?;
        Ok(Self {
            handler: Arc::new(handler),
            log,
            vault,
            pool: PgPool::connect(&url).await?,
            url,
            node,
            data,
        })
    }

    /// A ticket with all its events; the position of the last.
    async fn ticket(&self, name: &str) -> Result<Position> {
        write(&self.handler, name, 0..STEPS).await
    }

    async fn tickets(&self, names: std::ops::Range<usize>) -> Result<Position> {
        let mut last = Position::START;
        for name in names {
            last = self.ticket(&name.to_string()).await?;
        }
        Ok(last)
    }

    fn worker(&self, models: &[Model]) -> Result<Worker> {
        let worker = Worker::new(self.log.clone(), self.vault.clone(), self.url.parse()?);
        Ok(worker.with_models(models.to_vec()))
    }

    /// A worker in the background.
    fn work(&self, models: &[Model]) -> Result<Working> {
        let stop = CancellationToken::new();
        let task = tokio::spawn(self.worker(models)?.run(stop.clone()));
        Ok(Working { stop, task })
    }

    /// Every table of the models equals that of a fresh rebuild.
    async fn equals_rebuild(&self, models: &[Model]) -> Result<()> {
        let head = self.log.head().await?;
        self.worker(models)?.catch_up(head).await?;
        let url = Cluster::shared().await?.database().await?;
        let fresh = Worker::new(self.log.clone(), self.vault.clone(), url.parse()?).with_models(models.to_vec());
        fresh.catch_up(head).await?;
        let rebuilt = PgPool::connect(&url).await?;
        for model in models {
            let (live, rebuilt) = (rows(&self.pool, model).await?, rows(&rebuilt, model).await?);
            ensure!(!live.is_empty(), "{} is empty", model.name);
            for (table, rows) in &live {
                let other = rebuilt.get(table).with_context(|| format!("{table} was not rebuilt"))?;
                let pair = rows.iter().zip(other).find(|(left, right)| left != right);
                ensure!(pair.is_none(), "{} {table}: {pair:?}", model.name);
                ensure!(
                    rows.len() == other.len(),
                    "{table}: {} rows, {} rebuilt",
                    rows.len(),
                    other.len()
                );
            }
        }
        Ok(())
    }

    /// Waits until the serving builds have come to a position.
    async fn shows(&self, models: &[Model], position: Position) -> Result<()> {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let served = projections::checkpoint::serving(&self.pool).await?;
            let there = |model: &Model| {
                let mut parts = served
                    .iter()
                    .filter(|it| it.model == model.name && it.version == model.version)
                    .peekable();
                parts.peek().is_some() && parts.all(|it| it.position >= position)
            };
            if models.iter().all(there) {
                return Ok(());
            }
            ensure!(
                std::time::Instant::now() < until,
                "{position} does not show: {served:?}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn serving(&self, model: &Model) -> Result<i64> {
        let all = generation::all(&self.pool).await?;
        let serving = all
            .iter()
            .find(|it| it.serving && it.model == model.name && it.version == model.version);
        Ok(serving.context("nothing serves")?.id)
    }
}

/// A worker in the background.
struct Working {
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectError>>,
}

impl Working {
    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}

/// All rows of all tables of a model's serving build, as text.
async fn rows(pool: &PgPool, model: &Model) -> Result<BTreeMap<String, Vec<String>>> {
    let schema = model.schema();
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
        .bind(&schema)
        .fetch_all(pool)
        .await?;
    let mut all = BTreeMap::new();
    for table in tables {
        let statement = format!("SELECT to_jsonb(it)::text FROM {schema}.{table} AS it ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await?;
        all.insert(table, rows);
    }
    Ok(all)
}

/// Some of the six commands that make up a ticket's life.
async fn write(handler: &Handler, name: &str, steps: std::ops::Range<usize>) -> Result<Position> {
    let mut last = Position::START;
    for step in steps {
        last = handler.execute(&Rights::all(), &request(name, step)?).await?.position;
    }
    Ok(last)
}

/// The id of the ticket of this name.
fn ticket_id(name: &str) -> TicketId {
    TicketId::opened_by(command_id(name, 0))
}

fn command_id(name: &str, step: usize) -> CommandId {
    CommandId::of_request("api_key:test", "engine", name, &step.to_string())
}

fn request(name: &str, step: usize) -> Result<Request> {
    let ticket = |command| Command::Ticket(ticket_id(name), command);
    let command = match step {
        0 => ticket(TicketCommand::Open {
            number: 0,
            ticket_type: TicketType::Question,
            subject: Subject::try_new(name)?,
            contact_id: None,
            category: None,
            priority: Priority::Medium,
            priority_chosen: false,
            source: TicketSource {
                channel: "api".to_owned(),
                external_id: None,
            },
            place: TicketPlace::default(),
        }),
        1 => ticket(TicketCommand::Prioritize {
            priority: Priority::High,
            reason: None,
        }),
        2 => Command::Assignment(
            ticket_id(name),
            AssignmentCommand::Assign {
                agent_id: AgentId(Uuid::from_u128(7)),
                mode: AssignmentMode::Own,
            },
        ),
        3 => ticket(TicketCommand::PutOnHold {
            reason: HoldReason::Vendor,
            until: None,
        }),
        4 => ticket(TicketCommand::Resume),
        _ => ticket(TicketCommand::Resolve {
            reason: ResolutionReason::Solved,
            note: None,
        }),
    };
    Ok(Request {
        command_id: command_id(name, step),
        command,
        actor: Actor::new(ActorKind::ApiKey, "test"),
        expected_version: None,
        traceparent: None,
    })
}
