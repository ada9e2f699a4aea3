//! Events on their way from the log to the read models: decoded and opened once for all of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    ids::{foreign, stream_name},
    personal::DataSubject,
};
use event_store::{
    Delivery, Position, Raw, Recorded, Vault, decode,
    vault::{OpenError, VaultError},
};
use tracing::warn;
use uuid::Uuid;

use crate::{ProjectError, ticket_row::forgets};

/// An event, or what is left of one that this program cannot read.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// It reads.
    Event(Arc<Recorded<DomainEvent>>),
    /// It does not.
    Unreadable(Arc<Unreadable>),
}

/// An event that does not read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    place: Place,
    reason: String,
}

/// Where an event lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) stream: String,
    pub(crate) stream_id: Uuid,
    pub(crate) revision: u64,
    pub(crate) event_type: String,
}

impl Fact {
    pub(crate) fn position(&self) -> Position {
        match self {
            Self::Event(event) => event.position,
            Self::Unreadable(it) => it.place.position,
        }
    }

    pub(crate) fn stream_id(&self) -> Uuid {
        match self {
            Self::Event(event) => event.stream_id,
            Self::Unreadable(it) => it.place.stream_id,
        }
    }

    pub(crate) fn event_type(&self) -> &str {
        match self {
            Self::Event(event) => &event.event_type,
            Self::Unreadable(it) => &it.place.event_type,
        }
    }

    /// Category of its stream, as far as its type tells.
    pub(crate) fn category(&self) -> &str {
        category(self.event_type())
    }

    /// Why it does not read; `None` when it does.
    pub(crate) fn complaint(&self) -> Option<&str> {
        match self {
            Self::Event(_) => None,
            Self::Unreadable(it) => Some(&it.reason),
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Event(event) => Place {
                position: event.position,
                stream: stream_name(category(&event.event_type), event.stream_id),
                stream_id: event.stream_id,
                revision: event.revision,
                event_type: event.event_type.clone(),
            },
            Self::Unreadable(it) => it.place.clone(),
        }
    }

    /// Whether it concerns rows of all streams.
    pub(crate) fn is_for_all(&self) -> bool {
        match self {
            Self::Event(event) => forgets(event),
            Self::Unreadable(_) => false,
        }
    }
}

fn category(event_type: &str) -> &str {
    event_type.split('.').next().unwrap_or(event_type)
}

/// Facts in the order of the log, and the position they reach.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) facts: Vec<Fact>,
    pub(crate) end: Position,
    /// Everything there was has been read.
    pub(crate) caught_up: bool,
    /// When the store took the first of them.
    pub(crate) stored_at: Option<DateTime<Utc>>,
}

/// The deliveries' events, decoded and opened.
pub(crate) async fn understand(deliveries: Vec<Delivery>, vault: Vault) -> Result<Batch, ProjectError> {
    let mut raws = Vec::with_capacity(deliveries.len());
    let mut batch = Batch::default();
    for delivery in deliveries {
        match delivery {
            Delivery::Event(raw) => {
                batch.end = batch.end.max(raw.position);
                raws.push(*raw);
            }
            Delivery::Passed(position) => batch.end = batch.end.max(position),
            Delivery::CaughtUp => batch.caught_up = true,
        }
    }
    batch.stored_at = raws.first().map(|it| it.stored_at);
    batch.facts = facts(&raws, &vault).await?;
    Ok(batch)
}

/// These events, decoded and opened; in their order.
pub(crate) async fn facts(raws: &[Raw], vault: &Vault) -> Result<Vec<Fact>, ProjectError> {
    let mut events = Vec::with_capacity(raws.len());
    let mut unreadable = Vec::new();
    for raw in raws {
        match decode(raw) {
            Ok(event) => events.push(event),
            Err(error) => unreadable.push(not_readable(raw, error.to_string())),
        }
    }
    let sealed = unseal(events, vault).await?;
    let mut facts: Vec<Fact> = sealed.into_iter().chain(unreadable).collect();
    // One sort, and of what is nearly in order: cheaper than keeping the places of the few that do not read.
    facts.sort_by_key(Fact::position);
    Ok(facts)
}

fn not_readable(raw: &Raw, reason: String) -> Fact {
    let named = raw.stream.split_once('-').and_then(|(_, id)| id.parse().ok());
    Fact::Unreadable(Arc::new(Unreadable {
        place: Place {
            position: raw.position,
            stream: raw.stream.clone(),
            stream_id: named.unwrap_or_else(|| foreign("log", "stream", &raw.stream)),
            revision: raw.revision,
            event_type: raw.event_type.clone(),
        },
        reason,
    }))
}

/// Opens personal data. Waits for the vault as long as it takes: without it nobody can tell what is sealed from what is
/// forgotten.
async fn unseal(mut events: Vec<Recorded<DomainEvent>>, vault: &Vault) -> Result<Vec<Fact>, ProjectError> {
    // What is forgotten further on is so at once, for a rebuild would find it so.
    for event in &events {
        if forgets(event) {
            vault.learn_destroyed(DataSubject(event.stream_id));
        }
    }
    loop {
        match vault.open_events(&mut events).await {
            Err(OpenError::Vault(VaultError::Away(error))) => warn!(%error, "read models wait for the vault"),
            Err(OpenError::Vault(error)) => return Err(ProjectError::Vault(error)),
            Err(OpenError::Decode(_)) => return one_by_one(events, vault).await,
            Ok(()) => return Ok(events.into_iter().map(|it| Fact::Event(Arc::new(it))).collect()),
        }
    }
}

/// Some event does not open: tells it from the others.
async fn one_by_one(events: Vec<Recorded<DomainEvent>>, vault: &Vault) -> Result<Vec<Fact>, ProjectError> {
    let mut facts = Vec::with_capacity(events.len());
    for event in events {
        let mut alone = [event];
        let complaint = loop {
            match vault.open_events(&mut alone).await {
                Err(OpenError::Vault(VaultError::Away(error))) => warn!(%error, "read models wait for the vault"),
                Err(OpenError::Vault(error)) => return Err(ProjectError::Vault(error)),
                Err(OpenError::Decode(error)) => break Some(error.to_string()),
                Ok(()) => break None,
            }
        };
        let [event] = alone;
        let fact = Fact::Event(Arc::new(event));
        facts.push(match complaint {
            None => fact,
            Some(reason) => Fact::Unreadable(Arc::new(Unreadable {
                place: fact.place(),
                reason,
            })),
        });
    }
    Ok(facts)
}
