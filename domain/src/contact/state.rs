use std::collections::BTreeSet;

use super::{ContactEvent, ContactKind, Profile};
use crate::{
    ids::{ContactId, HandleId, OrganizationId},
    values::HandleChannel,
};

/// A handle that a contact has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Names it.
    pub id: HandleId,
    /// What it is a handle of.
    pub channel: HandleChannel,
    /// The one spelling by which it is compared; `None` when it is forgotten.
    pub value: Option<String>,
    /// Whether the person was shown to have it.
    pub verified: bool,
}

/// What later decisions about a contact need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// How much is known of it.
    pub kind: ContactKind,
    /// How the person is reached, oldest first.
    pub handles: Vec<Held>,
    /// What is known of the person, kept to tell a change from a repetition; `None` when nothing is, or it is forgotten.
    pub profile: Option<Profile>,
    /// Where the person belongs.
    pub organization_id: Option<OrganizationId>,
    /// The record that this one is shown with.
    pub merged_into: Option<ContactId>,
    /// The records that are shown with this one. Not empty only while `merged_into` is `None`.
    pub absorbed: BTreeSet<ContactId>,
    /// Whether what the person sends is not wanted.
    pub blocked: bool,
    /// What the person agreed to.
    pub consents: BTreeSet<String>,
}

impl Contact {
    pub(super) fn new(kind: ContactKind) -> Self {
        Self {
            kind,
            handles: Vec::new(),
            profile: None,
            organization_id: None,
            merged_into: None,
            absorbed: BTreeSet::new(),
            blocked: false,
            consents: BTreeSet::new(),
        }
    }

    /// Whether the person is reached by this handle.
    pub fn has(&self, channel: HandleChannel, value: &str) -> bool {
        self.handles
            .iter()
            .any(|it| it.channel == channel && it.value.as_deref() == Some(value))
    }

    /// The handle with this id.
    pub fn handle(&self, id: HandleId) -> Option<&Held> {
        self.handles.iter().find(|it| it.id == id)
    }

    pub(super) fn apply(&mut self, event: &ContactEvent) {
        match event {
            ContactEvent::Created { .. } => {}
            ContactEvent::Identified { .. } => self.kind = ContactKind::Identified,
            ContactEvent::ProfileChanged { profile } => self.profile = profile.known().cloned(),
            ContactEvent::HandleAdded {
                handle_id,
                channel,
                handle,
                verified,
            } => self.handles.push(Held {
                id: *handle_id,
                channel: *channel,
                value: handle.known().map(|it| it.value.clone()),
                verified: *verified,
            }),
            ContactEvent::HandleVerified { handle_id } => {
                for held in self.handles.iter_mut().filter(|it| it.id == *handle_id) {
                    held.verified = true;
                }
            }
            ContactEvent::HandleRemoved { handle_id } => self.handles.retain(|it| it.id != *handle_id),
            ContactEvent::AssignedToOrganization { organization_id } => self.organization_id = Some(*organization_id),
            ContactEvent::RemovedFromOrganization { .. } => self.organization_id = None,
            ContactEvent::Absorbed { contact_id } => {
                self.absorbed.insert(*contact_id);
            }
            ContactEvent::Separated { contact_id } => {
                self.absorbed.remove(contact_id);
            }
            ContactEvent::Merged { into } => self.merged_into = Some(*into),
            ContactEvent::Unmerged { .. } => self.merged_into = None,
            ContactEvent::Blocked { .. } => self.blocked = true,
            ContactEvent::Unblocked {} => self.blocked = false,
            ContactEvent::ConsentGiven { purpose } => {
                self.consents.insert(purpose.clone());
            }
            ContactEvent::ConsentWithdrawn { purpose } => {
                self.consents.remove(purpose);
            }
        }
    }
}
