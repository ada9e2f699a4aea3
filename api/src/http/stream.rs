//! `GET` and `POST /graphql/stream`: an operation over server-sent events, the protocol `graphql-sse` with a connection
//! for each operation. <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::{
        IntoResponse, Response as HttpResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;

use super::{
    AGAIN, Shared, graphql, metrics,
    operation::{self, Answer},
    refusal::Refusal,
};
use crate::{auth::Viewer, graphql::Call};

/// Answers an operation for as long as it has answers.
pub(super) async fn answer(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> HttpResponse {
    match begin(&shared, &call, (method, uri, &headers), body).await {
        Ok(answers) => told(shared, answers).into_response(),
        Err(refusal) => refusal.response(&call.id, &headers),
    }
}

type Answers = (Viewer, BoxStream<'static, Option<Arc<Answer>>>);

async fn begin(
    shared: &Shared,
    call: &Call,
    (method, uri, headers): (Method, Uri, &HeaderMap),
    body: Body,
) -> Result<Answers, Refusal> {
    let caller = shared.admit(call, headers, None)?;
    let read = graphql::read(&method, &uri, headers, body);
    let request = match timeout(shared.front.time_limit, read).await {
        Ok(read) => read?,
        Err(_elapsed) => return Err(graphql::too_long(shared.front.time_limit)),
    };
    let ready = shared.ready().ok_or_else(|| Refusal::not_ready(shared))?;
    let viewer = caller.viewer.clone();
    let answers = operation::begin(shared.clone(), ready, request, caller, call.clone());
    Ok((viewer, answers))
}

/// The answers as events, with a sign of life when there are none for long.
fn told(shared: Shared, answers: Answers) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (sender, events) = mpsc::channel(1);
    let signs = KeepAlive::new().interval(shared.patience / 2).text("");
    // Of its own, so that a client that takes nothing keeps nothing.
    tokio::spawn(
        shared
            .sockets
            .clone()
            .track_future(tell(shared, answers, sender))
            .in_current_span(),
    );
    Sse::new(ReceiverStream::new(events).map(Ok)).keep_alive(signs)
}

/// Ends when the operation does, when the client goes, takes nothing or may do less than it could, and when the server
/// stops; only the first is
/// told as an end, so that the client comes back after the others.
async fn tell(shared: Shared, (viewer, mut answers): Answers, sender: mpsc::Sender<Event>) {
    let mut again = interval_at(Instant::now() + AGAIN, AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let answer = tokio::select! {
            () = shared.closing.cancelled() => return,
            () = sender.closed() => return,
            _ = again.tick() => {
                if !shared.keys.still(&viewer) {
                    return;
                }
                continue;
            }
            answer = answers.next() => answer,
        };
        if !shared.keys.still(&viewer) {
            return;
        }
        let (event, last) = match answer.flatten().as_deref() {
            Some(Answer::Next(response)) => (next(response.get().to_owned()), false),
            Some(Answer::Failed(errors)) => (next(format!("{{\"errors\":{}}}", errors.get())), false),
            // Browsers deliver no event without a line of data.
            None => (Event::default().event("complete").data("\n"), true),
        };
        match timeout(shared.patience, sender.send(event)).await {
            Ok(Ok(())) if !last => {}
            Ok(_) => return,
            Err(_elapsed) => return ::metrics::counter!(metrics::SLOW).increment(1),
        }
    }
}

/// A response holds no line break, which would end the data.
fn next(response: String) -> Event {
    Event::default().event("next").data(response)
}
