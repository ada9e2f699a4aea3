//! The only file that names the official client crate: its calls, its errors, its subscriptions.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use kurrentdb::{
    AppendToStreamOptions, Client, ClientSettings, Error as ClientError, EventData, ReadAllOptions, ReadEvent,
    ReadStreamOptions, RecordedEvent, StreamPosition, StreamState, SubscribeToAllOptions, SubscriptionEvent,
    SubscriptionFilter,
};
use serde_json::value::RawValue;
use tracing::{Dispatch, instrument::WithSubscriber};

use crate::{
    Appended, Delivery, Expected, LogError, NewEvent, Position, Raw, Timing, metrics,
    supervisor::{Fault, Supervisor, within},
    tripwire::Tripwire,
};

/// Where the client warns of messages of a subscription that it does not understand.
const SUBSCRIPTIONS: &str = "kurrentdb::commands";

/// The log behind an address. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct EventLog {
    supervisor: Arc<Supervisor<Client>>,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}

impl EventLog {
    /// The log at `url` (`esdb://`, `kurrentdb://`, with `+discover` for a cluster). Connects when first used.
    ///
    /// # Errors
    /// [`LogError::Address`] when the URL does not read.
    pub fn new(url: &str) -> Result<Self, LogError> {
        Self::with_timing(url, Timing::default())
    }

    /// As [`Self::new`], with other times than the usual.
    ///
    /// # Errors
    /// [`LogError::Address`] when the URL does not read.
    pub fn with_timing(url: &str, timing: Timing) -> Result<Self, LogError> {
        let address = |reason: String| LogError::Address {
            url: url.to_owned(),
            reason,
        };
        let settings = url
            .parse::<ClientSettings>()
            .map_err(|error| address(error.to_string()))?;
        let connect = move || Client::new(settings.clone()).map_err(|error| error.to_string());
        let supervisor = Supervisor::new(without_credentials(url), timing, connect).map_err(address)?;
        Ok(Self {
            supervisor: Arc::new(supervisor),
        })
    }

