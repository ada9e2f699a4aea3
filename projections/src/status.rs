//! How each part of each build is doing, for people and for machines.

use chrono::{DateTime, Utc};
use event_store::Position;
use metrics::{Unit, describe_gauge, gauge};
use sqlx::{PgExecutor, PgPool, error::DatabaseError};

use crate::{
    Model,
    checkpoint::{from_column, to_column},
    generation::State,
    lease::Key,
    parked,
    pulse::Beat,
};

/// Seconds without a worker that are a fault: longer than it takes to be handed on.
const UNKEPT_S: f64 = 10.0;

/// One part of one build.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The build.
    pub generation: i64,
    /// Name of the model.
    pub model: String,
    /// Shape of its tables.
    pub version: i32,
    /// How far the build is.
    pub state: State,
    /// Programs made for this version read it.
    pub serving: bool,
    /// The views of analysts show it.
    pub current: bool,
    /// Which part, from 0.
    pub partition: i16,
    /// Parts of the build.
    pub partitions: i16,
    /// The last event applied.
    pub position: Position,
    /// Events applied so far.
    pub events: i64,
    /// Where the log ended when the build began.
    pub goal: Position,
    /// End of the log as its worker knows it; the position when it has none.
    pub head: Position,
    /// Seconds since the oldest event was stored that is not applied.
    pub lag_s: f64,
    /// Events applied a second, lately.
    pub rate: f64,
    /// Nothing that concerns it waits, as its worker says.
    pub caught_up: bool,
    /// Why it does not move.
    pub fault: Option<String>,
    /// Who keeps it; `None` when nobody does.
    pub worker: Option<String>,
    /// Its worker's last sign of life.
    pub heartbeat_at: Option<DateTime<Utc>>,
    /// Streams held back behind events that could not be applied, of the first [`parked::COUNTED`] events.
    pub parked_streams: i64,
    /// Events that wait there, counted up to [`parked::COUNTED`].
    pub parked_events: i64,
}

impl Status {
    /// Log positions that it has still to go; none when nothing of interest lies there.
    pub fn behind(&self) -> u64 {
        if self.caught_up && self.state == State::Following {
            return 0;
        }
        self.head.max(self.goal).0.saturating_sub(self.position.0)
    }

    /// Part of the way behind it, 0 to 1: to the goal while it is being built, to the end of the log afterwards.
    pub fn progress(&self) -> f64 {
        let end = match self.state {
            State::Filling | State::Indexing => self.goal,
            State::Following => self.head,
        };
        if self.behind() == 0 || self.position >= end {
            return 1.0;
        }
        share(self.position.0, end.0)
    }

