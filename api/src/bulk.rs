//! Carries out changes of many tickets, and undoes them; goes on after a crash.
//!
//! Which operations go on is asked of their read model, which follows from the log. Each is run by one server at a time,
//! under a lock of Postgres that ends with its connection, some chunks long: then it is the turn of whichever has waited
//! longest, so that a small one does not wait for the end of a large one. What became of tickets is noted in chunks: what a crash leaves
//! unnoted is done again under the same command ids, so that the tickets' streams tell what was done already.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Clock, Command, CommandError, Handler, Request, command_of, undo_of, within};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    bulk::{Bulk, BulkCommand, Item, ItemOutcome, Phase, Reason, Step, UndoneItem},
    ids::{BulkId, CommandId, TicketId},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::bulk_operation;
use sqlx::PgPool;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::warn;
use uuid::Uuid;

use crate::{
    auth::Keys,
    live::Live,
    problem::{Answer, Problem},
};

/// Tickets of which one event tells.
const CHUNK: usize = 200;
/// Tickets that are changed at the same time.
const ABREAST: usize = 8;
/// Tries of one ticket that others change at the same time.
const TRIES: u32 = 10;
/// How often it is looked for operations, should no notice come.
const LOOK: Duration = Duration::from_secs(1);
/// Operations that one server runs at a time.
const MOST: usize = 4;
/// Operations that are looked at for those: others may be run by other servers.
const OPEN: i64 = 32;
/// Chunks of one operation before others have their turn.
const TURN: usize = 5;
/// How long an operation rests after a fault.
const REST: Duration = Duration::from_secs(15);
/// How long an operation may take to name its tickets; after that whoever asked for it is gone.
const CHOOSING: TimeDelta = TimeDelta::minutes(5);

/// What operations are run with.
#[derive(Debug, Clone)]
pub(crate) struct Runner {
    handler: Arc<Handler>,
    keys: Arc<Keys>,
    pool: PgPool,
    clock: Clock,
}

impl Runner {
    pub(crate) fn new(handler: &Arc<Handler>, keys: &Arc<Keys>, pool: &PgPool, clock: &Clock) -> Self {
        Self {
            handler: Arc::clone(handler),
            keys: Arc::clone(keys),
            pool: pool.clone(),
            clock: clock.clone(),
        }
    }

    /// Runs what there is to run, for ever.
    pub(crate) async fn follow(self, live: Live) {
        let taken: Arc<Mutex<Taken>> = Arc::default();
        // They end with this server.
        let mut tasks = JoinSet::new();
        let mut moved = live.watch(bulk_operation::NAME);
        loop {
            let skipped = locked(&taken).skipped(Instant::now());
            match bulk_operation::open(&self.pool, self.clock.now() - CHOOSING, &skipped, OPEN).await {
                Ok(open) => {
                    for id in open {
                        if locked(&taken).take(id) {
                            tasks.spawn(self.clone().turn(BulkId(id), Arc::clone(&taken)));
                        }
                    }
                }
                Err(error) => warn!(%error, "changes of many tickets are not carried out for now"),
            }
            while tasks.try_join_next().is_some() {}
            match &mut moved {
                Some(moved) => drop(timeout(LOOK, moved.changed()).await),
                None => sleep(LOOK).await,
            }
        }
    }

    async fn turn(self, id: BulkId, taken: Arc<Mutex<Taken>>) {
        let ended = self.run(id).await;
        let mut taken = locked(&taken);
        taken.running.remove(&id.0);
        if let Err(error) = ended {
            warn!(%error, bulk = %id, "a change of many tickets stands still for now");
            taken.resting.insert(id.0, Instant::now() + REST);
        }
    }

