//! Who may do what: THE table of commands and the rights they need, and THE table of what is read.

use domain::{
    access::{Permission, Place, Rights, Scope},
    actor::ActorKind,
    api_key::ApiKeyCommand,
    attachment::AttachmentCommand,
    bulk::BulkCommand,
    contact::ContactCommand,
    conversation::ConversationCommand,
    data_subject::DataSubjectCommand,
    ids::AgentId,
    session::SessionCommand,
    ticket::TicketCommand,
    user::UserCommand,
    what_if::WhatIfCommand,
};

use crate::{Command, Request, tickets};

/// The actor has no right to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("you have no right to do this: {} is needed", .0.as_str())]
pub struct Forbidden(pub Permission);

/// What a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A right.
    Right(Permission),
    /// To be the person it is about; the right, for everybody else.
    Own(AgentId, Permission),
    /// To be Letopis itself, which has proven who asks; the right, for everybody else.
    Proof(Permission),
}

/// What a command takes.
pub fn needs(command: &Command) -> Need {
    match command {
        Command::Ticket(_, command) => tickets::needs(command),
        // Reading is noted only of those who take part: whoever may look and not write leaves no trace.
        Command::Conversation(
            _,
            ConversationCommand::Receive { .. }
            | ConversationCommand::Post { .. }
            | ConversationCommand::Edit { .. }
            | ConversationCommand::MarkDelivered { .. }
            | ConversationCommand::MarkRead { .. },
        )
        | Command::Attachment(_, AttachmentCommand::Prepare { .. })
        // Each step takes its own right too.
        | Command::MacroRun(..) => Need::Right(Permission::TicketsWrite),
        Command::Assignment(..) => Need::Right(Permission::TicketsAssign),
        Command::Conversation(_, ConversationCommand::Redact { .. }) => Need::Right(Permission::MessagesRedact),
        Command::Contact(
            _,
            ContactCommand::MergeInto { .. }
            | ContactCommand::Unmerge
            | ContactCommand::Absorb { .. }
            | ContactCommand::Separate { .. },
        ) => Need::Right(Permission::ContactsMerge),
        Command::Contact(..) | Command::Organization(..) => Need::Right(Permission::ContactsWrite),
        Command::Organisation(_) | Command::VisitorSecret(..) | Command::Classifier(_)
        // Whoever may put rules in force may try them; what words stand in which ticket is not for others to find out.
        | Command::WhatIf(_, WhatIfCommand::Start { .. } | WhatIfCommand::Cancel) => Need::Right(Permission::OrganisationWrite),
        Command::WhatIf(_, WhatIfCommand::Progress { .. } | WhatIfCommand::Finish { .. } | WhatIfCommand::Fail { .. }) => {
            Need::Proof(Permission::OrganisationWrite)
        }
        // What it does to each ticket is asked of each.
        Command::Bulk(_, BulkCommand::Start { .. } | BulkCommand::Cancel | BulkCommand::StartUndo) => {
            Need::Right(Permission::TicketsWrite)
        }
        // By a signed link, or with the message it belongs to.
        Command::Attachment(..)
        | Command::Bulk(
            _,
            BulkCommand::Choose { .. }
            | BulkCommand::Record { .. }
            | BulkCommand::Finish
            | BulkCommand::RecordUndone { .. }
            | BulkCommand::FinishUndo,
        ) => Need::Proof(Permission::TicketsWrite),
        // Who shares it with whom, the command itself knows.
        Command::View(..) => Need::Right(Permission::TicketsRead),
        Command::Access(_) => Need::Right(Permission::AccessWrite),
        Command::User(id, command) => user(*id, command),
        Command::Session(_, SessionCommand::Start { .. }) | Command::SignIn(..) | Command::Denial(..) | Command::Reading(..) => {
            Need::Proof(Permission::AccessWrite)
        }
        Command::Session(_, SessionCommand::End { .. }) => Need::Proof(Permission::UsersWrite),
        Command::DataSubject(
            _,
            DataSubjectCommand::RequestErasure { .. }
            | DataSubjectCommand::CancelErasure { .. }
            | DataSubjectCommand::PlaceHold { .. }
            | DataSubjectCommand::LiftHold { .. },
        ) => Need::Right(Permission::PrivacyWrite),
        Command::DataSubject(_, DataSubjectCommand::DestroyKey { .. } | DataSubjectCommand::Certify { .. }) => {
            Need::Proof(Permission::PrivacyWrite)
        }
        Command::ApiKey(_, ApiKeyCommand::Use { .. }) => Need::Proof(Permission::ApiKeysWrite),
        Command::ApiKey(_, ApiKeyCommand::Issue { .. } | ApiKeyCommand::Revoke) => {
            Need::Right(Permission::ApiKeysWrite)
        }
    }
}

