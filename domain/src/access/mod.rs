//! Who may do what, and where: roles, and who has which. One stream for all of it, so that the rules that span several
//! people hold without exception, and so that what somebody was allowed to do at any moment follows from its place in
//! the log.

mod permission;
mod rights;
mod role;

use std::collections::{BTreeMap, BTreeSet};

pub use permission::{Breadth, Permission};
pub use rights::{Place, Reach, Rights, Scope};
pub use role::{BUILT_IN, RoleKey, RoleKeyError, built_in};
use serde::{Deserialize, Serialize};

use crate::{
    decider::{Context, Decider},
    ids::AgentId,
};

#[cfg(test)]
mod tests;

/// A role that somebody has, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// Which role.
    pub role: RoleKey,
    /// Where it counts.
    pub scope: Scope,
}

/// A role made by administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// For people.
    pub name: String,
    /// What it allows.
    pub permissions: BTreeSet<Permission>,
}

/// Roles, and who has which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Those made by administrators.
    pub roles: BTreeMap<RoleKey, CustomRole>,
    /// Who has which; nobody with none.
    pub grants: BTreeMap<AgentId, BTreeSet<Grant>>,
}

/// What has happened to roles and grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum AccessEvent {
    /// A role allows this from now on, whether it is new or not.
    RoleRevised {
        /// Its key.
        role: RoleKey,
        /// For people.
        name: String,
        /// Everything it allows.
        permissions: BTreeSet<Permission>,
    },
    /// A role is there no more.
    RoleRetired {
        /// Its key.
        role: RoleKey,
    },
    /// Somebody has a role.
    Granted {
        /// Who.
        user_id: AgentId,
        /// Which, and where.
        #[serde(flatten)]
        grant: Grant,
    },
    /// Somebody has a role no more.
    Revoked {
        /// Who.
        user_id: AgentId,
        /// Which, and where.
        #[serde(flatten)]
        grant: Grant,
    },
}

/// A wish about roles and grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum AccessCommand {
    /// Make a role, or change all of it.
    ReviseRole {
        /// Its key.
        role: RoleKey,
        /// For people.
        name: String,
        /// Everything it allows.
        permissions: BTreeSet<Permission>,
    },
    /// Take a role away that nobody has.
    RetireRole {
        /// Its key.
        role: RoleKey,
    },
    /// Give somebody a role.
    Grant {
        /// Who.
        user_id: AgentId,
        /// Which, and where.
        grant: Grant,
    },
    /// Take a role from somebody.
    Revoke {
        /// Who.
        user_id: AgentId,
        /// Which, and where.
        grant: Grant,
    },
}

/// A rule that forbids a wish about roles and grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefusal {
    /// There is no such role.
    #[error("there is no such role")]
    RoleUnknown,
    /// Roles that come with the program stay as they are.
    #[error("this role comes with the program and cannot be changed: make one of your own")]
    RoleBuiltIn,
    /// A role that somebody has cannot be retired.
    #[error("somebody has this role: revoke it first")]
    RoleInUse,
    /// A role without rights is none.
    #[error("a role needs at least one permission")]
    RoleEmpty,
    /// Somebody must be able to administer.
    #[error("this would leave nobody who may administer: give somebody else the role admin everywhere first")]
    LastAdministrator,
    /// Customers are no users.
    #[error("role contact belongs to customers, not to users")]
    RoleOfContacts,
}

impl Access {
    /// What a role allows; nothing when there is no such role.
    pub fn permissions(&self, role: &RoleKey) -> Option<BTreeSet<Permission>> {
        match built_in(role) {
            Some(permissions) => Some(permissions.iter().copied().collect()),
            None => self.roles.get(role).map(|it| it.permissions.clone()),
        }
    }

    /// The sum of what was granted to somebody.
    pub fn rights(&self, user: AgentId) -> Rights {
        let mut rights = Rights::default();
        for grant in self.grants.get(&user).into_iter().flatten() {
            rights.grant(self.permissions(&grant.role).unwrap_or_default(), grant.scope);
        }
        rights
    }

    /// Whether somebody may administer everything.
    pub fn is_administrator(&self, user: AgentId) -> bool {
        self.grants.get(&user).is_some_and(|it| it.iter().any(administers))
    }

    /// Whether anybody may.
    pub fn has_administrator(&self) -> bool {
        self.grants.values().flatten().any(administers)
    }

    fn has(&self, user: AgentId, grant: &Grant) -> bool {
        self.grants.get(&user).is_some_and(|it| it.contains(grant))
    }

