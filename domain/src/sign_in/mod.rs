//! Tries to sign in that failed. Stream `sign_in-<id>`: the user's id, or one derived from the address that was tried when
//! there is no such user. Apart from the account, so that whoever guesses does not make its stream long.

use serde::{Deserialize, Serialize};

use crate::decider::{Context, Decider};

/// What did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFault {
    /// There is nobody with that address.
    UnknownUser,
    /// The password.
    WrongPassword,
    /// The code of the second factor.
    WrongCode,
    /// The account cannot be signed in to.
    NotActive,
}

impl SignInFault {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::NotActive => "not_active",
        }
    }
}

/// Failed tries on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn;

/// What has happened at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum SignInEvent {
    /// Somebody was not let in.
    Failed {
        /// What did not fit.
        fault: SignInFault,
    },
}

/// A wish about the door's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum SignInCommand {
    /// Record that somebody was not let in.
    Fail {
        /// What did not fit.
        fault: SignInFault,
    },
}

/// Nothing forbids to record a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {}

impl Decider for SignIn {
    type Command = SignInCommand;
    type Event = SignInEvent;
    type Refusal = SignInRefusal;

    const CATEGORY: &'static str = "sign_in";

    fn decide(
        _state: Option<&Self>,
        command: &SignInCommand,
        _context: &Context,
    ) -> Result<Vec<SignInEvent>, SignInRefusal> {
        let SignInCommand::Fail { fault } = command;
        Ok(vec![SignInEvent::Failed { fault: *fault }])
    }

    fn evolve(_state: Option<Self>, event: &SignInEvent) -> Option<Self> {
        let SignInEvent::Failed { .. } = event;
        Some(Self)
    }
}
