//! Events that cannot be applied: their stream waits, everything else goes on, and nothing is lost.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::{CommandId, stream_name},
    read_model::{ReadModel, ReadModelEvent},
};
use event_store::{Chain, Envelope, Expected, Keys, NewEvent, Position, encode};
use projections::{
    Model, generation,
    parked::{self, Parked, Wanted},
};
use tests::{
    run,
    tallies::{BRITTLE, FRAIL, FRAIL_MENDED, MENDED, TALLIES},
};
use uuid::Uuid;

use super::{Bench, rows, ticket_id, write};

/// Puts a decision into the log, as `letopis-replay` does.
pub(super) async fn decide(bench: &Bench, event: ReadModelEvent, number: u64) -> Result<Position> {
    let (ReadModelEvent::ParkedRetried { model, .. } | ReadModelEvent::EventSkipped { model, .. }) = &event;
    let stream = stream_name("read_model", ReadModel::id(model));
    let command_id = CommandId::of_request("system:operator", "decide", &stream, &number.to_string());
    let envelope = Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: Actor::new(ActorKind::System, "operator"),
        from: None,
        request: String::new(),
        traceparent: None,
    };
    let at = "2026-11-21T12:00:00Z".parse()?;
    let events = vec![(DomainEvent::ReadModel(event), at)];
    // Each continues the chain of the stream.
    let mut chain = Chain::genesis(&stream);
    let known = bench.log.read_stream(&stream, 0).await?;
    for raw in &known {
        chain = chain.link(raw.id, &raw.event_type, &raw.metadata, &raw.payload);
    }
    let (events, _) = encode(chain, &envelope, 0, events, &Keys::default())?;
    let expected = Expected::after(known.last().map(|it| it.revision));
    Ok(bench.log.append(&stream, expected, &events).await?.position)
}

fn retry(stream_id: Option<Uuid>) -> ReadModelEvent {
    ReadModelEvent::ParkedRetried {
        model: BRITTLE.name.to_owned(),
        stream_id,
        reason: "mended".to_owned(),
    }
}

pub(super) async fn waits(bench: &Bench, model: &str) -> Result<Vec<Parked>> {
    Ok(parked::page(&bench.pool, Wanted::of(Some(model)), None, 1_000).await?)
}

async fn waiting(bench: &Bench) -> Result<Vec<(String, bool)>> {
    let parked = waits(bench, BRITTLE.name).await?;
    Ok(parked
        .into_iter()
        .map(|it| (it.event_type, it.reason.is_some()))
        .collect())
}

/// Three tickets that stumble, each in another way, and one that does not.
async fn stumble(bench: &Bench) -> Result<Position> {
    for name in ["unfit", "refused", "panics", "fine"] {
        write(&bench.handler, name, 0..2).await?;
    }
    write(&bench.handler, "unfit", 2..5).await?;
    write(&bench.handler, "refused", 3..5).await?;
    write(&bench.handler, "panics", 5..6).await?;
    write(&bench.handler, "fine", 0..2).await?;
    bench.ticket("later").await
}

#[test]
fn poisoned_event_parks_its_stream_alone_and_a_retry_of_mended_code_gives_what_a_rebuild_gives() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[BRITTLE, TALLIES[0]];
        MENDED.store(false, Ordering::SeqCst);
        let working = bench.work(models)?;
        let position = stumble(&bench).await?;
        bench.shows(models, position).await?;
        let expected = [
            ("assignment.agent_assigned", true),
            ("ticket.put_on_hold", false),
            ("ticket.resumed", false),
            ("ticket.put_on_hold", true),
            ("ticket.resumed", false),
            ("ticket.resolved", true),
            ("assignment.agent_assigned", true),
            ("ticket.put_on_hold", false),
            ("ticket.resumed", false),
            ("ticket.resolved", false),
        ];
        let expected: Vec<_> = expected.map(|(name, cause)| (name.to_owned(), cause)).to_vec();
        ensure!(waiting(&bench).await? == expected, "{:?}", waiting(&bench).await?);
        let tables = rows(&bench.pool, &BRITTLE).await?;
        ensure!(tables["tally"].len() == 5, "{tables:?}");
        ensure!(waits(&bench, "tally_a").await?.is_empty());
        // Not mended yet: everything stays where it is.
        let position = decide(&bench, retry(None), 0).await?;
        bench.shows(&[BRITTLE], position).await?;
        ensure!(waiting(&bench).await? == expected);
        MENDED.store(true, Ordering::SeqCst);
        let one = ticket_id("unfit").0;
        let position = decide(&bench, retry(Some(one)), 1).await?;
        bench.shows(&[BRITTLE], position).await?;
        ensure!(waiting(&bench).await? == expected[3..]);
        let position = decide(&bench, retry(None), 2).await?;
        bench.shows(&[BRITTLE], position).await?;
        ensure!(waiting(&bench).await?.is_empty());
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        skipped_event_is_left_out_of_rebuilds_too(&bench).await?;
        Ok(bench.node.stop().await?)
    })
}

