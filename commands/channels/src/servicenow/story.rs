//! What happened to an incident, told as commands: pure, and the same for every beginning of the same rows, so that a
//! longer file goes on where a shorter one ended.

use chrono::{DateTime, Utc};
use domain::{
    actor::{Actor, ActorKind},
    assignment::AssignmentCommand,
    decider::{Context, Decider},
    ids::AgentId,
    ticket::{Status, Ticket, TicketCommand, TicketPlace, TicketRefusal, TicketSource},
    values::{AssignmentMode, CategoryKey, ClassifiedBy, CloseCause, ReopenCause, ResolutionReason, TicketType},
};

use uuid::Uuid;

use super::{
    CHANNEL,
    incidents::Incident,
    rejects::Reject,
    row::{Row, State},
};

/// A ticket's and its ownership's history.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Story {
    pub(super) ticket: Vec<(TicketCommand, DateTime<Utc>)>,
    pub(super) assignment: Vec<(AssignmentCommand, DateTime<Utc>)>,
    /// Rows of which a rule forbids something; what comes after the forbidden step is left out, for that row alone.
    pub(super) rejects: Vec<Reject>,
}

/// Who imports.
pub(super) fn importer() -> Actor {
    Actor::new(ActorKind::Import, CHANNEL)
}

/// The story of an incident whose ticket has this number. Empty when the incident has no rows.
pub(super) fn story(incident: &Incident, number: i64) -> Story {
    let mut rows: Vec<&Row> = incident.rows.iter().collect();
    rows.sort_by_key(|it| order(it));
    let Some(first) = rows.first() else {
        return Story::default();
    };
    let mut teller = Teller::new(first.opened_at.min(first.updated_at));
    let told = teller.open(incident, number, first);
    teller.note(incident, first, told);
    for row in rows {
        teller.now = teller.now.max(row.updated_at);
        let told = teller.row(row);
        teller.note(incident, row, told);
    }
    teller.story
}

/// Rows follow one another by their count of updates. An update from before the opening is the first one, whatever its
/// count: the log has five such rows, and four of them bear a count that belongs to a later row.
fn order(row: &Row) -> (bool, u64) {
    (row.updated_at >= row.opened_at, row.mod_count)
}

/// Groups become teams; ServiceNow's log knows no inboxes and branches.
fn place(row: &Row) -> TicketPlace {
    TicketPlace {
        team_id: row.team(),
        ..TicketPlace::default()
    }
}

struct Teller {
    story: Story,
    /// What the commands so far lead to.
    ticket: Option<Ticket>,
    owner: Option<AgentId>,
    /// Never goes back, even if the rows' instants do.
    now: DateTime<Utc>,
    actor: Actor,
}

impl Teller {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            story: Story::default(),
            ticket: None,
            owner: None,
            now,
            actor: importer(),
        }
    }

    fn open(&mut self, incident: &Incident, number: i64, first: &Row) -> Result<(), TicketRefusal> {
        self.tell(TicketCommand::Open {
            number,
            ticket_type: TicketType::Incident,
            subject: incident.subject.clone(),
            contact_id: first.caller,
            category: first.category.clone(),
            priority: first.priority,
            priority_chosen: false,
            source: TicketSource {
                channel: CHANNEL.to_owned(),
                external_id: Some(incident.number.clone()),
            },
            place: place(first),
        })
    }

    /// One update. A closed ticket takes nothing but reopening, so an update that changes a closed incident and leaves
    /// it closed reopens, changes and closes at one instant: nothing of it is lost.
    fn row(&mut self, row: &Row) -> Result<(), TicketRefusal> {
        self.assign(row.assignee);
        if self.status() == Some(Status::Closed) && (row.state != State::Closed || self.changes(row)) {
            self.reopen()?;
        }
        self.tell(TicketCommand::Move { place: place(row) })?;
        self.tell(TicketCommand::Categorize {
            category: row.category.clone(),
            by: ClassifiedBy::Agent,
        })?;
        self.tell(TicketCommand::Prioritize {
            priority: row.priority,
            reason: None,
        })?;
        self.step_to(row)
    }

    /// From where the ticket stands to where the row says it stands.
    fn step_to(&mut self, row: &Row) -> Result<(), TicketRefusal> {
        let Some(status) = self.status() else { return Ok(()) };
        match (row.state, status) {
            (State::New | State::Active, Status::Waiting(_)) => self.tell(TicketCommand::Resume),
            (State::New | State::Active, Status::Resolved(_) | Status::Closed) => self.reopen(),
            (State::Active, Status::New) => self.tell(TicketCommand::Start),
            (State::New | State::Active, Status::New | Status::Open) | (State::Closed, Status::Closed) => Ok(()),
            (State::Awaiting(reason), _) => {
                self.reopen()?;
                self.tell(TicketCommand::PutOnHold { reason, until: None })
            }
            (State::Resolved, _) => self.resolve(row),
            (State::Closed, _) => {
                self.resolve(row)?;
                self.tell(TicketCommand::Close {
                    cause: CloseCause::Agent,
                    reason: None,
                })
            }
        }
    }

    fn resolve(&mut self, row: &Row) -> Result<(), TicketRefusal> {
        let note = row.close_code.as_ref().map(|it| format!("ServiceNow close code {it}"));
        self.tell(TicketCommand::Resolve {
            reason: ResolutionReason::Solved,
            note,
        })
    }

    fn reopen(&mut self) -> Result<(), TicketRefusal> {
        self.tell(TicketCommand::Reopen {
            cause: ReopenCause::Agent,
        })
    }

    fn assign(&mut self, assignee: Option<AgentId>) {
        if assignee != self.owner {
            self.owner = assignee;
            let command = match assignee {
                Some(agent_id) => AssignmentCommand::Assign {
                    agent_id,
                    mode: AssignmentMode::ByAgent,
                },
                None => AssignmentCommand::Unassign {
                    reason: None,
                    customer: None,
                },
            };
            self.story.assignment.push((command, self.now));
        }
    }

    /// Adds a command if it changes anything.
    fn tell(&mut self, command: TicketCommand) -> Result<(), TicketRefusal> {
        let context = Context {
            at: self.now,
            actor: self.actor.clone(),
            // Only the commands are kept; whoever carries them out knows the ticket.
            id: Uuid::nil(),
        };
        let events = Ticket::decide(self.ticket.as_ref(), &command, &context)?;
        if !events.is_empty() {
            self.ticket = events.iter().fold(self.ticket.take(), Ticket::evolve);
            self.story.ticket.push((command, self.now));
        }
        Ok(())
    }

    fn note(&mut self, incident: &Incident, row: &Row, told: Result<(), TicketRefusal>) {
        self.story.rejects.extend(told.err().map(|refusal| Reject {
            line: row.line,
            number: incident.number.clone(),
            column: "",
            value: String::new(),
            reason: refusal.to_string(),
        }));
    }

    fn status(&self) -> Option<Status> {
        self.ticket.as_ref().map(|it| it.status)
    }

    /// Whether the row's team, category or priority is another than the ticket's.
    fn changes(&self, row: &Row) -> bool {
        let category = row
            .category
            .as_ref()
            .map(|(key, sub)| (key.as_str(), sub.as_ref().map(CategoryKey::as_str)));
        self.ticket.as_ref().is_some_and(|ticket| {
            let before = ticket
                .category
                .as_ref()
                .map(|(key, sub)| (key.as_str(), sub.as_deref()));
            before != category || ticket.priority != row.priority || ticket.place != place(row)
        })
    }
}
