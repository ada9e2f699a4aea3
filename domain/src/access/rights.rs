//! What somebody may do, and where: the sum of all that was granted to them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Breadth, Permission};

/// Where a right counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Scope {
    /// In the whole organisation.
    Everywhere,
    /// In one branch.
    Branch(Uuid),
    /// In one team.
    Team(Uuid),
    /// In one inbox.
    Inbox(Uuid),
    /// In what concerns one customer.
    Contact(Uuid),
}

/// Where a thing belongs, as far as rights go. What belongs nowhere is seen only by those who see everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The branch that answers for it.
    pub branch: Option<Uuid>,
    /// The team that works on it.
    pub team: Option<Uuid>,
    /// The inbox it came through.
    pub inbox: Option<Uuid>,
    /// The customer it concerns.
    pub contact: Option<Uuid>,
}

/// In how many places a right counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere.
    Everywhere,
    /// In these, none of them [`Scope::Everywhere`].
    Within(BTreeSet<Scope>),
}

/// What somebody may do, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights(BTreeMap<Permission, Reach>);

impl Reach {
    /// Whether the right counts in that place.
    pub fn covers(&self, place: &Place) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(scopes) => scopes.iter().any(|it| match it {
                Scope::Everywhere => true,
                Scope::Branch(id) => place.branch == Some(*id),
                Scope::Team(id) => place.team == Some(*id),
                Scope::Inbox(id) => place.inbox == Some(*id),
                Scope::Contact(id) => place.contact == Some(*id),
            }),
        }
    }
}

impl Rights {
    /// Every right, everywhere.
    pub fn all() -> Self {
        let mut rights = Self::default();
        rights.grant(Permission::ALL.iter().copied(), Scope::Everywhere);
        rights
    }

    /// Adds rights within a scope.
    pub fn grant(&mut self, permissions: impl IntoIterator<Item = Permission>, scope: Scope) {
        for permission in permissions {
            match self
                .0
                .entry(permission)
                .or_insert_with(|| Reach::Within(BTreeSet::new()))
            {
                Reach::Everywhere => {}
                reach @ Reach::Within(_) if scope == Scope::Everywhere => *reach = Reach::Everywhere,
                Reach::Within(scopes) => {
                    scopes.insert(scope);
                }
            }
        }
    }

    /// Keeps only these rights, as an API key with scopes does.
    #[must_use]
    pub fn only(mut self, permissions: &BTreeSet<Permission>) -> Self {
        self.0.retain(|it, _| permissions.contains(it));
        self
    }

    /// Keeps only the rights that let nothing be changed.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.0.retain(|it, _| it.only_reads());
        self
    }

    /// Where a right counts; `None` when it was never granted.
    pub fn reach(&self, permission: Permission) -> Option<&Reach> {
        self.0.get(&permission)
    }

    /// Whether a right was granted so widely that it counts for anything, see [`Breadth`].
    pub fn has(&self, permission: Permission) -> bool {
        let within = match self.reach(permission) {
            None => return false,
            Some(Reach::Everywhere) => return true,
            Some(Reach::Within(scopes)) => scopes,
        };
        match permission.breadth() {
            Breadth::Placed => !within.is_empty(),
            Breadth::Shared => within.iter().any(|it| !matches!(it, Scope::Contact(_))),
            Breadth::Whole => false,
        }
    }

    /// Whether a right was granted for the whole organisation.
    pub fn has_everywhere(&self, permission: Permission) -> bool {
        self.reach(permission) == Some(&Reach::Everywhere)
    }

    /// Whether a right counts in that place.
    pub fn covers(&self, permission: Permission, place: &Place) -> bool {
        self.reach(permission).is_some_and(|it| it.covers(place))
    }

    /// The rights that were granted, each with where it counts.
    pub fn iter(&self) -> impl Iterator<Item = (Permission, &Reach)> {
        self.0.iter().map(|(permission, reach)| (*permission, reach))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Permission, Place, Rights, Scope};

    #[test]
    fn right_counts_where_it_was_granted() {
        let (here, there) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut rights = Rights::default();
        rights.grant([Permission::TicketsRead], Scope::Branch(here));
        let at = |branch| Place {
            branch: Some(branch),
            ..Place::default()
        };
        assert!(rights.covers(Permission::TicketsRead, &at(here)));
        assert!(!rights.covers(Permission::TicketsRead, &at(there)));
        assert!(!rights.covers(Permission::TicketsRead, &Place::default()));
        assert!(!rights.covers(Permission::TicketsWrite, &at(here)));
        rights.grant([Permission::TicketsRead], Scope::Everywhere);
        assert!(rights.covers(Permission::TicketsRead, &Place::default()));
        assert!(rights.has_everywhere(Permission::TicketsRead));
    }
}
