//! Does what the retention of inboxes says: closes what is idle, archives what is closed, asks for people to be forgotten.
//!
//! What is due follows from the read models, and those from the log; each command's id follows from its ticket and version,
//! so that several servers may do this at once.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Clock, Command, CommandError, Handler, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    data_subject::{DataSubjectCommand, Ground},
    ids::{CommandId, TicketId},
    personal::DataSubject,
    ticket::TicketCommand,
    values::{CloseCause, ResolutionReason},
};
use projections::retention::{self, DueTicket, Policy};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{auth, following::tend};

/// How often it is looked whether inboxes say something else.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is looked what is due while they say the same.
const ROUND: TimeDelta = TimeDelta::hours(1);
/// Tickets and people asked for at a time.
const MOST: i64 = 500;

/// What keeping to the retention of inboxes takes.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    handler: Arc<Handler>,
    pool: PgPool,
    clock: Clock,
    /// How long people may still object before they are forgotten.
    waiting_days: u32,
}

/// What was found when it was last looked.
#[derive(Debug)]
struct Looked {
    at: DateTime<Utc>,
    policies: Vec<Policy>,
}

impl Keeper {
    /// One under which people may object for so many days.
    pub(crate) fn new(ground: &auth::Ground, waiting_days: u32) -> Self {
        Self {
            handler: Arc::clone(&ground.handler),
            pool: ground.pool.clone(),
            clock: ground.clock.clone(),
            waiting_days,
        }
    }

    /// Works as long as the server does, and is begun again when it ends.
    pub(crate) fn tended(self, working: &CancellationToken) {
        tend("retention", working, move || self.clone().follow());
    }

    /// Looks what is due, for ever.
    async fn follow(self) {
        let mut last = None;
        loop {
            match self.look(last.take()).await {
                Ok(looked) => last = Some(looked),
                Err(error) => warn!(%error, "the retention of inboxes is not kept to for now"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Does what is due, when an hour has passed since or an inbox says something else.
    async fn look(&self, last: Option<Looked>) -> anyhow::Result<Looked> {
        let now = self.clock.now();
        let mut policies = retention::policies(&self.pool).await?;
        policies.retain(|it| !it.retention.dry_run);
        match last {
            Some(last) if last.policies == policies && now - last.at < ROUND => return Ok(last),
            Some(_) | None => {}
        }
        for policy in &policies {
            self.close(policy, now).await?;
            self.archive(policy, now).await?;
        }
        self.forget(&policies, now).await?;
        Ok(Looked { at: now, policies })
    }

    async fn forget(&self, policies: &[Policy], now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut tried = Vec::new();
        loop {
            let due = retention::forgettable(&self.pool, policies, now, None, &tried, MOST).await?;
            if due.is_empty() {
                return Ok(());
            }
            info!(people = due.len(), "are to be forgotten under the retention of inboxes");
            for person in due {
                let command = DataSubjectCommand::RequestErasure {
                    ground: Ground::Retention,
                    note: None,
                    execute_after: None,
                    waiting_days: self.waiting_days,
                };
                let command = Command::DataSubject(DataSubject(person), command);
                self.tell("forget", &person.to_string(), &now.to_rfc3339(), command)
                    .await?;
                tried.push(person);
            }
        }
    }

    async fn close(&self, policy: &Policy, now: DateTime<Utc>) -> anyhow::Result<()> {
        let Some(before) = policy.closes_before(now) else {
            return Ok(());
        };
        // Read models show what was done a little later.
        let mut tried = Vec::new();
        loop {
            let due = retention::idle(&self.pool, policy.inbox, before, &tried, MOST).await?;
            if due.is_empty() {
                return Ok(());
            }
            for it in due {
                let command = TicketCommand::Close {
                    cause: CloseCause::IdlePolicy,
                    reason: (!it.resolved).then_some(ResolutionReason::NoResponse),
                };
                self.about(&it, "close", command).await?;
                tried.push(it.ticket_id);
            }
        }
    }

    async fn archive(&self, policy: &Policy, now: DateTime<Utc>) -> anyhow::Result<()> {
        let Some(before) = policy.archives_before(now) else {
            return Ok(());
        };
        let mut tried = Vec::new();
        loop {
            let due = retention::closed(&self.pool, policy.inbox, before, &tried, MOST).await?;
            if due.is_empty() {
                return Ok(());
            }
            for it in due {
                let policy_id = Some(policy.inbox);
                self.about(&it, "archive", TicketCommand::Archive { policy_id }).await?;
                tried.push(it.ticket_id);
            }
        }
    }

    async fn about(&self, it: &DueTicket, what: &str, command: TicketCommand) -> anyhow::Result<()> {
        let command = Command::Ticket(TicketId(it.ticket_id), command);
        self.tell(what, &it.ticket_id.to_string(), &it.version.to_string(), command)
            .await
    }

    async fn tell(&self, what: &str, about: &str, key: &str, command: Command) -> anyhow::Result<()> {
        let actor = Actor::new(ActorKind::System, "retention");
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), what, about, key),
            command,
            actor,
            expected_version: None,
            traceparent: None,
        };
        match self.handler.execute(&Rights::all(), &request).await {
            // It has changed meanwhile, or somebody was faster.
            Ok(_) | Err(CommandError::Refused(_)) => Ok(()),
            Err(error) if error.is_lasting() => {
                warn!(%error, what, about, "cannot be done under the retention of an inbox");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
