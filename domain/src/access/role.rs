//! Roles: sets of rights under a name. Six come with the program, others are made by administrators.

use Permission::{
    AuditRead, ContactsMerge, ContactsRead, ContactsWrite, EventsRead, MessagesRedact, OperationsRead,
    OrganisationRead, ReportsRead, SchemaRead, TicketsAssign, TicketsRead, TicketsWrite, UsersRead, ViewsShare,
};
use serde::{Deserialize, Serialize};

use super::Permission;

/// Key of a role, as it is stored: lower case letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleKey(String);

/// A key that no role can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("role key {0:?} is not acceptable; accepted: 1 to 40 of a-z, 0-9 and _, beginning with a letter")]
pub struct RoleKeyError(pub String);

impl RoleKey {
    /// Who may do everything.
    pub const ADMIN: &'static str = "admin";

    /// The key, if it can be one.
    ///
    /// # Errors
    /// [`RoleKeyError`].
    pub fn try_new(text: &str) -> Result<Self, RoleKeyError> {
        let known = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
        let good = (1..=40).contains(&text.len())
            && text.bytes().all(known)
            && text.bytes().next().is_some_and(|it| it.is_ascii_lowercase());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(RoleKeyError(text.to_owned()))
        }
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the administrators' role.
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }
}

/// Roles that come with the program: key, and what they allow. They cannot be changed.
pub const BUILT_IN: &[(&str, &[Permission])] = &[
    (
        "agent",
        &[
            TicketsRead,
            TicketsWrite,
            TicketsAssign,
            ContactsRead,
            ContactsWrite,
            OrganisationRead,
            UsersRead,
            SchemaRead,
        ],
    ),
    (
        "supervisor",
        &[
            TicketsRead,
            TicketsWrite,
            TicketsAssign,
            ViewsShare,
            MessagesRedact,
            ContactsRead,
            ContactsWrite,
            ContactsMerge,
            OrganisationRead,
            UsersRead,
            ReportsRead,
            SchemaRead,
        ],
    ),
    (RoleKey::ADMIN, Permission::ALL),
    (
        "auditor",
        &[
            TicketsRead,
            ContactsRead,
            OrganisationRead,
            UsersRead,
            AuditRead,
            EventsRead,
            ReportsRead,
            OperationsRead,
            SchemaRead,
        ],
    ),
    ("analyst", &[OrganisationRead, ReportsRead, EventsRead, SchemaRead]),
    ("contact", &[TicketsRead, TicketsWrite]),
];

/// What the built-in role with this key allows.
pub fn built_in(key: &RoleKey) -> Option<&'static [Permission]> {
    BUILT_IN
        .iter()
        .find(|(name, _)| *name == key.as_str())
        .map(|(_, it)| *it)
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN, RoleKey, built_in};

    #[test]
    fn built_in_roles_have_keys_and_rights() {
        for (key, permissions) in BUILT_IN {
            let key = RoleKey::try_new(key).unwrap();
            assert_eq!(built_in(&key), Some(*permissions));
        }
        for bad in ["", "Admin", "1st", "a b", "админ", &"a".repeat(41)] {
            assert!(RoleKey::try_new(bad).is_err(), "{bad:?}");
        }
    }
}
