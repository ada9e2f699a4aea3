//! `GET /graphql/ws`: the protocol `graphql-transport-ws`.
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>
//!
//! A socket is read and written by one task, and each operation on it is worked out by others, a bounded number of
//! responses ahead: a slow client slows nobody but itself.

use std::{pin::pin, sync::Arc, time::Duration};

use async_graphql::Request;
use axum::{
    Extension,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode},
    response::Response as HttpResponse,
};
use futures_util::{StreamExt, stream::BoxStream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_stream::StreamMap;
use tracing::{Instrument, Span};

use super::{
    AGAIN, READ_ONLY, Ready, Shared, cors, metrics,
    operation::{self, Answer},
    refusal::{Refusal, seconds},
};
use crate::{
    graphql::{Call, Caller},
    problem::{Language, Problem},
};

/// How long a client may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How long a socket may be silent before it is asked whether it is there; twice that, and it is closed.
const SILENCE: Duration = Duration::from_secs(25);
/// Operations of one socket at a time.
const MOST_OPERATIONS: usize = 100;
/// Largest message taken, in bytes.
const LARGEST_MESSAGE: usize = 1024 * 1024;

/// A message of the client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    ConnectionInit { payload: Option<Value> },
    Ping {},
    Pong {},
    Subscribe { id: String, payload: Box<Request> },
    Complete { id: String },
}

/// A message of the server.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ServerMessage<'a> {
    ConnectionAck,
    Ping,
    Pong,
    Next { id: &'a str, payload: &'a RawValue },
    Error { id: &'a str, payload: &'a RawValue },
    Complete { id: &'a str },
}

/// Why a socket is closed, as the protocol numbers it.
type Close = (u16, String);

/// Opens a socket.
pub(super) async fn upgrade(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> HttpResponse {
    if !cors::may_open(&headers, &shared.front.origins) {
        return Refusal::new(StatusCode::FORBIDDEN, other_site()).response(&call.id, &headers);
    }
    let Some(ready) = shared.ready() else {
        return Refusal::not_ready(&shared).response(&call.id, &headers);
    };
    // One key cannot name the wishes of many operations, and what comes over a socket is no GET.
    let call = Call {
        idempotency_key: None,
        may_change: true,
        ..call
    };
    let span = Span::current();
    let sockets = shared.sockets.clone();
    upgrade
        .protocols(["graphql-transport-ws"])
        .read_buffer_size(4096)
        .max_message_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| sockets.track_future(serve(socket, shared, ready, (call, headers)).instrument(span)))
}

async fn serve(mut socket: WebSocket, shared: Shared, parts: Ready, (call, headers): (Call, HeaderMap)) {
    let (code, reason) = if socket.protocol().is_none() {
        (4406, "Subprotocol not acceptable: graphql-transport-ws is".to_owned())
    } else {
        match introduce(&mut socket, &shared, &call, headers).await {
            Ok(caller) => {
                Session {
                    socket: &mut socket,
                    shared,
                    ready: parts,
                    caller,
                    call,
                    operations: StreamMap::new(),
                }
                .run()
                .await
            }
            Err(close) => close,
        }
    };
    // The client may be gone already.
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    drop(timeout(Duration::from_secs(5), socket.send(Message::Close(Some(frame)))).await);
}

/// Waits for `connection_init` and checks who it is.
async fn introduce(socket: &mut WebSocket, shared: &Shared, call: &Call, headers: HeaderMap) -> Result<Caller, Close> {
    let late = Instant::now() + INTRODUCTION;
    loop {
        let message = tokio::select! {
            () = shared.closing.cancelled() => return Err(shutting_down()),
            () = sleep_until(late) => return Err((4408, "Connection initialisation timeout".to_owned())),
            message = socket.recv() => message,
        };
        match read(message)? {
            None | Some(ClientMessage::Pong {}) => {}
            Some(ClientMessage::Ping {}) => say(socket, shared, &ServerMessage::Pong).await?,
            Some(ClientMessage::Subscribe { .. } | ClientMessage::Complete { .. }) => {
                return Err((4401, "Unauthorized".to_owned()));
            }
            Some(ClientMessage::ConnectionInit { payload }) => {
                let admitted = shared.admit(call, &headers, authorization(payload.as_ref()));
                let caller = admitted.map_err(|refusal| not_admitted(&refusal))?;
                say(socket, shared, &ServerMessage::ConnectionAck).await?;
                return Ok(as_wished(caller, payload.as_ref()));
            }
        }
    }
}

fn not_admitted(refusal: &Refusal) -> Close {
    match refusal.retry_after {
        Some(wait) => (4429, format!("Too many failed attempts: wait {} s", seconds(wait))),
        None => (4403, "Forbidden".to_owned()),
    }
}

fn other_site() -> Problem {
    Problem::new(
        "FORBIDDEN",
        "страницам этого сайта API не открыт: его адрес должен быть в настройке cors_origins",
        "the API is not open to pages of this site: the setting cors_origins must name it",
    )
}

fn authorization(payload: Option<&Value>) -> Option<&str> {
    said(payload, "authorization")?.as_str()
}

/// Browsers cannot set headers of a socket, so what else they would say may come with the introduction.
fn as_wished(mut caller: Caller, payload: Option<&Value>) -> Caller {
    if let Some(asked) = said(payload, "accept-language").and_then(Value::as_str) {
        caller.language = Language::accepted(Some(asked));
    }
    if said(payload, READ_ONLY).is_some_and(|it| it != "false" && it != false) {
        caller.viewer = caller.viewer.reading();
    }
    caller
}

