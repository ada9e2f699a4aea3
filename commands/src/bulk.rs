//! One change of many tickets: the operation's own stream, and what its runner must know of each ticket.

use domain::{
    access::{Permission, Rights},
    actor::{Actor, ActorKind},
    assignment::{Assignment, AssignmentCommand},
    bulk::{Bulk, BulkCommand, BulkRefusal, Step},
    decider::Decider,
    event::DomainEvent,
    ids::{AgentId, BulkId, CommandId, TicketId, stream_name},
    ticket::{Hold, Mark, Pause, Status, Ticket, TicketCommand},
    values::{AssignmentMode, CategoryKey, ClassifiedBy, CloseCause, ReopenCause, ValueError},
};
use event_store::{Position, Recorded};

use crate::{
    Command, CommandError, Handler, Outcome, Refusal, Request,
    folded::{Folded, read_opened},
};

/// How a ticket and its assignment stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The ticket; `None` when it was never opened.
    pub ticket: Option<Ticket>,
    /// Who owns it.
    pub owner: Option<AgentId>,
    /// Events of both.
    pub version: u64,
    /// Of the newest event of both.
    pub position: Position,
}

impl Handler {
    /// An operation as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, CommandError> {
        let slot = self.slot::<Bulk>(id.0);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id.0).await?.state.clone())
    }

    pub(crate) async fn bulk_command(
        &self,
        id: BulkId,
        command: &BulkCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        // Whoever runs the organisation may stop what somebody else began.
        let stops = matches!(command, BulkCommand::Cancel) && rights.has_everywhere(Permission::OrganisationWrite);
        if let BulkCommand::Cancel | BulkCommand::StartUndo = command
            && request.actor.kind != ActorKind::System
            && !stops
        {
            let slot = self.slot::<Bulk>(id.0);
            let mut folded = slot.lock().await;
            let asked_by = self
                .look(&mut folded, id.0)
                .await?
                .state
                .as_ref()
                .map(|it| &it.asked_by);
            if asked_by != Some(&request.actor.to_string()) {
                return Err(Refusal::from(BulkRefusal::NotFound).into());
            }
        }
        self.plain::<Bulk>(id.0, command, request).await
    }

    /// How a ticket stands now.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn standing(&self, ticket_id: TicketId) -> Result<Standing, CommandError> {
        let standing = |ticket: &Folded<Ticket>, assignment: &Folded<Assignment>| Standing {
            ticket: ticket.state.clone(),
            owner: assignment.state.as_ref().and_then(|it| it.owner),
            version: ticket.version() + assignment.version(),
            position: ticket.position.max(assignment.position),
        };
        self.look_at_both(ticket_id, standing).await
    }

    /// How many events a ticket and its assignment had when the one at `position` was theirs.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn version_at(&self, ticket_id: TicketId, position: Position) -> Result<u64, CommandError> {
        let now = self.standing(ticket_id).await?;
        if now.position == position {
            return Ok(now.version);
        }
        let events = self.both(ticket_id).await?;
        Ok(events.iter().filter(|it| it.position <= position).count() as u64)
    }

    /// Where the last event of a command stands in a ticket or its assignment; `None` when it is in neither.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn told_at(&self, ticket_id: TicketId, command: CommandId) -> Result<Option<Position>, CommandError> {
        let told = |ticket: &Folded<Ticket>, assignment: &Folded<Assignment>| {
            let done = ticket.find(command).or_else(|| assignment.find(command));
            done.map(|it| it.position)
        };
        self.look_at_both(ticket_id, told).await
    }

    /// The events of a ticket and its assignment, oldest first.
    async fn both(&self, ticket_id: TicketId) -> Result<Vec<Recorded<DomainEvent>>, CommandError> {
        let mut events = Vec::new();
        for category in [Ticket::CATEGORY, Assignment::CATEGORY] {
            let stream = stream_name(category, ticket_id.0);
            events.extend(read_opened(&self.log, &self.vault, &stream).await?);
        }
        events.sort_by_key(|it| it.position);
        Ok(events)
    }

    /// How a ticket stood before a command that was carried out.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn standing_before(&self, ticket_id: TicketId, command: CommandId) -> Result<Standing, CommandError> {
        let events = self.both(ticket_id).await?;
        let mut standing = Standing {
            ticket: None,
            owner: None,
            version: 0,
            position: Position::START,
        };
        let mut assignment = None;
        for event in events.into_iter().take_while(|it| it.metadata.command_id != command) {
            (standing.version, standing.position) = (standing.version + 1, event.position);
            if let DomainEvent::Ticket(event) = &event.event {
                standing.ticket = Ticket::evolve(standing.ticket.take(), event);
            } else if let DomainEvent::Assignment(event) = &event.event {
                assignment = Assignment::evolve(assignment, event);
            }
        }
        standing.owner = assignment.and_then(|it| it.owner);
        Ok(standing)
    }
}