    /// Runs one operation for some chunks, unless another server does.
    async fn run(&self, id: BulkId) -> anyhow::Result<()> {
        // It is given up with its connection, whatever becomes of this task.
        let mut connection = self.pool.acquire().await?.detach();
        let (high, low) = id.0.as_u64_pair();
        let mine = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_lock($1) AS "mine!""#,
            (high ^ low).cast_signed()
        );
        if !mine.fetch_one(&mut connection).await? {
            return Ok(());
        }
        for _ in 0..TURN {
            let Some(bulk) = self.handler.bulk(id).await? else {
                break;
            };
            match bulk.phase {
                Phase::Choosing => self.note(id, "abandon", BulkCommand::Cancel).await?,
                Phase::Running => self.go_on(id, &bulk).await?,
                Phase::Undoing => self.undo(id, &bulk).await?,
                Phase::Cancelled | Phase::Finished | Phase::Undone => break,
            }
        }
        Ok(())
    }

    /// Whose rights count; nobody's when they would not be let in any more.
    fn rights(&self, bulk: &Bulk) -> (Actor, Arc<Rights>) {
        let actor = bulk
            .asked_by
            .parse()
            .unwrap_or_else(|_| Actor::new(ActorKind::System, "nobody"));
        let rights = self.keys.rights_of(&actor).unwrap_or_default();
        (actor, rights)
    }

    /// One chunk of what is to be done.
    async fn go_on(&self, id: BulkId, bulk: &Bulk) -> Result<(), CommandError> {
        let (actor, rights) = self.rights(bulk);
        let pending: Vec<TicketId> = bulk.pending().take(CHUNK).collect();
        let Some(first) = pending.first().copied() else {
            self.note(id, "finish", BulkCommand::Finish).await?;
            return Ok(());
        };
        let changes = pending.into_iter().map(|ticket_id| {
            let (actor, rights, step) = (&actor, &rights, &bulk.action);
            async move {
                let outcome = self.change(id, ticket_id, step, (actor, rights)).await?;
                Ok::<_, CommandError>(Item { ticket_id, outcome })
            }
        });
        let items: Vec<Item> = stream::iter(changes).buffered(ABREAST).try_collect().await?;
        self.note(id, &format!("record {first}"), BulkCommand::Record { items })
            .await
    }

    async fn change(
        &self,
        id: BulkId,
        ticket_id: TicketId,
        step: &Step,
        (actor, rights): (&Actor, &Rights),
    ) -> Result<ItemOutcome, CommandError> {
        let command_id = of_item(id, ticket_id);
        let command = match command_of(step, ticket_id, actor) {
            Ok(command) => command,
            Err(bad) => return Ok(refused(&Problem::from(bad))),
        };
        for _ in 0..TRIES {
            let before = self.handler.standing(ticket_id).await?;
            let request = Request {
                command_id,
                command: command.clone(),
                actor: actor.clone(),
                // What it was is what it is to be again: nobody changes it in between.
                expected_version: Some(before.version),
                traceparent: None,
            };
            match within(id.0, Box::pin(self.handler.execute(rights, &request))).await {
                Ok(outcome) if outcome.changed || outcome.repeated => {
                    let before = if outcome.repeated {
                        self.handler.standing_before(ticket_id, command_id).await?
                    } else {
                        before
                    };
                    return Ok(ItemOutcome::Done {
                        version: Some(self.handler.version_at(ticket_id, outcome.position).await?),
                        undo: undo_of(step, &before),
                    });
                }
                Ok(_) => return Ok(ItemOutcome::Unchanged),
                Err(CommandError::Conflict { .. }) => {}
                Err(error) => return judged(error).map(|it| refused(&it)),
            }
        }
        Ok(refused(&busy()))
    }

    /// One chunk of what is to be undone.
    async fn undo(&self, id: BulkId, bulk: &Bulk) -> Result<(), CommandError> {
        let (actor, rights) = self.rights(bulk);
        let unnoted = self.unnoted(id, bulk).await?;
        if let Some(first) = unnoted.first().map(|it| it.ticket_id) {
            let command = BulkCommand::Record { items: unnoted };
            return self.note(id, &format!("record {first}"), command).await;
        }
        let owned =
            |(ticket_id, version, steps): (TicketId, Option<u64>, &[Step])| (ticket_id, version, steps.to_vec());
        let chunk: Vec<(TicketId, Option<u64>, Vec<Step>)> = bulk.to_undo().take(CHUNK).map(owned).collect();
        let Some(first) = chunk.first().map(|it| it.0) else {
            self.note(id, "finish undo", BulkCommand::FinishUndo).await?;
            return Ok(());
        };
        let changes = chunk.into_iter().map(|(ticket_id, version, steps)| {
            let (actor, rights) = (&actor, &rights);
            async move {
                let left = self.restore(id, ticket_id, (version, &steps), (actor, rights)).await?;
                Ok::<_, CommandError>(UndoneItem { ticket_id, left })
            }
        });
        let items: Vec<UndoneItem> = stream::iter(changes).buffered(ABREAST).try_collect().await?;
        self.note(id, &format!("undone {first}"), BulkCommand::RecordUndone { items })
            .await
    }

    /// What a server changed and could not note any more: tickets of the chunk that was under way when it ended.
    async fn unnoted(&self, id: BulkId, bulk: &Bulk) -> Result<Vec<Item>, CommandError> {
        let mut items = Vec::new();
        for ticket_id in bulk.pending().take(CHUNK) {
            let command_id = of_item(id, ticket_id);
            let Some(position) = self.handler.told_at(ticket_id, command_id).await? else {
                continue;
            };
            let before = self.handler.standing_before(ticket_id, command_id).await?;
            let outcome = ItemOutcome::Done {
                version: Some(self.handler.version_at(ticket_id, position).await?),
                undo: undo_of(&bulk.action, &before),
            };
            items.push(Item { ticket_id, outcome });
        }
        Ok(items)
    }

    /// Makes a ticket as it was, if it still is as the operation left it; else tells why it is left.
    async fn restore(
        &self,
        id: BulkId,
        ticket_id: TicketId,
        (version, steps): (Option<u64>, &[Step]),
        (actor, rights): (&Actor, &Rights),
    ) -> Result<Option<Reason>, CommandError> {
        if version.is_none() {
            return Ok(Some(reason(&changed())));
        }
        let now = self.clock.now();
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| !is_past(step, now)) {
            let name = format!("undo {index} {ticket_id}");
            let command = match command_of(step, ticket_id, actor) {
                Ok(command) => command,
                Err(bad) => return Ok(Some(reason(&Problem::from(bad)))),
            };
            let request = Request {
                command_id: CommandId(Uuid::new_v5(&id.0, name.as_bytes())),
                command,
                actor: actor.clone(),
                expected_version: version.filter(|_| index == 0),
                traceparent: None,
            };
            match within(id.0, Box::pin(self.handler.execute(rights, &request))).await {
                Ok(_) => {}
                Err(CommandError::Conflict { .. }) => return Ok(Some(reason(&changed()))),
                Err(error) => return judged(error).map(|it| Some(reason(&it))),
            }
        }
        Ok(None)
    }

    async fn note(&self, id: BulkId, name: &str, command: BulkCommand) -> Result<(), CommandError> {
        let request = Request {
            command_id: CommandId(Uuid::new_v5(&id.0, name.as_bytes())),
            command: Command::Bulk(id, command),
            actor: Actor::new(ActorKind::System, "bulk"),
            expected_version: None,
            traceparent: None,
        };
        within(id.0, Box::pin(self.handler.execute(&Rights::all(), &request))).await?;
        Ok(())
    }
}

