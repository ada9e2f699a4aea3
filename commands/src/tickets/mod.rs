//! Commands about tickets: what they look at beside their own stream.

mod join;
mod references;
mod rights;

use domain::{
    access::{Place, Rights},
    assignment::{Assignment, AssignmentCommand},
    decider::Touches,
    ids::TicketId,
    ticket::{Mark, Status, Ticket, TicketCommand, TicketPlace, TicketRefusal},
};
use event_store::Position;
pub(crate) use rights::needs;
use rights::{by_customer, is_customer, permit};

use crate::{
    Command, CommandError, Handler, Outcome, Refusal, Request, authorize::authorize_in, folded::Folded,
    handler::check_version,
};

impl Handler {
    pub(crate) async fn assign(
        &self,
        ticket_id: TicketId,
        command: &AssignmentCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let slot = self.slot::<Ticket>(ticket_id.0);
        let mut ticket = slot.lock().await;
        let ticket = self.look(&mut ticket, ticket_id.0).await?;
        authorize_in(rights, &request.command, &place_of(ticket))?;
        let slot = self.slot::<Assignment>(ticket_id.0);
        let mut assignment = slot.lock().await;
        if matches!(command, AssignmentCommand::Assign { .. }) && request.expected_version.is_none() {
            self.presume_unborn(&mut assignment, ticket_id.0);
        }
        let guard = |assignment: &Folded<Assignment>| {
            check_seen(request, ticket, (assignment.version(), assignment.position))?;
            let state = ticket.state.as_ref();
            if let Some(into) = state.and_then(|it| it.merged_into) {
                return Err(Refusal::from(TicketRefusal::Merged { into }).into());
            }
            match state.map(|it| it.status) {
                None => Err(Refusal::from(TicketRefusal::NotFound).into()),
                Some(_) if state.is_some_and(|it| it.archived) => Err(Refusal::from(TicketRefusal::Archived).into()),
                Some(Status::Closed) => Err(Refusal::from(TicketRefusal::Closed).into()),
                Some(Status::New | Status::Open | Status::Waiting(_) | Status::Resolved(_)) => Ok(()),
            }
        };
        let mut command = command.clone();
        if let AssignmentCommand::Unassign { customer, .. } = &mut command {
            *customer = ticket.state.as_ref().and_then(|it| it.contact_id);
        }
        let answer = self.run(&mut assignment, ticket_id.0, &command, request, guard).await?;
        let position = if answer.repeated {
            answer.position
        } else {
            answer.position.max(ticket.position)
        };
        Ok(Outcome { position, ..answer })
    }

    pub(crate) async fn open(
        &self,
        ticket_id: TicketId,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let Command::Ticket(_, mut command) = request.command.clone() else {
            return Err(Refusal::from(TicketRefusal::NotFound).into());
        };
        let TicketCommand::Open { contact_id, place, .. } = &mut command else {
            return Err(Refusal::from(TicketRefusal::NotFound).into());
        };
        if let Some(named) = *contact_id {
            *contact_id = Some(self.survivor(named).await?);
        }
        *place = self.complete(*place).await?;
        let contact = contact_id.map(|it| it.0);
        self.permit_place(rights, &request.command, (*place, TicketPlace::default()), contact)
            .await?;
        self.check_place(*place, TicketPlace::default()).await?;
        self.open_numbered(ticket_id, command, request).await
    }

    /// Opens a ticket of which everything but the number is known.
    async fn open_numbered(
        &self,
        ticket_id: TicketId,
        mut command: TicketCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let number = self.numbers.next().await?;
        if let TicketCommand::Open { number: reserved, .. } = &mut command {
            *reserved = number;
        }
        let slot = self.slot::<Ticket>(ticket_id.0);
        let mut ticket = slot.lock().await;
        self.presume_unborn(&mut ticket, ticket_id.0);
        let answer = self.run(&mut ticket, ticket_id.0, &command, request, |_| Ok(())).await;
        if !answer.as_ref().is_ok_and(|it| it.changed) && !matches!(answer, Err(CommandError::Log(_))) {
            self.numbers.give_back(number).await;
        }
        answer
    }

    pub(crate) async fn change(
        &self,
        ticket_id: TicketId,
        command: &TicketCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        match command {
            TicketCommand::Join(join) => Box::pin(self.join(ticket_id, join, rights, request)).await,
            TicketCommand::Mark(Mark::Link { other_id, relation } | Mark::Unlink { other_id, relation }) => {
                Box::pin(self.link(ticket_id, (*other_id, *relation), rights, request)).await
            }
            TicketCommand::Open { .. }
            | TicketCommand::Move { .. }
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
            | TicketCommand::Archive { .. }
            | TicketCommand::Track(_)
            | TicketCommand::Estimate(_)
            | TicketCommand::Classify(_)
            | TicketCommand::Promise(_) => self.change_alone(ticket_id, rights, request).await,
        }
    }

