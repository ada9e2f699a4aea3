use uuid::Uuid;

use super::{Hold, Status, Ticket, TicketCommand, TicketEvent};
use crate::{
    decider::{Context, Decider},
    ids::ContactId,
    personal::{DataSubject, Personal},
    values::{CategoryKey, CloseCause, ResolutionReason},
};

/// A rule that forbids a wish about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// There is no such ticket.
    #[error("there is no such ticket")]
    NotFound,
    /// A ticket is opened once.
    #[error("the ticket is open already")]
    AlreadyOpened,
    /// A closed ticket takes nothing but reopening.
    #[error("the ticket is closed: reopen it first")]
    Closed,
    /// A resolved ticket takes only closing and reopening.
    #[error("the ticket is resolved: reopen it first")]
    Resolved,
    /// A waiting ticket must be resumed before work begins.
    #[error("the ticket is on hold: resume it first")]
    OnHold,
    /// A ticket that is not resolved is closed only with a resolution reason.
    #[error("the ticket is not resolved: resolve it first, or close it with a reason")]
    ResolutionMissing,
    /// Nothing more is recorded of somebody who is forgotten.
    #[error("the customer's personal data was erased: nothing more can be recorded of them")]
    Forgotten,
    /// The end of a hold lies before its beginning.
    #[error("the hold would end in the past: give a later instant, or none")]
    HoldEndsInPast,
}

impl Decider for Ticket {
    type Command = TicketCommand;
    type Event = TicketEvent;
    type Refusal = TicketRefusal;

    const CATEGORY: &'static str = "ticket";

    fn decide(
        state: Option<&Self>,
        command: &TicketCommand,
        context: &Context,
    ) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match (state, command) {
            (None, TicketCommand::Open { .. }) => Ok(open(command, context.id)),
            (None, _) => Err(TicketRefusal::NotFound),
            (Some(ticket), command) => ticket.decide_on(command, context),
        }
    }

    fn evolve(state: Option<Self>, event: &TicketEvent) -> Option<Self> {
        if let TicketEvent::Opened {
            subject,
            contact_id,
            category_id,
            subcategory_id,
            priority,
            place,
            ..
        } = event
        {
            return Some(Self {
                status: Status::New,
                priority: *priority,
                subject: subject.known().cloned(),
                contact_id: *contact_id,
                category: category_id.clone().map(|it| (it, subcategory_id.clone())),
                cycle_no: 0,
                place: *place,
            });
        }
        let mut ticket = state?;
        if let Some(status) = Status::after(event) {
            ticket.status = status;
        }
        match event {
            TicketEvent::SubjectChanged { subject } => ticket.subject = subject.known().cloned(),
            TicketEvent::Categorized {
                category_id,
                subcategory_id,
                ..
            } => {
                ticket.category = category_id.clone().map(|it| (it, subcategory_id.clone()));
            }
            TicketEvent::Prioritized { to, .. } => ticket.priority = *to,
            TicketEvent::Moved { place } => ticket.place = *place,
            TicketEvent::Reopened { cycle_no, .. } => ticket.cycle_no = *cycle_no,
            TicketEvent::Opened { .. }
            | TicketEvent::Started {}
            | TicketEvent::PutOnHold { .. }
            | TicketEvent::Resumed {}
            | TicketEvent::Resolved { .. }
            | TicketEvent::Closed { .. } => {}
        }
        Some(ticket)
    }
}

fn open(command: &TicketCommand, id: Uuid) -> Vec<TicketEvent> {
    let TicketCommand::Open {
        number,
        ticket_type,
        subject,
        contact_id,
        category,
        priority,
        source,
        place,
    } = command
    else {
        return Vec::new();
    };
    let (category_id, subcategory_id) = category_ids(category.as_ref());
    vec![TicketEvent::Opened {
        number: *number,
        ticket_type: *ticket_type,
        subject: Personal::new(data_subject(*contact_id, id), subject.as_str().to_owned()),
        contact_id: *contact_id,
        category_id,
        subcategory_id,
        priority: *priority,
        source: source.clone(),
        place: *place,
    }]
}

/// Whose key seals what a ticket says of a person: the customer's, or the ticket's own while nobody knows the customer.
fn data_subject(contact_id: Option<ContactId>, ticket: Uuid) -> DataSubject {
    DataSubject(contact_id.map_or(ticket, |it| it.0))
}

fn category_ids(category: Option<&(CategoryKey, Option<CategoryKey>)>) -> (Option<String>, Option<String>) {
    let Some((key, sub)) = category else {
        return (None, None);
    };
    (
        Some(key.as_str().to_owned()),
        sub.as_ref().map(|it| it.as_str().to_owned()),
    )
}

