//! What mutations are given, and the commands that come of it.

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use commands::Command;
use domain::{
    actor::Actor,
    assignment::AssignmentCommand,
    ids::{AgentId, CommandId, ContactId, TicketId},
    organisation::Kind as ItemKind,
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{
        AssignmentMode, CategoryKey, ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason,
        Subject, TicketType,
    },
};
use uuid::Uuid;

use super::{
    filter::storable,
    ids::{Kind, local, required},
    words::{Hold, Resolution, Sort, Urgency},
};
use crate::{auth::Viewer, problem::Problem};

/// What all mutations have in common.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) idempotency_key: Option<String>,
    pub(super) expected_version: Option<i64>,
    pub(super) client_mutation_id: Option<String>,
    /// Id of the ticket; `None` for the mutation that opens one.
    pub(super) ticket_id: Option<ID>,
}

/// An input of a mutation.
pub(super) trait Wish {
    /// Name of the mutation; part of the command's id.
    const OPERATION: &'static str;

    fn frame(&self) -> Frame;

    /// The command.
    fn command(self, ticket_id: TicketId) -> Result<Command, Problem>;

    /// The command, where it depends on who gives it and by which request.
    fn command_by(self, ticket_id: TicketId, _made: &Made) -> Result<Command, Problem>
    where
        Self: Sized,
    {
        self.command(ticket_id)
    }

    /// What it means in the mouth of somebody.
    ///
    /// # Errors
    /// When it says what is not theirs to say.
    fn said_by(self, _viewer: &Viewer) -> Result<Self, Problem>
    where
        Self: Sized,
    {
        Ok(self)
    }
}

/// By whom, and by which request, a command is given.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) command_id: CommandId,
    /// `None` when nobody is known.
    pub(super) actor: Option<Actor>,
}

impl Made {
    /// By nobody in particular.
    pub(super) fn unknown() -> Self {
        Self {
            command_id: CommandId(Uuid::nil()),
            actor: None,
        }
    }
}

/// The id of the ticket that a command opens.
pub(super) fn opened(command_id: CommandId) -> TicketId {
    TicketId::opened_by(command_id)
}

/// A new ticket.
#[derive(Debug, InputObject)]
pub(super) struct OpenTicketInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it opens nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// What it is about, 1 to 300 characters in one line.
    subject: String,
    /// What sort of request it is; QUESTION by default.
    #[graphql(name = "type")]
    sort: Option<Sort>,
    /// How urgent it is; MEDIUM by default.
    priority: Option<Urgency>,
    /// Key of its category, 1 to 100 characters in one line.
    category_id: Option<String>,
    /// Key of a finer category under it.
    subcategory_id: Option<String>,
    /// Id of the customer, as this API gave it or a uuid.
    contact_id: Option<ID>,
    /// Id of the inbox it came through.
    inbox_id: Option<ID>,
    /// Id of the branch that answers for it; by default the team's, else the inbox's.
    branch_id: Option<ID>,
    /// Id of the team that works on it.
    team_id: Option<ID>,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

impl Wish for OpenTicketInput {
    const OPERATION: &'static str = "openTicket";

    fn frame(&self) -> Frame {
        Frame {
            idempotency_key: self.idempotency_key.clone(),
            expected_version: None,
            client_mutation_id: self.client_mutation_id.clone(),
            ticket_id: None,
        }
    }

    fn command(self, ticket_id: TicketId) -> Result<Command, Problem> {
        let contact = self
            .contact_id
            .map(|it| required(Kind::Contact, "contactId", &it))
            .transpose();
        let contact_id = contact.map_err(|it| it.about("contactId"))?.map(ContactId);
        let command = TicketCommand::Open {
            // The handler gives it one.
            number: 0,
            ticket_type: self.sort.map_or(TicketType::Question, TicketType::from),
            subject: Subject::try_new(&self.subject)?,
            contact_id,
            category: category(self.category_id, self.subcategory_id)?,
            priority: self.priority.map_or(Priority::Medium, Priority::from),
            priority_chosen: self.priority.is_some(),
            source: TicketSource {
                channel: "api".to_owned(),
                external_id: None,
            },
            place: place(self.inbox_id, self.branch_id, self.team_id)?,
        };
        Ok(Command::Ticket(ticket_id, command))
    }

