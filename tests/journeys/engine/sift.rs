//! Poison among events that can be applied: found without a pause, and without another connection.

use std::sync::{PoisonError, atomic::Ordering};

use anyhow::{Result, ensure};
use domain::ids::stream_name;
use domain::read_model::{ReadModel, ReadModelEvent};
use event_store::{Expected, NewEvent, Position};
use projections::{Model, status};
use sqlx::Executor;
use tests::{
    poll, run,
    tallies::{CALLS, COUNTED, COUNTED_MENDED, Calls, TALLIES},
};
use uuid::Uuid;

use super::{
    Bench,
    poison::{decide, waits},
    write,
};

/// Tickets of which some stumble.
const TICKETS: usize = 150;
const POISONED: usize = 10;
/// Streams that are tried again in more than one transaction.
const MANY: usize = 205;

/// How it was called since this was last asked.
fn calls() -> Calls {
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let none = Calls {
        count: 0,
        connections: [].into(),
    };
    std::mem::replace(&mut calls, none)
}

/// Tickets that are opened, and stumble when they are put on hold.
async fn stumble(bench: &Bench, name: &str, count: usize) -> Result<Position> {
    let mut last = Position::START;
    for number in 0..count {
        let name = format!("{name} {number}");
        write(&bench.handler, &name, 0..1).await?;
        last = write(&bench.handler, &name, 3..4).await?;
    }
    Ok(last)
}

#[test]
fn poison_costs_few_tries_no_pause_and_no_connection_and_is_freed_some_streams_at_a_time() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[COUNTED];
        for number in 0..TICKETS {
            let name = number.to_string();
            write(&bench.handler, &name, 0..2).await?;
            if number % (TICKETS / POISONED) == 0 {
                write(&bench.handler, &name, 3..5).await?;
            }
        }
        let working = bench.work(models)?;
        bench.shows(models, bench.log.head().await?).await?;
        let filled = calls();
        // By halves: 320 events, 9 times halved, for each of ten.
        ensure!(filled.count < 200, "{filled:?}");
        // A pause ends with a new connection.
        ensure!(filled.connections.len() == 1, "{filled:?}");
        ensure!(waits(&bench, COUNTED.name).await?.len() == 2 * POISONED);
        // After the swap it looks anew where its tables are.
        let position = write(&bench.handler, "live", 0..1).await?;
        bench.shows(models, position).await?;
        let first = calls();
        let position = stumble(&bench, "live", MANY).await?;
        bench.shows(models, position).await?;
        let live = calls();
        ensure!(
            live.connections.is_subset(&first.connections),
            "{first:?}, then {live:?}"
        );
        ensure!(waits(&bench, COUNTED.name).await?.len() == 2 * POISONED + MANY);
        COUNTED_MENDED.store(true, Ordering::SeqCst);
        let retry = ReadModelEvent::ParkedRetried {
            model: COUNTED.name.to_owned(),
            stream_id: None,
            reason: "mended".to_owned(),
        };
        let position = decide(&bench, retry, 0).await?;
        bench.shows(models, position).await?;
        ensure!(waits(&bench, COUNTED.name).await?.is_empty());
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn decision_of_a_newer_program_is_passed_over() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[TALLIES[1]];
        let stream = stream_name("read_model", ReadModel::id(TALLIES[1].name));
        let events = [
            (1, "read_model.event_moved", "{}"),
            (2, "read_model.event_skipped", "[]"),
        ];
        let events = events.map(|(id, event_type, payload)| NewEvent {
            id: Uuid::from_u128(id),
            event_type: event_type.to_owned(),
            payload: payload.as_bytes().to_vec(),
            metadata: b"{}".to_vec(),
        });
        bench.log.append(&stream, Expected::NoStream, &events).await?;
        let position = bench.tickets(0..3).await?;
        let working = bench.work(models)?;
        bench.shows(models, position).await?;
        ensure!(waits(&bench, TALLIES[1].name).await?.is_empty());
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}

const REFUSE: &str = "
    CREATE FUNCTION ops.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'nobody may take it'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF token ON ops.checkpoint EXECUTE FUNCTION ops.refuse()";

#[test]
fn model_that_cannot_be_taken_up_says_why() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[TALLIES[2]];
        bench.worker(models)?.catch_up(bench.tickets(0..2).await?).await?;
        bench.pool.execute(sqlx::raw_sql(REFUSE)).await?;
        let working = bench.work(models)?;
        let says = async |word: &str| match status::faults(&bench.pool, models).await.as_deref() {
            Ok([(name, fault)]) => *name == TALLIES[2].name && fault.contains(word),
            Ok(_) | Err(_) => false,
        };
        poll("no fault is told", async || says("nobody may take it").await).await?;
        bench.pool.execute("DROP TRIGGER refuse ON ops.checkpoint").await?;
        let position = bench.ticket("after").await?;
        bench.shows(models, position).await?;
        poll("the fault stays", async || {
            status::faults(&bench.pool, models).await.is_ok_and(|it| it.is_empty())
        })
        .await?;
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}
