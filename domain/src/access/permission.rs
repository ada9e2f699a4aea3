//! What can be allowed: the smallest rights there are.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

macro_rules! permissions {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal),+ $(,)?) => {
        /// A right.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($(#[doc = $doc])* $variant),+ }

        impl Permission {
            /// Every right, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored form, `things:deed`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The right with this stored form.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

permissions! {
    /// See tickets.
    TicketsRead = "tickets:read",
    /// Open and change tickets.
    TicketsWrite = "tickets:write",
    /// Say who owns a ticket.
    TicketsAssign = "tickets:assign",
    /// Share views of tickets with a team.
    ViewsShare = "views:share",
    /// Withdraw texts of messages, whoever wrote them.
    MessagesRedact = "messages:redact",
    /// See customers and their organizations.
    ContactsRead = "contacts:read",
    /// Record and change customers and their organizations.
    ContactsWrite = "contacts:write",
    /// Join records of one customer, and take them apart again.
    ContactsMerge = "contacts:merge",
    /// See branches, teams, inboxes, categories and the like.
    OrganisationRead = "organisation:read",
    /// Change them.
    OrganisationWrite = "organisation:write",
    /// See who works here.
    UsersRead = "users:read",
    /// Invite people, suspend them, end their sessions.
    UsersWrite = "users:write",
    /// Change roles, and who has which.
    AccessWrite = "access:write",
    /// Issue and revoke API keys.
    ApiKeysWrite = "api_keys:write",
    /// Ask for people's data to be erased, hold it for a court, see where that stands.
    PrivacyWrite = "privacy:write",
    /// See the record of who did what.
    AuditRead = "audit:read",
    /// Read the events themselves.
    EventsRead = "events:read",
    /// See figures and reports.
    ReportsRead = "reports:read",
    /// See how the system is doing inside.
    OperationsRead = "operations:read",
    /// Ask what the API offers (introspection).
    SchemaRead = "schema:read",
}

/// How widely a right must have been granted to count at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// It counts wherever it was granted, for what belongs there.
    Placed,
    /// It is about what all branches, teams and inboxes share: granted in one of them it counts for all of it.
    Shared,
    /// It is about everything: granted in a part it counts for nothing.
    Whole,
}

impl Permission {
    /// How widely it must have been granted.
    pub fn breadth(self) -> Breadth {
        match self {
            Self::TicketsRead | Self::TicketsWrite | Self::TicketsAssign | Self::ViewsShare | Self::MessagesRedact => {
                Breadth::Placed
            }
            Self::ContactsRead
            | Self::ContactsWrite
            | Self::ContactsMerge
            | Self::OrganisationRead
            | Self::UsersRead
            | Self::ReportsRead
            | Self::SchemaRead => Breadth::Shared,
            Self::OrganisationWrite
            | Self::UsersWrite
            | Self::AccessWrite
            | Self::ApiKeysWrite
            | Self::PrivacyWrite
            | Self::AuditRead
            | Self::EventsRead
            | Self::OperationsRead => Breadth::Whole,
        }
    }

    /// Whether it lets nothing be changed.
    pub fn only_reads(self) -> bool {
        self.as_str().ends_with(":read")
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("permission {text:?} is unknown")))
    }
}

#[cfg(test)]
mod tests {
    use super::Permission;

    #[test]
    fn stored_form_reads_back() {
        for it in Permission::ALL {
            assert_eq!(Permission::parse(it.as_str()), Some(*it));
        }
        assert_eq!(Permission::parse("tickets:*"), None);
    }
}
