//! From a request to the aggregate that decides it: THE list of commands.

use std::net::IpAddr;

use domain::{
    access::AccessCommand,
    actor::{Actor, ActorKind},
    api_key::ApiKeyCommand,
    assignment::AssignmentCommand,
    attachment::AttachmentCommand,
    bulk::BulkCommand,
    classifier::ClassifierCommand,
    contact::ContactCommand,
    conversation::ConversationCommand,
    data_subject::DataSubjectCommand,
    denial::DenialCommand,
    ids::{
        AgentId, ApiKeyId, AttachmentId, BulkId, CommandId, ContactId, OrganizationId, SessionId, TicketId, ViewId,
        WhatIfId,
    },
    macro_run::MacroRunCommand,
    organisation::OrganisationCommand,
    organization::OrganizationCommand,
    personal::{DataSubject, Personal},
    reading::ReadingCommand,
    session::SessionCommand,
    sign_in::SignInCommand,
    ticket::TicketCommand,
    user::UserCommand,
    view::ViewCommand,
    visitor_secret::VisitorSecretCommand,
    what_if::WhatIfCommand,
};
use event_store::Envelope;
use serde::Serialize;
use uuid::Uuid;

tokio::task_local! {
    static BATCH: Uuid;
    static ADDRESS: IpAddr;
}

/// Gives commands for somebody at this internet address: their events say so.
pub async fn from_address<F: Future>(address: IpAddr, commands: F) -> F::Output {
    ADDRESS.scope(address, commands).await
}

/// Where the commands at hand are asked from, as a secret of who asks.
fn origin(actor: &Actor) -> Option<Personal<String>> {
    let address = ADDRESS.try_with(|it| *it).ok()?;
    let subject = Uuid::parse_str(&actor.id)
        .unwrap_or_else(|_no_uuid| Uuid::new_v5(&Uuid::NAMESPACE_OID, actor.to_string().as_bytes()));
    match actor.kind {
        ActorKind::Agent | ActorKind::Contact | ActorKind::ApiKey => {
            Some(Personal::new(DataSubject(subject), address.to_string()))
        }
        ActorKind::Bot | ActorKind::System | ActorKind::Import => None,
    }
}

/// Gives commands within an operation: their events say so.
pub async fn within<F: Future>(operation: Uuid, commands: F) -> F::Output {
    BATCH.scope(operation, commands).await
}

fn correlation() -> Option<Uuid> {
    BATCH.try_with(|it| *it).ok()
}

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
    /// About how the organisation is set up.
    Organisation(OrganisationCommand),
    /// About roles and who has which.
    Access(AccessCommand),
    /// About a person's account.
    User(AgentId, UserCommand),
    /// About a time during which somebody is signed in.
    Session(SessionId, SessionCommand),
    /// About a person's data.
    DataSubject(DataSubject, DataSubjectCommand),
    /// About a try that was refused; the id stands for whoever tried.
    Denial(Uuid, DenialCommand),
    /// About what was looked at; the id stands for the reader and the hour.
    Reading(Uuid, ReadingCommand),
    /// About a try to sign in; the id is the user's, or one that stands for an address nobody has.
    SignIn(Uuid, SignInCommand),
    /// About a key that lets a program in.
    ApiKey(ApiKeyId, ApiKeyCommand),
    /// About the secret that vouches for the visitors of the inbox with this id.
    VisitorSecret(Uuid, VisitorSecretCommand),
    /// About the messages under a ticket.
    Conversation(TicketId, ConversationCommand),
    /// About a file.
    Attachment(AttachmentId, AttachmentCommand),
    /// About a run of a macro.
    MacroRun(Uuid, MacroRunCommand),
    /// About a saved view of tickets.
    View(ViewId, ViewCommand),
    /// About one change of many tickets.
    Bulk(BulkId, BulkCommand),
    /// About the learned classifier of categories.
    Classifier(ClassifierCommand),
    /// About a period replayed under other rules.
    WhatIf(WhatIfId, WhatIfCommand),
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
    /// The version of the thing that the client saw; `None` when it does not mind.
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
            correlation_id: correlation().unwrap_or(self.command_id.0),
            causation_id: correlation().unwrap_or(self.command_id.0),
            actor: self.actor.clone(),
            from: origin(&self.actor),
            request: self.command.fingerprint(),
            traceparent: self.traceparent.clone(),
        }
    }
}