    /// Appends all events or none.
    ///
    /// # Errors
    /// [`LogError::Conflict`] when the stream is elsewhere, [`LogError::Unavailable`] when it is not known whether the
    /// append was taken.
    pub async fn append(&self, stream: &str, expected: Expected, events: &[NewEvent]) -> Result<Appended, LogError> {
        let state = match expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Exact(revision) => StreamState::StreamRevision(revision),
        };
        let events = events.iter().map(to_client).collect::<Result<Vec<_>, _>>()?;
        let append = |client: Arc<Client>, limit: Duration| {
            let options = AppendToStreamOptions::default().stream_state(state).deadline(limit);
            let events = events.clone();
            async move {
                let appended = async {
                    let result = client.append_to_stream(stream, &options, events).await;
                    result.map_err(|error| {
                        if matches!(error, ClientError::WrongExpectedVersion { .. }) {
                            let stream = stream.to_owned();
                            return Fault::Final(LogError::Conflict { stream });
                        }
                        error.into()
                    })
                };
                within(limit, appended).await
            }
        };
        let result = self.supervisor.call("append", append).await?;
        let position = Position(result.position.commit);
        metrics::head(position);
        Ok(Appended {
            revision: result.next_expected_version,
            position,
        })
    }

    /// Events of a stream from a revision on, oldest first; none when there is no such stream.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_stream(&self, stream: &str, from: u64) -> Result<Vec<Raw>, LogError> {
        let read = |client: Arc<Client>, limit: Duration| async move {
            let mut events: Vec<Raw> = Vec::new();
            loop {
                let known = events.len();
                let next = events.last().map_or(from, |it| it.revision + 1);
                let whole = page(&client, limit, (stream, next), &mut events).await?;
                // A proxy may end an answer early with every sign of success: without the server's word that it was
                // whole, only a page that brings nothing more shows the end.
                if whole || events.len() == known {
                    return Ok(events);
                }
            }
        };
        self.supervisor.call("read_stream", read).await
    }

    /// At most `limit` events after a position whose type has one of the prefixes, oldest first.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_all(&self, after: Position, types: &[&str], limit: usize) -> Result<Vec<Raw>, LogError> {
        self.read_filtered("read_all", after, &filter(types), limit).await
    }

    /// At most `limit` events after a position, oldest first, without those of the store itself.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn read_unfiltered(&self, after: Position, limit: usize) -> Result<Vec<Raw>, LogError> {
        self.read_filtered("read_unfiltered", after, &filter(&[]), limit).await
    }

    async fn read_filtered(
        &self,
        call: &'static str,
        after: Position,
        filter: &SubscriptionFilter,
        limit: usize,
    ) -> Result<Vec<Raw>, LogError> {
        let read = |client: Arc<Client>, silence: Duration| async move {
            // A forward read includes its start, hence one more.
            let options = ReadAllOptions::default()
                .position(behind(after))
                .filter(filter.clone())
                .max_count(limit.saturating_add(1));
            let mut page = within(silence, client.read_all(&options)).await?;
            let mut events = Vec::new();
            while let Some(event) = within(silence, page.next()).await? {
                events.extend(event.event.map(to_raw).filter(|it| it.position > after));
            }
            events.truncate(limit);
            Ok(events)
        };
        self.supervisor.call(call, read).await
    }

    /// Position of the newest event, whatever its type.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn head(&self) -> Result<Position, LogError> {
        let read = |client: Arc<Client>, limit: Duration| async move {
            let options = ReadAllOptions::default()
                .backwards()
                .position(StreamPosition::End)
                .max_count(1);
            let mut page = within(limit, client.read_all(&options)).await?;
            let newest = within(limit, page.next()).await?.and_then(|it| it.event);
            Ok(newest.map_or(Position::START, |it| Position(it.position.commit)))
        };
        let head = self.supervisor.call("head", read).await?;
        metrics::head(head);
        Ok(head)
    }

    /// Position of the oldest of the newest `count` events, whatever their types; the start of a shorter log.
    ///
    /// # Errors
    /// [`LogError`], never a conflict.
    pub async fn before_end(&self, count: usize) -> Result<Position, LogError> {
        let read = |client: Arc<Client>, limit: Duration| async move {
            let options = ReadAllOptions::default()
                .backwards()
                .position(StreamPosition::End)
                .max_count(count);
            let mut page = within(limit, client.read_all(&options)).await?;
            let (mut found, mut oldest) = (0, Position::START);
            while let Some(it) = within(limit, page.next()).await? {
                found += 1;
                oldest = it.event.map_or(oldest, |it| Position(it.position.commit));
            }
            Ok(if found < count { Position::START } else { oldest })
        };
        self.supervisor.call("before_end", read).await
    }

    /// Everything after a position whose type has one of the prefixes, as the server sends it; see
    /// [`crate::Subscription`] for one that survives the loss of the server.
    pub(crate) async fn feed(&self, after: Position, types: &[String]) -> Feed {
        let connection = self.supervisor.connection();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let options = SubscribeToAllOptions::default()
            .position(behind(after))
            .filter(filter(&types).max(4096));
        let subscription = connection.client.subscribe_to_all(&options).await;
        Feed {
            subscription,
            generation: connection.generation,
            supervisor: Arc::clone(&self.supervisor),
            tripwire: Tripwire::across(SUBSCRIPTIONS),
        }
    }

    pub(crate) fn timing(&self) -> Timing {
        self.supervisor.timing()
    }

    /// Whether calls still use the client of this generation.
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.supervisor.connection().generation == generation
    }
}

/// One page of a stream from a revision on; whether the server says that it was the last.
async fn page(
    client: &Client,
    limit: Duration,
    (stream, from): (&str, u64),
    events: &mut Vec<Raw>,
) -> Result<bool, Fault> {
    let options = ReadStreamOptions::default().position(StreamPosition::Position(from));
    let known = events.len();
    let mut page = within(limit, client.read_stream(stream, &options)).await?;
    let mut last = None;
    let next = async |page: &mut kurrentdb::ReadStream| match page.next_read_event().await {
        // No stream: the server's word as well.
        Err(ClientError::ResourceNotFound) => Ok(None),
        other => other.map(Some),
    };
    loop {
        match within(limit, next(&mut page)).await? {
            None if events.len() == known => return Ok(true),
            None => return Err(ClientError::ResourceNotFound.into()),
            Some(Some(ReadEvent::Event(event))) => events.extend(event.event.map(to_raw)),
            Some(Some(ReadEvent::LastStreamPosition(revision))) => last = Some(revision),
            Some(Some(ReadEvent::FirstStreamPosition(_) | ReadEvent::LastAllStreamPosition(_))) => {}
            Some(None) => return Ok(last.is_some() && last == events.last().map(|it| it.revision)),
        }
    }
}

