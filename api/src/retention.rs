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
/// Tickets and people of one step of one inbox; when there are more, it is looked again at the next turn.
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
    /// Whether that was all.
    all: bool,
}

/// What one step of one inbox came to.
#[derive(Debug, Default, Clone, Copy)]
struct Step {
    found: i64,
    done: i64,
}

impl Step {
    fn count(&mut self, done: bool) {
        self.found += 1;
        self.done += i64::from(done);
    }

    /// Whether there may be more; what nothing could be done about would only be found again.
    fn has_more(self) -> bool {
        self.found == MOST && self.done > 0
    }
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
            Some(last) if last.all && last.policies == policies && now - last.at < ROUND => return Ok(last),
            Some(_) | None => {}
        }
        let mut steps = Vec::with_capacity(2 * policies.len() + 1);
        for policy in &policies {
            steps.push(self.close(policy, now).await?);
            steps.push(self.archive(policy, now).await?);
        }
        steps.push(self.forget(&policies, now).await?);
        let all = !steps.into_iter().any(Step::has_more);
        Ok(Looked { at: now, policies, all })
    }

    async fn forget(&self, policies: &[Policy], now: DateTime<Utc>) -> anyhow::Result<Step> {
        let due = retention::forgettable(&self.pool, policies, now, None, MOST).await?;
        if !due.is_empty() {
            info!(people = due.len(), "are to be forgotten under the retention of inboxes");
        }
        let mut step = Step::default();
        for person in due {
            let command = DataSubjectCommand::RequestErasure {
                ground: Ground::Retention,
                note: None,
                execute_after: None,
                waiting_days: self.waiting_days,
            };
            let command = Command::DataSubject(DataSubject(person), command);
            let (about, key) = (person.to_string(), now.to_rfc3339());
            step.count(self.tell("forget", &about, &key, command).await?);
        }
        Ok(step)
    }

    async fn close(&self, policy: &Policy, now: DateTime<Utc>) -> anyhow::Result<Step> {
        let Some(before) = policy.closes_before(now) else {
            return Ok(Step::default());
        };
        let mut step = Step::default();
        for it in retention::idle(&self.pool, policy.inbox, before, MOST).await? {
            let command = TicketCommand::Close {
                cause: CloseCause::IdlePolicy,
                reason: (!it.resolved).then_some(ResolutionReason::NoResponse),
            };
            step.count(self.about(&it, "close", command).await?);
        }
        Ok(step)
    }

    async fn archive(&self, policy: &Policy, now: DateTime<Utc>) -> anyhow::Result<Step> {
        let Some(before) = policy.archives_before(now) else {
            return Ok(Step::default());
        };
        let mut step = Step::default();
        for it in retention::closed(&self.pool, policy.inbox, before, MOST).await? {
            let policy_id = Some(policy.inbox);
            let told = self.about(&it, "archive", TicketCommand::Archive { policy_id });
            step.count(told.await?);
        }
        Ok(step)
    }

    async fn about(&self, it: &DueTicket, what: &str, command: TicketCommand) -> anyhow::Result<bool> {
        let command = Command::Ticket(TicketId(it.ticket_id), command);
        self.tell(what, &it.ticket_id.to_string(), &it.version.to_string(), command)
            .await
    }

    /// Whether it was done.
    async fn tell(&self, what: &str, about: &str, key: &str, command: Command) -> anyhow::Result<bool> {
        let actor = Actor::new(ActorKind::System, "retention");
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), what, about, key),
            command,
            actor,
            expected_version: None,
            traceparent: None,
        };
        match self.handler.execute(&Rights::all(), &request).await {
            Ok(_) => Ok(true),
            // It has changed meanwhile, or somebody was faster.
            Err(CommandError::Refused(_)) => Ok(false),
            Err(error) if error.is_lasting() => {
                warn!(%error, what, about, "cannot be done under the retention of an inbox");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
