//! What a server does: everything, or some of it while others do the rest.

use std::{collections::BTreeSet, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers GraphQL.
    Api,
    /// Keeps the read models.
    Projections,
    /// Seals the log.
    Processes,
}

impl Role {
    const ALL: [Self; 3] = [Self::Api, Self::Projections, Self::Processes];

    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Projections => "projections",
            Self::Processes => "processes",
        }
    }
}

/// Some of the roles, never none; all by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Roles(BTreeSet<Role>);

impl Default for Roles {
    fn default() -> Self {
        Self(Role::ALL.into())
    }
}

impl Roles {
    /// Whether this one is played.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    fn named<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, WrongRole> {
        let role = |name: &str| {
            let found = Role::ALL.into_iter().find(|it| it.name() == name);
            found.ok_or_else(|| WrongRole::Unknown(name.to_owned()))
        };
        let roles: BTreeSet<Role> = names.map(|it| role(it.trim())).collect::<Result<_, _>>()?;
        if roles.is_empty() {
            return Err(WrongRole::None);
        }
        Ok(Self(roles))
    }
}

/// Roles that nobody can play.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongRole {
    /// There is no such role.
    #[error("{0:?} is no role: give one or more of {names}, with commas between them", names = names())]
    Unknown(String),
    /// A server that does nothing.
    #[error("no role is given: give one or more of {names}, or leave it out for all", names = names())]
    None,
}

fn names() -> String {
    Role::ALL.map(Role::name).join(", ")
}

impl FromStr for Roles {
    type Err = WrongRole;

    fn from_str(text: &str) -> Result<Self, WrongRole> {
        Self::named(text.split(',').filter(|_| !text.trim().is_empty()))
    }
}

impl<'de> Deserialize<'de> for Roles {
    /// A list, or its text with commas.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            List(Vec<String>),
        }
        let roles = match Given::deserialize(deserializer)? {
            Given::Text(text) => text.parse(),
            Given::List(names) => Self::named(names.iter().map(String::as_str)),
        };
        roles.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Role, Roles};

    #[test]
    fn roles_are_read_in_any_order_and_all_are_played_by_default() {
        let some: Roles = "processes, api".parse().unwrap();
        assert!(some.has(Role::Api) && some.has(Role::Processes) && !some.has(Role::Projections));
        assert_eq!("api,projections,processes".parse(), Ok(Roles::default()));
    }

    #[test]
    fn role_that_is_not_there_is_answered_with_those_that_are() {
        for (text, wrong) in [
            ("api,projector", "\"projector\""),
            ("API", "\"API\""),
            ("api,", "\"\""),
            (" ", "no role"),
        ] {
            let said = text.parse::<Roles>().unwrap_err().to_string();
            assert!(
                said.contains(wrong) && said.contains("api, projections, processes"),
                "{said}"
            );
        }
    }
}