impl Ticket {
    fn decide_on(&self, command: &TicketCommand, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match command {
            TicketCommand::Open { .. } => Err(TicketRefusal::AlreadyOpened),
            TicketCommand::Close { cause, reason } => self.close(*cause, *reason),
            TicketCommand::Reopen { cause } => match self.status {
                Status::New | Status::Open | Status::Waiting(_) => Ok(vec![]),
                Status::Resolved(_) | Status::Closed => Ok(vec![TicketEvent::Reopened {
                    cause: *cause,
                    cycle_no: self.cycle_no.saturating_add(1),
                }]),
            },
            TicketCommand::ChangeSubject { subject } if self.subject.as_deref() == Some(subject.as_str()) => Ok(vec![]),
            TicketCommand::Prioritize { priority, .. } if *priority == self.priority => Ok(vec![]),
            TicketCommand::Move { place } if *place == self.place => Ok(vec![]),
            TicketCommand::Resolve { reason, .. } if self.status == Status::Resolved(*reason) => Ok(vec![]),
            TicketCommand::Categorize { category, .. } if self.is_categorized(category.as_ref()) => Ok(vec![]),
            TicketCommand::ChangeSubject { .. }
            | TicketCommand::Categorize { .. }
            | TicketCommand::Prioritize { .. }
            | TicketCommand::Move { .. }
            | TicketCommand::Start
            | TicketCommand::PutOnHold { .. }
            | TicketCommand::Resume
            | TicketCommand::Resolve { .. } => self.work(command, context),
        }
    }

    /// Commands that need a ticket whose life goes on.
    fn work(&self, command: &TicketCommand, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        if self.status == Status::Closed {
            return Err(TicketRefusal::Closed);
        }
        match command {
            TicketCommand::ChangeSubject { .. } if self.subject.is_none() => Err(TicketRefusal::Forgotten),
            TicketCommand::ChangeSubject { subject } => Ok(vec![TicketEvent::SubjectChanged {
                subject: Personal::new(data_subject(self.contact_id, context.id), subject.as_str().to_owned()),
            }]),
            TicketCommand::Categorize { category, by } => {
                let (category_id, subcategory_id) = category_ids(category.as_ref());
                Ok(vec![TicketEvent::Categorized {
                    category_id,
                    subcategory_id,
                    by: *by,
                }])
            }
            TicketCommand::Prioritize { priority, reason } => Ok(vec![TicketEvent::Prioritized {
                from: self.priority,
                to: *priority,
                reason: reason.clone(),
            }]),
            TicketCommand::Move { place } => Ok(vec![TicketEvent::Moved { place: *place }]),
            TicketCommand::Start => self.start(),
            TicketCommand::PutOnHold { reason, until } => self.hold(
                Hold {
                    reason: *reason,
                    until: *until,
                },
                context,
            ),
            TicketCommand::Resume => self.resume(),
            TicketCommand::Resolve { .. } if matches!(self.status, Status::Resolved(_)) => Err(TicketRefusal::Resolved),
            TicketCommand::Resolve { reason, note } => Ok(vec![TicketEvent::Resolved {
                reason: *reason,
                note: note.clone(),
            }]),
            TicketCommand::Open { .. } | TicketCommand::Close { .. } | TicketCommand::Reopen { .. } => Ok(vec![]),
        }
    }

    fn start(&self) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::New => Ok(vec![TicketEvent::Started {}]),
            Status::Open => Ok(vec![]),
            Status::Waiting(_) => Err(TicketRefusal::OnHold),
            Status::Resolved(_) => Err(TicketRefusal::Resolved),
            Status::Closed => Err(TicketRefusal::Closed),
        }
    }

    fn hold(&self, hold: Hold, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::Waiting(same) if same == hold => Ok(vec![]),
            Status::Resolved(_) => Err(TicketRefusal::Resolved),
            Status::Closed => Err(TicketRefusal::Closed),
            Status::New | Status::Open | Status::Waiting(_) if hold.until.is_some_and(|until| until <= context.at) => {
                Err(TicketRefusal::HoldEndsInPast)
            }
            Status::New | Status::Open | Status::Waiting(_) => Ok(vec![TicketEvent::PutOnHold {
                reason: hold.reason,
                until: hold.until,
            }]),
        }
    }

    fn resume(&self) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::Waiting(_) => Ok(vec![TicketEvent::Resumed {}]),
            Status::New | Status::Open => Ok(vec![]),
            Status::Resolved(_) => Err(TicketRefusal::Resolved),
            Status::Closed => Err(TicketRefusal::Closed),
        }
    }

    fn close(&self, cause: CloseCause, reason: Option<ResolutionReason>) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match (self.status, reason) {
            (Status::Closed, _) => Ok(vec![]),
            (Status::Resolved(_), _) => Ok(vec![TicketEvent::Closed { cause }]),
            (Status::New | Status::Open | Status::Waiting(_), Some(reason)) => Ok(vec![
                TicketEvent::Resolved { reason, note: None },
                TicketEvent::Closed { cause },
            ]),
            (Status::New | Status::Open | Status::Waiting(_), None) => Err(TicketRefusal::ResolutionMissing),
        }
    }

    fn is_categorized(&self, category: Option<&(CategoryKey, Option<CategoryKey>)>) -> bool {
        let (category_id, subcategory_id) = category_ids(category);
        self.category == category_id.map(|it| (it, subcategory_id))
    }
}
