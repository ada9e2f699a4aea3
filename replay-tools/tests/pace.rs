//! How fast a log is sealed and verified; a measurement, run by hand:
//! `cargo test --release -p replay-tools --test pace -- --ignored --nocapture`.

#![expect(clippy::tests_outside_test_module, reason = "the whole crate is tests")]

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use commands::{Clock, processes::Sealer};
use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    ticket::TicketEvent,
    values::{CloseCause, Priority},
};
use event_store::{Chain, Envelope, EventLog, Expected, SealFile, SealKey, encode};
use event_store_node::{Node, NodeConfig};
use futures_util::{StreamExt, TryStreamExt, stream};
use replay_tools::{Folder, Settings, Source, verify};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STREAMS: u64 = 50_000;
/// Events of each stream.
const EACH: usize = 6;
const EVENTS: u64 = STREAMS * EACH as u64;

async fn write(log: &EventLog, index: u128) -> Result<()> {
    let command_id = CommandId(Uuid::from_u128(index));
    let envelope = Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: Actor::new(ActorKind::ApiKey, "bootstrap"),
        request: "00f1e2d3c4b5a697".to_owned(),
        traceparent: None,
    };
    let at: DateTime<Utc> = "2026-11-21T09:30:00Z".parse()?;
    let event = |it: usize| match it {
        0 => TicketEvent::Prioritized {
            from: Priority::Low,
            to: Priority::Urgent,
            reason: Some("письма не приходят с утра, звонили трижды".to_owned()),
        },
        5 => TicketEvent::Closed {
            cause: CloseCause::IdlePolicy,
        },
        _ => TicketEvent::Started {},
    };
    let events: Vec<_> = (0..EACH).map(|it| (DomainEvent::from(event(it)), at)).collect();
    let stream = format!("ticket-{}", Uuid::from_u128(index));
    let (encoded, _) = encode(Chain::genesis(&stream), &envelope, 0, &events)?;
    log.append(&stream, Expected::NoStream, &encoded).await?;
    Ok(())
}

async fn fill(data: &std::path::Path) -> Result<Duration> {
    let listen = ([127, 0, 0, 1], 0).into();
    let node = Node::start(NodeConfig {
        data: data.join("log"),
        listen,
    })
    .await?;
    let log = EventLog::new(&node.connection_string())?;
    let writes = stream::iter((1..=STREAMS).map(|it| write(&log, it.into())));
    writes.buffer_unordered(64).try_collect::<Vec<()>>().await?;
    let key = SealKey::load_or_make(&data.join("keys/log-seal.pem"))?;
    let file = SealFile::new(data.join("seals.ndjson"));
    let stopped = CancellationToken::new();
    let begun = Instant::now();
    let seals = SealFile::new(file.path().to_owned());
    let sealer = Sealer::new(log, Clock::System, key, seals, Duration::from_millis(10));
    let sealing = tokio::spawn(sealer.run(stopped.clone()));
    while file.last()?.is_none_or(|it| it.seal.last < EVENTS) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    stopped.cancel();
    sealing.await?;
    node.stop().await?;
    Ok(took)
}

#[test]
#[ignore = "a measurement of a minute"]
#[expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement for people"
)]
fn a_log_is_sealed_and_verified_at_this_pace() -> Result<()> {
    let data = tempfile::tempdir()?;
    let sealing = tokio::runtime::Runtime::new()?.block_on(fill(data.path()))?;
    println!(
        "sealing: {:.2} µs an event",
        sealing.as_secs_f64() * 1e6 / EVENTS as f64
    );
    let folder = Folder::new(data.path());
    let settings = Settings {
        keys: folder.public_keys()?,
        copies: Some(folder.seals().read()?),
        problems: 20,
    };
    let source = Source::Folder(folder);
    for _ in 0..3 {
        let begun = Instant::now();
        let report = verify(&source, &settings, &mut |_| {})?;
        ensure!(
            report.problems.is_empty() && report.sealed_up_to >= EVENTS,
            "{report:?}"
        );
        println!(
            "verify: {:.0} events/s",
            report.events as f64 / begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
