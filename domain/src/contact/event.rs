use serde::{Deserialize, Serialize};

use crate::{
    ids::{ContactId, HandleId, OrganizationId},
    personal::Personal,
    values::HandleChannel,
};

/// How much is known of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// Somebody who left no handle.
    Visitor,
    /// Somebody who can be reached.
    Identified,
}

impl ContactKind {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Identified => "identified",
        }
    }

    /// The kind with this stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Visitor, Self::Identified]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// How a visitor came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifiedBy {
    /// By a handle that was added.
    Handle,
}

/// What is known of a person beside their handles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their language and region, as BCP 47 writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Their time zone by its IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What staff should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A handle in words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandleWords {
    /// The one spelling by which it is compared.
    pub value: String,
    /// As it was written.
    pub written: String,
}

impl std::fmt::Debug for HandleWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandleWords").finish_non_exhaustive()
    }
}

/// What has happened to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ContactEvent {
    /// It exists from now on.
    Created {
        /// How much is known of it.
        kind: ContactKind,
    },
    /// A visitor is known from now on.
    Identified {
        /// How.
        by: IdentifiedBy,
    },
    /// What is known of the person was changed.
    ProfileChanged {
        /// All of it, as it is from now on.
        profile: Personal<Profile>,
    },
    /// The person can be reached by it.
    HandleAdded {
        /// Names it, for it is sealed.
        handle_id: HandleId,
        /// What it is a handle of.
        channel: HandleChannel,
        /// The handle.
        handle: Personal<HandleWords>,
        /// Whether the person was shown to have it.
        verified: bool,
    },
    /// The person was shown to have the handle.
    HandleVerified {
        /// Which.
        handle_id: HandleId,
    },
    /// The person can no longer be reached by it.
    HandleRemoved {
        /// Which.
        handle_id: HandleId,
    },
    /// The person belongs to an organization.
    AssignedToOrganization {
        /// Which.
        organization_id: OrganizationId,
    },
    /// The person no longer belongs to it.
    RemovedFromOrganization {
        /// Which.
        organization_id: OrganizationId,
    },
    /// Another record of the same person is shown with this one.
    Absorbed {
        /// The other.
        contact_id: ContactId,
    },
    /// The other record is by itself again.
    Separated {
        /// The other.
        contact_id: ContactId,
    },
    /// This record is shown with another of the same person.
    Merged {
        /// The other.
        into: ContactId,
    },
    /// This record is by itself again, as it was.
    Unmerged {
        /// With which it was shown.
        from: ContactId,
    },
    /// What the person sends is not wanted.
    Blocked {
        /// Why.
        reason: Personal<String>,
    },
    /// It is wanted again.
    Unblocked {},
    /// The person agreed to something.
    ConsentGiven {
        /// To what.
        purpose: String,
    },
    /// They no longer do.
    ConsentWithdrawn {
        /// To what.
        purpose: String,
    },
}