    /// Seconds until it is there at the present rate; `None` when it does not move.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.behind();
        if left == 0 {
            return Some(0.0);
        }
        // Events that concern it lie this far apart.
        let stride = share(self.position.0, u64::try_from(self.events).unwrap_or_default()).max(1.0);
        (self.rate > 0.0).then(|| share(left, 1) / stride / self.rate)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shares and rates need no more than 52 bits")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

struct Row {
    id: i64,
    model: String,
    version: i32,
    state: String,
    serving: bool,
    current: bool,
    partitions: i16,
    goal: i64,
    partition: i16,
    position: i64,
    events: i64,
    head: Option<i64>,
    lag_s: Option<f64>,
    rate: Option<f64>,
    fault: Option<String>,
    caught_up: Option<bool>,
    heartbeat_at: Option<DateTime<Utc>>,
    worker: Option<String>,
    parked_events: i64,
    parked_streams: i64,
}

impl From<Row> for Status {
    /// What a worker said counts as long as it has the lease.
    fn from(row: Row) -> Self {
        let kept = row.worker.is_some();
        let measured = |number: Option<f64>| number.filter(|_| kept).unwrap_or_default();
        Self {
            generation: row.id,
            model: row.model,
            version: row.version,
            state: State::from_column(&row.state),
            serving: row.serving,
            current: row.current,
            partition: row.partition,
            partitions: row.partitions,
            position: from_column(row.position),
            events: row.events,
            goal: from_column(row.goal),
            head: from_column(row.head.unwrap_or_default().max(row.position)),
            lag_s: measured(row.lag_s),
            rate: measured(row.rate),
            caught_up: kept && row.caught_up.unwrap_or_default(),
            fault: row.fault,
            worker: row.worker,
            heartbeat_at: row.heartbeat_at,
            parked_streams: row.parked_streams,
            parked_events: row.parked_events,
        }
    }
}

/// Every part of every build, by model and age.
///
/// # Errors
/// When Postgres does not answer.
pub async fn all(executor: impl PgExecutor<'_>) -> Result<Vec<Status>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT it.id, it.model, it.version, it.state, it.serving, it.current, it.partitions, it.goal,
            part.partition, part.position, part.events,
            status.head AS "head?", status.lag_s AS "lag_s?", status.rate AS "rate?", status.fault AS "fault?",
            status.caught_up AS "caught_up?",
            status.heartbeat_at AS "heartbeat_at?",
            CASE WHEN lease.expires_at > clock_timestamp() THEN status.worker END AS worker,
            held.events AS "parked_events!", held.streams AS "parked_streams!"
         FROM ops.generation AS it
         JOIN ops.checkpoint AS part ON part.generation = it.id
         LEFT JOIN ops.unit_status AS status ON (status.generation, status.partition) = (it.id, part.partition)
         LEFT JOIN ops.lease AS lease ON (lease.generation, lease.partition) = (it.id, part.partition)
         CROSS JOIN LATERAL (
            SELECT count(*) AS events, count(DISTINCT first.stream_id) AS streams FROM (
                SELECT held.stream_id FROM ops.parked AS held
                WHERE held.generation = it.id AND held.partition = part.partition
                ORDER BY held.stream_id LIMIT $1
            ) AS first
         ) AS held
         ORDER BY it.model, it.id, part.partition"#,
        parked::COUNTED
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Status::from).collect())
}

/// Which of these models stand still, and why: the build that serves has a fault, or nobody keeps it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn faults(
    executor: impl PgExecutor<'_>,
    models: &[Model],
) -> Result<Vec<(&'static str, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT it.model, it.version, status.fault AS "fault?"
         FROM ops.generation AS it
         JOIN ops.unit_status AS status ON status.generation = it.id
         LEFT JOIN ops.lease AS lease ON (lease.generation, lease.partition) = (it.id, status.partition)
         WHERE it.serving AND (
            status.fault IS NOT NULL
            OR COALESCE(lease.expires_at, status.heartbeat_at) < clock_timestamp() - make_interval(secs => $1)
         )
         ORDER BY it.id, status.partition"#,
        UNKEPT_S
    )
    .fetch_all(executor)
    .await?;
    let faults = models.iter().filter_map(|model| {
        let mut rows = rows.iter();
        let row = rows.find(|it| it.model == model.name && it.version == model.version)?;
        let fault = row.fault.clone();
        Some((model.name, fault.unwrap_or_else(|| "no worker keeps it".to_owned())))
    });
    Ok(faults.collect())
}

