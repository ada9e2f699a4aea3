//! A decision about parked events, put into the log.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use domain::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider},
    event::DomainEvent,
    ids::{CommandId, stream_name},
    read_model::{ReadModel, ReadModelCommand},
};
use event_store::{Chain, Envelope, EventLog, Expected, Keys, LogError, Position, Raw, decode, encode};
use projections::Model;

/// Tries while others decide about the same model.
const TRIES: u32 = 5;

/// Appends what the wish leads to; tells where it stands, also when it was decided before.
///
/// # Errors
/// When the wish is refused; nothing is recorded then.
pub(super) async fn record(log: &EventLog, model: &Model, wish: &ReadModelCommand) -> Result<Position> {
    let id = ReadModel::id(model.name);
    let stream = stream_name(ReadModel::CATEGORY, id);
    let at = now();
    let actor = Actor::new(ActorKind::System, "operator");
    let envelope = envelope(wish, model, &actor, at);
    let context = Context { at, actor, id };
    for _ in 0..TRIES {
        let known = log.read_stream(&stream, 0).await?;
        let (state, chain) = fold(&stream, &known)?;
        let events = ReadModel::decide(state.as_ref(), wish, &context)?;
        if events.is_empty() {
            return Ok(known.last().map(|it| it.position).unwrap_or_default());
        }
        let dated = events.into_iter().map(|it| (DomainEvent::ReadModel(it), at)).collect();
        let (encoded, _) = encode(chain, &envelope, 0, dated, &Keys::from_iter([]))?;
        let expected = Expected::after(known.last().map(|it| it.revision));
        match log.append(&stream, expected, &encoded).await {
            Ok(appended) => return Ok(appended.position),
            Err(LogError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("others decide about {} at the same time: try again", model.name)
}

fn fold(stream: &str, known: &[Raw]) -> Result<(Option<ReadModel>, Chain)> {
    let (mut state, mut chain) = (None, Chain::genesis(stream));
    for raw in known {
        let Ok(recorded) = decode(raw) else {
            // One of a newer program: what it means is not known, its place in the chain is.
            chain = Chain::in_metadata(&raw.metadata).unwrap_or(chain);
            continue;
        };
        let DomainEvent::ReadModel(event) = &recorded.event else {
            bail!(
                "stream {stream} holds {} at revision {}, which is no decision",
                raw.event_type,
                raw.revision
            );
        };
        state = ReadModel::evolve(state, event);
        chain = Chain::recorded(&recorded.metadata).unwrap_or(chain);
    }
    Ok((state, chain))
}

/// The same wish said later is another one: what waits may be tried again as often as people like.
fn envelope(wish: &ReadModelCommand, model: &Model, actor: &Actor, at: DateTime<Utc>) -> Envelope {
    let operation = match wish {
        ReadModelCommand::RetryParked { .. } => "retryParked",
        ReadModelCommand::SkipEvent { .. } => "skipEvent",
    };
    let key = format!("{}:{}", at.to_rfc3339(), std::process::id());
    let command_id = CommandId::of_request(&actor.to_string(), operation, model.name, &key);
    // Plain data always serialises; an empty fingerprint would only make repetitions look alike.
    let asked = serde_json::to_vec(wish).unwrap_or_default();
    Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: actor.clone(),
        from: None,
        request: blake3::hash(&asked).to_hex()[..16].to_owned(),
        traceparent: None,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator decides or asks now; this package does not know the clock of commands"
)]
pub(in crate::cli) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}
