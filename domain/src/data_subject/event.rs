use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::personal::Personal;

/// By what right somebody's data is erased: GDPR article 17 (1), 152-ФЗ articles 9 and 21.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The person no longer agrees.
    ConsentWithdrawn,
    /// What it was kept for is done.
    PurposeFulfilled,
    /// The person objects.
    Objection,
    /// It should never have been kept.
    Unlawful,
    /// A law demands it.
    LegalDuty,
    /// A rule of how long data is kept.
    Retention,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 6] = [
        Self::ConsentWithdrawn,
        Self::PurposeFulfilled,
        Self::Objection,
        Self::Unlawful,
        Self::LegalDuty,
        Self::Retention,
    ];

    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::PurposeFulfilled => "purpose_fulfilled",
            Self::Objection => "objection",
            Self::Unlawful => "unlawful",
            Self::LegalDuty => "legal_duty",
            Self::Retention => "retention",
        }
    }
}

/// Where was looked for remains of a person, and what was left there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// What was looked through: a table, the files, the vault.
    pub place: String,
    /// How many remains there were; 0 is what is wanted.
    pub remains: u64,
}

/// What has happened to a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum DataSubjectEvent {
    /// Somebody asked for them to be erased.
    ErasureRequested {
        /// By what right.
        ground: Ground,
        /// More about it, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<String>>,
        /// Not before this instant.
        execute_after: DateTime<Utc>,
    },
    /// They stay after all.
    ErasureCancelled {
        /// Why.
        reason: Personal<String>,
    },
    /// Nobody may erase them.
    LegalHoldPlaced {
        /// Names the hold.
        hold_id: Uuid,
        /// Why.
        reason: Personal<String>,
        /// The hold ends by itself at this instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// A hold is over.
    LegalHoldLifted {
        /// Which.
        hold_id: Uuid,
        /// Why.
        reason: Personal<String>,
    },
    /// What their key sealed can be read by nobody any more.
    KeyDestroyed {
        /// Names the key without telling it; `none` when there was none yet.
        key_fingerprint: String,
    },
    /// It was looked for remains everywhere: the certificate of the erasure.
    ErasureVerified {
        /// Where, and what was left.
        cleared: Vec<Cleared>,
    },
}
