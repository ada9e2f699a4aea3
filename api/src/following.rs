//! Duties: what is done because of events, each by one who follows the log, remembers how far they came, and is begun
//! again when they fail.

use std::time::Duration;

use anyhow::Result;
use commands::CommandError;
use domain::event::DomainEvent;
use event_store::{Delivery, EventLog, Position, Recorded, Subscription, decode};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

/// Events before the end of the log that are looked at when nothing is known of how far it came.
const LOOK_BACK: usize = 1000;
/// Events taken at a time.
const BATCH: usize = 256;
/// Before anything that failed is begun again.
pub(crate) const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });
/// How often it is measured how far processes are behind.
const LOOK: Duration = Duration::from_secs(10);
const BEHIND: &str = "letopis_process_behind";
const RESTARTS: &str = "letopis_process_restarts_total";

/// What is done because of events. Each may come more often than once.
pub(crate) trait Duty: Send + Sync + 'static {
    /// Its name, in `ops.process_cursor` and in metrics.
    const NAME: &'static str;
    /// Prefixes of the types of events that concern it.
    const TYPES: &'static [&'static str];

    /// Does what follows from an event.
    fn take(&self, recorded: &Recorded<DomainEvent>) -> impl Future<Output = Result<()>> + Send;
}

/// How far a process came that follows the log.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    name: &'static str,
    pool: PgPool,
}

impl Place {
    /// Of the process with this name.
    pub(crate) fn of(name: &'static str, pool: &PgPool) -> Self {
        let pool = pool.clone();
        Self { name, pool }
    }

