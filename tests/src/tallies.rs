//! Read models for tests of the engine: each row tells which events made it, and in which order.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
#[derive(Default)]
struct Tally {
    /// Keeps the instant of the newest event too.
    wide: bool,
    /// Takes its time in the middle of its transaction.
    slow: bool,
    /// Stumbles, each in another way, over assignments, holds and resolutions until this says that it is mended.
    mended: Option<&'static AtomicBool>,
    /// Notes here how it is called.
    calls: Option<&'static Mutex<Calls>>,
}

/// How a projection was called.
#[derive(Debug, Clone)]
pub struct Calls {
    /// How often.
    pub count: usize,
    /// Postgres's names of the connections it was given.
    pub connections: BTreeSet<i32>,
}

impl Projection for Tally {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(self.count(events, tx))
    }

    fn forget(&self) {}
}

impl Tally {
    async fn count(&self, events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
        if let Some(calls) = self.calls {
            let connection = sqlx::query_scalar("SELECT pg_backend_pid()")
                .fetch_one(&mut *tx)
                .await?;
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.count += 1;
            calls.connections.insert(connection);
        }
        for event in events {
            if self.mended.is_some_and(|it| !it.load(Ordering::SeqCst)) {
                stumble(event, tx).await?;
            }
            tally(event, tx).await?;
            if self.wide {
                let newest = "UPDATE tally SET newest_at = $2 WHERE stream_id = $1";
                let newest = sqlx::query(newest).bind(event.stream_id).bind(event.metadata.at);
                newest.execute(&mut *tx).await?;
            }
        }
        if self.slow {
            sqlx::query("SELECT pg_sleep(0.1)").execute(&mut *tx).await?;
        }
        Ok(())
    }
}

async fn tally(event: &Recorded<DomainEvent>, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query(
        "INSERT INTO tally (stream_id, events, digest) VALUES ($1, 1, md5($2)) ON CONFLICT (stream_id) DO UPDATE
         SET events = tally.events + 1, digest = md5(tally.digest || $2)",
    )
    .bind(event.stream_id)
    .bind(event.position.to_string())
    .execute(tx)
    .await?;
    Ok(())
}

macro_rules! tallies {
    ($($name:literal),+) => {
        /// Eight of them, the same but for their names.
        pub const TALLIES: &[Model] = &[$(Model {
            name: $name,
            version: 1,
            types: TYPES,
            tables: TABLES,
            indexes: INDEXES,
            analytics: "",
            make: || Box::<Tally>::default(),
        }),+];
    };
}

tallies!(
    "tally_a", "tally_b", "tally_c", "tally_d", "tally_e", "tally_f", "tally_g", "tally_h"
);

/// Another shape of the first one: with the instant of the newest event.
pub const WIDER: Model = Model {
    name: "tally_a",
    version: 2,
    types: TYPES,
    tables: "CREATE TABLE tally (
        stream_id uuid PRIMARY KEY,
        events bigint NOT NULL,
        digest text NOT NULL,
        newest_at timestamptz
    )",
    indexes: INDEXES,
    analytics: "CREATE OR REPLACE VIEW analytics.tally AS SELECT * FROM tally",
    make: || {
        Box::new(Tally {
            wide: true,
            ..Tally::default()
        })
    },
};

/// The narrow one, with the view that the wider one replaces.
pub const NARROW: Model = Model {
    analytics: "CREATE OR REPLACE VIEW analytics.tally AS SELECT * FROM tally",
    ..TALLIES[0]
};

/// Whether the mistakes of [`BRITTLE`] are mended.
pub static MENDED: AtomicBool = AtomicBool::new(false);
/// Whether those of [`FRAIL`] are.
pub static FRAIL_MENDED: AtomicBool = AtomicBool::new(false);

/// Stumbles, each in another way, over assignments, holds and resolutions until it is mended.
pub const BRITTLE: Model = Model {
    name: "brittle",
    version: 1,
    types: TYPES,
    tables: TABLES,
    indexes: INDEXES,
    analytics: "",
    make: || {
        Box::new(Tally {
            mended: Some(&MENDED),
            ..Tally::default()
        })
    },
};

/// The same for another test.
pub const FRAIL: Model = Model {
    name: "frail",
    make: || {
        Box::new(Tally {
            mended: Some(&FRAIL_MENDED),
            ..Tally::default()
        })
    },
    ..BRITTLE
};

/// Whether those of [`COUNTED`] are.
pub static COUNTED_MENDED: AtomicBool = AtomicBool::new(false);
/// How [`COUNTED`] was called.
pub static CALLS: Mutex<Calls> = Mutex::new(Calls {
    count: 0,
    connections: BTreeSet::new(),
});

/// The same, with a count of its calls.
pub const COUNTED: Model = Model {
    name: "counted",
    make: || {
        Box::new(Tally {
            mended: Some(&COUNTED_MENDED),
            calls: Some(&CALLS),
            ..Tally::default()
        })
    },
    ..BRITTLE
};

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
pub const SLOW: Model = Model {
    name: "slow",
    make: || {
        Box::new(Tally {
            slow: true,
            ..Tally::default()
        })
    },
    ..TALLIES[0]
};
