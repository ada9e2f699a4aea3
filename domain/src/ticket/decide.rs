use uuid::Uuid;

use super::{Chosen, Hold, Join, Pause, Status, Ticket, TicketCommand, TicketEvent, TicketRefusal, Verdict};
use crate::{
    actor::ActorKind,
    decider::{Context, Decider, Touches},
    ids::ContactId,
    personal::{DataSubject, Personal},
    values::{CategoryKey, ClassifiedBy, CloseCause, ReopenCause, ResolutionReason},
};

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
            (None, TicketCommand::Open { .. }) => Ok(open(command, context)),
            (None, _) => Err(TicketRefusal::NotFound),
            (Some(ticket), command) => {
                if ticket.is_asleep(command)? {
                    Ok(vec![])
                } else {
                    ticket.decide_on(command, context)
                }
            }
        }
    }

    fn evolve(state: Option<Self>, event: &TicketEvent) -> Option<Self> {
        Self::after(state, event)
    }

    fn touches(event: &TicketEvent) -> Option<Touches> {
        let own = |by: ClassifiedBy, touched| (by != ClassifiedBy::Agent).then_some(touched);
        if let TicketEvent::Categorized { by, .. } = event {
            own(*by, Touches::Category)
        } else if let TicketEvent::Prioritized { by: Some(by), .. } = event {
            own(*by, Touches::Priority)
        } else {
            matches!(
                event,
                TicketEvent::ResolutionEstimated { .. }
                    | TicketEvent::ReplyPromised { .. }
                    | TicketEvent::QuestionCarried { .. }
            )
            .then_some(Touches::Nothing)
        }
    }
}

fn open(command: &TicketCommand, context: &Context) -> Vec<TicketEvent> {
    let TicketCommand::Open {
        number,
        ticket_type,
        subject,
        contact_id,
        category,
        priority,
        priority_chosen,
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
        subject: Personal::new(data_subject(*contact_id, context.id), subject.as_str().to_owned()),
        contact_id: *contact_id,
        category_id,
        subcategory_id,
        priority: *priority,
        // What customers find urgent is a wish: rules may say otherwise.
        priority_chosen: *priority_chosen && context.actor.kind != ActorKind::Contact,
        source: source.clone(),
        place: *place,
    }]
}

/// Whose key seals what a ticket says of a person: the customer's, or the ticket's own while nobody knows the customer.
pub(crate) fn data_subject(contact_id: Option<ContactId>, ticket: Uuid) -> DataSubject {
    DataSubject(contact_id.map_or(ticket, |it| it.0))
}