    /// The last event that was looked at; `None` when nothing is known.
    pub(crate) async fn known(&self) -> Result<Option<Position>, sqlx::Error> {
        const PLACE: &str = "SELECT position FROM ops.process_cursor WHERE process = $1";
        let position: Option<i64> = sqlx::query_scalar(PLACE)
            .bind(self.name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(position.map(|it| Position(it.cast_unsigned())))
    }

    /// Never backwards: another server may be ahead.
    pub(crate) async fn keep(&self, position: Position) -> Result<(), sqlx::Error> {
        const KEEP: &str = "INSERT INTO ops.process_cursor AS it (process, position) VALUES ($1, $2)
            ON CONFLICT (process) DO UPDATE SET position = GREATEST(it.position, EXCLUDED.position)";
        let position = position.0.cast_signed();
        sqlx::query(KEEP)
            .bind(self.name)
            .bind(position)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Does a duty for ever.
pub(crate) async fn follow<D: Duty>(duty: D, log: EventLog, pool: PgPool) {
    let place = Place::of(D::NAME, &pool);
    loop {
        if let Err(error) = go_on(&duty, &log, &place).await {
            warn!(%error, process = D::NAME, "a process does not get on for now");
        }
        sleep(PAUSE).await;
    }
}

async fn go_on<D: Duty>(duty: &D, log: &EventLog, place: &Place) -> Result<()> {
    let after = match place.known().await? {
        Some(position) => position,
        None => log.before_end(LOOK_BACK).await?,
    };
    // From here on, even if this server ends before anything comes.
    place.keep(after).await?;
    let mut events = Subscription::start(log, after, D::TYPES);
    loop {
        let mut done = None;
        let batch = events.next_batch(BATCH).await?;
        let taken = take_all(duty, batch, &mut done).await;
        if let Some(position) = done {
            place.keep(position).await?;
        }
        taken?;
    }
}

/// Tells in `done` how far it came, also when it does not come to the end.
async fn take_all<D: Duty>(duty: &D, batch: Vec<Delivery>, done: &mut Option<Position>) -> Result<()> {
    for delivery in batch {
        match delivery {
            Delivery::Event(raw) => {
                match decode(&raw) {
                    Ok(event) => receive(duty, &event).await?,
                    // Of a newer program, which takes care of it itself.
                    Err(error) => warn!(%error, position = raw.position.0, "an event is not looked at"),
                }
                *done = Some(raw.position);
            }
            Delivery::Passed(position) => *done = Some(position),
            Delivery::CaughtUp => {}
        }
    }
    Ok(())
}

/// What cannot be done however often it is tried holds up nobody else.
async fn receive<D: Duty>(duty: &D, recorded: &Recorded<DomainEvent>) -> Result<()> {
    let Err(error) = duty.take(recorded).await else {
        return Ok(());
    };
    if !error
        .downcast_ref::<CommandError>()
        .is_some_and(CommandError::is_lasting)
    {
        return Err(error);
    }
    let (position, process) = (recorded.position.0, D::NAME);
    warn!(%error, position, process, "what would follow from an event cannot be done, and is left undone");
    Ok(())
}

/// Begins a task that is never to end: one that does, by a fault of ours, is told of and begun again.
pub(crate) fn tend<F>(name: &'static str, working: &CancellationToken, begin: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let working = working.clone();
    tokio::spawn(async move {
        loop {
            let ended = tokio::spawn(working.clone().run_until_cancelled_owned(begin())).await;
            if working.is_cancelled() {
                return;
            }
            match ended {
                Ok(_) => error!(process = name, "A PROCESS HAS ENDED: it is begun again"),
                Err(panic) => error!(%panic, process = name, "A PROCESS HAS PANICKED: it is begun again"),
            }
            counter!(RESTARTS, "process" => name).increment(1);
            sleep(PAUSE).await;
        }
    });
}

/// Measures for ever how far these processes are behind: their names, with the types of events that concern them.
pub(crate) async fn measure(log: EventLog, pool: PgPool, processes: &[(&'static str, &[&str])]) {
    loop {
        for (name, types) in processes {
            match behind(&log, &Place::of(name, &pool), types).await {
                Ok(behind) => gauge!(BEHIND, "process" => *name).set(behind),
                // Whoever follows the log tells of it.
                Err(error) => debug!(%error, process = name, "it is not known how far it is"),
            }
        }
        sleep(LOOK).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more than 52 bits")]
async fn behind(log: &EventLog, place: &Place, types: &[&str]) -> Result<f64> {
    let Some(done) = place.known().await? else {
        return Ok(0.0);
    };
    let head = log.head().await?;
    if head <= done || log.read_all(done, types, 1).await?.is_empty() {
        return Ok(0.0);
    }
    Ok((head.0 - done.0) as f64)
}

/// Tells whoever reads the metrics what these are.
pub(crate) fn describe() {
    describe_gauge!(
        BEHIND,
        Unit::Count,
        "Log positions that a process has still to go; 0 when nothing that concerns it lies there"
    );
    describe_counter!(RESTARTS, "Processes begun again because they had ended or panicked");
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use anyhow::Result;
    use chrono::DateTime;
    use commands::CommandError;
    use domain::{
        actor::{Actor, ActorKind},
        event::DomainEvent,
        ids::CommandId,
        metadata::Metadata,
        personal::DataSubject,
        ticket::TicketEvent,
    };
    use event_store::{LogError, Position, Recorded, vault::VaultError};
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;
    use uuid::Uuid;

    use super::{Duty, receive, tend};

    /// Cannot do what it is to do.
    struct Unable(fn() -> CommandError);

    impl Duty for Unable {
        const NAME: &'static str = "unable";
        const TYPES: &'static [&'static str] = &[];

        async fn take(&self, _: &Recorded<DomainEvent>) -> Result<()> {
            Err(self.0().into())
        }
    }

    fn recorded() -> Recorded<DomainEvent> {
        let metadata = Metadata {
            causation_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            actor: Actor::new(ActorKind::System, "test"),
            at: DateTime::UNIX_EPOCH,
            chain: None,
            command_id: CommandId(Uuid::nil()),
            from: None,
            request: String::new(),
            schema: 1,
            subjects: None,
            traceparent: None,
        };
        Recorded {
            id: Uuid::nil(),
            stream_id: Uuid::nil(),
            revision: 0,
            position: Position(7),
            event_type: "ticket.started".to_owned(),
            event: DomainEvent::Ticket(TicketEvent::Started {}),
            metadata,
        }
    }

    #[tokio::test]
    async fn what_fails_for_good_holds_up_nobody_and_what_may_pass_is_tried_again() {
        let lasting: [fn() -> CommandError; 3] = [
            || CommandError::KeyReused,
            || CommandError::Vault(VaultError::Damaged(DataSubject(Uuid::nil()))),
            || {
                let reason = "foreign".to_owned();
                CommandError::Log(LogError::Refused { reason })
            },
        ];
        for error in lasting {
            assert!(receive(&Unable(error), &recorded()).await.is_ok(), "{}", error());
        }
        let away = || {
            let reason = "away".to_owned();
            CommandError::Log(LogError::Unavailable { reason })
        };
        assert!(receive(&Unable(away), &recorded()).await.is_err());
    }

    #[tokio::test]
    async fn process_that_panics_is_begun_again() {
        let (working, begun) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let third = Arc::new(Notify::new());
        let (count, told) = (Arc::clone(&begun), Arc::clone(&third));
        tend("test", &working, move || {
            let (count, told) = (Arc::clone(&count), Arc::clone(&told));
            async move {
                match count.fetch_add(1, Ordering::SeqCst) {
                    0 => panic!("the first"),
                    1 => {}
                    _ => {
                        told.notify_one();
                        std::future::pending::<()>().await;
                    }
                }
            }
        });
        third.notified().await;
        working.cancel();
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
