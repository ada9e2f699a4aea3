//! From a request to the aggregate that decides it: THE list of commands.

use domain::{
    actor::Actor,
    assignment::AssignmentCommand,
    contact::ContactCommand,
    ids::{CommandId, ContactId, OrganizationId, TicketId},
    organization::OrganizationCommand,
    ticket::TicketCommand,
};
use event_store::Envelope;
use serde::Serialize;

/// A wish about one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Command {
    /// About a ticket.
    Ticket(TicketId, TicketCommand),
    /// About who owns a ticket.
    Assignment(TicketId, AssignmentCommand),
    /// About a customer.
    Contact(ContactId, ContactCommand),
    /// About a company or authority that customers belong to.
    Organization(OrganizationId, OrganizationCommand),
}

/// A command with everything that is known of the one who gives it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Names the wish: the same id is the same wish.
    pub command_id: CommandId,
    /// The wish.
    pub command: Command,
    /// Who has it.
    pub actor: Actor,
    /// The ticket's version that the client saw; `None` when it does not mind.
    pub expected_version: Option<u64>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

impl Command {
    /// Tells a repeated wish from another under the same key: 16 hex digits over all that the client asked for.
    pub(crate) fn fingerprint(&self) -> String {
        // Plain data always serialises; an empty fingerprint would only make repetitions look alike.
        let asked = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&asked).to_hex()[..16].to_owned()
    }
}

impl Request {
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope {
            command_id: self.command_id,
            correlation_id: self.command_id.0,
            causation_id: self.command_id.0,
            actor: self.actor.clone(),
            request: self.command.fingerprint(),
            traceparent: self.traceparent.clone(),
        }
    }
}
