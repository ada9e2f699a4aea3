use uuid::Uuid;

use super::{
    Contact, ContactCommand, ContactEvent, ContactKind, HandleWords, IdentifiedBy, NewHandle, Profile, ProfileChanges,
    Purpose,
};
use crate::{
    decider::{Context, Decider},
    ids::{ContactId, HandleId, OrganizationId},
    personal::{DataSubject, Personal},
};

/// Handles of one contact at most.
pub const HANDLES: usize = 50;

/// A rule that forbids a wish about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactRefusal {
    /// There is no such contact.
    #[error("there is no such contact")]
    NotFound,
    /// A contact is created once.
    #[error("the contact is there already")]
    AlreadyCreated,
    /// What is shown with another record is changed there.
    #[error("the contact was merged into contact {into}: change that one, or unmerge this one first")]
    Merged {
        /// The other.
        into: ContactId,
    },
    /// Only a merged contact is unmerged.
    #[error("the contact is not merged into another")]
    NotMerged,
    /// Nothing is shown with itself.
    #[error("a contact is not merged into itself: name two")]
    IntoItself,
    /// Records that show others are not shown with others.
    #[error("other contacts were merged into this one: merge the other way round, or unmerge them first")]
    HasMerged,
    /// The record to be shown with is itself shown with another.
    #[error("the other contact was itself merged into contact {into}: merge into that one")]
    TargetMerged {
        /// Where it is shown.
        into: ContactId,
    },
    /// There is no contact to be shown with.
    #[error("there is no such contact to merge into")]
    TargetNotFound,
    /// A handle belongs to one contact.
    #[error("handle number {index} belongs to contact {owner}: find that contact by it, or merge the two")]
    HandleTaken {
        /// Place among the handles given, from 0.
        index: usize,
        /// Whose it is.
        owner: ContactId,
    },
    /// The handles given name more than one contact.
    #[error("the handles belong to two contacts, {one} and {other}: merge them if they are the same person")]
    HandlesOfSeveral {
        /// One of them.
        one: ContactId,
        /// Another.
        other: ContactId,
    },
    /// The contact has no such handle.
    #[error("the contact has no such handle")]
    HandleNotFound,
    /// A contact has not that many handles.
    #[error("a contact has at most 50 handles: remove some first")]
    TooManyHandles,
    /// There is no organization to belong to.
    #[error("there is no such organization")]
    OrganizationNotFound,
    /// Nobody is put in an organization that is retired.
    #[error("the organization is retired: choose another")]
    OrganizationRetired,
}

impl Decider for Contact {
    type Command = ContactCommand;
    type Event = ContactEvent;
    type Refusal = ContactRefusal;

    const CATEGORY: &'static str = "contact";

    fn decide(
        state: Option<&Self>,
        command: &ContactCommand,
        context: &Context,
    ) -> Result<Vec<ContactEvent>, ContactRefusal> {
        match (state, command) {
            (
                None,
                ContactCommand::Create {
                    handles,
                    profile,
                    organization_id,
                },
            ) => create(handles, profile, *organization_id, context.id),
            (None, _) => Err(ContactRefusal::NotFound),
            (Some(_), ContactCommand::Create { .. }) => Err(ContactRefusal::AlreadyCreated),
            (Some(contact), ContactCommand::MergeInto { into }) => contact.merge(*into, context.id),
            (Some(contact), ContactCommand::Separate { contact_id }) => Ok(contact.separate(*contact_id)),
            (Some(contact), ContactCommand::Unmerge) => match contact.merged_into {
                Some(from) => Ok(vec![ContactEvent::Unmerged { from }]),
                None => Err(ContactRefusal::NotMerged),
            },
            (Some(contact), command) => match contact.merged_into {
                Some(into) => Err(ContactRefusal::Merged { into }),
                None => contact.decide_on(command, context.id),
            },
        }
    }

    fn evolve(state: Option<Self>, event: &ContactEvent) -> Option<Self> {
        if let ContactEvent::Created { kind } = event {
            return Some(Self::new(*kind));
        }
        let mut contact = state?;
        contact.apply(event);
        Some(contact)
    }
}

fn create(
    handles: &[NewHandle],
    profile: &ProfileChanges,
    organization_id: Option<OrganizationId>,
    id: Uuid,
) -> Result<Vec<ContactEvent>, ContactRefusal> {
    let kind = if handles.is_empty() {
        ContactKind::Visitor
    } else {
        ContactKind::Identified
    };
    let contact = Contact::new(kind);
    let mut events = vec![ContactEvent::Created { kind }];
    events.extend(contact.change_profile(profile, id));
    events.extend(contact.add(handles, id)?);
    events.extend(organization_id.map(|organization_id| ContactEvent::AssignedToOrganization { organization_id }));
    Ok(events)
}

