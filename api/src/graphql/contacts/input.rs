//! What mutations of contacts and organizations are given, and the commands that come of it.

use async_graphql::{ID, InputObject, MaybeUndefined};
use commands::Command;
use domain::{
    contact::{Change, ContactCommand, Locale, Name, NewHandle, Note, ProfileChanges, Purpose, Reason, TimeZone},
    ids::{CommandId, ContactId, HandleId, OrganizationId},
    organization::{Definition, OrganizationCommand},
    values::{Handle, HandleChannel, ValueError},
};
use uuid::Uuid;

use super::types::Channel;
use crate::{
    contact_problems,
    graphql::ids::{Kind, required},
    problem::Problem,
};

/// Handles that one mutation brings at most.
const MOST_HANDLES: usize = 20;

/// What all mutations have in common.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) idempotency_key: Option<String>,
    pub(super) expected_version: Option<i64>,
    pub(super) client_mutation_id: Option<String>,
    /// The thing it changes; `None` for a mutation that creates one.
    pub(super) target: Option<ID>,
}

/// An input of a mutation.
pub(super) trait Wish {
    /// Name of the mutation; part of the command's id.
    const OPERATION: &'static str;
    /// What it is about.
    const KIND: Kind;
    /// Name of the input field that says which.
    const TARGET: &'static str;

    fn frame(&self) -> Frame;

    /// The command about the thing with this id.
    fn command(self, id: Uuid, command_id: CommandId) -> Result<Command, Problem>;
}

/// A handle by its channel.
#[derive(Debug, Clone, InputObject)]
#[graphql(name = "ContactHandleInput")]
pub(super) struct HandleInput {
    /// What it is a handle of.
    channel: Channel,
    /// The handle, in any spelling: phone numbers with + and country code.
    value: String,
}

/// A handle that a contact gets.
#[derive(Debug, Clone, InputObject)]
pub(super) struct NewContactHandleInput {
    /// What it is a handle of.
    channel: Channel,
    /// The handle, in any spelling: phone numbers with + and country code.
    value: String,
    /// Whether the person was shown to have it.
    #[graphql(default = false)]
    verified: bool,
}

impl HandleInput {
    pub(super) fn checked(&self, path: &[&str]) -> Result<Handle, Problem> {
        checked(self.channel, &self.value, path)
    }
}

fn checked(channel: Channel, value: &str, path: &[&str]) -> Result<Handle, Problem> {
    Handle::try_new(HandleChannel::from(channel), value).map_err(|it| contact_problems::handle(it, path))
}

fn handles(inputs: &[NewContactHandleInput], command_id: CommandId) -> Result<Vec<NewHandle>, Problem> {
    if inputs.len() > MOST_HANDLES {
        let many = inputs.len().to_string();
        return Err(Problem::bad_input("handles", &many, "не больше 20", "at most 20").about("handles"));
    }
    let new = |(index, it): (usize, &NewContactHandleInput)| {
        Ok(NewHandle {
            id: HandleId::added_by(command_id, index),
            handle: checked(
                it.channel,
                &it.value,
                &["input", "handles", &index.to_string(), "value"],
            )?,
            verified: it.verified,
        })
    };
    inputs.iter().enumerate().map(new).collect()
}

/// A text that may be given, emptied with null, or left out.
fn change<T>(text: MaybeUndefined<String>, make: fn(&str) -> Result<T, ValueError>) -> Result<Change<T>, Problem> {
    match text {
        MaybeUndefined::Undefined => Ok(Change::Keep),
        MaybeUndefined::Null => Ok(Change::Clear),
        MaybeUndefined::Value(text) => make(&text).map(Change::Set).map_err(contact_problems::value),
    }
}

fn set<T>(text: Option<String>, make: fn(&str) -> Result<T, ValueError>) -> Result<Change<T>, Problem> {
    change(text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value), make)
}

fn checked_id(kind: Kind, field: &str, id: &ID) -> Result<Uuid, Problem> {
    required(kind, field, id).map_err(|it| it.about(field))
}

fn organization_id(id: Option<&ID>) -> Result<Option<OrganizationId>, Problem> {
    let id = id
        .map(|it| checked_id(Kind::Organization, "organizationId", it))
        .transpose()?;
    Ok(id.map(OrganizationId))
}

fn purpose(text: &str) -> Result<Purpose, Problem> {
    Purpose::try_new(text).map_err(contact_problems::value)
}

fn definition(name: &str, domains: &[String], note: Option<&str>) -> Result<Definition, Problem> {
    let name = Name::try_new(name).map_err(contact_problems::value)?;
    let note = note.map(Note::try_new).transpose().map_err(contact_problems::value)?;
    if domains.len() > domain::organization::DOMAINS {
        let many = domains.len().to_string();
        return Err(Problem::bad_input("domains", &many, "не больше 100", "at most 100").about("domains"));
    }
    Definition::try_new(&name, domains, note.as_ref()).map_err(|it| contact_problems::handle(it, &["input", "domains"]))
}

