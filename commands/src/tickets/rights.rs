//! Who may do what with a ticket, beyond the table of commands: customers do little, and everybody follows for
//! themselves.

use domain::{
    access::{Permission, Place, Rights},
    actor::{Actor, ActorKind},
    ids::AgentId,
    ticket::{Mark, Pause, TicketCommand},
    values::{CloseCause, ReopenCause},
};

use crate::{
    Request,
    authorize::{Forbidden, Need, authorize_in, permit_in},
};

/// What a command about a ticket takes.
pub(crate) fn needs(command: &TicketCommand) -> Need {
    match command {
        // Whoever may say who owns a ticket may say who hears of it.
        TicketCommand::Mark(Mark::Follow { user_id } | Mark::Unfollow { user_id }) => {
            Need::Own(*user_id, Permission::TicketsAssign)
        }
        TicketCommand::Pause(Pause::EndDue)
        | TicketCommand::Estimate(_)
        | TicketCommand::Classify(_)
        | TicketCommand::Promise(_) => Need::Proof(Permission::TicketsWrite),
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
        | TicketCommand::Join(_)
        | TicketCommand::Archive { .. }
        | TicketCommand::Track(_) => Need::Right(Permission::TicketsWrite),
    }
}

/// Refuses a wish about a ticket that belongs there.
pub(super) fn permit(
    rights: &Rights,
    request: &Request,
    command: &TicketCommand,
    place: &Place,
) -> Result<(), Forbidden> {
    if let TicketCommand::Mark(Mark::Follow { user_id } | Mark::Unfollow { user_id }) = command
        && is_own(&request.actor, *user_id)
    {
        return permit_in(rights, Permission::TicketsWrite, place);
    }
    authorize_in(rights, &request.command, place)
}

fn is_own(actor: &Actor, user_id: AgentId) -> bool {
    actor.kind == ActorKind::Agent && actor.id == user_id.to_string()
}

/// Whether it is the customer who asks: somebody whose right counts only because the ticket is theirs.
pub(super) fn is_customer(rights: &Rights, actor: &Actor, place: &Place) -> bool {
    let staff = Place {
        contact: None,
        ..*place
    };
    match actor.kind {
        ActorKind::Contact => true,
        ActorKind::Agent | ActorKind::System | ActorKind::Import => false,
        ActorKind::ApiKey | ActorKind::Bot => !rights.covers(Permission::TicketsWrite, &staff),
    }
}

/// The same wish as the customer has it.
pub(super) fn by_customer(command: TicketCommand) -> TicketCommand {
    if let TicketCommand::Close { reason, .. } = command {
        let cause = CloseCause::Customer;
        TicketCommand::Close { cause, reason }
    } else if let TicketCommand::Reopen { .. } = command {
        let cause = ReopenCause::CustomerReply;
        TicketCommand::Reopen { cause }
    } else {
        command
    }
}