    /// Everybody who may change rights everywhere.
    pub fn administrators(&self) -> impl Iterator<Item = AgentId> {
        self.grants.keys().copied().filter(|it| self.is_administrator(*it))
    }

    fn is_last_administrator(&self, user: AgentId) -> bool {
        self.is_administrator(user) && !self.grants.keys().any(|it| *it != user && self.is_administrator(*it))
    }

    fn decide_on(&self, command: &AccessCommand) -> Result<Vec<AccessEvent>, AccessRefusal> {
        match command {
            AccessCommand::ReviseRole {
                role,
                name,
                permissions,
            } => self.revise(role, name, permissions),
            AccessCommand::RetireRole { role } => self.retire(role),
            AccessCommand::Grant { user_id, grant } => {
                let permissions = self.permissions(&grant.role).ok_or(AccessRefusal::RoleUnknown)?;
                if grant.role.as_str() == "contact" {
                    Err(AccessRefusal::RoleOfContacts)
                } else if self.has(*user_id, grant) || permissions.is_empty() {
                    Ok(vec![])
                } else {
                    Ok(vec![AccessEvent::Granted {
                        user_id: *user_id,
                        grant: grant.clone(),
                    }])
                }
            }
            AccessCommand::Revoke { user_id, grant } if !self.has(*user_id, grant) => Ok(vec![]),
            AccessCommand::Revoke { user_id, grant } if administers(grant) && self.is_last_administrator(*user_id) => {
                Err(AccessRefusal::LastAdministrator)
            }
            AccessCommand::Revoke { user_id, grant } => Ok(vec![AccessEvent::Revoked {
                user_id: *user_id,
                grant: grant.clone(),
            }]),
        }
    }

    fn revise(
        &self,
        role: &RoleKey,
        name: &str,
        permissions: &BTreeSet<Permission>,
    ) -> Result<Vec<AccessEvent>, AccessRefusal> {
        let revised = CustomRole {
            name: name.to_owned(),
            permissions: permissions.clone(),
        };
        if built_in(role).is_some() {
            Err(AccessRefusal::RoleBuiltIn)
        } else if permissions.is_empty() {
            Err(AccessRefusal::RoleEmpty)
        } else if self.roles.get(role) == Some(&revised) {
            Ok(vec![])
        } else {
            Ok(vec![AccessEvent::RoleRevised {
                role: role.clone(),
                name: revised.name,
                permissions: revised.permissions,
            }])
        }
    }

    fn retire(&self, role: &RoleKey) -> Result<Vec<AccessEvent>, AccessRefusal> {
        if built_in(role).is_some() {
            Err(AccessRefusal::RoleBuiltIn)
        } else if !self.roles.contains_key(role) {
            Err(AccessRefusal::RoleUnknown)
        } else if self.grants.values().flatten().any(|it| it.role == *role) {
            Err(AccessRefusal::RoleInUse)
        } else {
            Ok(vec![AccessEvent::RoleRetired { role: role.clone() }])
        }
    }
}

fn administers(grant: &Grant) -> bool {
    grant.role.is_admin() && grant.scope == Scope::Everywhere
}

impl Decider for Access {
    type Command = AccessCommand;
    type Event = AccessEvent;
    type Refusal = AccessRefusal;

    const CATEGORY: &'static str = "access";

    fn decide(
        state: Option<&Self>,
        command: &AccessCommand,
        _context: &Context,
    ) -> Result<Vec<AccessEvent>, AccessRefusal> {
        state.map_or_else(|| Self::default().decide_on(command), |it| it.decide_on(command))
    }

    fn evolve(state: Option<Self>, event: &AccessEvent) -> Option<Self> {
        let mut access = state.unwrap_or_default();
        match event {
            AccessEvent::RoleRevised {
                role,
                name,
                permissions,
            } => {
                let revised = CustomRole {
                    name: name.clone(),
                    permissions: permissions.clone(),
                };
                access.roles.insert(role.clone(), revised);
            }
            AccessEvent::RoleRetired { role } => drop(access.roles.remove(role)),
            AccessEvent::Granted { user_id, grant } => {
                access.grants.entry(*user_id).or_default().insert(grant.clone());
            }
            AccessEvent::Revoked { user_id, grant } => {
                if let Some(grants) = access.grants.get_mut(user_id) {
                    grants.remove(grant);
                    if grants.is_empty() {
                        access.grants.remove(user_id);
                    }
                }
            }
        }
        Some(access)
    }
}
