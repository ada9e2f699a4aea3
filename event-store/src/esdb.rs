//! The only file that names the official client crate, and the supervisor it needs.
//!
//! The client gives up for ever when its first connect fails, and keeps a dead handle when its node dies; so a lost
//! connection, or a row of failed calls, makes us build a new client. Calls are repeated unchanged meanwhile: reads
//! have no effect, and an append with an exact revision and derived ids is the same append however often it arrives.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use kurrentdb::{
    AppendToStreamOptions, Client, ClientSettings, Error as ClientError, EventData, ReadAllOptions, ReadStreamOptions,
    RecordedEvent, StreamPosition, StreamState, SubscribeToAllOptions, SubscriptionEvent, SubscriptionFilter,
};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::{Appended, Delivery, Expected, LogError, NewEvent, Position, Raw};

/// Failed calls in a row after which the client is built anew.
const FAILURES_UNTIL_REBUILD: u32 = 3;
/// How long one call is repeated before its caller is told.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The log behind an address. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

struct Inner {
    settings: ClientSettings,
    /// Where the store is, without user and password.
    address: String,
    connection: RwLock<Connection>,
    failures: AtomicU32,
}

#[derive(Clone)]
struct Connection {
    generation: u64,
    client: Arc<Client>,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}

/// What an error of the client means for the one who repeats.
enum Fault {
    /// Repeating is pointless.
    Final(LogError),
    /// The connection is gone.
    Lost(String),
    /// The call failed; perhaps the next does not.
    Failed(String),
}

