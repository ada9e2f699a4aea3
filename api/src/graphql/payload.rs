//! What mutations answer.

use async_graphql::SimpleObject;

use super::{ids::LogPosition, ticket::Ticket};
use crate::problem::{Language, Problem};

/// A rule that the request breaks: nothing has changed.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct UserError {
    /// Stable, for programs; see the guide for frontends.
    code: String,
    /// For people, in the language of `Accept-Language` (ru, en).
    message: String,
    /// Path of the input field it is about; null when it is about none.
    field: Option<Vec<String>>,
}

impl UserError {
    pub(super) fn new(problem: Problem, language: Language) -> Self {
        Self {
            code: problem.code.to_owned(),
            message: problem.message(language).to_owned(),
            field: Some(problem.field).filter(|it| !it.is_empty()),
        }
    }
}

/// What every mutation about a ticket leads to.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) ticket: Option<Ticket>,
    pub(super) position: Option<LogPosition>,
    pub(super) stale: bool,
    pub(super) user_errors: Vec<UserError>,
}

macro_rules! payloads {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, SimpleObject)]
            pub(in crate::graphql) struct $name {
                /// The ticket as it is now; null when there is none.
                ticket: Option<Ticket>,
                /// Position of the last event: give it back as `minPosition` to see it in every list.
                position: Option<LogPosition>,
                /// Whether lists and queries do not show the change yet; `ticket` shows it all the same.
                stale: bool,
                /// Rules the request breaks; empty when it was carried out.
                user_errors: Vec<UserError>,
                /// As it came in the input.
                client_mutation_id: Option<String>,
            }

            impl $name {
                pub(in crate::graphql) fn new(reply: Reply, client_mutation_id: Option<String>) -> Self {
                    let Reply { ticket, position, stale, user_errors } = reply;
                    Self { ticket, position, stale, user_errors, client_mutation_id }
                }
            }
        )+
    };
}

pub(super) use payloads;

payloads!(
    /// What `openTicket` answers.
    OpenTicketPayload,
    /// What `changeTicketSubject` answers.
    ChangeTicketSubjectPayload,
    /// What `categorizeTicket` answers.
    CategorizeTicketPayload,
    /// What `changeTicketPriority` answers.
    ChangeTicketPriorityPayload,
    /// What `startTicket` answers.
    StartTicketPayload,
    /// What `putTicketOnHold` answers.
    PutTicketOnHoldPayload,
    /// What `resumeTicket` answers.
    ResumeTicketPayload,
    /// What `resolveTicket` answers.
    ResolveTicketPayload,
    /// What `closeTicket` answers.
    CloseTicketPayload,
    /// What `reopenTicket` answers.
    ReopenTicketPayload,
    /// What `moveTicket` answers.
    MoveTicketPayload,
    /// What `assignTicket` answers.
    AssignTicketPayload,
    /// What `unassignTicket` answers.
    UnassignTicketPayload,
);
