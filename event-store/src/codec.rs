//! Between events and the bytes the log keeps: names, metadata, schemas and seals on the way in, upcasts on the way
//! out, the chain.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    actor::Actor,
    event::{DomainEvent, EventError},
    ids::CommandId,
    metadata::Metadata,
    personal::{DataSubject, Personal, PersonalField},
    upcast::{current_schema, upcast},
};
use uuid::Uuid;

use crate::{Chain, DecodeError, EncodeError, Keys, NewEvent, Raw, Recorded, SealError, SubjectKey};

/// The place of the address in an event, as its seal knows it; no payload has a personal field of this name under the key of
/// who asked.
const FROM: &str = "metadata.from";

/// What all events of one append have in common.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The command that led to them.
    pub command_id: CommandId,
    /// The first command of the whole matter.
    pub correlation_id: Uuid,
    /// The event or command that led to the command.
    pub causation_id: Uuid,
    /// Who asked.
    pub actor: Actor,
    /// Internet address that they asked from, if somebody outside did.
    pub from: Option<Personal<String>>,
    /// Fingerprint of what was asked.
    pub request: String,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

/// Events as bytes, chained after `chain`, and the chain's new head.
///
/// Each event comes with the instant it was decided; its personal fields are sealed under `keys`. `first_index` counts
/// the events of the same command that are in the log already.
///
/// # Errors
/// When a key is missing or destroyed; and when serde fails, which plain data does not give it reason to.
pub fn encode(
    chain: Chain,
    envelope: &Envelope,
    first_index: usize,
    events: Vec<(DomainEvent, DateTime<Utc>)>,
    keys: &Keys,
) -> Result<(Vec<NewEvent>, Chain), EncodeError> {
    let mut head = chain;
    let mut encoded = Vec::with_capacity(events.len());
    for (index, (mut event, at)) in (first_index..).zip(events) {
        let id = envelope.command_id.event_id(index);
        let mut from = envelope.from.clone();
        let subjects = seal(id, &mut event, &mut from, keys)?;
        let stored = event.to_stored()?;
        let mut metadata = Metadata {
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            actor: envelope.actor.clone(),
            at: at.trunc_subsecs(6),
            chain: None,
            command_id: envelope.command_id,
            from,
            request: envelope.request.clone(),
            schema: current_schema(&stored.event_type),
            subjects,
            traceparent: envelope.traceparent.clone(),
        };
        head = head.link(
            id,
            &stored.event_type,
            &to_json(&metadata, &stored.event_type)?,
            &stored.payload,
        );
        metadata.chain = Some(head.to_hex());
        let metadata = to_json(&metadata, &stored.event_type)?;
        encoded.push(NewEvent {
            id,
            event_type: stored.event_type,
            payload: stored.payload,
            metadata,
        });
    }
    Ok((encoded, head))
}

fn to_json(metadata: &Metadata, event_type: &str) -> Result<Vec<u8>, EventError> {
    serde_json::to_vec(metadata).map_err(|source| EventError::Payload {
        event_type: event_type.to_owned(),
        source,
    })
}

/// Seals an event's personal fields and where it was asked from; returns whose keys did.
fn seal(
    id: Uuid,
    event: &mut DomainEvent,
    from: &mut Option<Personal<String>>,
    keys: &Keys,
) -> Result<Option<String>, SealError> {
    let mut subjects = BTreeSet::new();
    for (name, field) in event.personal_mut() {
        keys.seal(id, name, field)?;
        subjects.insert(field.subject());
    }
    // Whoever was forgotten may still act, and leaves nothing more of themselves.
    if from
        .as_ref()
        .is_some_and(|it| !matches!(keys.get(it.of()), Some(SubjectKey::Known(_))))
    {
        *from = None;
    }
    if let Some(from) = from {
        keys.seal(id, FROM, from)?;
        subjects.insert(from.subject());
    }
    let names: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    Ok((!names.is_empty()).then(|| names.join(",")))
}

/// Whose keys seal the events, or open them when they are sealed.
pub fn subjects<'a>(events: impl IntoIterator<Item = &'a mut DomainEvent>) -> Vec<DataSubject> {
    let mut subjects = BTreeSet::new();
    for event in events {
        subjects.extend(event.personal_mut().into_iter().map(|(_, field)| field.subject()));
    }
    // What nobody's key sealed lies open.
    subjects.remove(&DataSubject::NOBODY);
    subjects.into_iter().collect()
}

/// Whose keys open everything that is sealed in these events.
pub fn subjects_of<'a>(events: impl IntoIterator<Item = &'a mut Recorded<DomainEvent>>) -> Vec<DataSubject> {
    let mut all = BTreeSet::new();
    for it in events {
        all.extend(it.metadata.from.as_ref().map(Personal::of));
        all.extend(subjects([&mut it.event]));
    }
    all.into_iter().collect()
}

/// Opens an event's sealed fields; those whose key was destroyed become forgotten, and so does a damaged address.
///
/// # Errors
/// When a key was never made, or does not open what it should.
pub fn open(event: &mut Recorded<DomainEvent>, keys: &Keys) -> Result<(), DecodeError> {
    for (name, field) in event.event.personal_mut() {
        keys.open(event.id, name, field).map_err(|source| DecodeError::Sealed {
            event_type: event.event_type.clone(),
            position: event.position.0,
            source,
        })?;
    }
    if let Some(from) = &mut event.metadata.from {
        match keys.open(event.id, FROM, from) {
            Ok(()) => {}
            // An address is not worth that what happened does not show.
            Err(SealError::Damaged { .. }) => from.forget(),
            Err(source) => {
                return Err(DecodeError::Sealed {
                    event_type: event.event_type.clone(),
                    position: event.position.0,
                    source,
                });
            }
        }
    }
    Ok(())
}

/// The id in the name of a stream.
pub(crate) fn stream_id(stream: &str) -> Option<Uuid> {
    stream.split_once('-')?.1.parse().ok()
}

/// The event that the log keeps as `raw`, its payload lifted to today's schema and its personal fields as they lie there.
///
/// # Errors
/// [`DecodeError`], when it was written by a newer program or by another one.
pub fn decode(raw: &Raw) -> Result<Recorded<DomainEvent>, DecodeError> {
    let stream_id = stream_id(&raw.stream).ok_or_else(|| DecodeError::Stream {
        stream: raw.stream.clone(),
    })?;
    let metadata: Metadata = serde_json::from_slice(&raw.metadata).map_err(|source| DecodeError::Metadata {
        stream: raw.stream.clone(),
        revision: raw.revision,
        position: raw.position.0,
        source,
    })?;
    let event = understand(raw, metadata.schema).map_err(|source| DecodeError::Event {
        stream: raw.stream.clone(),
        revision: raw.revision,
        position: raw.position.0,
        source,
    })?;
    Ok(Recorded {
        id: raw.id,
        stream_id,
        revision: raw.revision,
        position: raw.position,
        event_type: raw.event_type.clone(),
        event,
        metadata,
    })
}

fn understand(raw: &Raw, schema: u16) -> Result<DomainEvent, EventError> {
    if schema == current_schema(&raw.event_type) {
        return DomainEvent::from_stored(&raw.event_type, &raw.payload);
    }
    let broken = |source| EventError::Payload {
        event_type: raw.event_type.clone(),
        source,
    };
    let lifted = upcast(
        &raw.event_type,
        schema,
        serde_json::from_slice(&raw.payload).map_err(broken)?,
    );
    DomainEvent::from_stored(&raw.event_type, &serde_json::to_vec(&lifted).map_err(broken)?)
}