fn user(id: AgentId, command: &UserCommand) -> Need {
    match command {
        UserCommand::Invite { .. }
        | UserCommand::Reinvite { .. }
        | UserCommand::Suspend { .. }
        | UserCommand::Reinstate => Need::Right(Permission::UsersWrite),
        // An administrator may switch the factor off for whoever lost it.
        UserCommand::DisableTwoFactor | UserCommand::ChangeProfile { .. } => Need::Own(id, Permission::UsersWrite),
        // Somebody else's password and factor are nobody's business; whoever may change rights could take any anyway.
        UserCommand::ChangePassword { .. } | UserCommand::EnableTwoFactor { .. } => {
            Need::Own(id, Permission::AccessWrite)
        }
        UserCommand::Register { .. }
        | UserCommand::FollowLink { .. }
        | UserCommand::RequestRecovery { .. }
        | UserCommand::LinkAccount { .. }
        | UserCommand::UseRecoveryCode { .. } => Need::Proof(Permission::AccessWrite),
    }
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Tickets and their histories; those of the places where the right counts.
    Tickets,
    /// Customers and their organizations.
    Contacts,
    /// How the organisation is set up.
    Configuration,
    /// Who works here, and what they may do.
    People,
    /// From where others are signed in.
    Sessions,
    /// Keys that let programs in, without their secrets.
    ApiKeys,
    /// Who was refused, and who was not let in.
    Refusals,
    /// Who did what.
    Audit,
    /// Whose data is to be erased, is held, or was erased.
    Privacy,
    /// How the system is doing inside.
    Operations,
}

/// What reading takes.
pub fn reads(read: Read) -> Permission {
    match read {
        Read::Tickets => Permission::TicketsRead,
        Read::Contacts => Permission::ContactsRead,
        Read::Configuration => Permission::OrganisationRead,
        Read::People => Permission::UsersRead,
        Read::Sessions => Permission::UsersWrite,
        Read::ApiKeys => Permission::ApiKeysWrite,
        Read::Refusals | Read::Audit => Permission::AuditRead,
        Read::Privacy => Permission::PrivacyWrite,
        Read::Operations => Permission::OperationsRead,
    }
}

/// Whether somebody with these rights may give a command anywhere at all; where, is [`authorize_in`].
///
/// # Errors
/// [`Forbidden`] when they may not.
pub fn authorize(rights: &Rights, request: &Request) -> Result<(), Forbidden> {
    let actor = &request.actor;
    let needed = match needs(&request.command) {
        Need::Own(id, _) if actor.kind == ActorKind::Agent && actor.id == id.to_string() => return Ok(()),
        Need::Proof(_) if actor.kind == ActorKind::System => return Ok(()),
        Need::Right(needed) | Need::Own(_, needed) | Need::Proof(needed) => needed,
    };
    permit(rights, needed)?;
    match &request.command {
        // Nobody hands out more than they have.
        Command::ApiKey(_, ApiKeyCommand::Issue { permissions, scope, .. }) => {
            let lacked = permissions.iter().find(|it| !covers_all(rights, **it, *scope));
            lacked.map_or(Ok(()), |it| Err(Forbidden(*it)))
        }
        Command::Ticket(..)
        | Command::Assignment(..)
        | Command::Contact(..)
        | Command::Organization(..)
        | Command::Organisation(_)
        | Command::Access(_)
        | Command::User(..)
        | Command::Session(..)
        | Command::SignIn(..)
        | Command::DataSubject(..)
        | Command::Denial(..)
        | Command::Reading(..)
        | Command::ApiKey(..)
        | Command::VisitorSecret(..)
        | Command::View(..)
        | Command::Bulk(..)
        | Command::Classifier(_)
        | Command::WhatIf(..)
        | Command::MacroRun(..)
        | Command::Conversation(..)
        | Command::Attachment(..) => Ok(()),
    }
}

