use serde::Serialize;

use super::{Locale, Name, Note, Profile, Purpose, Reason, TimeZone};
use crate::{
    ids::{ContactId, HandleId, OrganizationId},
    values::Handle,
};

/// What to do with one field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Empty it.
    Clear,
    /// Give it this value.
    Set(T),
}

/// What to do with a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ProfileChanges {
    /// With the name.
    pub name: Change<Name>,
    /// With language and region.
    pub locale: Change<Locale>,
    /// With the time zone.
    pub time_zone: Change<TimeZone>,
    /// With what staff should know.
    pub note: Change<Note>,
}

impl ProfileChanges {
    /// The profile with the changes made.
    pub(super) fn made_to(&self, profile: Option<&Profile>) -> Profile {
        fn made<T>(change: &Change<T>, old: Option<&String>, text: impl Fn(&T) -> &str) -> Option<String> {
            match change {
                Change::Keep => old.cloned(),
                Change::Clear => None,
                Change::Set(new) => Some(text(new).to_owned()),
            }
        }
        Profile {
            name: made(&self.name, profile.and_then(|it| it.name.as_ref()), Name::as_str),
            locale: made(&self.locale, profile.and_then(|it| it.locale.as_ref()), Locale::as_str),
            time_zone: made(
                &self.time_zone,
                profile.and_then(|it| it.time_zone.as_ref()),
                TimeZone::as_str,
            ),
            note: made(&self.note, profile.and_then(|it| it.note.as_ref()), Note::as_str),
        }
    }
}

/// A handle that is to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewHandle {
    /// Its id, derived from the command's.
    #[serde(skip)]
    pub id: HandleId,
    /// The handle.
    pub handle: Handle,
    /// Whether the person was shown to have it.
    pub verified: bool,
}

/// A wish about a contact. Its serialised form is the fingerprint of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ContactCommand {
    /// Bring it into being.
    Create {
        /// How the person is reached.
        handles: Vec<NewHandle>,
        /// What is known of them.
        profile: ProfileChanges,
        /// Where they belong.
        organization_id: Option<OrganizationId>,
    },
    /// Reach the person by these too; those they have are left as they are.
    AddHandles {
        /// The handles.
        handles: Vec<NewHandle>,
    },
    /// Note that the person was shown to have a handle.
    VerifyHandle {
        /// Which.
        handle_id: HandleId,
    },
    /// Reach the person no longer by a handle.
    RemoveHandle {
        /// Which.
        handle_id: HandleId,
    },
    /// Change what is known of the person.
    ChangeProfile {
        /// How.
        changes: ProfileChanges,
    },
    /// Put the person in an organization, or take them out of any.
    AssignToOrganization {
        /// Which.
        organization_id: Option<OrganizationId>,
    },
    /// Show another record of the same person with this one.
    Absorb {
        /// The other.
        contact_id: ContactId,
    },
    /// Show it no longer.
    Separate {
        /// The other.
        contact_id: ContactId,
    },
    /// Show this record with another.
    MergeInto {
        /// The other.
        into: ContactId,
    },
    /// Let this record be by itself again.
    Unmerge,
    /// Want nothing of the person.
    Block {
        /// Why.
        reason: Reason,
    },
    /// Want it again.
    Unblock,
    /// Note that the person agrees to something.
    GiveConsent {
        /// To what.
        purpose: Purpose,
    },
    /// Note that they no longer do.
    WithdrawConsent {
        /// To what.
        purpose: Purpose,
    },
}