/// Whether a rule or a model chose it.
fn chosen_by_rules(chosen: Option<&Chosen>) -> bool {
    chosen.is_some_and(|it| it.by != ClassifiedBy::Agent)
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
    /// Whether nothing is left of the wish because the ticket is merged or archived and it concerns that alone.
    fn is_asleep(&self, command: &TicketCommand) -> Result<bool, TicketRefusal> {
        let is_due = matches!(command, TicketCommand::Pause(Pause::EndDue));
        let is_parting = matches!(
            command,
            TicketCommand::Join(Join::Unmerge | Join::MergeInto { .. } | Join::Separate { .. })
                | TicketCommand::Open { .. }
        );
        match self.merged_into {
            Some(_) if is_due => return Ok(true),
            Some(into) if !is_parting => return Err(TicketRefusal::Merged { into }),
            Some(_) | None => {}
        }
        if !self.archived {
            return Ok(false);
        }
        match command {
            // What a customer writes is not put away with what they wrote before.
            TicketCommand::Reopen {
                cause: ReopenCause::Agent | ReopenCause::CustomerReply,
            }
            | TicketCommand::Join(Join::Separate { .. })
            | TicketCommand::Open { .. } => Ok(false),
            TicketCommand::Archive { .. } | TicketCommand::Pause(Pause::EndDue) => Ok(true),
            TicketCommand::Move { .. }
            | TicketCommand::ChangeSubject { .. }
            | TicketCommand::Categorize { .. }
            | TicketCommand::Prioritize { .. }
            | TicketCommand::Start
            | TicketCommand::PutOnHold { .. }
            | TicketCommand::Resume
            | TicketCommand::Resolve { .. }
            | TicketCommand::Close { .. }
            | TicketCommand::Reopen { .. }
            | TicketCommand::Mark(_)
            | TicketCommand::Pause(_)
            | TicketCommand::Judge(_)
            | TicketCommand::Join(_)
            | TicketCommand::Track(_)
            | TicketCommand::Estimate(_)
            | TicketCommand::Classify(_)
            | TicketCommand::Promise(_) => Err(TicketRefusal::Archived),
        }
    }

    /// Only what is resolved and not closed yet is judged; a rejection opens it again.
    fn judge(&self, verdict: Verdict) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match (self.status, verdict) {
            (Status::Resolved(_), Verdict::Confirmed) if self.verdict == Some(verdict) => Ok(vec![]),
            (Status::Resolved(_), Verdict::Confirmed) => Ok(vec![TicketEvent::ResolutionConfirmed {}]),
            (Status::Resolved(_), Verdict::Rejected) => Ok(vec![
                TicketEvent::ResolutionRejected {},
                TicketEvent::Reopened {
                    cause: ReopenCause::Rejected,
                    cycle_no: self.cycle_no.saturating_add(1),
                },
            ]),
            (Status::Closed, _) => Err(TicketRefusal::Closed),
            (Status::New | Status::Open | Status::Waiting(_), Verdict::Rejected) if self.verdict == Some(verdict) => {
                Ok(vec![])
            }
            (Status::New | Status::Open | Status::Waiting(_), _) => Err(TicketRefusal::NotResolved),
        }
    }

    fn archive(&self, policy_id: Option<Uuid>) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::Closed => Ok(vec![TicketEvent::Archived { policy_id }]),
            Status::New | Status::Open | Status::Waiting(_) | Status::Resolved(_) => Err(TicketRefusal::NotClosed),
        }
    }

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
            // The same priority said again by people is theirs from then on.
            TicketCommand::Prioritize { priority, .. }
                if *priority == self.priority && !chosen_by_rules(self.priority_chosen.as_ref()) =>
            {
                Ok(vec![])
            }
            TicketCommand::Move { place } if *place == self.place => Ok(vec![]),
            TicketCommand::Resolve { reason, .. } if self.status == Status::Resolved(*reason) => Ok(vec![]),
            // Somebody who agrees with the rules has chosen; rules that say it again have not.
            TicketCommand::Categorize { category, by }
                if self.is_categorized(category.as_ref())
                    && !(*by == ClassifiedBy::Agent && chosen_by_rules(self.category_chosen.as_ref())) =>
            {
                Ok(vec![])
            }
            TicketCommand::Mark(mark) => self.mark(mark, context),
            TicketCommand::Pause(pause) => self.pause(pause, context),
            TicketCommand::Judge(verdict) => self.judge(*verdict),
            TicketCommand::Join(join) => self.join(join, context.id),
            TicketCommand::Archive { policy_id } => self.archive(*policy_id),
            TicketCommand::Track(track) => self.track(track, context),
            TicketCommand::Estimate(estimate) => self.estimated(estimate),
            TicketCommand::Classify(decision) => Ok(self.classify(decision)),
            TicketCommand::Promise(promise) => Ok(self.promise(*promise)),
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
                    grounds: None,
                }])
            }
            TicketCommand::Prioritize { priority, reason } => Ok(vec![TicketEvent::Prioritized {
                from: self.priority,
                to: *priority,
                reason: self.sealed(reason.as_ref(), context),
                by: None,
                grounds: None,
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
                note: self.sealed(note.as_ref(), context),
            }]),
            TicketCommand::Open { .. }
            | TicketCommand::Close { .. }
            | TicketCommand::Reopen { .. }
            | TicketCommand::Mark(_)
            | TicketCommand::Pause(_)
            | TicketCommand::Judge(_)
            | TicketCommand::Join(_)
            | TicketCommand::Archive { .. }
            | TicketCommand::Track(_)
            | TicketCommand::Estimate(_)
            | TicketCommand::Classify(_)
            | TicketCommand::Promise(_) => Ok(vec![]),
        }
    }

    /// Words about the ticket, which are the customer's to be forgotten.
    fn sealed(&self, words: Option<&String>, context: &Context) -> Option<Personal<String>> {
        words.map(|it| Personal::new(data_subject(self.contact_id, context.id), it.clone()))
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
            // Whoever asked needs give no reason: they want nothing more.
            (Status::New | Status::Open | Status::Waiting(_), None) if cause == CloseCause::Customer => {
                self.close(cause, Some(ResolutionReason::Solved))
            }
            (Status::New | Status::Open | Status::Waiting(_), None) => Err(TicketRefusal::ResolutionMissing),
        }
    }

    fn is_categorized(&self, category: Option<&(CategoryKey, Option<CategoryKey>)>) -> bool {
        let (category_id, subcategory_id) = category_ids(category);
        self.category == category_id.map(|it| (it, subcategory_id))
    }
}
