//! A person whose data are kept, as far as forgetting goes; the keys themselves lie in the vault.

use serde::{Deserialize, Serialize};

use crate::decider::{Context, Decider};

/// Somebody whose key was destroyed; before that there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForgottenSubject;

/// What has happened to a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum DataSubjectEvent {
    /// What their key sealed can be read by nobody any more.
    KeyDestroyed {
        /// Names the key without telling it; `none` when there was none yet.
        key_fingerprint: String,
    },
}

/// A wish about a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum DataSubjectCommand {
    /// Forget them.
    DestroyKey {
        /// Of the key that goes.
        key_fingerprint: String,
    },
}

/// Nobody is refused to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataSubjectRefusal {}

impl Decider for ForgottenSubject {
    type Command = DataSubjectCommand;
    type Event = DataSubjectEvent;
    type Refusal = DataSubjectRefusal;

    const CATEGORY: &'static str = "subject";

    fn decide(
        state: Option<&Self>,
        command: &DataSubjectCommand,
        _context: &Context,
    ) -> Result<Vec<DataSubjectEvent>, DataSubjectRefusal> {
        let DataSubjectCommand::DestroyKey { key_fingerprint } = command;
        Ok(match state {
            Some(Self) => vec![],
            None => vec![DataSubjectEvent::KeyDestroyed {
                key_fingerprint: key_fingerprint.clone(),
            }],
        })
    }

    fn evolve(_state: Option<Self>, event: &DataSubjectEvent) -> Option<Self> {
        let DataSubjectEvent::KeyDestroyed { .. } = event;
        Some(Self)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{DataSubjectCommand, DataSubjectEvent, ForgottenSubject};
    use crate::{
        actor::{Actor, ActorKind},
        decider::{Context, kit::given},
    };

    #[test]
    fn key_is_destroyed_once() {
        let context = Context {
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            actor: Actor::new(ActorKind::System, "1"),
            id: Uuid::nil(),
        };
        let command = DataSubjectCommand::DestroyKey {
            key_fingerprint: "ab".to_owned(),
        };
        let destroyed = DataSubjectEvent::KeyDestroyed {
            key_fingerprint: "ab".to_owned(),
        };
        assert_eq!(
            given::<ForgottenSubject>(&[]).when(&command, &context),
            Ok(vec![destroyed.clone()])
        );
        assert_eq!(
            given::<ForgottenSubject>(&[destroyed]).when(&command, &context),
            Ok(vec![])
        );
    }
}
