//! Who keeps which part of which build: leases by the clock of Postgres, each with a fencing token that outranks all
//! before it.
//!
//! A lease only says who should work. What keeps two from committing is the token, which every transaction compares
//! with the checkpoint's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::Notify, time::sleep};
use tracing::debug;
use uuid::Uuid;

use crate::Model;

/// How long a worker that gives no sign keeps its leases.
pub(crate) const TERM: Duration = Duration::from_secs(3);
/// How often a worker gives a sign and looks for what nobody keeps.
pub(crate) const BEAT: Duration = Duration::from_millis(500);
/// Seconds that a worker with less to do is given to take what is free.
const GRACE: f64 = 1.0;

/// Postgres channel on which a worker that leaves says so, for others to take what it kept.
const LEFT: &str = "letopis_workers";

/// A part of a build: what one worker keeps at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) generation: i64,
    pub(crate) partition: i16,
}

/// The right to move one checkpoint, until somebody has a higher token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) key: Key,
    pub(crate) token: i64,
}

/// Ends the leases of workers that are gone.
pub(crate) async fn end_all(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!("WITH gone AS (DELETE FROM ops.worker) UPDATE ops.lease SET expires_at = clock_timestamp()")
        .execute(pool)
        .await?;
    Ok(())
}

/// Tells whenever a worker has left. Without it, it is found at the next look.
pub(crate) async fn hear(pool: PgPool, left: Arc<Notify>) {
    loop {
        if let Err(error) = listen(&pool, &left).await {
            debug!(%error, "nobody tells which workers leave; trying again");
        }
        sleep(TERM).await;
    }
}

async fn listen(pool: &PgPool, left: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(LEFT).await?;
    loop {
        listener.recv().await?;
        left.notify_one();
    }
}

/// What a look at the leases brought.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) gained: Vec<(Lease, Model)>,
    /// Somebody else has less to do: to be given back when its batch is through.
    pub(crate) surplus: Option<Key>,
}

/// The leases of one worker.
#[derive(Debug)]
pub(crate) struct Leases {
    pool: PgPool,
    worker: Uuid,
    name: String,
    models: Vec<Model>,
    /// The only build it keeps, if not all.
    generation: Option<i64>,
    held: BTreeMap<Key, Held>,
}

/// A lease that is held.
#[derive(Debug, Clone, Copy)]
struct Held {
    token: i64,
    model: &'static str,
}

/// A part of a build that this worker could keep.
struct Candidate {
    key: Key,
    label: String,
    /// Seconds for which nobody has kept it; `None` when somebody does.
    free_for: Option<f64>,
}

/// Another worker.
struct Rival {
    models: Vec<String>,
    /// How many leases it has.
    load: usize,
}