/// An event that this program cannot read: one written by a newer one, or by hand.
async fn foreign(bench: &Bench) -> Result<(Position, String)> {
    let stream = stream_name("ticket", ticket_id("fine").0);
    let known = bench.log.read_stream(&stream, 0).await?;
    let last = known.last().context("no ticket")?;
    let event = NewEvent {
        id: Uuid::from_u128(0xf0),
        event_type: "ticket.teleported".to_owned(),
        payload: b"{}".to_vec(),
        metadata: last.metadata.to_vec(),
    };
    let appended = bench
        .log
        .append(&stream, Expected::Exact(last.revision), &[event])
        .await?;
    Ok((appended.position, stream))
}

async fn skipped_event_is_left_out_of_rebuilds_too(bench: &Bench) -> Result<()> {
    let models: &[Model] = &[BRITTLE];
    let working = bench.work(models)?;
    let (position, stream) = foreign(bench).await?;
    bench.shows(models, position).await?;
    let parked = waits(bench, BRITTLE.name).await?;
    ensure!(parked.len() == 1 && parked[0].position == position && parked[0].stream == stream);
    ensure!(
        parked[0]
            .reason
            .as_deref()
            .is_some_and(|it| it.contains("ticket.teleported"))
    );
    let skip = ReadModelEvent::EventSkipped {
        model: BRITTLE.name.to_owned(),
        position: position.0,
        stream_id: ticket_id("fine").0,
        reason: "nobody teleports".to_owned(),
    };
    let position = decide(bench, skip, 3).await?;
    bench.shows(models, position).await?;
    ensure!(waiting(bench).await?.is_empty());
    working.stop().await?;
    bench.equals_rebuild(models).await
}

#[test]
fn swap_that_shows_what_was_parked_tells_it_behind_everything_that_showed() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[FRAIL];
        let working = bench.work(models)?;
        write(&bench.handler, "stumbles", 0..5).await?;
        let position = bench.ticket("too").await?;
        bench.shows(models, position).await?;
        let held: Vec<i64> = sqlx::query_scalar("SELECT position FROM ops.parked ORDER BY position")
            .fetch_all(&bench.pool)
            .await?;
        ensure!(held.len() == 3 + 4, "{held:?}");
        FRAIL_MENDED.store(true, Ordering::SeqCst);
        let first = bench.serving(&FRAIL).await?;
        let second = generation::begin(&bench.pool, &FRAIL, 1, bench.log.head().await?, false).await?;
        bench.worker(models)?.of_generation(second).catch_up(position).await?;
        generation::swap(&bench.pool, &FRAIL, second).await?;
        let late = "SELECT position, shown_at FROM ops.late_event WHERE generation = $1 ORDER BY position";
        let told: Vec<(i64, i64)> = sqlx::query_as(late).bind(second).fetch_all(&bench.pool).await?;
        let at = i64::try_from(position.0)? + 1;
        let expected: Vec<_> = held.into_iter().map(|it| (it, at)).collect();
        ensure!(told == expected, "{told:?}");
        // The way back and forth leaves it where it is told.
        generation::swap(&bench.pool, &FRAIL, first).await?;
        generation::swap(&bench.pool, &FRAIL, second).await?;
        let told: Vec<(i64, i64)> = sqlx::query_as(late).bind(second).fetch_all(&bench.pool).await?;
        ensure!(told == expected, "{told:?}");
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}
