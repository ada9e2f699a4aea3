use chrono::{DateTime, Utc};
use domain::{contact::ContactEvent, event::DomainEvent};
use event_store::Recorded;
use uuid::Uuid;

use super::name_key;

/// One contact.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CardRow {
    /// Id of the contact.
    pub contact_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// Stored form of [`domain::contact::ContactKind`].
    pub kind: String,
    /// What the person is called.
    pub name: Option<String>,
    /// The name for searching and sorting; empty when there is none.
    pub name_key: String,
    /// Language and region.
    pub locale: Option<String>,
    /// Time zone by its IANA name.
    pub time_zone: Option<String>,
    /// What staff should know.
    pub note: Option<String>,
    /// Where the person belongs.
    pub organization_id: Option<Uuid>,
    /// The record this one is shown with.
    pub merged_into: Option<Uuid>,
    /// Since when nothing of the person is wanted, UTC; `None` when it is.
    pub blocked_at: Option<DateTime<Utc>>,
    /// Why.
    pub block_reason: Option<String>,
    /// Purposes agreed to, in order of their names.
    pub consents: Vec<String>,
    /// When it was created, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
    /// Whether the person's key is destroyed.
    pub erased: bool,
}

/// One handle.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HandleRow {
    /// Id of the handle.
    pub handle_id: Uuid,
    /// Whose it is.
    pub contact_id: Uuid,
    /// Stored form of [`domain::values::HandleChannel`].
    pub channel: String,
    /// The one spelling by which it is compared; `None` when it is forgotten.
    pub value: Option<String>,
    /// As it was written; `None` when it is forgotten.
    pub written: Option<String>,
    /// Whether the person was shown to have it.
    pub verified: bool,
    /// When it was added, UTC.
    pub added_at: DateTime<Utc>,
}

/// A contact and its handles, while a batch of events is applied to them.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) card: CardRow,
    pub(super) handles: Vec<HandleRow>,
}

impl Record {
    /// A contact that has just been created; `None` when the event says something else.
    pub(super) fn born(event: &Recorded<DomainEvent>) -> Option<Self> {
        let DomainEvent::Contact(ContactEvent::Created { kind }) = &event.event else {
            return None;
        };
        Some(Self {
            card: CardRow {
                contact_id: event.stream_id,
                version: 1,
                kind: kind.as_str().to_owned(),
                name: None,
                name_key: String::new(),
                locale: None,
                time_zone: None,
                note: None,
                organization_id: None,
                merged_into: None,
                blocked_at: None,
                block_reason: None,
                consents: Vec::new(),
                created_at: event.metadata.at,
                updated_at: event.metadata.at,
                erased: false,
            },
            handles: Vec::new(),
        })
    }

    pub(super) fn apply(&mut self, event: &ContactEvent, at: DateTime<Utc>) {
        let card = &mut self.card;
        card.version += 1;
        card.updated_at = card.updated_at.max(at);
        match event {
            ContactEvent::Created { .. } | ContactEvent::Absorbed { .. } | ContactEvent::Separated { .. } => {}
            ContactEvent::Identified { .. } => "identified".clone_into(&mut card.kind),
            ContactEvent::ProfileChanged { profile } => {
                let profile = profile.known().cloned().unwrap_or_default();
                card.name_key = profile.name.as_deref().map(name_key).unwrap_or_default();
                (card.name, card.locale) = (profile.name, profile.locale);
                (card.time_zone, card.note) = (profile.time_zone, profile.note);
            }
            ContactEvent::HandleAdded { .. }
            | ContactEvent::HandleVerified { .. }
            | ContactEvent::HandleRemoved { .. } => self.change_handles(event, at),
            ContactEvent::AssignedToOrganization { organization_id } => card.organization_id = Some(organization_id.0),
            ContactEvent::RemovedFromOrganization { .. } => card.organization_id = None,
            ContactEvent::Merged { into } => card.merged_into = Some(into.0),
            ContactEvent::Unmerged { .. } => card.merged_into = None,
            ContactEvent::Blocked { reason } => {
                card.blocked_at = Some(at);
                card.block_reason = reason.known().cloned();
            }
            ContactEvent::Unblocked {} => (card.blocked_at, card.block_reason) = (None, None),
            ContactEvent::ConsentGiven { purpose } => {
                card.consents.push(purpose.clone());
                card.consents.sort_unstable();
                card.consents.dedup();
            }
            ContactEvent::ConsentWithdrawn { purpose } => card.consents.retain(|it| it != purpose),
        }
    }

    fn change_handles(&mut self, event: &ContactEvent, at: DateTime<Utc>) {
        if let ContactEvent::HandleAdded {
            handle_id,
            channel,
            handle,
            verified,
        } = event
        {
            let words = handle.known();
            self.handles.push(HandleRow {
                handle_id: handle_id.0,
                contact_id: self.card.contact_id,
                channel: channel.as_str().to_owned(),
                value: words.map(|it| it.value.clone()),
                written: words.map(|it| it.written.clone()),
                verified: *verified,
                added_at: at,
            });
        }
        if let ContactEvent::HandleVerified { handle_id } = event {
            for handle in self.handles.iter_mut().filter(|it| it.handle_id == handle_id.0) {
                handle.verified = true;
            }
        }
        if let ContactEvent::HandleRemoved { handle_id } = event {
            self.handles.retain(|it| it.handle_id != handle_id.0);
        }
    }

    /// Takes the person's words out.
    pub(super) fn redact(&mut self) {
        let card = &mut self.card;
        (card.name, card.locale, card.time_zone) = (None, None, None);
        (card.note, card.block_reason) = (None, None);
        card.name_key.clear();
        card.erased = true;
        for handle in &mut self.handles {
            (handle.value, handle.written) = (None, None);
        }
    }
}