    /// A customer's ticket is their own, and comes by the inbox that they came by.
    fn said_by(mut self, viewer: &Viewer) -> Result<Self, Problem> {
        let Some(inbox) = viewer.inbox else { return Ok(self) };
        let own = |kind, field: &str, given: &Option<ID>, own: &dyn Fn(Uuid) -> bool| {
            let named = given.as_ref().filter(|it| !local(kind, it.as_str()).is_some_and(own));
            named.map_or(Ok(()), |it| Err(not_own(field, it)))
        };
        let item = Kind::Item;
        own(item(ItemKind::Inbox), "inboxId", &self.inbox_id, &|it| it == inbox)?;
        own(item(ItemKind::Branch), "branchId", &self.branch_id, &|_any| false)?;
        own(item(ItemKind::Team), "teamId", &self.team_id, &|_any| false)?;
        let myself = viewer.actor.id.parse().ok();
        own(Kind::Contact, "contactId", &self.contact_id, &|it| Some(it) == myself)?;
        if let Some(priority) = self.priority {
            let given = format!("{priority:?}").to_uppercase();
            let (russian, english) = (
                "ничего: срочность решает поддержка",
                "nothing: how urgent it is, the support team decides",
            );
            return Err(Problem::bad_input("priority", &given, russian, english).about("priority"));
        }
        self.inbox_id = Some(ID(inbox.to_string()));
        self.contact_id = myself.map(|it: Uuid| ID(it.to_string()));
        Ok(self)
    }
}

fn not_own(field: &str, id: &ID) -> Problem {
    let (russian, english) = (
        "ничего или своё: клиент создаёт заявку только для себя и только в линии, через которую пришёл",
        "nothing, or your own: a customer opens tickets for themselves, in the inbox they came by",
    );
    Problem::bad_input(field, id, russian, english).about(field)
}

fn place(inbox: Option<ID>, branch: Option<ID>, team: Option<ID>) -> Result<TicketPlace, Problem> {
    let item = |kind, field, id: Option<ID>| {
        let id = id.map(|it| required(Kind::Item(kind), field, &it)).transpose();
        id.map_err(|it| it.about(field))
    };
    Ok(TicketPlace {
        inbox_id: item(ItemKind::Inbox, "inboxId", inbox)?,
        branch_id: item(ItemKind::Branch, "branchId", branch)?,
        team_id: item(ItemKind::Team, "teamId", team)?,
    })
}

type Category = Option<(CategoryKey, Option<CategoryKey>)>;

fn category(key: Option<String>, sub: Option<String>) -> Result<Category, Problem> {
    let key = key.map(|it| CategoryKey::try_new("categoryId", &it)).transpose()?;
    let sub = sub.map(|it| CategoryKey::try_new("subcategoryId", &it)).transpose()?;
    match (key, sub) {
        (None, None) => Ok(None),
        (Some(key), sub) => Ok(Some((key, sub))),
        (None, Some(sub)) => {
            let russian = "подкатегория только вместе с categoryId";
            let problem = Problem::bad_input(
                "subcategoryId",
                sub.as_str(),
                russian,
                "a subcategory only with categoryId",
            );
            Err(problem.about("subcategoryId"))
        }
    }
}

pub(super) fn note(field: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    let text = text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    match text {
        Some(text) if text.chars().count() > 2000 || text.contains('\0') => {
            let russian = "не больше 2000 символов, без NUL";
            Err(Problem::bad_input(field, &text, russian, "at most 2000 characters, without NUL").about(field))
        }
        text => Ok(text),
    }
}

macro_rules! wishes {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $operation:literal { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? }
        ($self:ident) => $command:expr;
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(super) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                idempotency_key: Option<String>,
                /// Id of the ticket.
                ticket_id: ID,
                $($(#[doc = $field_doc])* $field: $type,)*
                /// The version you saw: if the ticket has another, nothing happens and you get CONFLICT.
                expected_version: Option<i64>,
                /// Comes back in the payload.
                client_mutation_id: Option<String>,
            }

            impl Wish for $name {
                const OPERATION: &'static str = $operation;

                fn frame(&self) -> Frame {
                    Frame {
                        idempotency_key: self.idempotency_key.clone(),
                        expected_version: self.expected_version,
                        client_mutation_id: self.client_mutation_id.clone(),
                        ticket_id: Some(self.ticket_id.clone()),
                    }
                }

                fn command($self, ticket_id: TicketId) -> Result<Command, Problem> {
                    Ok(Carried::from($command).on(ticket_id))
                }
            }
        )+
    };
}

