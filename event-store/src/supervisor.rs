//! Keeps a client that gives up working: repeats calls, and builds the client anew when that may help.
//!
//! The client gives up for ever when its first connect fails, keeps the handle of a dead node of a cluster, and waits
//! as long as a half-open connection lets it. So every try has a limit of silence, and a lost or silent connection, or
//! a row of failed calls, makes us build a new client, which asks the cluster anew where its leader is. Calls are
//! repeated unchanged meanwhile: reads have no effect, and an append with an exact revision and derived ids is the same
//! append however often it arrives.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use crate::{LogError, metrics};

/// Failed calls in a row after which the client is built anew.
const FAILURES_UNTIL_REBUILD: u32 = 3;
/// A client built because of silence is given so many times the first try's silence at most, when silence goes on: the
/// client's background task and its connection outlive it, so a server that is merely slow must not get ever more.
const LONGEST_DOUBT: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a call is repeated before its caller is told; 10 s.
    pub patience: Duration,
    /// How long the first try of a call may hear nothing at all before its connection is given up; 3 s. Doubles with
    /// each silent try.
    pub silence: Duration,
    /// How long a subscription may hear nothing before it is compared with the log; 10 s.
    pub watch: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            silence: Duration::from_secs(3),
            watch: Duration::from_secs(10),
        }
    }
}

/// Pauses between tries: 50 ms, then twice as long each time, at most 2 s.
#[derive(Debug)]
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pause {
    pub(crate) async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

/// What an error means for the one who repeats.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Repeating is pointless.
    Final(LogError),
    /// The client has given up.
    Lost(String),
    /// The call failed; perhaps the next does not.
    Failed(String),
    /// Nothing was heard for this long.
    Silent(Duration),
}

/// Waits for the next sign of life, but no longer than `limit`.
pub(crate) async fn within<T, E>(limit: Duration, step: impl Future<Output = Result<T, E>>) -> Result<T, Fault>
where
    Fault: From<E>,
{
    match timeout(limit, step).await {
        Ok(result) => result.map_err(Fault::from),
        Err(_elapsed) => Err(Fault::Silent(limit)),
    }
}

/// A client and its replacements.
pub(crate) struct Supervisor<C> {
    connect: Box<dyn Fn() -> Result<C, String> + Send + Sync>,
    /// Where the store is, without user and password.
    address: String,
    timing: Timing,
    connection: RwLock<Connection<C>>,
    /// Failed calls in a row.
    failures: AtomicU32,
    /// Clients in a row that were replaced because of silence.
    silences: AtomicU32,
}

pub(crate) struct Connection<C> {
    pub(crate) client: Arc<C>,
    /// Counts the clients.
    pub(crate) generation: u64,
    born: Instant,
}

impl<C> Supervisor<C> {
    pub(crate) fn new(
        address: String,
        timing: Timing,
        connect: impl Fn() -> Result<C, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let client = Arc::new(connect()?);
        metrics::connected("first");
        Ok(Self {
            connect: Box::new(connect),
            address,
            timing,
            connection: RwLock::new(Connection {
                client,
                generation: 0,
                born: Instant::now(),
            }),
            failures: AtomicU32::new(0),
            silences: AtomicU32::new(0),
        })
    }

    pub(crate) fn timing(&self) -> Timing {
        self.timing
    }

    pub(crate) fn connection(&self) -> Connection<C> {
        let connection = self.connection.read().unwrap_or_else(PoisonError::into_inner);
        Connection {
            client: Arc::clone(&connection.client),
            generation: connection.generation,
            born: connection.born,
        }
    }

    /// Repeats `attempt` until it is answered, refused for good, or the patience is over. It is given a client and how
    /// long each of its steps may take.
    pub(crate) async fn call<T, F>(
        &self,
        name: &'static str,
        attempt: impl Fn(Arc<C>, Duration) -> F,
    ) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let began = Instant::now();
        let (mut pause, mut silence, mut end) = (Pause::default(), self.timing.silence, None);
        loop {
            // The last try is cut short, but not so short that a healthy server could not answer.
            let least = self.timing.silence / 4;
            let limit = end.map_or(silence, |end: Instant| silence.min(end - Instant::now()).max(least));
            let connection = self.connection();
            let fault = match attempt(connection.client, limit).await {
                Ok(answer) => {
                    self.succeeded();
                    metrics::answered(name, began.elapsed());
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            if matches!(fault, Fault::Silent(_)) {
                silence *= 2;
            }
            let reason = self.bear(connection.generation, fault)?;
            // Patience begins with the silence that the first failure ended: a long read that is cut has all of it.
            let quiet = began.elapsed().min(limit);
            let end = *end.get_or_insert_with(|| Instant::now() - quiet + self.timing.patience);
            if Instant::now() + pause.0 >= end {
                metrics::gave_up(name);
                return Err(self.unavailable(&reason));
            }
            pause.wait().await;
            metrics::retried(name);
        }
    }

    /// Whoever was answered says so: earlier failures were passing ones.
    pub(crate) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.silences.store(0, Ordering::Relaxed);
    }

    /// Builds a new client when the fault of this generation asks for it; gives the reason to tell.
    ///
    /// # Errors
    /// The final ones.
    pub(crate) fn bear(&self, generation: u64, fault: Fault) -> Result<String, LogError> {
        match fault {
            Fault::Final(error) => Err(error),
            Fault::Lost(reason) => {
                self.rebuild(generation, "lost", &reason);
                Ok(reason)
            }
            Fault::Silent(limit) => {
                let reason = format!("nothing was heard for {:.1} s", limit.as_secs_f32());
                let silences = self.silences.load(Ordering::Relaxed);
                let doubt = 1_u32
                    .checked_shl(silences)
                    .map_or(LONGEST_DOUBT, |it| it.min(LONGEST_DOUBT));
                if self.connection().born.elapsed() >= self.timing.silence * doubt
                    && self.rebuild(generation, "silent", &reason)
                {
                    self.silences.store(silences.saturating_add(1), Ordering::Relaxed);
                }
                Ok(reason)
            }
            Fault::Failed(reason) => {
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_UNTIL_REBUILD {
                    self.rebuild(generation, "failing", &reason);
                }
                Ok(reason)
            }
        }
    }

    fn unavailable(&self, reason: &str) -> LogError {
        LogError::Unavailable {
            reason: format!("{}: {reason}", self.address),
        }
    }

    /// Replaces the client of `generation`, and says whether it did: somebody may have done so already.
    fn rebuild(&self, generation: u64, cause: &'static str, reason: &str) -> bool {
        let mut connection = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if connection.generation != generation {
            return false;
        }
        match (self.connect)() {
            Ok(client) => {
                warn!(store = self.address, reason, "connecting to the event store anew");
                metrics::connected(cause);
                *connection = Connection {
                    client: Arc::new(client),
                    generation: generation + 1,
                    born: Instant::now(),
                };
                self.failures.store(0, Ordering::Relaxed);
                true
            }
            Err(error) => {
                warn!(%error, "no new connection to the event store can be made");
                false
            }
        }
    }
}
