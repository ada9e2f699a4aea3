//! Golden stored events: what was written once is read for ever.

mod contacts;
mod files;
mod subjects;
mod table;
mod tickets;
mod trials;
mod words;

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, ensure};
use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    personal::DataSubject,
    upcast::current_schema,
};
use event_store::{Chain, Envelope, Key, Keys, Position, Raw, Recorded, SubjectKey, decode, encode, open};
use serde_json::{Value, json};
use table::{AGENT, CUSTOMER, is_listed, samples};
use uuid::Uuid;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/events");

/// What the golden files' personal data is sealed under.
fn keys() -> Keys {
    [CUSTOMER, DataSubject(AGENT.0)]
        .map(|it| (it, SubjectKey::Known(Key::from_bytes([7; 32]))))
        .into_iter()
        .collect()
}

/// The payload without its ciphertexts, which no two sealings have in common.
fn masked(payload: &Value) -> Value {
    let mut payload = payload.clone();
    for field in payload.as_object_mut().into_iter().flat_map(|it| it.values_mut()) {
        if field.get("sealed").is_some() {
            field["sealed"] = Value::Null;
        }
    }
    payload
}

/// A golden file: `<type>@<schema>.json`, further ones of the same type `<type>@<schema>.<case>.json`.
struct Golden {
    file: String,
    event_type: String,
    schema: u16,
    payload: Value,
    raw: Raw,
}

impl Golden {
    /// The event with its personal data opened.
    fn recorded(&self) -> Result<Recorded<DomainEvent>> {
        let mut recorded = decode(&self.raw).with_context(|| self.file.clone())?;
        open(&mut recorded, &keys()).with_context(|| self.file.clone())?;
        Ok(recorded)
    }
}

/// Stored type, payload and metadata of an event of the golden files' command.
fn stored(event: &DomainEvent) -> Result<(String, Value, Value)> {
    let command_id = CommandId("5f0c7f2e-0d5e-5c53-9d0a-0e6f8b6f2a11".parse()?);
    let envelope = Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: Actor::new(ActorKind::System, "golden"),
        from: None,
        request: String::new(),
        traceparent: None,
    };
    let events = vec![(event.clone(), "2026-11-21T09:30:00.000001Z".parse()?)];
    let (written, _) = encode(Chain::genesis("golden"), &envelope, 0, events, &keys())?;
    Ok((
        written[0].event_type.clone(),
        serde_json::from_slice(&written[0].payload)?,
        serde_json::from_slice(&written[0].metadata)?,
    ))
}

/// A sample of every event with its stored type.
pub(crate) fn every_event() -> Result<Vec<(String, DomainEvent)>> {
    let told = samples().into_iter().map(|it| {
        let (event_type, ..) = stored(&it)?;
        Ok((event_type, it))
    });
    told.collect()
}

/// Writes the golden file of a new event, when told to by `LETOPIS_WRITE_GOLDEN`; never over one that is there.
fn write_new(sample: &DomainEvent) -> Result<()> {
    let (event_type, payload, metadata) = stored(sample)?;
    let schema = current_schema(&event_type);
    let file = Path::new(FOLDER).join(format!("{event_type}@{schema}.json"));
    if std::env::var_os("LETOPIS_WRITE_GOLDEN").is_some() && !file.exists() {
        let whole = json!({"type": event_type, "schema": schema, "payload": payload, "metadata": metadata});
        std::fs::write(file, serde_json::to_string_pretty(&whole)? + "\n")?;
    }
    Ok(())
}

