//! What it costs to seal personal data, to seal ranges of the log, and to verify all of it offline.

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use commands::{Clock, processes::Sealer};
use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    personal::{DataSubject, Personal},
    ticket::TicketEvent,
    values::{CloseCause, Priority},
};
use event_store::{Chain, Envelope, EventLog, Expected, Key, Keys, NewEvent, SealFile, SealKey, SubjectKey, encode};
use event_store_node::{Node, NodeConfig};
use futures_util::{StreamExt, TryStreamExt, stream};
use replay_tools::{
    Folder, Scope, Settings, Source,
    export::{to_file, to_table},
    verify,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    limits::Limits,
    load::{float, per_second},
    report::{Aim, progress},
    settings::Section,
};

const TEXT: &str = "письма не приходят с утра, звонили трижды";
const ENCODED: usize = 200_000;
const STREAMS: usize = 50_000;
/// Events of each stream.
const EACH: usize = 6;
const IN_FLIGHT: usize = 64;
const SUBJECT: DataSubject = DataSubject(Uuid::from_u128(9));

pub(crate) async fn measure(limits: &mut Limits<'_>) -> Result<()> {
    progress("sealing of personal data");
    let (with, without) = (encoding(&personal())?, encoding(&open())?);
    limits
        .report
        .row(Section::Proof, "encoding an event without personal data", "µs an event")
        .value(without);
    limits
        .report
        .row(Section::Proof, "sealing a personal field of it", "µs an event")
        .value(with - without)
        .aim(Aim::AtMost(3.0));
    let data = tempfile::tempdir()?;
    progress("writing a log to verify");
    let sealing = write(data.path()).await?;
    limits
        .report
        .row(Section::Proof, "signed Merkle seals over a log", "events/s")
        .value(per_second(STREAMS * EACH, sealing));
    progress("verifying");
    let folder = data.path().to_owned();
    let (verifying, checking, exporting, tabling) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((
            proven(&folder)?,
            sound(&folder)?,
            exported(&folder, false)?,
            exported(&folder, true)?,
        ))
    })
    .await??;
    let export = "letopis-replay export events";
    limits
        .report
        .row(Section::Proof, &format!("{export}: NDJSON"), "events/s")
        .value(exporting)
        .aim(Aim::AtLeast(100_000.0));
    limits
        .report
        .row(Section::Proof, &format!("{export}: Parquet"), "events/s")
        .value(tabling)
        .aim(Aim::AtLeast(100_000.0));
    limits
        .report
        .row(
            Section::Proof,
            "letopis-replay verify: chains, seals, places",
            "events/s",
        )
        .value(verifying)
        .aim(Aim::AtLeast(300_000.0));
    limits
        .report
        .row(
            Section::Proof,
            "letopis-replay log verify: checksums, indexes",
            "events/s",
        )
        .value(checking);
    Ok(())
}

fn personal() -> DomainEvent {
    let subject = Personal::new(SUBJECT, TEXT.to_owned());
    DomainEvent::Ticket(TicketEvent::SubjectChanged { subject })
}

fn open() -> DomainEvent {
    DomainEvent::Ticket(TicketEvent::Prioritized {
        from: Priority::Low,
        to: Priority::Urgent,
        reason: None,
        by: None,
        grounds: None,
    })
}

fn envelope(index: usize) -> Envelope {
    let command_id = CommandId(Uuid::from_u128(index as u128 + 1));
    Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: Actor::new(ActorKind::ApiKey, "bootstrap"),
        from: None,
        request: "00f1e2d3c4b5a697".to_owned(),
        traceparent: None,
    }
}

fn encoded(index: usize, stream: &str, events: Vec<DomainEvent>) -> Result<Vec<NewEvent>> {
    let at: DateTime<Utc> = "2026-11-21T09:30:00Z".parse()?;
    let keys: Keys = [(SUBJECT, SubjectKey::Known(Key::from_bytes([7; 32])))]
        .into_iter()
        .collect();
    let events = events.into_iter().map(|it| (it, at)).collect();
    Ok(encode(Chain::genesis(stream), &envelope(index), 0, events, &keys)?.0)
}

/// Microseconds to encode one event.
fn encoding(event: &DomainEvent) -> Result<f64> {
    let begun = Instant::now();
    for index in 0..ENCODED {
        std::hint::black_box(encoded(index, "ticket-1", vec![event.clone()])?);
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / float(ENCODED))
}

/// Writes a log and seals all of it; tells how long the sealing took.
async fn write(data: &Path) -> Result<Duration> {
    let listen = ([127, 0, 0, 1], 0).into();
    let node = Node::start(NodeConfig {
        data: data.join("log"),
        listen,
    })
    .await?;
    let log = EventLog::new(&node.connection_string())?;
    let writes = stream::iter((0..STREAMS).map(|it| append(&log, it)));
    writes.buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
    let took = seal(data, log).await?;
    node.stop().await?;
    Ok(took)
}

async fn append(log: &EventLog, index: usize) -> Result<()> {
    let mut events = vec![personal(), open()];
    events.resize(EACH - 1, DomainEvent::Ticket(TicketEvent::Started {}));
    let cause = CloseCause::IdlePolicy;
    events.push(DomainEvent::Ticket(TicketEvent::Closed { cause }));
    let stream = format!("ticket-{}", Uuid::from_u128(index as u128 + 1));
    let events = encoded(index, &stream, events)?;
    log.append(&stream, Expected::NoStream, &events).await?;
    Ok(())
}

async fn seal(data: &Path, log: EventLog) -> Result<Duration> {
    let key = SealKey::load_or_make(&data.join("keys/log-seal.pem"))?;
    let file = SealFile::new(data.join("seals.ndjson"));
    let stopped = CancellationToken::new();
    let begun = Instant::now();
    let seals = SealFile::new(file.path().to_owned());
    let sealer = Sealer::new(log, Clock::System, key, seals, Duration::from_millis(10));
    let sealing = tokio::spawn(sealer.run(stopped.clone()));
    while file.last()?.is_none_or(|it| it.seal.last < (STREAMS * EACH) as u64) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    stopped.cancel();
    sealing.await?;
    Ok(took)
}

/// Events a second.
fn proven(data: &Path) -> Result<f64> {
    let folder = Folder::new(data);
    let settings = Settings {
        keys: folder.public_keys()?,
        copies: folder.seals().read_copy()?,
        problems: 20,
    };
    let begun = Instant::now();
    let report = verify(&Source::Folder(folder), &settings, &mut |_| {})?;
    ensure!(report.problems.is_empty(), "{report:?}");
    Ok(per_second(STREAMS * EACH, begun.elapsed()))
}

/// Events a second.
fn sound(data: &Path) -> Result<f64> {
    let begun = Instant::now();
    event_store_node::offline::verify(&data.join("log"), &mut |_, _| {})?;
    Ok(per_second(STREAMS * EACH, begun.elapsed()))
}

/// Events a second.
fn exported(data: &Path, as_table: bool) -> Result<f64> {
    let (source, scope) = (Source::Folder(Folder::new(data)), Scope::default());
    let begun = Instant::now();
    let watch = &mut |_| ControlFlow::Continue(());
    let exported = if as_table {
        to_table(&source, &scope, &data.join("events.parquet"), watch)?
    } else {
        to_file(&source, &scope, &data.join("events.ndjson"), false, watch)?
    };
    ensure!(
        exported.complete && exported.events >= (STREAMS * EACH) as u64,
        "{exported:?}"
    );
    Ok(per_second(STREAMS * EACH, begun.elapsed()))
}