impl Leases {
    pub(crate) fn new(pool: PgPool, models: Vec<Model>, generation: Option<i64>) -> Self {
        let worker = Uuid::from_bytes(rand::random());
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = format!(
            "{}:{}:{}",
            host.trim(),
            std::process::id(),
            &worker.simple().to_string()[..4]
        );
        Self {
            pool,
            worker,
            name,
            models,
            generation,
            held: BTreeMap::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Name of the model that a lease is about.
    pub(crate) fn model(&self, key: Key) -> Option<&'static str> {
        self.held.get(&key).map(|it| it.model)
    }

    /// Gives a sign of life, renews what is held, and takes what nobody keeps unless somebody with less to do will.
    pub(crate) async fn look(&mut self) -> Result<Change, sqlx::Error> {
        let mut change = Change::default();
        self.renew().await?;
        self.sign().await?;
        let rivals = self.rivals().await?;
        for candidate in self.candidates().await? {
            let least = rivals.iter().filter(|it| it.models.contains(&candidate.label));
            let least = least.map(|it| it.load).min();
            let load = self.held.len();
            if self.held.contains_key(&candidate.key) {
                // One that is handed on must not come back.
                if least.is_some_and(|it| load >= it + 2) {
                    change.surplus = Some(candidate.key);
                }
                continue;
            }
            let Some(free_for) = candidate.free_for else { continue };
            if (least.is_none_or(|it| load <= it) || free_for > GRACE)
                && let Some(model) = self.models.iter().find(|it| it.label() == candidate.label).copied()
                && let Some(token) = self.take(candidate.key).await?
            {
                let name = model.name;
                self.held.insert(candidate.key, Held { token, model: name });
                let key = candidate.key;
                change.gained.push((Lease { key, token }, model));
            }
        }
        Ok(change)
    }

    /// Gives a lease back, so that others need not wait for its end.
    pub(crate) async fn give_back(&mut self, key: Key) -> Result<(), sqlx::Error> {
        let Some(Held { token, .. }) = self.held.remove(&key) else {
            return Ok(());
        };
        sqlx::query!(
            "UPDATE ops.lease SET expires_at = clock_timestamp() WHERE generation = $1 AND partition = $2 AND token = $3",
            key.generation,
            key.partition,
            token
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// It was found to be another's.
    pub(crate) fn forget(&mut self, key: Key) {
        self.held.remove(&key);
    }

    /// Gives everything back.
    pub(crate) async fn leave(mut self) -> Result<(), sqlx::Error> {
        for key in self.held.keys().copied().collect::<BTreeSet<_>>() {
            self.give_back(key).await?;
        }
        let left = sqlx::query!(
            "WITH gone AS (DELETE FROM ops.worker WHERE id = $1) SELECT pg_notify($2, '')",
            self.worker,
            LEFT
        );
        left.execute(&self.pool).await?;
        Ok(())
    }

    /// Drops what is no longer held: taken by another after a pause, or removed. Its unit finds out when it commits.
    async fn renew(&mut self) -> Result<(), sqlx::Error> {
        if self.held.is_empty() {
            return Ok(());
        }
        let (generations, partitions): (Vec<i64>, Vec<i16>) =
            self.held.keys().map(|it| (it.generation, it.partition)).unzip();
        let tokens: Vec<i64> = self.held.values().map(|it| it.token).collect();
        let renewed = sqlx::query!(
            "UPDATE ops.lease AS mine SET expires_at = clock_timestamp() + make_interval(secs => $4)
             FROM UNNEST($1::bigint[], $2::smallint[], $3::bigint[]) AS held (generation, partition, token)
             WHERE (mine.generation, mine.partition, mine.token) = (held.generation, held.partition, held.token)
             RETURNING mine.generation, mine.partition",
            &generations,
            &partitions,
            &tokens,
            TERM.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let kept: BTreeSet<Key> = renewed
            .into_iter()
            .map(|it| Key {
                generation: it.generation,
                partition: it.partition,
            })
            .collect();
        self.held.retain(|it, _| kept.contains(it));
        Ok(())
    }

    async fn sign(&self) -> Result<(), sqlx::Error> {
        // One that keeps a single build takes no share of the others' work.
        let labels: Vec<String> = match self.generation {
            Some(generation) => vec![format!("#{generation}")],
            None => self.models.iter().map(Model::label).collect(),
        };
        sqlx::query!(
            "WITH gone AS (
                DELETE FROM ops.worker WHERE id <> $1 AND seen_at < clock_timestamp() - make_interval(secs => $4)
            )
            INSERT INTO ops.worker (id, name, models, seen_at) VALUES ($1, $2, $3, clock_timestamp())
            ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()",
            self.worker,
            self.name,
            &labels,
            TERM.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The other workers that live.
    async fn rivals(&self) -> Result<Vec<Rival>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT it.models, count(lease.holder) AS "load!"
             FROM ops.worker AS it
             LEFT JOIN ops.lease AS lease ON lease.holder = it.id AND lease.expires_at > clock_timestamp()
             WHERE it.id <> $1 AND it.seen_at > clock_timestamp() - make_interval(secs => $2)
             GROUP BY it.id"#,
            self.worker,
            TERM.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let rivals = rows.into_iter().map(|it| Rival {
            models: it.models,
            load: usize::try_from(it.load).unwrap_or_default(),
        });
        Ok(rivals.collect())
    }

    async fn candidates(&self) -> Result<Vec<Candidate>, sqlx::Error> {
        let labels: Vec<String> = self.models.iter().map(Model::label).collect();
        let rows = sqlx::query!(
            r#"SELECT part.generation, part.partition, it.model || ':' || it.version AS "label!",
                CASE WHEN lease.expires_at IS NULL THEN 'Infinity'
                     WHEN lease.expires_at < clock_timestamp()
                     THEN EXTRACT(epoch FROM clock_timestamp() - lease.expires_at)::double precision
                END AS free_for
             FROM ops.checkpoint AS part
             JOIN ops.generation AS it ON it.id = part.generation
             LEFT JOIN ops.lease AS lease ON (lease.generation, lease.partition) = (part.generation, part.partition)
             WHERE it.model || ':' || it.version = ANY($1) AND ($2::bigint IS NULL OR it.id = $2)
             ORDER BY part.generation, part.partition"#,
            &labels,
            self.generation
        )
        .fetch_all(&self.pool)
        .await?;
        let candidates = rows.into_iter().map(|it| Candidate {
            key: Key {
                generation: it.generation,
                partition: it.partition,
            },
            label: it.label,
            free_for: it.free_for,
        });
        Ok(candidates.collect())
    }

    /// The token of the new lease; `None` when somebody was faster.
    async fn take(&self, key: Key) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar!(
            "INSERT INTO ops.lease AS known (generation, partition, holder, token, expires_at)
             VALUES ($1, $2, $3, 1, clock_timestamp() + make_interval(secs => $4))
             ON CONFLICT (generation, partition) DO UPDATE
             SET holder = $3, token = known.token + 1, expires_at = EXCLUDED.expires_at
             WHERE known.expires_at < clock_timestamp()
             RETURNING token",
            key.generation,
            key.partition,
            self.worker,
            TERM.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await
    }
}
