//! Who does something: part of every event's metadata.

use std::{fmt, str::FromStr};

/// What sort of being acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person of the support team.
    Agent,
    /// A customer.
    Contact,
    /// An automated conversation partner.
    Bot,
    /// Letopis itself: a process or a timer.
    System,
    /// A program that holds an API key.
    ApiKey,
    /// An import of another system's history.
    Import,
}

impl ActorKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::Contact,
        Self::Bot,
        Self::System,
        Self::ApiKey,
        Self::Import,
    ];

    /// The word stored in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Contact => "contact",
            Self::Bot => "bot",
            Self::System => "system",
            Self::ApiKey => "api_key",
            Self::Import => "import",
        }
    }
}

/// Kind and id of the one who acts; stored as `kind:id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What sort of being acts.
    pub kind: ActorKind,
    /// Its id within the kind; never empty.
    pub id: String,
}

impl Actor {
    /// An actor of `kind` named `id`.
    pub fn new(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

/// A stored actor that is not `kind:id` with a known kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("actor {0:?} is not of the form kind:id with kind agent, contact, bot, system, api_key or import")]
pub struct ActorError(String);

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let malformed = || ActorError(text.to_owned());
        let (kind, id) = text.split_once(':').ok_or_else(malformed)?;
        let kind = ActorKind::ALL
            .into_iter()
            .find(|it| it.as_str() == kind)
            .ok_or_else(malformed)?;
        if id.is_empty() {
            Err(malformed())
        } else {
            Ok(Self::new(kind, id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Actor, ActorKind};

    #[test]
    fn stored_form_reads_back() {
        let actor = Actor::new(ActorKind::ApiKey, "first:one");
        assert_eq!(actor.to_string().parse(), Ok(actor));
    }

    #[test]
    fn unknown_kind_is_refused() {
        assert!("robot:1".parse::<Actor>().is_err());
        assert!("agent:".parse::<Actor>().is_err());
        assert!("agent".parse::<Actor>().is_err());
    }
}
