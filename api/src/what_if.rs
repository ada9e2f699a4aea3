//! Replays periods under other rules, as people ask for it; begins anew after a crash.
//!
//! Which runs go on is asked of their read model, which follows from the log. Each is carried out by one server at a time,
//! under a lock of Postgres that ends with its connection; one at a time on each server, since it reads the whole log.
//! What it comes to is an event: a crash before costs the reading, and nothing else.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use commands::{Command, CommandError, Handler, Request, within};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, WhatIfId},
    what_if::{Phase, WhatIf, WhatIfCommand},
};
use event_store::{EventLog, Vault};
use projections::{
    ProjectError,
    what_if::{Replay, WhatIfError},
    what_if_run,
};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::{auth::Ground, following::tend, live::Live};

/// How often it is looked for runs, should no notice come.
const LOOK: Duration = Duration::from_secs(1);
/// How long a run rests after a fault, or while another server has it.
const REST: Duration = Duration::from_secs(5);
/// After how much more of the log it is told how far a run is, in thousandths: it is an event each time.
const STEP: u32 = 100;

/// What runs are carried out with.
#[derive(Debug, Clone)]
pub(crate) struct Trier {
    handler: Arc<Handler>,
    log: EventLog,
    vault: Vault,
    pool: PgPool,
}

impl Trier {
    /// One that reads this log.
    pub(crate) fn new(ground: &Ground, log: &EventLog) -> Self {
        Self {
            handler: Arc::clone(&ground.handler),
            log: log.clone(),
            vault: ground.vault.clone(),
            pool: ground.pool.clone(),
        }
    }

    /// Works as long as the server does, and is begun again when it ends.
    pub(crate) fn tended(self, live: &Live, working: &CancellationToken) {
        let live = live.clone();
        tend("what_if", working, move || self.clone().follow(live.clone()));
    }

    /// Carries out what there is, for ever.
    pub(crate) async fn follow(self, live: Live) {
        let mut moved = live.watch(what_if_run::NAME);
        let mut resting: HashMap<Uuid, Instant> = HashMap::new();
        loop {
            resting.retain(|_, until| *until > Instant::now());
            let skipped: Vec<Uuid> = resting.keys().copied().collect();
            match what_if_run::open(&self.pool, &skipped).await {
                Ok(open) => {
                    for id in open {
                        if let Err(error) = Box::pin(self.run(WhatIfId(id))).await {
                            warn!(%error, what_if = %id, "a replay under other rules stands still for now");
                        }
                        // One that is over shows so in a moment; one that another server has is looked at later.
                        resting.insert(id, Instant::now() + REST);
                    }
                }
                Err(error) => warn!(%error, "replays under other rules are not carried out for now"),
            }
            match &mut moved {
                Some(moved) => drop(timeout(LOOK, moved.changed()).await),
                None => sleep(LOOK).await,
            }
        }
    }

    /// Carries one run out, unless another server does.
    async fn run(&self, id: WhatIfId) -> anyhow::Result<()> {
        // The lock is given up with its connection, whatever becomes of this task.
        let mut connection = self.pool.acquire().await?.detach();
        let (high, low) = id.0.as_u64_pair();
        let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind((high ^ low).cast_signed())
            .fetch_one(&mut connection)
            .await?;
        if !mine {
            return Ok(());
        }
        let Some(wish) = self.going_on(id).await? else {
            return Ok(());
        };
        match Box::pin(self.replay(id, &wish)).await {
            Ok(()) => Ok(()),
            Err(Fault::Lasting(code, value)) => {
                let code = code.to_owned();
                Ok(self.note(id, "fail", WhatIfCommand::Fail { code, value }).await?)
            }
            Err(Fault::Passing(error)) => Err(error),
        }
    }

    /// The run, while it goes on.
    async fn going_on(&self, id: WhatIfId) -> Result<Option<WhatIf>, CommandError> {
        Ok(self.handler.what_if(id).await?.filter(|it| it.phase == Phase::Running))
    }

    async fn replay(&self, id: WhatIfId, wish: &WhatIf) -> Result<(), Fault> {
        let mut replay = Replay::begin(&self.log, &self.vault, wish.definition.clone()).await?;
        let mut told = wish.progress;
        while let Some(thousandths) = replay.step().await? {
            if self.going_on(id).await?.is_none() {
                return Ok(());
            }
            if thousandths >= told + STEP {
                told = thousandths;
                let name = format!("progress {thousandths}");
                self.note(id, &name, WhatIfCommand::Progress { thousandths }).await?;
            }
        }
        let report = Box::new(replay.finish(&self.pool, id.0, wish.top, false).await?);
        Ok(self.note(id, "finish", WhatIfCommand::Finish { report }).await?)
    }

    async fn note(&self, id: WhatIfId, name: &str, command: WhatIfCommand) -> Result<(), CommandError> {
        let request = Request {
            command_id: CommandId(Uuid::new_v5(&id.0, name.as_bytes())),
            command: Command::WhatIf(id, command),
            actor: Actor::new(ActorKind::System, "what_if"),
            expected_version: None,
            traceparent: None,
        };
        match within(id.0, Box::pin(self.handler.execute(&Rights::all(), &request))).await {
            // Noted before a crash, of a log that has grown since: what was noted stands.
            Ok(_) | Err(CommandError::KeyReused) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What went wrong.
enum Fault {
    /// However often it is tried: why, and of what.
    Lasting(&'static str, Option<String>),
    /// It may go well later.
    Passing(anyhow::Error),
}

impl From<WhatIfError> for Fault {
    fn from(error: WhatIfError) -> Self {
        match error {
            WhatIfError::CategoryUnknown(key) => Self::Lasting("CATEGORY_UNKNOWN", Some(key)),
            WhatIfError::VersionUnknown(version) => Self::Lasting("VERSION_UNKNOWN", Some(version.to_string())),
            WhatIfError::ThresholdsNeeded => Self::Lasting("THRESHOLDS_NEEDED", None),
            WhatIfError::BeforeTickets(None) => Self::Lasting("NO_TICKETS", None),
            WhatIfError::BeforeTickets(Some(first)) => Self::Lasting("BEFORE_TICKETS", Some(first.to_rfc3339())),
            WhatIfError::Project(error @ (ProjectError::Decode(_) | ProjectError::Unfit { .. })) => {
                Self::Lasting("LOG_UNREADABLE", Some(error.to_string()))
            }
            WhatIfError::Project(error) => Self::Passing(error.into()),
        }
    }
}

impl From<CommandError> for Fault {
    fn from(error: CommandError) -> Self {
        Self::Passing(error.into())
    }
}
