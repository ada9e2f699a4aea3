use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use domain::data_subject::Ground;
use projections::person_privacy::{Hold, Looked, PrivacyRow};
use uuid::Uuid;

/// By what right somebody's data is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Ground")]
pub(in crate::graphql) enum ErasureGround {
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

/// Whether a person's data is to be erased, is held, or was erased.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct PersonPrivacy {
    /// The person: uuid of a contact, a user, or a ticket whose customer is not known.
    pub(in crate::graphql) person_id: ID,
    /// Number of events: give it back as `expectedVersion`.
    version: i64,
    /// By what right the newest request asks; null when nobody asked.
    ground: Option<ErasureGround>,
    /// More about it; null when nothing was said, or the data was erased.
    note: Option<String>,
    /// When it was asked for.
    requested_at: Option<DateTime<Utc>>,
    /// Who asked: `kind:id`.
    requested_by: Option<String>,
    /// When the data is erased; null when nothing is due.
    due: Option<DateTime<Utc>>,
    /// When the newest request was taken back; null when it was not.
    cancelled_at: Option<DateTime<Utc>>,
    /// Legal holds in force, which forbid erasure.
    holds: Vec<LegalHold>,
    /// When the data was erased; null when it is there.
    erased_at: Option<DateTime<Utc>>,
    /// Who erased it: `kind:id`.
    erased_by: Option<String>,
    /// Names the key that was destroyed without telling it: what the certificate is about.
    key_fingerprint: Option<String>,
    /// When it was looked for remains; null when it was not yet.
    verified_at: Option<DateTime<Utc>>,
    /// Where it was looked, and what was left.
    cleared: Vec<ClearedPlace>,
    #[graphql(skip)]
    pub(super) place: (DateTime<Utc>, Uuid),
}

/// Something that forbids erasure: a court or an authority wants the data.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct LegalHold {
    /// Its id.
    id: ID,
    /// Why.
    reason: Option<String>,
    /// When it ends by itself; null when somebody must lift it.
    until: Option<DateTime<Utc>>,
    /// Since when.
    placed_at: DateTime<Utc>,
    /// Who placed it: `kind:id`.
    placed_by: String,
}

/// Where it was looked for remains.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ClearedPlace {
    /// What was looked through: a table, the files, the vault.
    place: String,
    /// How many remains there were.
    remains: i64,
}

impl PersonPrivacy {
    /// What is shown of a row at an instant: holds that ended by themselves are not.
    pub(super) fn at(now: DateTime<Utc>, row: PrivacyRow) -> Self {
        let holds = row.holds.0.into_iter().filter(|it| it.binds(now));
        let ground = Ground::ALL
            .into_iter()
            .find(|it| Some(it.as_str()) == row.ground.as_deref());
        Self {
            person_id: ID(row.person_id.to_string()),
            version: row.version,
            ground: ground.map(ErasureGround::from),
            note: row.note,
            requested_at: row.requested_at,
            requested_by: row.requested_by,
            due: row.due,
            cancelled_at: row.cancelled_at,
            holds: holds.map(LegalHold::from).collect(),
            erased_at: row.erased_at,
            erased_by: row.erased_by,
            key_fingerprint: row.key_fingerprint,
            verified_at: row.verified_at,
            cleared: row.cleared.0.into_iter().map(ClearedPlace::from).collect(),
            place: (row.updated_at, row.person_id),
        }
    }
}

impl From<Hold> for LegalHold {
    fn from(hold: Hold) -> Self {
        Self {
            id: ID(hold.id.to_string()),
            reason: hold.reason,
            until: hold.until,
            placed_at: hold.placed_at,
            placed_by: hold.placed_by,
        }
    }
}

impl From<Looked> for ClearedPlace {
    fn from(looked: Looked) -> Self {
        Self {
            place: looked.place,
            remains: looked.remains,
        }
    }
}