/// One server-side subscription; over at its first error.
pub(crate) struct Feed {
    subscription: kurrentdb::Subscription,
    generation: u64,
    supervisor: Arc<Supervisor<Client>>,
    tripwire: Dispatch,
}

impl Feed {
    /// The next thing the server says; `None` for a mere sign of life. Not cancel-safe.
    ///
    /// # Errors
    /// `Ok(Err(reason))` when a new feed should be tried, `Err` when that is pointless.
    pub(crate) async fn next(&mut self) -> Result<Result<Option<Delivery>, String>, LogError> {
        Tripwire::reset(&self.tripwire);
        let said = self.subscription.next_subscription_event();
        let said = AssertUnwindSafe(said.with_subscriber(self.tripwire.clone()));
        let fault = match said.catch_unwind().await {
            Ok(Ok(event)) => {
                self.supervisor.succeeded();
                return Ok(Ok(to_delivery(event)));
            }
            Ok(Err(error)) => error.into(),
            // It has run in a circle, or met a message it thought impossible.
            Err(_unwound) => Fault::Failed("the server ended the subscription without an error".to_owned()),
        };
        self.supervisor.bear(self.generation, fault).map(Err)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

fn to_delivery(event: SubscriptionEvent) -> Option<Delivery> {
    match event {
        SubscriptionEvent::EventAppeared(event) => event.event.map(|it| Delivery::Event(Box::new(to_raw(it)))),
        SubscriptionEvent::Checkpoint(position) => Some(Delivery::Passed(Position(position.commit))),
        SubscriptionEvent::CaughtUp(_) => Some(Delivery::CaughtUp),
        SubscriptionEvent::Confirmed(_)
        | SubscriptionEvent::FellBehind(_)
        | SubscriptionEvent::FirstStreamPosition(_)
        | SubscriptionEvent::LastStreamPosition(_)
        | SubscriptionEvent::LastAllPosition(_) => None,
    }
}

fn behind(position: Position) -> StreamPosition<kurrentdb::Position> {
    match position {
        Position::START => StreamPosition::Start,
        Position(at) => StreamPosition::Position(kurrentdb::Position {
            commit: at,
            prepare: at,
        }),
    }
}

/// Without any prefix: everything but the store's own events.
fn filter(types: &[&str]) -> SubscriptionFilter {
    if types.is_empty() {
        return SubscriptionFilter::on_event_type().exclude_system_events();
    }
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
        stored_at: event.created,
        is_json: event.is_json,
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error {
            ClientError::ServerError(reason) if reason.contains("DataLoss") => Self::Final(LogError::Damaged {
                reason: server_text(&reason),
            }),
            // The client's own words for it are a dump of gRPC headers.
            ClientError::ConnectionClosed | ClientError::GrpcConnectionError(_) => {
                Self::Lost("nobody listens there, or no event store does".to_owned())
            }
            // An unknown stream is no error for any of our calls: a node that has no leader to name says so too.
            ClientError::ServerError(_)
            | ClientError::DeadlineExceeded
            | ClientError::NotLeaderException(_)
            | ClientError::ResourceNotFound => Self::Failed(text),
            // Passing troubles of the connection, and the server's own time limits.
            ClientError::Grpc { code, .. }
                if ["Aborted", "Cancelled", "ResourceExhausted"].contains(&&*format!("{code:?}")) =>
            {
                Self::Failed(text)
            }
            ClientError::Grpc { .. }
            | ClientError::WrongExpectedVersion { .. }
            | ClientError::InternalParsingError(_)
            | ClientError::AccessDenied
            | ClientError::ResourceAlreadyExists
            | ClientError::ResourceDeleted
            | ClientError::UnsupportedFeature
            | ClientError::InternalClientError
            | ClientError::InitializationError(_)
            | ClientError::IllegalStateError(_) => Self::Final(LogError::Refused { reason: text }),
        }
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