/// Which operations this server does not look at now.
#[derive(Debug, Default)]
struct Taken {
    running: HashSet<Uuid>,
    /// Since they met a fault, until when.
    resting: HashMap<Uuid, Instant>,
}

impl Taken {
    fn skipped(&mut self, now: Instant) -> Vec<Uuid> {
        self.resting.retain(|_, until| *until > now);
        self.running.iter().chain(self.resting.keys()).copied().collect()
    }

    fn take(&mut self, id: Uuid) -> bool {
        self.running.len() < MOST && self.running.insert(id)
    }
}

fn locked(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Id of the command that changes a ticket.
fn of_item(id: BulkId, ticket_id: TicketId) -> CommandId {
    CommandId(Uuid::new_v5(&id.0, format!("item {ticket_id}").as_bytes()))
}

/// Whether a hold or a snooze would be over by now.
fn is_past(step: &Step, now: DateTime<Utc>) -> bool {
    matches!(step, Step::Hold { until: Some(until), .. } | Step::Snooze { until: Some(until) } if *until <= now)
}

/// A rule or a missing right is an answer, and so is a ticket that cannot be read: others do not wait for it. Another
/// fault is tried again later.
fn judged(error: CommandError) -> Result<Problem, CommandError> {
    if let CommandError::Forbidden(missing) = &error {
        return Ok(Problem::forbidden(missing.0));
    }
    if !error.is_lasting() {
        return Err(error);
    }
    match Answer::from(error) {
        Answer::Refused(problem) | Answer::Failed(problem) => Ok(problem),
    }
}

fn refused(problem: &Problem) -> ItemOutcome {
    ItemOutcome::Refused {
        reason: reason(problem),
    }
}

fn reason(problem: &Problem) -> Reason {
    Reason {
        code: problem.code.to_owned(),
        ru: problem.russian.clone(),
        en: problem.english.clone(),
    }
}

fn changed() -> Problem {
    Problem::new(
        "CHANGED_SINCE",
        "заявку с тех пор изменили: она оставлена как есть",
        "the ticket was changed since: it is left as it is",
    )
}

fn busy() -> Problem {
    Problem::new(
        "CONFLICT",
        "заявку всё время меняют другие: повторите позже",
        "others keep changing the ticket: try again later",
    )
}
