//! Between events and the bytes the log keeps: names, metadata, schemas on the way in, upcasts on the way out, the chain.

use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    actor::Actor,
    event::{DomainEvent, EventError},
    ids::CommandId,
    metadata::Metadata,
    upcast::{current_schema, upcast},
};
use uuid::Uuid;

use crate::{Chain, DecodeError, NewEvent, Raw, Recorded};

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
    /// Fingerprint of what was asked.
    pub request: String,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

/// Events as bytes, chained after `chain`, and the chain's new head.
///
/// Each event comes with the instant it was decided. `first_index` counts the events of the same command that are in
/// the log already.
///
/// # Errors
/// Only when serde fails, which plain data does not give it reason to.
pub fn encode(
    chain: Chain,
    envelope: &Envelope,
    first_index: usize,
    events: &[(DomainEvent, DateTime<Utc>)],
) -> Result<(Vec<NewEvent>, Chain), EventError> {
    let mut head = chain;
    let mut encoded = Vec::with_capacity(events.len());
    for (index, (event, at)) in (first_index..).zip(events) {
        let stored = event.to_stored()?;
        let id = envelope.command_id.event_id(index);
        let mut metadata = Metadata {
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            actor: envelope.actor.clone(),
            at: at.trunc_subsecs(6),
            chain: None,
            command_id: envelope.command_id,
            request: envelope.request.clone(),
            schema: current_schema(&stored.event_type),
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

/// The event that the log keeps as `raw`, its payload lifted to today's schema.
///
/// # Errors
/// [`DecodeError`], when it was written by a newer program or by another one.
pub fn decode(raw: &Raw) -> Result<Recorded<DomainEvent>, DecodeError> {
    let stream_id = raw
        .stream
        .split_once('-')
        .and_then(|(_, id)| id.parse().ok())
        .ok_or_else(|| DecodeError::Stream {
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