fn golden() -> Result<Vec<Golden>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(FOLDER)? {
        let path = entry?.path();
        all.push(read(&path).with_context(|| path.display().to_string())?);
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Golden> {
    let file = path
        .file_name()
        .and_then(|it| it.to_str())
        .context("no name")?
        .to_owned();
    let stored: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let event_type = stored["type"].as_str().context("no type")?.to_owned();
    let schema = u16::try_from(stored["schema"].as_u64().context("no schema")?)?;
    ensure!(
        file.starts_with(&format!("{event_type}@{schema}.")),
        "the name is another than its content says"
    );
    ensure!(
        stored["metadata"]["schema"] == json!(schema.to_string()),
        "the metadata has another schema"
    );
    let category = event_type.split('.').next().unwrap_or_default();
    let command_id: CommandId = serde_json::from_value(stored["metadata"]["command_id"].clone())?;
    let raw = Raw {
        id: command_id.event_id(0),
        stream: format!("{category}-{}", Uuid::from_u128(2)),
        revision: 0,
        position: Position(1),
        event_type: event_type.clone(),
        payload: stored["payload"].to_string().into(),
        metadata: stored["metadata"].to_string().into(),
        stored_at: "2026-11-21T12:00:00Z".parse()?,
        is_json: true,
    };
    Ok(Golden {
        file,
        event_type,
        schema,
        payload: stored["payload"].clone(),
        raw,
    })
}

#[test]
fn every_golden_event_reads_and_is_written_as_it_was() -> Result<()> {
    let golden = golden()?;
    ensure!(golden.len() >= samples().len(), "golden files are missing in {FOLDER}");
    for it in golden {
        let recorded = it.recorded()?;
        if it.schema != current_schema(&it.event_type) {
            continue;
        }
        let metadata = &recorded.metadata;
        let envelope = Envelope {
            command_id: metadata.command_id,
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            actor: metadata.actor.clone(),
            from: metadata.from.clone(),
            request: metadata.request.clone(),
            traceparent: metadata.traceparent.clone(),
        };
        let events = vec![(recorded.event, metadata.at)];
        let (written, _) = encode(Chain::genesis(&it.raw.stream), &envelope, 0, events, &keys())?;
        assert_eq!(written[0].event_type, it.event_type);
        assert_eq!(
            masked(&serde_json::from_slice::<Value>(&written[0].payload)?),
            masked(&it.payload),
            "{}",
            it.file
        );
        let mut again: Value = serde_json::from_slice(&written[0].metadata)?;
        let stored: Value = serde_json::from_slice(&it.raw.metadata)?;
        // The chain depends on the event's neighbours.
        again["chain"] = stored["chain"].clone();
        assert_eq!(again, stored, "{}", it.file);
    }
    Ok(())
}

#[test]
fn every_event_has_a_golden_file_of_its_schema() -> Result<()> {
    samples().iter().try_for_each(write_new)?;
    let golden = golden()?;
    for sample in samples() {
        assert!(is_listed(&sample));
        let (event_type, payload, _) = stored(&sample)?;
        let schema = current_schema(&event_type);
        let file = format!("{event_type}@{schema}.json");
        let golden = golden.iter().find(|it| it.file == file);
        let golden =
            golden.with_context(|| format!("{FOLDER}/{file} is not there: make it, with LETOPIS_WRITE_GOLDEN=1"))?;
        assert_eq!(masked(&golden.payload), masked(&payload), "{file}");
        assert_eq!(golden.recorded()?.event, sample, "{file}");
    }
    Ok(())
}

#[test]
fn every_event_has_words_in_both_languages() -> Result<()> {
    for sample in samples() {
        let (event_type, ..) = stored(&sample)?;
        let words = projections::words(&event_type).with_context(|| format!("{event_type} has no words"))?;
        let is_audited = projections::audit_entry::TYPES
            .iter()
            .any(|it| event_type.starts_with(it));
        assert_eq!(is_audited, event_type != "log_seal.sealed", "{event_type}");
        assert!(!words.russian.is_ascii() && words.english.is_ascii(), "{event_type}");
    }
    assert_eq!(projections::words("ship.sailed"), None);
    Ok(())
}

#[test]
fn golden_files_reach_back_to_the_first_schema() -> Result<()> {
    let there: BTreeSet<(String, u16)> = golden()?.into_iter().map(|it| (it.event_type, it.schema)).collect();
    for sample in samples() {
        let (event_type, ..) = stored(&sample)?;
        for schema in 1..=current_schema(&event_type) {
            ensure!(
                there.contains(&(event_type.clone(), schema)),
                "{event_type}@{schema}.json is not there"
            );
        }
    }
    Ok(())
}
