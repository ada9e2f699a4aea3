use domain::{
    access::AccessRefusal, api_key::ApiKeyRefusal, assignment::AssignmentRefusal, attachment::AttachmentRefusal,
    bulk::BulkRefusal, classifier::ClassifierRefusal, contact::ContactRefusal, conversation::ConversationRefusal,
    data_subject::DataSubjectRefusal, denial::DenialRefusal, macro_run::MacroRunRefusal, organisation::ItemRefusal,
    organization::OrganizationRefusal, reading::ReadingRefusal, session::SessionRefusal, sign_in::SignInRefusal,
    ticket::TicketRefusal, ticket_numbers::TicketNumbersRefusal, user::UserRefusal, view::ViewRefusal,
    visitor_secret::VisitorSecretRefusal, what_if::WhatIfRefusal,
};
use event_store::{
    DecodeError, EncodeError, LogError, SealError,
    vault::{OpenError, VaultError},
};

use crate::Forbidden;

/// A rule of some aggregate that forbids a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Of a ticket.
    #[error(transparent)]
    Ticket(#[from] TicketRefusal),
    /// Of ownership.
    #[error(transparent)]
    Assignment(#[from] AssignmentRefusal),
    /// Of the number register.
    #[error(transparent)]
    TicketNumbers(#[from] TicketNumbersRefusal),
    /// Of how the organisation is set up.
    #[error(transparent)]
    Organisation(#[from] ItemRefusal),
    /// Of roles and grants.
    #[error(transparent)]
    Access(#[from] AccessRefusal),
    /// Of an account.
    #[error(transparent)]
    User(#[from] UserRefusal),
    /// Of a session.
    #[error(transparent)]
    Session(#[from] SessionRefusal),
    /// Of a person's data.
    #[error(transparent)]
    DataSubject(#[from] DataSubjectRefusal),
    /// Of the record of refusals.
    #[error(transparent)]
    Denial(#[from] DenialRefusal),
    /// Of what was looked at.
    #[error(transparent)]
    Reading(#[from] ReadingRefusal),
    /// Of the door's record.
    #[error(transparent)]
    SignIn(#[from] SignInRefusal),
    /// Of an API key.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyRefusal),
    /// Of a customer.
    #[error(transparent)]
    Contact(#[from] ContactRefusal),
    /// Of a company or authority.
    #[error(transparent)]
    Organization(#[from] OrganizationRefusal),
    /// Of the secret that vouches for visitors.
    #[error(transparent)]
    VisitorSecret(#[from] VisitorSecretRefusal),
    /// Of the messages under a ticket.
    #[error(transparent)]
    Conversation(#[from] ConversationRefusal),
    /// Of a file.
    #[error(transparent)]
    Attachment(#[from] AttachmentRefusal),
    /// Of a run of a macro.
    #[error(transparent)]
    MacroRun(#[from] MacroRunRefusal),
    /// Of a saved view.
    #[error(transparent)]
    View(#[from] ViewRefusal),
    /// Of one change of many tickets.
    #[error(transparent)]
    Bulk(#[from] BulkRefusal),
    /// Of the learned classifier of categories.
    #[error(transparent)]
    Classifier(#[from] ClassifierRefusal),
    /// Of a period replayed under other rules.
    #[error(transparent)]
    WhatIf(#[from] WhatIfRefusal),
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The actor has no right to it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The thing is not at the version the client saw.
    #[error("it is at version {actual}, not {expected}: look at it again")]
    Conflict {
        /// Version the client expected.
        expected: u64,
        /// Version it has.
        actual: u64,
    },
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request: choose a new one")]
    KeyReused,
    /// Others changed the stream at every try.
    #[error("others keep changing {stream}: try again")]
    Contention {
        /// The stream.
        stream: String,
    },
    /// The log did not answer, or refused.
    #[error(transparent)]
    Log(LogError),
    /// The stream holds an event that cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An event cannot be written.
    #[error(transparent)]
    Encode(EncodeError),
    /// The keys of personal data are not to be had; nothing was appended.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl CommandError {
    /// Whether the same command fails in the same way however often it is tried: a rule, a missing right, or damage to
    /// what it concerns. All else may pass: a server that is away, others who were faster, a key file to be mended.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Forbidden(_)
            | Self::Conflict { .. }
            | Self::KeyReused
            | Self::Decode(_)
            | Self::Encode(_)
            | Self::Vault(VaultError::Damaged(_))
            | Self::Log(LogError::Damaged { .. } | LogError::Refused { .. } | LogError::Address { .. }) => true,
            Self::Contention { .. }
            | Self::Log(LogError::Unavailable { .. } | LogError::Conflict { .. })
            | Self::Vault(VaultError::Away(_) | VaultError::Postgres(_) | VaultError::WrongMasterKey { .. }) => false,
        }
    }
}

impl From<EncodeError> for CommandError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Sealed(SealError::Forgotten(_)) => Refusal::from(TicketRefusal::Forgotten).into(),
            error @ (EncodeError::Sealed(_) | EncodeError::Event(_)) => Self::Encode(error),
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Vault(error) => Self::Vault(error),
            OpenError::Decode(error) => Self::Decode(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{personal::DataSubject, ticket::TicketRefusal};
    use event_store::{LogError, vault::VaultError};
    use uuid::Uuid;

    use super::{CommandError, Refusal};

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let reason = String::new;
        let lasting = [
            CommandError::KeyReused,
            CommandError::Refused(Refusal::from(TicketRefusal::Closed)),
            CommandError::Vault(VaultError::Damaged(DataSubject(Uuid::nil()))),
            CommandError::Log(LogError::Refused { reason: reason() }),
            CommandError::Log(LogError::Damaged { reason: reason() }),
        ];
        assert!(lasting.iter().all(CommandError::is_lasting), "{lasting:?}");
        let passing = [
            CommandError::Contention { stream: reason() },
            CommandError::Log(LogError::Unavailable { reason: reason() }),
        ];
        assert!(!passing.iter().any(CommandError::is_lasting), "{passing:?}");
    }
}