impl Contact {
    /// Commands that need a record which is shown by itself.
    fn decide_on(&self, command: &ContactCommand, id: Uuid) -> Result<Vec<ContactEvent>, ContactRefusal> {
        match command {
            ContactCommand::AddHandles { handles } => self.add(handles, id),
            ContactCommand::VerifyHandle { handle_id } => self.verify(*handle_id),
            ContactCommand::RemoveHandle { handle_id } => match self.handle(*handle_id) {
                Some(_) => Ok(vec![ContactEvent::HandleRemoved { handle_id: *handle_id }]),
                None => Err(ContactRefusal::HandleNotFound),
            },
            ContactCommand::ChangeProfile { changes } => Ok(self.change_profile(changes, id)),
            ContactCommand::AssignToOrganization { organization_id } => Ok(self.assign(*organization_id)),
            ContactCommand::Absorb { contact_id } if contact_id.0 == id => Err(ContactRefusal::IntoItself),
            ContactCommand::Absorb { contact_id } if self.absorbed.contains(contact_id) => Ok(vec![]),
            ContactCommand::Absorb { contact_id } => Ok(vec![ContactEvent::Absorbed {
                contact_id: *contact_id,
            }]),
            ContactCommand::Block { .. } if self.blocked => Ok(vec![]),
            ContactCommand::Block { reason } => Ok(vec![ContactEvent::Blocked {
                reason: Personal::new(DataSubject(id), reason.as_str().to_owned()),
            }]),
            ContactCommand::Unblock if self.blocked => Ok(vec![ContactEvent::Unblocked {}]),
            ContactCommand::GiveConsent { purpose } => Ok(self.give(purpose)),
            ContactCommand::WithdrawConsent { purpose } => Ok(self.withdraw(purpose)),
            ContactCommand::Unblock
            | ContactCommand::Create { .. }
            | ContactCommand::MergeInto { .. }
            | ContactCommand::Separate { .. }
            | ContactCommand::Unmerge => Ok(vec![]),
        }
    }

    fn add(&self, handles: &[NewHandle], id: Uuid) -> Result<Vec<ContactEvent>, ContactRefusal> {
        let mut new: Vec<&NewHandle> = Vec::new();
        for it in handles {
            let twice = new.iter().any(|other| other.handle.claimed() == it.handle.claimed());
            if !twice && !self.has(it.handle.channel(), it.handle.value()) {
                new.push(it);
            }
        }
        if self.handles.len() + new.len() > HANDLES {
            return Err(ContactRefusal::TooManyHandles);
        }
        let identified = self.kind == ContactKind::Visitor && !new.is_empty();
        let identified = identified.then_some(ContactEvent::Identified {
            by: IdentifiedBy::Handle,
        });
        let added = new.into_iter().map(|it| ContactEvent::HandleAdded {
            handle_id: it.id,
            channel: it.handle.channel(),
            handle: Personal::new(
                DataSubject(id),
                HandleWords {
                    value: it.handle.value().to_owned(),
                    written: it.handle.written().to_owned(),
                },
            ),
            verified: it.verified,
        });
        Ok(identified.into_iter().chain(added).collect())
    }

    fn verify(&self, handle_id: HandleId) -> Result<Vec<ContactEvent>, ContactRefusal> {
        match self.handle(handle_id) {
            None => Err(ContactRefusal::HandleNotFound),
            Some(held) if held.verified => Ok(vec![]),
            Some(_) => Ok(vec![ContactEvent::HandleVerified { handle_id }]),
        }
    }

    fn change_profile(&self, changes: &ProfileChanges, id: Uuid) -> Vec<ContactEvent> {
        let profile = changes.made_to(self.profile.as_ref());
        let old = self.profile.clone().unwrap_or_default();
        if profile == old {
            return vec![];
        }
        vec![ContactEvent::ProfileChanged {
            profile: Personal::<Profile>::new(DataSubject(id), profile),
        }]
    }

    fn assign(&self, organization_id: Option<OrganizationId>) -> Vec<ContactEvent> {
        match (organization_id, self.organization_id) {
            (Some(new), Some(old)) if new == old => vec![],
            (Some(organization_id), _) => vec![ContactEvent::AssignedToOrganization { organization_id }],
            (None, Some(organization_id)) => vec![ContactEvent::RemovedFromOrganization { organization_id }],
            (None, None) => vec![],
        }
    }

    fn merge(&self, into: ContactId, id: Uuid) -> Result<Vec<ContactEvent>, ContactRefusal> {
        match self.merged_into {
            _ if into.0 == id => Err(ContactRefusal::IntoItself),
            Some(already) if already == into => Ok(vec![]),
            Some(into) => Err(ContactRefusal::Merged { into }),
            None if !self.absorbed.is_empty() => Err(ContactRefusal::HasMerged),
            None => Ok(vec![ContactEvent::Merged { into }]),
        }
    }

    fn separate(&self, contact_id: ContactId) -> Vec<ContactEvent> {
        if self.absorbed.contains(&contact_id) {
            vec![ContactEvent::Separated { contact_id }]
        } else {
            vec![]
        }
    }

    fn give(&self, purpose: &Purpose) -> Vec<ContactEvent> {
        let purpose = purpose.as_str().to_owned();
        if self.consents.contains(&purpose) {
            vec![]
        } else {
            vec![ContactEvent::ConsentGiven { purpose }]
        }
    }

    fn withdraw(&self, purpose: &Purpose) -> Vec<ContactEvent> {
        let purpose = purpose.as_str().to_owned();
        if self.consents.contains(&purpose) {
            vec![ContactEvent::ConsentWithdrawn { purpose }]
        } else {
            vec![]
        }
    }
}