impl EventLog {
    /// The log at `url` (`esdb://`, `kurrentdb://`, with `+discover` for a cluster). Connects when first used.
    ///
    /// # Errors
    /// [`LogError::Address`] when the URL does not read.
    pub fn new(url: &str) -> Result<Self, LogError> {
        let address = |reason: String| LogError::Address {
            url: url.to_owned(),
            reason,
        };
        let settings = url
            .parse::<ClientSettings>()
            .map_err(|error| address(error.to_string()))?;
        let client = Client::new(settings.clone()).map_err(|error| address(error.to_string()))?;
        let connection = RwLock::new(Connection {
            generation: 0,
            client: Arc::new(client),
        });
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                address: without_credentials(url),
                connection,
                failures: AtomicU32::new(0),
            }),
        })
    }

    /// Appends all events or none.
    ///
    /// # Errors
    /// [`LogError::Conflict`] when the stream is elsewhere, [`LogError::Unavailable`] when it is not known whether the
    /// append was taken.
    pub async fn append(&self, stream: &str, expected: Expected, events: &[NewEvent]) -> Result<Appended, LogError> {
        let options = AppendToStreamOptions::default().stream_state(match expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Exact(revision) => StreamState::StreamRevision(revision),
        });
        let events = events.iter().map(to_client).collect::<Result<Vec<_>, _>>()?;
        let result = self
            .repeating(stream, |client| {
                let (options, events) = (options.clone(), events.clone());
                async move { client.append_to_stream(stream, &options, events).await }
            })
            .await?;
        Ok(Appended {
            revision: result.next_expected_version,
            position: Position(result.position.commit),
        })
    }

    /// Events of a stream from a revision on, oldest first; none when there is no such stream.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_stream(&self, stream: &str, from: u64) -> Result<Vec<Raw>, LogError> {
        self.repeating(stream, |client| async move {
            let options = ReadStreamOptions::default().position(StreamPosition::Position(from));
            let mut events = Vec::new();
            let mut page = match client.read_stream(stream, &options).await {
                Err(ClientError::ResourceNotFound) => return Ok(events),
                other => other?,
            };
            loop {
                match page.next().await {
                    Ok(Some(event)) => events.extend(event.event.map(to_raw)),
                    Ok(None) | Err(ClientError::ResourceNotFound) => return Ok(events),
                    Err(error) => return Err(error),
                }
            }
        })
        .await
    }

    /// At most `limit` events after a position whose type has one of the prefixes, oldest first.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_all(&self, after: Position, types: &[&str], limit: usize) -> Result<Vec<Raw>, LogError> {
        self.repeating("$all", |client| async move {
            let start = match after {
                Position::START => StreamPosition::Start,
                Position(at) => StreamPosition::Position(kurrentdb::Position {
                    commit: at,
                    prepare: at,
                }),
            };
            // A forward read includes its start, hence one more.
            let options = ReadAllOptions::default()
                .position(start)
                .filter(filter(types))
                .max_count(limit.saturating_add(1));
            let mut page = client.read_all(&options).await?;
            let mut events = Vec::new();
            while let Some(event) = page.next().await? {
                events.extend(event.event.map(to_raw).filter(|it| it.position > after));
            }
            events.truncate(limit);
            Ok(events)
        })
        .await
    }

    /// At most `limit` events after a position, oldest first, without those of the store itself.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_unfiltered(&self, after: Position, limit: usize) -> Result<Vec<Raw>, LogError> {
        self.repeating("$all", |client| async move {
            let start = match after {
                Position::START => StreamPosition::Start,
                Position(at) => StreamPosition::Position(kurrentdb::Position {
                    commit: at,
                    prepare: at,
                }),
            };
            // A forward read includes its start, hence one more.
            let options = ReadAllOptions::default()
                .position(start)
                .filter(SubscriptionFilter::on_event_type().exclude_system_events())
                .max_count(limit.saturating_add(1));
            let mut page = client.read_all(&options).await?;
            let mut events = Vec::new();
            while let Some(event) = page.next().await? {
                events.extend(event.event.map(to_raw).filter(|it| it.position > after));
            }
            events.truncate(limit);
            Ok(events)
        })
        .await
    }

    /// Position of the newest event, whatever its type.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn head(&self) -> Result<Position, LogError> {
        self.repeating("$all", |client| async move {
            let options = ReadAllOptions::default()
                .backwards()
                .position(StreamPosition::End)
                .max_count(1);
            let newest = client.read_all(&options).await?.next().await?;
            Ok(newest
                .and_then(|it| it.event)
                .map_or(Position::START, |it| Position(it.position.commit)))
        })
        .await
    }

    /// Everything after a position whose type has one of the prefixes, as the server sends it; see
    /// [`crate::Subscription`] for one that survives the loss of the server.
    pub(crate) async fn feed(&self, after: Position, types: &[String]) -> Feed {
        let connection = self.connection();
        let start = match after {
            Position::START => StreamPosition::Start,
            Position(at) => StreamPosition::Position(kurrentdb::Position {
                commit: at,
                prepare: at,
            }),
        };
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let options = SubscribeToAllOptions::default()
            .position(start)
            .filter(filter(&types).max(4096));
        let subscription = connection.client.subscribe_to_all(&options).await;
        Feed {
            subscription,
            generation: connection.generation,
            log: self.clone(),
        }
    }

    fn connection(&self) -> Connection {
        self.inner
            .connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn repeating<T, F>(&self, stream: &str, call: impl Fn(Arc<Client>) -> F) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let connection = self.connection();
            let reason = match call(connection.client).await {
                Ok(answer) => {
                    self.inner.failures.store(0, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => match classify(error, stream) {
                    Fault::Final(error) => return Err(error),
                    Fault::Lost(reason) => {
                        self.rebuild(connection.generation, &reason);
                        reason
                    }
                    Fault::Failed(reason) => {
                        if self.inner.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_UNTIL_REBUILD {
                            self.rebuild(connection.generation, &reason);
                        }
                        reason
                    }
                },
            };
            if Instant::now() + pause > deadline {
                return Err(LogError::Unavailable {
                    reason: format!("{}: {reason}", self.inner.address),
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Replaces the client of `generation`; does nothing when somebody has done so already.
    fn rebuild(&self, generation: u64, reason: &str) {
        let mut connection = self.inner.connection.write().unwrap_or_else(PoisonError::into_inner);
        if connection.generation != generation {
            return;
        }
        match Client::new(self.inner.settings.clone()) {
            Ok(client) => {
                warn!(store = self.inner.address, reason, "connecting to the event store anew");
                *connection = Connection {
                    generation: generation + 1,
                    client: Arc::new(client),
                };
                self.inner.failures.store(0, Ordering::Relaxed);
            }
            Err(error) => warn!(%error, "no new connection to the event store can be made"),
        }
    }
}

/// One server-side subscription; over at its first error.
pub(crate) struct Feed {
    subscription: kurrentdb::Subscription,
    generation: u64,
    log: EventLog,
}

impl Feed {
    /// The next thing the server says. Not cancel-safe.
    ///
    /// # Errors
    /// `Ok(Err(reason))` when a new feed should be tried, `Err` when that is pointless.
    pub(crate) async fn next(&mut self) -> Result<Result<Delivery, String>, LogError> {
        loop {
            match self.subscription.next_subscription_event().await {
                Ok(SubscriptionEvent::EventAppeared(event)) => {
                    if let Some(event) = event.event {
                        return Ok(Ok(Delivery::Event(Box::new(to_raw(event)))));
                    }
                }
                Ok(SubscriptionEvent::Checkpoint(position)) => {
                    return Ok(Ok(Delivery::Passed(Position(position.commit))));
                }
                Ok(SubscriptionEvent::CaughtUp(_)) => return Ok(Ok(Delivery::CaughtUp)),
                Ok(
                    SubscriptionEvent::Confirmed(_)
                    | SubscriptionEvent::FellBehind(_)
                    | SubscriptionEvent::FirstStreamPosition(_)
                    | SubscriptionEvent::LastStreamPosition(_)
                    | SubscriptionEvent::LastAllPosition(_),
                ) => {}
                Err(error) => {
                    return match classify(error, "$all") {
                        Fault::Final(error) => Err(error),
                        Fault::Lost(reason) | Fault::Failed(reason) => {
                            self.log.rebuild(self.generation, &reason);
                            Ok(Err(reason))
                        }
                    };
                }
            }
        }
    }
}

fn filter(types: &[&str]) -> SubscriptionFilter {
    types
        .iter()
        .fold(SubscriptionFilter::on_event_type(), SubscriptionFilter::add_prefix)
}

fn to_client(event: &NewEvent) -> Result<EventData, LogError> {
    let refused = |error: serde_json::Error| LogError::Refused {
        reason: format!("event is not JSON: {error}"),
    };
    let payload: &RawValue = serde_json::from_slice(&event.payload).map_err(refused)?;
    let data = EventData::json(&event.event_type, &payload).map_err(refused)?;
    Ok(data.id(event.id).metadata(event.metadata.clone().into()))
}

fn to_raw(event: RecordedEvent) -> Raw {
    Raw {
        id: event.id,
        stream: event.stream_id().to_owned(),
        revision: event.revision,
        position: Position(event.position.commit),
        event_type: event.event_type,
        payload: event.data,
        metadata: event.custom_metadata,
    }
}

fn classify(error: ClientError, stream: &str) -> Fault {
    let text = error.to_string();
    match error {
        ClientError::WrongExpectedVersion { .. } => Fault::Final(LogError::Conflict {
            stream: stream.to_owned(),
        }),
        ClientError::ServerError(reason) if reason.contains("DataLoss") => Fault::Final(LogError::Damaged {
            reason: server_text(&reason),
        }),
        // The client's own words for it are a dump of gRPC headers.
        ClientError::ConnectionClosed | ClientError::GrpcConnectionError(_) => {
            Fault::Lost("nobody listens there, or no event store does".to_owned())
        }
        ClientError::ServerError(_) | ClientError::DeadlineExceeded | ClientError::NotLeaderException(_) => {
            Fault::Failed(text)
        }
        // Passing troubles of the connection, and the server's own time limits.
        ClientError::Grpc { code, .. }
            if ["Aborted", "Cancelled", "ResourceExhausted"].contains(&&*format!("{code:?}")) =>
        {
            Fault::Failed(text)
        }
        ClientError::Grpc { .. }
        | ClientError::InternalParsingError(_)
        | ClientError::AccessDenied
        | ClientError::ResourceAlreadyExists
        | ClientError::ResourceNotFound
        | ClientError::ResourceDeleted
        | ClientError::UnsupportedFeature
        | ClientError::InternalClientError
        | ClientError::InitializationError(_)
        | ClientError::IllegalStateError(_) => Fault::Final(LogError::Refused { reason: text }),
    }
}

/// The server's own words inside the client's `status: .., message: "..", details: ..`.
fn server_text(status: &str) -> String {
    let rest = status.split_once("message: \"").map_or(status, |(_, rest)| rest);
    rest.split_once("\", details")
        .map_or(rest, |(text, _)| text)
        .trim_end_matches('"')
        .to_owned()
}

/// `host:port` of an address, several when it names several.
fn without_credentials(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let hosts = rest.split(['/', '?']).next().unwrap_or_default();
    hosts.rsplit_once('@').map_or(hosts, |(_, hosts)| hosts).to_owned()
}