/// Whether the right counts in all of that scope.
fn covers_all(rights: &Rights, permission: Permission, scope: Scope) -> bool {
    let place = match scope {
        Scope::Everywhere => return rights.has_everywhere(permission),
        Scope::Branch(id) => Place {
            branch: Some(id),
            ..Place::default()
        },
        Scope::Team(id) => Place {
            team: Some(id),
            ..Place::default()
        },
        Scope::Inbox(id) => Place {
            inbox: Some(id),
            ..Place::default()
        },
        Scope::Contact(id) => Place {
            contact: Some(id),
            ..Place::default()
        },
    };
    rights.covers(permission, &place)
}

/// Whether somebody with these rights may give a command about a thing that belongs there.
///
/// # Errors
/// [`Forbidden`] when they may not.
pub fn authorize_in(rights: &Rights, command: &Command, place: &Place) -> Result<(), Forbidden> {
    let (Need::Right(needed) | Need::Own(_, needed) | Need::Proof(needed)) = needs(command);
    permit_in(rights, needed, place)?;
    if is_of_staff(command) {
        // A right for one customer is that customer's own part.
        let staff = Place {
            contact: None,
            ..*place
        };
        permit_in(rights, needed, &staff)?;
    }
    Ok(())
}

/// Whether a command about a ticket is the support team's alone. Customers open and close their tickets, and say
/// whether the resolution helped.
fn is_of_staff(command: &Command) -> bool {
    match command {
        Command::Ticket(
            _,
            TicketCommand::Move { .. }
            | TicketCommand::ChangeSubject { .. }
            | TicketCommand::Reopen { .. }
            | TicketCommand::Categorize { .. }
            | TicketCommand::Prioritize { .. }
            | TicketCommand::Start
            | TicketCommand::PutOnHold { .. }
            | TicketCommand::Resume
            | TicketCommand::Resolve { .. }
            | TicketCommand::Mark(_)
            | TicketCommand::Pause(_)
            | TicketCommand::Join(_)
            | TicketCommand::Archive { .. }
            | TicketCommand::Track(_)
            | TicketCommand::Estimate(_)
            | TicketCommand::Classify(_)
            | TicketCommand::Promise(_),
        )
        | Command::Assignment(..) => true,
        Command::Ticket(_, TicketCommand::Open { .. } | TicketCommand::Close { .. } | TicketCommand::Judge(_))
        // What customers may say of it, the commands themselves know.
        | Command::Conversation(..)
        | Command::Attachment(..)
        | Command::MacroRun(..)
        | Command::View(..)
        | Command::Bulk(..)
        | Command::Classifier(_)
        | Command::WhatIf(..)
        | Command::Contact(..)
        | Command::Organization(..)
        | Command::Organisation(_)
        | Command::Access(_)
        | Command::User(..)
        | Command::Session(..)
        | Command::SignIn(..)
        | Command::DataSubject(..)
        | Command::Denial(..)
        | Command::Reading(..)
        | Command::ApiKey(..)
        | Command::VisitorSecret(..) => false,
    }
}

/// Whether a right counts for a thing that belongs there.
///
/// # Errors
/// [`Forbidden`] when it does not.
pub fn permit_in(rights: &Rights, needed: Permission, place: &Place) -> Result<(), Forbidden> {
    if rights.covers(needed, place) {
        Ok(())
    } else {
        Err(Forbidden(needed))
    }
}

/// Whether a right was granted, be it for one place only.
///
/// # Errors
/// [`Forbidden`] when it was not.
pub fn permit(rights: &Rights, needed: Permission) -> Result<(), Forbidden> {
    if rights.has(needed) {
        Ok(())
    } else {
        Err(Forbidden(needed))
    }
}