/// A command still without its ticket.
enum Carried {
    Ticket(TicketCommand),
    Assignment(AssignmentCommand),
}

impl From<TicketCommand> for Carried {
    fn from(command: TicketCommand) -> Self {
        Self::Ticket(command)
    }
}

impl From<AssignmentCommand> for Carried {
    fn from(command: AssignmentCommand) -> Self {
        Self::Assignment(command)
    }
}

impl Carried {
    fn on(self, ticket_id: TicketId) -> Command {
        match self {
            Self::Ticket(command) => Command::Ticket(ticket_id, command),
            Self::Assignment(command) => Command::Assignment(ticket_id, command),
        }
    }
}

wishes! {
    /// Another subject.
    ChangeTicketSubjectInput: "changeTicketSubject" {
        /// What it is about, 1 to 300 characters in one line.
        subject: String,
    } (self) => TicketCommand::ChangeSubject { subject: Subject::try_new(&self.subject)? };

    /// Another category.
    CategorizeTicketInput: "categorizeTicket" {
        /// Key of the category, 1 to 100 characters in one line; null takes the ticket out of any.
        category_id: Option<String>,
        /// Key of a finer category under it.
        subcategory_id: Option<String>,
    } (self) => TicketCommand::Categorize {
        category: category(self.category_id, self.subcategory_id)?,
        by: ClassifiedBy::Agent,
    };

    /// Another priority.
    ChangeTicketPriorityInput: "changeTicketPriority" {
        /// The new one.
        priority: Urgency,
        /// Why, at most 2000 characters.
        reason: Option<String>,
    } (self) => TicketCommand::Prioritize {
        priority: self.priority.into(),
        reason: note("reason", self.reason)?,
    };

    /// Work begins.
    StartTicketInput: "startTicket" {} (self) => TicketCommand::Start;

    /// Work waits.
    PutTicketOnHoldInput: "putTicketOnHold" {
        /// For what; OTHER by default.
        reason: Option<Hold>,
        /// Until when at most; must lie in the future.
        until: Option<DateTime<Utc>>,
    } (self) => TicketCommand::PutOnHold {
        reason: self.reason.map_or(HoldReason::Other, HoldReason::from),
        until: self.until.map(|it| storable("until", it)).transpose().map_err(|it| it.about("until"))?,
    };

    /// Work waits no longer.
    ResumeTicketInput: "resumeTicket" {} (self) => TicketCommand::Resume;

    /// The work is done.
    ResolveTicketInput: "resolveTicket" {
        /// How it ended; SOLVED by default.
        reason: Option<Resolution>,
        /// More about it, at most 2000 characters.
        note: Option<String>,
    } (self) => TicketCommand::Resolve {
        reason: self.reason.map_or(ResolutionReason::Solved, ResolutionReason::from),
        note: note("note", self.note)?,
    };

    /// Nothing more will be done.
    CloseTicketInput: "closeTicket" {
        /// How it ended; needed when the ticket is not resolved yet.
        reason: Option<Resolution>,
    } (self) => TicketCommand::Close {
        cause: CloseCause::Agent,
        reason: self.reason.map(ResolutionReason::from),
    };

    /// There is work again.
    ReopenTicketInput: "reopenTicket" {} (self) => TicketCommand::Reopen { cause: ReopenCause::Agent };

    /// Another place. It is whole each time: what is left out is empty from then on.
    MoveTicketInput: "moveTicket" {
        /// Id of the inbox.
        inbox_id: Option<ID>,
        /// Id of the branch.
        branch_id: Option<ID>,
        /// Id of the team.
        team_id: Option<ID>,
    } (self) => TicketCommand::Move { place: place(self.inbox_id, self.branch_id, self.team_id)? };

    /// An owner.
    AssignTicketInput: "assignTicket" {
        /// Id of the agent, as this API gave it or a uuid.
        agent_id: ID,
    } (self) => AssignmentCommand::Assign {
        agent_id: AgentId(required(Kind::Agent, "agentId", &self.agent_id).map_err(|it| it.about("agentId"))?),
        mode: AssignmentMode::ByAgent,
    };

    /// No owner.
    UnassignTicketInput: "unassignTicket" {
        /// Why, at most 2000 characters.
        reason: Option<String>,
    } (self) => AssignmentCommand::Unassign { reason: note("reason", self.reason)?, customer: None };
}