    /// A wish that concerns one ticket; other tickets were looked at before.
    pub(crate) async fn change_alone(
        &self,
        ticket_id: TicketId,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let Command::Ticket(_, command) = &request.command else {
            return Err(Refusal::from(TicketRefusal::NotFound).into());
        };
        let slot = self.slot::<Ticket>(ticket_id.0);
        let mut ticket = slot.lock().await;
        let known = self.look(&mut ticket, ticket_id.0).await?;
        let place = place_of(known);
        permit(rights, request, command, &place)?;
        let mut command = command.clone();
        if is_customer(rights, &request.actor, &place) {
            command = by_customer(command);
        }
        // What is merged or archived refuses by that alone.
        if let Some(state) = &known.state
            && state.merged_into.is_none()
            && !state.archived
            && known.find(request.command_id).is_none()
        {
            if let TicketCommand::Move { place } = &command {
                // Nobody moves a ticket to where they could not have opened it.
                let (former, contact) = (state.place, state.contact_id.map(|it| it.0));
                self.permit_place(rights, &request.command, (*place, former), contact)
                    .await?;
                self.check_place(*place, former).await?;
            }
            command = self.prepared(ticket_id, state, command).await?;
        }
        // Ownership counts in the version, so it is looked at, and kept as it is, when the client names one.
        let ownership = self.slot::<Assignment>(ticket_id.0);
        let mut held = None;
        let mut owned = (0, Position::START);
        if request.expected_version.is_some() {
            let assignment = held.insert(ownership.lock().await);
            let assignment = self.look(assignment, ticket_id.0).await?;
            owned = (assignment.version(), assignment.position);
        }
        let guard = |ticket: &Folded<Ticket>| check_seen(request, ticket, owned);
        self.run(&mut ticket, ticket_id.0, &command, request, guard).await
    }

    /// Refuses a wish of somebody who has not seen what happened to the ticket last.
    async fn check_seen(&self, ticket_id: TicketId, request: &Request) -> Result<(), CommandError> {
        if request.expected_version.is_none() {
            return Ok(());
        }
        let seen = |ticket: &Folded<Ticket>, assignment: &Folded<Assignment>| {
            check_seen(request, ticket, (assignment.version(), assignment.position))
        };
        self.look_at_both(ticket_id, seen).await?
    }

    /// What a look at a ticket and its assignment says, while nobody changes either.
    pub(crate) async fn look_at_both<T>(
        &self,
        ticket_id: TicketId,
        look: impl FnOnce(&Folded<Ticket>, &Folded<Assignment>) -> T,
    ) -> Result<T, CommandError> {
        let slot = self.slot::<Ticket>(ticket_id.0);
        let mut ticket = slot.lock().await;
        let ticket = self.look(&mut ticket, ticket_id.0).await?;
        let slot = self.slot::<Assignment>(ticket_id.0);
        let mut assignment = slot.lock().await;
        let assignment = self.look(&mut assignment, ticket_id.0).await?;
        Ok(look(ticket, assignment))
    }
}

/// Compares what a client has seen, the number of events of a ticket and its assignment, with what there is. Whoever
/// lacks nothing but events of the product's own at the very end, and decides on nothing that they touch, has seen enough.
fn check_seen(
    request: &Request,
    ticket: &Folded<Ticket>,
    (assignment, assigned_at): (u64, Position),
) -> Result<(), CommandError> {
    let actual = ticket.version() + assignment;
    let overlooked = request.expected_version.and_then(|seen| actual.checked_sub(seen));
    if let Some((since, mut touched)) = overlooked.filter(|it| *it > 0).and_then(|it| ticket.own_tail(it))
        && assigned_at < since
        && !touched.any(|it| decides_on(&request.command, it))
    {
        return Ok(());
    }
    check_version(request.expected_version, actual)
}

/// Whether a wish is about what was touched.
fn decides_on(command: &Command, touched: Touches) -> bool {
    let Command::Ticket(_, command) = command else {
        return false;
    };
    match touched {
        Touches::Nothing => false,
        Touches::Category => matches!(command, TicketCommand::Categorize { .. }),
        Touches::Priority => matches!(command, TicketCommand::Prioritize { .. }),
    }
}

/// Where a ticket belongs; nowhere while it does not exist.
pub(crate) fn place_of(ticket: &Folded<Ticket>) -> Place {
    let state = ticket.state.as_ref();
    state.map_or_else(Place::default, |it| it.place.of(it.contact_id.map(|it| it.0)))
}
