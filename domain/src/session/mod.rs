//! A time during which somebody is signed in. Stream `session-<id>`. Renewals are no events: they say nothing that the
//! beginning did not.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{Context, Decider},
    ids::AgentId,
    personal::{DataSubject, Personal},
};

/// By what somebody has proven who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// Password alone.
    Password,
    /// Password and a code of the second factor.
    PasswordAndCode,
    /// Password and a recovery code.
    PasswordAndRecoveryCode,
    /// A link that was mailed: invitation or recovery.
    Link,
    /// An account elsewhere, by OpenID Connect.
    OpenId,
}

impl SignInMethod {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PasswordAndCode => "password_and_code",
            Self::PasswordAndRecoveryCode => "password_and_recovery_code",
            Self::Link => "link",
            Self::OpenId => "open_id",
        }
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person signed out.
    SignedOut,
    /// The person, or an administrator, signed out everywhere.
    SignedOutEverywhere,
    /// A renewal token came that had been used up before: somebody has a copy.
    TokenReused,
    /// The password was changed.
    PasswordChanged,
    /// The account was suspended.
    Suspended,
}

impl SessionEnd {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::TokenReused => "token_reused",
            Self::PasswordChanged => "password_changed",
            Self::Suspended => "suspended",
        }
    }
}

/// What later decisions about a session need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub user_id: AgentId,
    /// Whether it is over.
    pub ended: bool,
}

/// What has happened to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum SessionEvent {
    /// Somebody signed in.
    Started {
        /// Who.
        user_id: AgentId,
        /// By what.
        method: SignInMethod,
        /// Address and program they came from.
        client: Personal<String>,
    },
    /// It is over.
    Ended {
        /// Whose it was.
        user_id: AgentId,
        /// Why.
        reason: SessionEnd,
    },
}

/// A wish about a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum SessionCommand {
    /// Begin it.
    Start {
        /// Who signs in.
        user_id: AgentId,
        /// By what.
        method: SignInMethod,
        /// Address and program they come from.
        client: String,
    },
    /// End it.
    End {
        /// Why.
        reason: SessionEnd,
    },
}

/// A rule that forbids a wish about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// There is no such session.
    #[error("there is no such session")]
    NotFound,
}

impl Decider for Session {
    type Command = SessionCommand;
    type Event = SessionEvent;
    type Refusal = SessionRefusal;

    const CATEGORY: &'static str = "session";

    fn decide(
        state: Option<&Self>,
        command: &SessionCommand,
        _context: &Context,
    ) -> Result<Vec<SessionEvent>, SessionRefusal> {
        match (state, command) {
            (
                None,
                SessionCommand::Start {
                    user_id,
                    method,
                    client,
                },
            ) => Ok(vec![SessionEvent::Started {
                user_id: *user_id,
                method: *method,
                client: Personal::new(DataSubject(user_id.0), client.clone()),
            }]),
            (None, SessionCommand::End { .. }) => Err(SessionRefusal::NotFound),
            (Some(session), SessionCommand::End { reason }) if !session.ended => Ok(vec![SessionEvent::Ended {
                user_id: session.user_id,
                reason: *reason,
            }]),
            (Some(_), SessionCommand::Start { .. } | SessionCommand::End { .. }) => Ok(vec![]),
        }
    }

    fn evolve(state: Option<Self>, event: &SessionEvent) -> Option<Self> {
        match event {
            SessionEvent::Started { user_id, .. } => Some(Self {
                user_id: *user_id,
                ended: false,
            }),
            SessionEvent::Ended { .. } => state.map(|it| Self { ended: true, ..it }),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Session, SessionCommand, SessionEnd, SessionEvent, SessionRefusal, SignInMethod};
    use crate::{
        actor::{Actor, ActorKind},
        decider::{Context, kit::given},
        ids::AgentId,
        personal::{DataSubject, Personal},
    };

    #[test]
    fn session_ends_once() {
        let user_id = AgentId(Uuid::from_u128(1));
        let context = Context {
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            actor: Actor::new(ActorKind::System, "1"),
            id: Uuid::nil(),
        };
        let end = SessionCommand::End {
            reason: SessionEnd::SignedOut,
        };
        let started = SessionEvent::Started {
            user_id,
            method: SignInMethod::Password,
            client: Personal::new(DataSubject(user_id.0), "::1".to_owned()),
        };
        let ended = SessionEvent::Ended {
            user_id,
            reason: SessionEnd::SignedOut,
        };
        assert_eq!(
            given::<Session>(&[]).when(&end, &context),
            Err(SessionRefusal::NotFound)
        );
        let once = given::<Session>(std::slice::from_ref(&started)).when(&end, &context);
        assert_eq!(once, Ok(vec![ended.clone()]));
        assert_eq!(given::<Session>(&[started, ended]).when(&end, &context), Ok(vec![]));
    }
}