fn said<'a>(payload: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let mut fields = payload?.as_object()?.iter();
    fields.find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|it| it.1)
}

struct Session<'a> {
    socket: &'a mut WebSocket,
    shared: Shared,
    ready: Ready,
    caller: Caller,
    call: Call,
    /// Each yields its answers and at last `None`.
    operations: StreamMap<String, BoxStream<'static, Option<Arc<Answer>>>>,
}

impl Session<'_> {
    async fn run(mut self) -> Close {
        let closing = self.shared.closing.clone();
        let mut closing = pin!(closing.cancelled());
        let mut heard = Instant::now();
        let mut asked = false;
        // Set anew only when it rings: most messages would move it for nothing.
        let mut alarm = pin!(sleep_until(heard + SILENCE));
        let mut again = interval_at(heard + AGAIN, AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = &mut closing => Err(shutting_down()),
                _ = again.tick() => {
                    if self.shared.keys.still(&self.caller.viewer) { Ok(()) } else { Err(not_any_more()) }
                }
                () = &mut alarm => {
                    let end = heard + if asked { SILENCE * 2 } else { SILENCE };
                    if Instant::now() < end {
                        alarm.as_mut().reset(end);
                        Ok(())
                    } else if asked {
                        return (1001, "no answer to ping".to_owned());
                    } else {
                        asked = true;
                        alarm.as_mut().reset(heard + SILENCE * 2);
                        say(self.socket, &self.shared, &ServerMessage::Ping).await
                    }
                }
                message = self.socket.recv() => {
                    (heard, asked) = (Instant::now(), false);
                    self.hear(message).await
                }
                Some((id, answer)) = self.operations.next(), if !self.operations.is_empty() => {
                    self.tell(id, answer).await
                }
            };
            if let Err(close) = done {
                return close;
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Close> {
        match read(message)? {
            None | Some(ClientMessage::Pong {}) => Ok(()),
            Some(ClientMessage::Ping {}) => say(self.socket, &self.shared, &ServerMessage::Pong).await,
            Some(ClientMessage::ConnectionInit { .. }) => Err((4429, "Too many initialisation requests".to_owned())),
            Some(ClientMessage::Complete { id }) => {
                self.operations.remove(&id);
                Ok(())
            }
            Some(ClientMessage::Subscribe { id, payload }) => self.subscribe(id, *payload),
        }
    }

    fn subscribe(&mut self, id: String, request: Request) -> Result<(), Close> {
        if self.operations.contains_key(&id) {
            return Err((4409, format!("Subscriber for {id} already exists")));
        }
        if self.operations.len() >= MOST_OPERATIONS {
            return Err((
                4429,
                format!("Too many operations: at most {MOST_OPERATIONS} on a socket"),
            ));
        }
        let operation = operation::begin(
            self.shared.clone(),
            self.ready.clone(),
            request,
            self.caller.clone(),
            self.call.clone(),
        );
        self.operations.insert(id, operation);
        Ok(())
    }

    async fn tell(&mut self, id: String, answer: Option<Arc<Answer>>) -> Result<(), Close> {
        if !self.shared.keys.still(&self.caller.viewer) {
            return Err(not_any_more());
        }
        let message = match answer.as_deref() {
            Some(Answer::Next(payload)) => ServerMessage::Next { id: &id, payload },
            // The protocol has a message of its own for that, and nothing follows it.
            Some(Answer::Failed(payload)) => {
                self.operations.remove(&id);
                ServerMessage::Error { id: &id, payload }
            }
            None => {
                self.operations.remove(&id);
                ServerMessage::Complete { id: &id }
            }
        };
        say(self.socket, &self.shared, &message).await
    }
}

/// The message in a frame; `None` for frames that carry none.
fn read(message: Option<Result<Message, axum::Error>>) -> Result<Option<ClientMessage>, Close> {
    match message {
        Some(Err(error)) if error.to_string().contains("too long") => {
            Err((1009, "Message too big: at most 1 MiB".to_owned()))
        }
        None | Some(Err(_) | Ok(Message::Close(_))) => Err((1000, String::new())),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err((4400, "Invalid message: text is expected".to_owned())),
        Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
            Ok(message) => Ok(Some(message)),
            // A close frame holds 123 bytes of reason.
            Err(error) => Err((4400, format!("Invalid message: {error}").chars().take(60).collect())),
        },
    }
}

async fn say(socket: &mut WebSocket, shared: &Shared, message: &ServerMessage<'_>) -> Result<(), Close> {
    // Messages are made of nothing that JSON does not have.
    let text = serde_json::to_string(message).unwrap_or_default();
    match timeout(shared.patience, socket.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err((1000, String::new())),
        Err(_) => {
            ::metrics::counter!(metrics::SLOW).increment(1);
            Err((
                1013,
                "too slow: connect again and go on after your last position".to_owned(),
            ))
        }
    }
}

fn not_any_more() -> Close {
    (4403, "Forbidden: your session or your rights have changed".to_owned())
}

fn shutting_down() -> Close {
    (
        1001,
        "the server is shutting down: connect again and go on after your last position".to_owned(),
    )
}