/// The usual command that a step is, in the mouth of somebody.
///
/// # Errors
/// When it names a category that cannot be one.
pub fn command_of(step: &Step, ticket_id: TicketId, actor: &Actor) -> Result<Command, ValueError> {
    let ticket = |command| Ok(Command::Ticket(ticket_id, command));
    match step {
        Step::Assign { agent_id } => {
            let own = actor.kind == ActorKind::Agent && actor.id == agent_id.to_string();
            let mode = if own {
                AssignmentMode::Own
            } else {
                AssignmentMode::ByAgent
            };
            let agent_id = *agent_id;
            Ok(Command::Assignment(
                ticket_id,
                AssignmentCommand::Assign { agent_id, mode },
            ))
        }
        Step::Unassign => Ok(Command::Assignment(
            ticket_id,
            AssignmentCommand::Unassign {
                reason: None,
                customer: None,
            },
        )),
        Step::Resolve { reason } => ticket(TicketCommand::Resolve {
            reason: *reason,
            note: None,
        }),
        Step::Close { reason } => ticket(TicketCommand::Close {
            cause: CloseCause::Agent,
            reason: *reason,
        }),
        Step::Reopen => ticket(TicketCommand::Reopen {
            cause: ReopenCause::Agent,
        }),
        Step::Hold { reason, until } => ticket(TicketCommand::PutOnHold {
            reason: *reason,
            until: *until,
        }),
        Step::Snooze { until } => ticket(TicketCommand::Pause(Pause::Snooze { until: *until })),
        Step::Prioritize { priority } => ticket(TicketCommand::Prioritize {
            priority: *priority,
            reason: None,
        }),
        Step::Tag { tag_ids } => ticket(TicketCommand::Mark(Mark::Tag {
            tag_ids: tag_ids.clone(),
        })),
        Step::Untag { tag_ids } => ticket(TicketCommand::Mark(Mark::Untag {
            tag_ids: tag_ids.iter().copied().collect(),
        })),
        Step::Categorize {
            category_id,
            subcategory_id,
        } => {
            let key =
                |field, text: &Option<String>| text.as_deref().map(|it| CategoryKey::try_new(field, it)).transpose();
            let (category, finer) = (key("categoryId", category_id)?, key("subcategoryId", subcategory_id)?);
            ticket(TicketCommand::Categorize {
                category: category.map(|it| (it, finer)),
                by: ClassifiedBy::Agent,
            })
        }
        Step::Label { status_id } => ticket(TicketCommand::Mark(Mark::Label {
            status_id: *status_id,
            category: None,
            owned: false,
        })),
    }
}

/// What makes a ticket as it stood before a step, one after the other. What happened meanwhile stays in its history: a new
/// ticket is open, one that was resolved or closed was reopened once more, and a note about the resolution is not written
/// again.
pub fn undo_of(step: &Step, before: &Standing) -> Vec<Step> {
    let Some(ticket) = &before.ticket else {
        return Vec::new();
    };
    match step {
        Step::Assign { .. } | Step::Unassign => vec![match before.owner {
            Some(agent_id) => Step::Assign { agent_id },
            None => Step::Unassign,
        }],
        Step::Resolve { .. } | Step::Close { .. } => reopened(ticket),
        Step::Reopen | Step::Hold { .. } | Step::Snooze { .. } => Vec::new(),
        Step::Prioritize { .. } => vec![Step::Prioritize {
            priority: ticket.priority,
        }],
        Step::Tag { tag_ids } => vec![Step::Untag {
            tag_ids: tag_ids.iter().copied().filter(|it| !ticket.tags.contains(it)).collect(),
        }],
        Step::Untag { tag_ids } => vec![Step::Tag {
            tag_ids: tag_ids.iter().copied().filter(|it| ticket.tags.contains(it)).collect(),
        }],
        Step::Categorize { .. } => vec![Step::Categorize {
            category_id: ticket.category.as_ref().map(|it| it.0.clone()),
            subcategory_id: ticket.category.as_ref().and_then(|it| it.1.clone()),
        }],
        Step::Label { .. } => vec![Step::Label {
            status_id: ticket.label,
        }],
    }
}

fn reopened(ticket: &Ticket) -> Vec<Step> {
    let mut steps = vec![Step::Reopen];
    match ticket.status {
        Status::Resolved(reason) => steps.push(Step::Resolve { reason }),
        Status::Waiting(Hold { reason, until }) => steps.push(Step::Hold { reason, until }),
        Status::New | Status::Open | Status::Closed => {}
    }
    steps.extend(ticket.snooze.map(|it| Step::Snooze { until: it.until }));
    // The word for a new ticket does not fit one that is open.
    if ticket.label.is_some() && ticket.status != Status::New {
        steps.push(Step::Label {
            status_id: ticket.label,
        });
    }
    steps
}
