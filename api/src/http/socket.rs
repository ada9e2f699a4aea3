//! `GET /graphql/ws`: the protocol `graphql-transport-ws`.
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>
//!
//! A socket is read and written by one task, and each operation on it is worked out by another, one response ahead: a slow
//! client slows nobody but itself.

use std::time::Duration;

use async_graphql::{Request, Response};
use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response as HttpResponse},
};
use futures_util::{StreamExt, stream::BoxStream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::{StreamMap, wrappers::ReceiverStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Ready, Shared,
    graphql::{coded, not_ready},
};
use crate::{graphql::Caller, problem::Language};

/// How long a client may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How long a socket may be silent before it is asked whether it is there; twice that, and it is closed.
const SILENCE: Duration = Duration::from_secs(25);
/// How long a client may take nothing of what is sent to it.
const PATIENCE: Duration = Duration::from_secs(30);
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

/// Why a socket is closed, as the protocol numbers it.
type Close = (u16, String);

/// Opens a socket.
pub(super) async fn upgrade(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> HttpResponse {
    let Some(ready) = shared.ready() else {
        return (StatusCode::SERVICE_UNAVAILABLE, not_ready(&shared).english).into_response();
    };
    let sockets = shared.sockets.clone();
    upgrade
        .protocols(["graphql-transport-ws"])
        .read_buffer_size(4096)
        .max_message_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| sockets.track_future(serve(socket, shared, ready, headers)))
}

async fn serve(mut socket: WebSocket, shared: Shared, parts: Ready, headers: HeaderMap) {
    let (code, reason) = if socket.protocol().is_none() {
        (4406, "Subprotocol not acceptable: graphql-transport-ws is".to_owned())
    } else {
        match introduce(&mut socket, &shared, &headers).await {
            Ok(caller) => {
                Session {
                    socket: &mut socket,
                    shared,
                    ready: parts,
                    caller,
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
async fn introduce(socket: &mut WebSocket, shared: &Shared, headers: &HeaderMap) -> Result<Caller, Close> {
    let late = Instant::now() + INTRODUCTION;
    loop {
        let message = tokio::select! {
            () = shared.closing.cancelled() => return Err(shutting_down()),
            () = sleep_until(late) => return Err((4408, "Connection initialisation timeout".to_owned())),
            message = socket.recv() => message,
        };
        match read(message)? {
            None | Some(ClientMessage::Pong {}) => {}
            Some(ClientMessage::Ping {}) => say(socket, &json!({"type": "pong"})).await?,
            Some(ClientMessage::Subscribe { .. } | ClientMessage::Complete { .. }) => {
                return Err((4401, "Unauthorized".to_owned()));
            }
            Some(ClientMessage::ConnectionInit { payload }) => {
                let caller = shared
                    .caller(headers, authorization(payload.as_ref()))
                    .ok_or((4403, "Forbidden".to_owned()))?;
                say(socket, &json!({"type": "connection_ack"})).await?;
                return Ok(with_language(caller, payload.as_ref()));
            }
        }
    }
}

fn authorization(payload: Option<&Value>) -> Option<&str> {
    let fields = payload?.as_object()?;
    fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?
        .1
        .as_str()
}

/// Browsers cannot set headers of a socket, so the language may come with the introduction.
fn with_language(caller: Caller, payload: Option<&Value>) -> Caller {
    let fields = payload.and_then(Value::as_object);
    let asked = fields.and_then(|it| it.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept-language")));
    match asked.and_then(|(_, value)| value.as_str()) {
        Some(asked) => Caller {
            language: Language::accepted(Some(asked)),
            ..caller
        },
        None => caller,
    }
}

struct Session<'a> {
    socket: &'a mut WebSocket,
    shared: Shared,
    ready: Ready,
    caller: Caller,
    /// Each yields its responses and at last `None`.
    operations: StreamMap<String, BoxStream<'static, Option<Response>>>,
}

impl Session<'_> {
    async fn run(mut self) -> Close {
        let closing = self.shared.closing.clone();
        let mut heard = Instant::now();
        let mut asked = false;
        loop {
            let patience = if asked { SILENCE * 2 } else { SILENCE };
            let done = tokio::select! {
                () = closing.cancelled() => Err(shutting_down()),
                () = sleep_until(heard + patience) => {
                    if asked {
                        return (1001, "no answer to ping".to_owned());
                    }
                    asked = true;
                    say(self.socket, &json!({"type": "ping"})).await
                }
                message = self.socket.recv() => {
                    (heard, asked) = (Instant::now(), false);
                    self.hear(message).await
                }
                Some((id, response)) = self.operations.next(), if !self.operations.is_empty() => {
                    self.tell(id, response).await
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
            Some(ClientMessage::Ping {}) => say(self.socket, &json!({"type": "pong"})).await,
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
        let (sender, responses) = mpsc::channel(1);
        let task = AbortOnDropHandle::new(tokio::spawn(answer(
            self.ready.clone(),
            request.data(self.caller.clone()),
            sender,
        )));
        let responses = ReceiverStream::new(responses).map(move |it| {
            // Ends with the operation: when the client completes it, or goes away.
            let _running = &task;
            it
        });
        self.operations.insert(id, responses.boxed());
        Ok(())
    }

    async fn tell(&mut self, id: String, response: Option<Response>) -> Result<(), Close> {
        let Some(response) = response.map(coded) else {
            self.operations.remove(&id);
            return say(self.socket, &json!({"type": "complete", "id": id})).await;
        };
        // An operation that never ran: the protocol has a message of its own for that, and nothing follows it.
        if response.data == async_graphql::Value::Null && !response.errors.is_empty() {
            self.operations.remove(&id);
            return say(
                self.socket,
                &json!({"type": "error", "id": id, "payload": response.errors}),
            )
            .await;
        }
        say(self.socket, &json!({"type": "next", "id": id, "payload": response})).await
    }
}

/// Works an operation out, one response ahead of the socket.
///
/// A task of its own, so that what a response needs (a connection to Postgres) is given back although the socket takes
/// nothing more.
async fn answer(ready: Ready, request: Request, sender: mpsc::Sender<Option<Response>>) {
    let mut responses = ready.schema.execute_stream(request);
    while let Some(response) = responses.next().await {
        if sender.send(Some(response)).await.is_err() {
            return;
        }
    }
    // The socket may have gone meanwhile.
    drop(sender.send(None).await);
}

/// The message in a frame; `None` for frames that carry none.
fn read(message: Option<Result<Message, axum::Error>>) -> Result<Option<ClientMessage>, Close> {
    match message {
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

async fn say(socket: &mut WebSocket, message: &Value) -> Result<(), Close> {
    let sent = timeout(PATIENCE, socket.send(Message::Text(message.to_string().into()))).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err((1000, String::new())),
        Err(_) => Err((
            1013,
            "too slow: connect again and go on after your last position".to_owned(),
        )),
    }
}

fn shutting_down() -> Close {
    (
        1001,
        "the server is shutting down: connect again and go on after your last position".to_owned(),
    )
}
