//! When a ticket will be resolved, worked out from those that were.

use chrono::{DateTime, Utc};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    ticket::{Estimate, Status, TicketCommand},
    values::Priority,
};
use event_store::Position;
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Outcome, Request};

/// Name of the process that estimates.
const ESTIMATOR: &str = "estimator";

/// What an estimate follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimated {
    /// When the newest cycle of work on the ticket began, UTC: its opening, or the newest reopening.
    pub since: DateTime<Utc>,
    /// Its category.
    pub category: Option<String>,
    /// Its priority.
    pub priority: Priority,
    /// Now, UTC.
    pub at: DateTime<Utc>,
    /// Up to where in the log the ticket is known.
    pub known_to: Position,
}

impl Handler {
    /// What an estimate of a ticket follows from; `None` when none is to be made because of the event at `cause`: work
    /// is done, it goes on in another ticket, or an estimate knows of that event already.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn to_estimate(&self, id: TicketId, cause: Position) -> Result<Option<Estimated>, CommandError> {
        let newcomer = self.newcomer(id).await?;
        let newcomer = newcomer.filter(|it| {
            let over = matches!(it.ticket.status, Status::Resolved(_) | Status::Closed);
            let known = it
                .ticket
                .estimate
                .as_ref()
                .is_some_and(|it| it.basis_version >= cause.0);
            !over && !known && it.ticket.merged_into.is_none()
        });
        Ok(newcomer.map(|it| Estimated {
            since: it.since,
            at: self.now(),
            category: it.ticket.category.map(|it| it.0),
            priority: it.ticket.priority,
            known_to: it.position,
        }))
    }

    /// Notes when a ticket will be resolved, because of the event `cause`; `None` when that is noted already, or the
    /// ticket takes no estimate.
    ///
    /// # Errors
    /// [`CommandError`]; the same call may succeed later.
    pub async fn estimate(
        &self,
        id: TicketId,
        cause: Uuid,
        estimate: Estimate,
    ) -> Result<Option<Outcome>, CommandError> {
        let known = self.ticket(id).await?.and_then(|it| it.estimate);
        if known.is_some_and(|it| it.eta == estimate.eta && it.basis == estimate.basis) {
            return Ok(None);
        }
        let actor = Actor::new(ActorKind::System, ESTIMATOR);
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), "estimate", &id.to_string(), &cause.to_string()),
            command: Command::Ticket(id, TicketCommand::Estimate(estimate)),
            actor,
            expected_version: None,
            traceparent: None,
        };
        match self.execute(&Rights::all(), &request).await {
            Ok(outcome) => Ok(Some(outcome)),
            // Work is done meanwhile; or it was estimated because of the same event, by the history of then.
            Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