/// A worker's sign of life for its units.
pub(crate) async fn tell(
    pool: &PgPool,
    worker: &str,
    head: Position,
    beats: &[(Key, &'static str, Beat)],
) -> Result<(), sqlx::Error> {
    match try_to_tell(pool, worker, head, beats).await {
        // A build was removed under it, and is not there at a second look.
        Err(error)
            if error
                .as_database_error()
                .is_some_and(DatabaseError::is_foreign_key_violation) =>
        {
            try_to_tell(pool, worker, head, beats).await
        }
        told => told,
    }
}

async fn try_to_tell(
    pool: &PgPool,
    worker: &str,
    head: Position,
    beats: &[(Key, &'static str, Beat)],
) -> Result<(), sqlx::Error> {
    let generations: Vec<i64> = beats.iter().map(|(key, ..)| key.generation).collect();
    let partitions: Vec<i16> = beats.iter().map(|(key, ..)| key.partition).collect();
    let waiting: Vec<Option<DateTime<Utc>>> = beats.iter().map(|(.., beat)| beat.waiting_since).collect();
    let rates: Vec<f64> = beats.iter().map(|(.., beat)| beat.rate).collect();
    let caught_up: Vec<bool> = beats.iter().map(|(.., beat)| beat.caught_up).collect();
    let faults: Vec<Option<String>> = beats.iter().map(|(.., beat)| beat.fault.clone()).collect();
    // Seconds by the clock of Postgres, which may not be the store's.
    let told = sqlx::query!(
        "INSERT INTO ops.unit_status (generation, partition, worker, head, lag_s, rate, caught_up, fault, heartbeat_at)
         SELECT beat.generation, beat.partition, $1, $2,
             GREATEST(COALESCE(EXTRACT(epoch FROM clock_timestamp() - beat.since)::double precision, 0), 0),
             beat.rate, beat.caught_up, beat.fault, clock_timestamp()
         FROM UNNEST($3::bigint[], $4::smallint[], $5::timestamptz[], $6::double precision[], $7::boolean[], $8::text[])
             AS beat (generation, partition, since, rate, caught_up, fault)
         WHERE EXISTS (SELECT FROM ops.generation AS it WHERE it.id = beat.generation)
         ON CONFLICT (generation, partition) DO UPDATE SET worker = $1, head = $2, lag_s = EXCLUDED.lag_s,
             rate = EXCLUDED.rate, caught_up = EXCLUDED.caught_up, fault = EXCLUDED.fault, heartbeat_at = EXCLUDED.heartbeat_at
         RETURNING generation, partition, lag_s",
        worker,
        to_column(head),
        &generations,
        &partitions,
        &waiting as &[Option<DateTime<Utc>>],
        &rates,
        &caught_up,
        &faults as &[Option<String>]
    )
    .fetch_all(pool)
    .await?;
    for told in told {
        let beat = beats
            .iter()
            .find(|(key, ..)| (key.generation, key.partition) == (told.generation, told.partition));
        if let Some((key, model, beat)) = beat {
            gauges(*key, model, beat, head, told.lag_s);
        }
    }
    Ok(())
}

fn gauges(key: Key, model: &str, beat: &Beat, head: Position, lag_s: f64) {
    let labels = [
        ("model", model.to_owned()),
        ("generation", key.generation.to_string()),
        ("partition", key.partition.to_string()),
    ];
    let behind = if beat.caught_up {
        0
    } else {
        head.0.saturating_sub(beat.position.0)
    };
    gauge!(POSITION, &labels).set(share(beat.position.0, 1));
    gauge!(BEHIND, &labels).set(share(behind, 1));
    gauge!(LAG, &labels).set(lag_s);
    gauge!(RATE, &labels).set(beat.rate);
    gauge!(FAULTY, &labels).set(f64::from(u8::from(beat.fault.is_some())));
    gauge!(PARKED, &labels).set(share(beat.held, 1));
}

/// Last event applied.
const POSITION: &str = "letopis_projection_position";
/// Log positions still to go.
const BEHIND: &str = "letopis_projection_behind";
/// Age of the oldest event that is not applied.
const LAG: &str = "letopis_projection_lag_seconds";
/// Events applied a second.
const RATE: &str = "letopis_projection_events_per_second";
/// Whether it does not move.
const FAULTY: &str = "letopis_projection_faulty";
/// Streams held back.
const PARKED: &str = "letopis_projection_parked_streams";

/// Gives the installed recorder the meaning of each gauge; each is set by the worker that keeps the part.
pub fn describe() {
    describe_gauge!(
        POSITION,
        "Log position of the last event applied to a part of a read model's build"
    );
    describe_gauge!(
        BEHIND,
        "Log positions that the part has still to go; 0 when nothing there concerns it"
    );
    describe_gauge!(
        LAG,
        Unit::Seconds,
        "Age of the oldest event that waits to be applied; 0 when none does"
    );
    describe_gauge!(RATE, "Events applied a second, lately");
    describe_gauge!(FAULTY, "1 while the part does not move because something fails, else 0");
    describe_gauge!(PARKED, "Streams held back behind an event that could not be applied");
}