macro_rules! wishes {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $operation:literal on $kind:ident $target:ident as $target_name:literal
        { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? }
        ($self:ident, $command_id:ident) => $command:expr;
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(super) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                idempotency_key: Option<String>,
                /// Id of what is changed.
                $target: ID,
                $($(#[doc = $field_doc])* $field: $type,)*
                /// The version you saw: if there is another, nothing happens and you get CONFLICT.
                expected_version: Option<i64>,
                /// Comes back in the payload.
                client_mutation_id: Option<String>,
            }

            impl Wish for $name {
                const OPERATION: &'static str = $operation;
                const KIND: Kind = Kind::$kind;
                const TARGET: &'static str = $target_name;

                fn frame(&self) -> Frame {
                    Frame {
                        idempotency_key: self.idempotency_key.clone(),
                        expected_version: self.expected_version,
                        client_mutation_id: self.client_mutation_id.clone(),
                        target: Some(self.$target.clone()),
                    }
                }

                fn command($self, id: Uuid, $command_id: CommandId) -> Result<Command, Problem> {
                    Ok(Carried::from($command).on(id))
                }
            }
        )+
    };
}

macro_rules! creations {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $operation:literal of $kind:ident
        { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? }
        ($self:ident, $command_id:ident) => $command:expr;
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(super) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it creates nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                idempotency_key: Option<String>,
                $($(#[doc = $field_doc])* $field: $type,)*
                /// Comes back in the payload.
                client_mutation_id: Option<String>,
            }

            impl Wish for $name {
                const OPERATION: &'static str = $operation;
                const KIND: Kind = Kind::$kind;
                const TARGET: &'static str = "id";

                fn frame(&self) -> Frame {
                    Frame {
                        idempotency_key: self.idempotency_key.clone(),
                        expected_version: None,
                        client_mutation_id: self.client_mutation_id.clone(),
                        target: None,
                    }
                }

                fn command($self, id: Uuid, $command_id: CommandId) -> Result<Command, Problem> {
                    Ok(Carried::from($command).on(id))
                }
            }
        )+
    };
}

/// A command still without its stream.
enum Carried {
    Contact(ContactCommand),
    Organization(OrganizationCommand),
}

impl From<ContactCommand> for Carried {
    fn from(command: ContactCommand) -> Self {
        Self::Contact(command)
    }
}

impl From<OrganizationCommand> for Carried {
    fn from(command: OrganizationCommand) -> Self {
        Self::Organization(command)
    }
}

impl Carried {
    fn on(self, id: Uuid) -> Command {
        match self {
            Self::Contact(command) => Command::Contact(ContactId(id), command),
            Self::Organization(command) => Command::Organization(OrganizationId(id), command),
        }
    }
}

creations! {
    /// A new contact.
    CreateContactInput: "createContact" of Contact {
        /// How the person is reached, at most 20; without any it is a visitor.
        handles: Option<Vec<NewContactHandleInput>>,
        /// What the person is called, 1 to 200 characters in one line.
        name: Option<String>,
        /// Language and region, such as ru-RU.
        locale: Option<String>,
        /// Time zone by its IANA name.
        time_zone: Option<String>,
        /// What staff should know, at most 5000 characters.
        note: Option<String>,
        /// Id of the organization the person belongs to.
        organization_id: Option<ID>,
    } (self, command_id) => ContactCommand::Create {
        handles: handles(&self.handles.unwrap_or_default(), command_id)?,
        profile: ProfileChanges {
            name: set(self.name, Name::try_new)?,
            locale: set(self.locale, Locale::try_new)?,
            time_zone: set(self.time_zone, TimeZone::try_new)?,
            note: set(self.note, Note::try_new)?,
        },
        organization_id: organization_id(self.organization_id.as_ref())?,
    };

    /// A contact by any of their handles.
    FindOrCreateContactInput: "findOrCreateContact" of Contact {
        /// How the person is reached, 1 to 20. Who has one of them is found, and gets the others.
        handles: Vec<NewContactHandleInput>,
        /// What the person is called, for a new contact only.
        name: Option<String>,
        /// Language and region, for a new contact only.
        locale: Option<String>,
        /// Time zone by its IANA name, for a new contact only.
        time_zone: Option<String>,
    } (self, command_id) => ContactCommand::Create {
        handles: some(handles(&self.handles, command_id)?)?,
        profile: ProfileChanges {
            name: set(self.name, Name::try_new)?,
            locale: set(self.locale, Locale::try_new)?,
            time_zone: set(self.time_zone, TimeZone::try_new)?,
            note: Change::Keep,
        },
        organization_id: None,
    };

    /// A new organization.
    CreateOrganizationInput: "createOrganization" of Organization {
        /// What it is called, 1 to 200 characters in one line.
        name: String,
        /// Domains of its e-mail addresses, at most 100.
        domains: Option<Vec<String>>,
        /// What staff should know, at most 5000 characters.
        note: Option<String>,
    } (self, _command_id) => OrganizationCommand::Create {
        definition: definition(&self.name, &self.domains.unwrap_or_default(), self.note.as_deref())?,
    };
}

