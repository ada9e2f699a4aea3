//! Read models for tests of the engine: each row tells which events made it, and in which order.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
use projections::{Model, ProjectError, Projection};
use sqlx::PgConnection;

const TYPES: &[&str] = &["ticket.", "assignment."];
const TABLES: &str = "CREATE TABLE tally (
    stream_id uuid PRIMARY KEY,
    events bigint NOT NULL,
    digest text NOT NULL
)";
const INDEXES: &str = "CREATE INDEX tally_events ON tally (events)";

/// Counts each stream id's events, and chains their positions: a lost, repeated or misplaced one shows for ever.
struct Tally;

impl Projection for Tally {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(tally(events, tx))
    }

    fn forget(&self) {}
}

async fn tally(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    for event in events {
        sqlx::query(
            "INSERT INTO tally VALUES ($1, 1, md5($2)) ON CONFLICT (stream_id) DO UPDATE
             SET events = tally.events + 1, digest = md5(tally.digest || $2)",
        )
        .bind(event.stream_id)
        .bind(event.position.to_string())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

macro_rules! tallies {
    ($($name:literal),+) => {
        /// Eight of them, the same but for their names.
        pub(super) const TALLIES: &[Model] = &[$(Model {
            name: $name,
            version: 1,
            types: TYPES,
            tables: TABLES,
            indexes: INDEXES,
            analytics: "",
            make: || Box::new(Tally),
        }),+];
    };
}

tallies!(
    "tally_a", "tally_b", "tally_c", "tally_d", "tally_e", "tally_f", "tally_g", "tally_h"
);

/// Another shape of the first one: with the instant of the newest event.
pub(super) const WIDER: Model = Model {
    name: "tally_a",
    version: 2,
    types: TYPES,
    tables: "CREATE TABLE tally (
        stream_id uuid PRIMARY KEY,
        events bigint NOT NULL,
        digest text NOT NULL,
        newest_at timestamptz NOT NULL
    )",
    indexes: INDEXES,
    analytics: "CREATE OR REPLACE VIEW analytics.tally AS SELECT * FROM tally",
    make: || Box::new(Wider),
};

/// The narrow one, with the view that the wider one replaces.
pub(super) const NARROW: Model = Model {
    analytics: "CREATE OR REPLACE VIEW analytics.tally AS SELECT * FROM tally",
    ..TALLIES[0]
};

struct Wider;

impl Projection for Wider {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(async move {
            for event in events {
                sqlx::query(
                    "INSERT INTO tally VALUES ($1, 1, md5($2), $3) ON CONFLICT (stream_id) DO UPDATE
                     SET events = tally.events + 1, digest = md5(tally.digest || $2), newest_at = $3",
                )
                .bind(event.stream_id)
                .bind(event.position.to_string())
                .bind(event.metadata.at)
                .execute(&mut *tx)
                .await?;
            }
            Ok(())
        })
    }

    fn forget(&self) {}
}

/// Whether the mistakes of [`BRITTLE`] are mended.
pub(super) static MENDED: AtomicBool = AtomicBool::new(false);
/// Whether those of [`FRAIL`] are.
pub(super) static FRAIL_MENDED: AtomicBool = AtomicBool::new(false);

/// Stumbles, each in another way, over assignments, holds and resolutions until it is mended.
pub(super) const BRITTLE: Model = Model {
    name: "brittle",
    version: 1,
    types: TYPES,
    tables: TABLES,
    indexes: INDEXES,
    analytics: "",
    make: || Box::new(Brittle(&MENDED)),
};

/// The same for another test.
pub(super) const FRAIL: Model = Model {
    name: "frail",
    make: || Box::new(Brittle(&FRAIL_MENDED)),
    ..BRITTLE
};

struct Brittle(&'static AtomicBool);

impl Projection for Brittle {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(async move {
            for event in events {
                if !self.0.load(Ordering::SeqCst) {
                    stumble(event, tx).await?;
                }
            }
            tally(events, tx).await
        })
    }

    fn forget(&self) {}
}

#[expect(clippy::panic, reason = "what a projection with a mistake does")]
async fn stumble(event: &Recorded<DomainEvent>, tx: &mut PgConnection) -> Result<(), ProjectError> {
    match event.event_type.as_str() {
        "assignment.agent_assigned" => Err(ProjectError::Unfit {
            projection: "brittle",
            event_type: event.event_type.clone(),
            position: event.position.0,
            reason: "nobody may own it",
        }),
        "ticket.put_on_hold" => {
            sqlx::query("SELECT 1 / 0").execute(tx).await?;
            Ok(())
        }
        "ticket.resolved" => panic!("a projection of this test panics on purpose"),
        _ => Ok(()),
    }
}

/// Takes its time in the middle of its transaction.
pub(super) const SLOW: Model = Model {
    name: "slow",
    make: || Box::new(Slow),
    ..TALLIES[0]
};

struct Slow;

impl Projection for Slow {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(async move {
            tally(events, tx).await?;
            sqlx::query("SELECT pg_sleep(0.1)").execute(&mut *tx).await?;
            Ok(())
        })
    }

    fn forget(&self) {}
}
