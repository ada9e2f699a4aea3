//! A key that lets a program in. Stream `api_key-<id>`. The log has only its hash: the key itself is shown once.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    access::{Permission, Scope},
    decider::{Context, Decider},
};

/// What later decisions about a key need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whether it opens nothing any more.
    pub revoked: bool,
    /// The last day of use on record.
    pub used_on: Option<NaiveDate>,
}

/// What has happened to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ApiKeyEvent {
    /// It opens from now on.
    Issued {
        /// What it is for, for people.
        name: String,
        /// BLAKE3 of the key, hex.
        secret_hash: String,
        /// Everything it allows.
        permissions: BTreeSet<Permission>,
        /// Where that counts.
        scope: Scope,
        /// After which it opens nothing; none when it never ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// It was used; once a day is on record.
    Used {
        /// The day, UTC.
        on: NaiveDate,
    },
    /// It opens nothing any more.
    Revoked {},
}

/// A wish about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ApiKeyCommand {
    /// Issue it.
    Issue {
        /// What it is for.
        name: String,
        /// BLAKE3 of the key, hex.
        #[serde(skip)]
        secret_hash: String,
        /// Everything it allows.
        permissions: BTreeSet<Permission>,
        /// Where that counts.
        scope: Scope,
        /// After which it opens nothing.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Record its use.
    Use {
        /// The day, UTC.
        on: NaiveDate,
    },
    /// Let it open nothing any more.
    Revoke,
}

/// A rule that forbids a wish about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyRefusal {
    /// There is no such key.
    #[error("there is no such API key")]
    NotFound,
    /// A key is issued once.
    #[error("this API key is there already")]
    Exists,
    /// A key that allows nothing is none.
    #[error("an API key needs at least one permission")]
    Empty,
    /// A key that ended before it began is none.
    #[error("the key would end in the past: give a later instant, or none")]
    EndsInPast,
}

impl Decider for ApiKey {
    type Command = ApiKeyCommand;
    type Event = ApiKeyEvent;
    type Refusal = ApiKeyRefusal;

    const CATEGORY: &'static str = "api_key";

    fn decide(
        state: Option<&Self>,
        command: &ApiKeyCommand,
        context: &Context,
    ) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match (state, command) {
            (None, ApiKeyCommand::Issue { permissions, .. }) if permissions.is_empty() => Err(ApiKeyRefusal::Empty),
            (None, ApiKeyCommand::Issue { expires_at, .. }) if expires_at.is_some_and(|it| it <= context.at) => {
                Err(ApiKeyRefusal::EndsInPast)
            }
            (
                None,
                ApiKeyCommand::Issue {
                    name,
                    secret_hash,
                    permissions,
                    scope,
                    expires_at,
                },
            ) => Ok(vec![ApiKeyEvent::Issued {
                name: name.clone(),
                secret_hash: secret_hash.clone(),
                permissions: permissions.clone(),
                scope: *scope,
                expires_at: *expires_at,
            }]),
            (None, ApiKeyCommand::Use { .. } | ApiKeyCommand::Revoke) => Err(ApiKeyRefusal::NotFound),
            (Some(_), ApiKeyCommand::Issue { .. }) => Err(ApiKeyRefusal::Exists),
            (Some(key), ApiKeyCommand::Use { on }) if !key.revoked && key.used_on.is_none_or(|it| it < *on) => {
                Ok(vec![ApiKeyEvent::Used { on: *on }])
            }
            (Some(key), ApiKeyCommand::Revoke) if !key.revoked => Ok(vec![ApiKeyEvent::Revoked {}]),
            (Some(_), ApiKeyCommand::Use { .. } | ApiKeyCommand::Revoke) => Ok(vec![]),
        }
    }

    fn evolve(state: Option<Self>, event: &ApiKeyEvent) -> Option<Self> {
        let mut key = state.unwrap_or(Self {
            revoked: false,
            used_on: None,
        });
        match event {
            ApiKeyEvent::Issued { .. } => {}
            ApiKeyEvent::Used { on } => key.used_on = Some(*on),
            ApiKeyEvent::Revoked {} => key.revoked = true,
        }
        Some(key)
    }
}