fn some(handles: Vec<NewHandle>) -> Result<Vec<NewHandle>, Problem> {
    if handles.is_empty() {
        return Err(Problem::bad_input("handles", "[]", "хотя бы один адрес", "at least one handle").about("handles"));
    }
    Ok(handles)
}

wishes! {
    /// Another profile; what is left out stays, null empties.
    ChangeContactProfileInput: "changeContactProfile" on Contact contact_id as "contactId" {
        /// What the person is called, 1 to 200 characters in one line.
        name: MaybeUndefined<String>,
        /// Language and region, such as ru-RU.
        locale: MaybeUndefined<String>,
        /// Time zone by its IANA name.
        time_zone: MaybeUndefined<String>,
        /// What staff should know, at most 5000 characters.
        note: MaybeUndefined<String>,
    } (self, _command_id) => ContactCommand::ChangeProfile {
        changes: ProfileChanges {
            name: change(self.name, Name::try_new)?,
            locale: change(self.locale, Locale::try_new)?,
            time_zone: change(self.time_zone, TimeZone::try_new)?,
            note: change(self.note, Note::try_new)?,
        },
    };

    /// One more handle.
    AddContactHandleInput: "addContactHandle" on Contact contact_id as "contactId" {
        /// The handle.
        handle: NewContactHandleInput,
    } (self, command_id) => ContactCommand::AddHandles { handles: handles(&[self.handle], command_id)? };

    /// A handle that the person was shown to have.
    VerifyContactHandleInput: "verifyContactHandle" on Contact contact_id as "contactId" {
        /// Id of the handle.
        handle_id: ID,
    } (self, _command_id) => ContactCommand::VerifyHandle {
        handle_id: HandleId(checked_id(Kind::ContactHandle, "handleId", &self.handle_id)?),
    };

    /// A handle that the person has no longer.
    RemoveContactHandleInput: "removeContactHandle" on Contact contact_id as "contactId" {
        /// Id of the handle.
        handle_id: ID,
    } (self, _command_id) => ContactCommand::RemoveHandle {
        handle_id: HandleId(checked_id(Kind::ContactHandle, "handleId", &self.handle_id)?),
    };

    /// Two contacts that are one person.
    MergeContactsInput: "mergeContacts" on Contact contact_id as "contactId" {
        /// Id of the contact that stays and shows both.
        into_id: ID,
    } (self, _command_id) => ContactCommand::MergeInto {
        into: ContactId(checked_id(Kind::Contact, "intoId", &self.into_id)?),
    };

    /// A contact that is not the person it was merged with.
    UnmergeContactInput: "unmergeContact" on Contact contact_id as "contactId" {} (self, _command_id) => ContactCommand::Unmerge;

    /// A contact whose messages are not wanted.
    BlockContactInput: "blockContact" on Contact contact_id as "contactId" {
        /// Why, 1 to 500 characters.
        reason: String,
    } (self, _command_id) => ContactCommand::Block {
        reason: Reason::try_new(&self.reason).map_err(contact_problems::value)?,
    };

    /// A contact whose messages are wanted again.
    UnblockContactInput: "unblockContact" on Contact contact_id as "contactId" {} (self, _command_id) => ContactCommand::Unblock;

    /// Something the person agrees to.
    GiveConsentInput: "giveConsent" on Contact contact_id as "contactId" {
        /// To what: 1 to 60 small Latin letters, digits, `_`, `-` and `.`.
        purpose: String,
    } (self, _command_id) => ContactCommand::GiveConsent { purpose: purpose(&self.purpose)? };

    /// Something the person agrees to no longer.
    WithdrawConsentInput: "withdrawConsent" on Contact contact_id as "contactId" {
        /// To what.
        purpose: String,
    } (self, _command_id) => ContactCommand::WithdrawConsent { purpose: purpose(&self.purpose)? };

    /// Where the person belongs.
    AssignContactToOrganizationInput: "assignContactToOrganization" on Contact contact_id as "contactId" {
        /// Id of the organization; null takes the person out of any.
        organization_id: Option<ID>,
    } (self, _command_id) => ContactCommand::AssignToOrganization {
        organization_id: organization_id(self.organization_id.as_ref())?,
    };

    /// An organization defined anew, as a whole.
    ReviseOrganizationInput: "reviseOrganization" on Organization organization_id as "organizationId" {
        /// What it is called, 1 to 200 characters in one line.
        name: String,
        /// Domains of its e-mail addresses, at most 100; none when left out.
        domains: Option<Vec<String>>,
        /// What staff should know, at most 5000 characters; nothing when left out.
        note: Option<String>,
    } (self, _command_id) => OrganizationCommand::Revise {
        definition: definition(&self.name, &self.domains.unwrap_or_default(), self.note.as_deref())?,
    };

    /// An organization that nobody is put in any more.
    RetireOrganizationInput: "retireOrganization" on Organization organization_id as "organizationId" {}
        (self, _command_id) => OrganizationCommand::Retire;
}
