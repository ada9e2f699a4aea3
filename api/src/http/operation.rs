//! One operation of a socket or a stream: what it answers, and how it is worked out.

use std::sync::Arc;

use async_graphql::{Pos, Request, Response, ServerError, parser::types::OperationType};
use commands::from_address;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    Ready, Shared,
    feed::{Asked, Subscriber},
    graphql::coded,
    prepare::{Prepared, named, one_field_only, prepare},
    trail,
};
use crate::{
    graphql::{Call, Caller, Entrance},
    problem::Language,
};

/// A response as text.
#[derive(Debug)]
pub(super) enum Answer {
    /// A result.
    Next(Box<RawValue>),
    /// The errors of an operation that never ran: nothing follows.
    Failed(Box<RawValue>),
}

impl Answer {
    pub(super) fn of(response: Response, language: Language) -> Self {
        let response = coded(response, language);
        if response.data == async_graphql::Value::Null && !response.errors.is_empty() {
            Self::Failed(text(&response.errors))
        } else {
            Self::Next(text(&response))
        }
    }
}

fn text(value: &impl Serialize) -> Box<RawValue> {
    // Responses are made of nothing that JSON does not have.
    to_raw_value(value).unwrap_or_else(|_impossible| RawValue::NULL.to_owned())
}

/// What an operation is doing.
enum Operation {
    Answering {
        steps: mpsc::Receiver<Step>,
        /// Ends with the operation: when the client completes it, or goes away.
        _running: AbortOnDropHandle<()>,
    },
    Watching(Subscriber),
}

enum Step {
    Answer(Arc<Answer>),
    Watch(Subscriber),
}

/// Begins an operation. The stream yields its answers, and at last `None`.
pub(super) fn begin(
    shared: Shared,
    ready: Ready,
    request: Request,
    caller: Caller,
    call: Call,
) -> BoxStream<'static, Option<Arc<Answer>>> {
    let (sender, steps) = mpsc::channel(1);
    let address = call.address;
    let answering = answer(shared, ready, request, (caller, call), sender).in_current_span();
    let answering = from_address(address, answering);
    let running = AbortOnDropHandle::new(tokio::spawn(answering));
    let operation = Operation::Answering {
        steps,
        _running: running,
    };
    stream::unfold(Some(operation), async |operation| {
        let mut operation = operation?;
        match operation.next().await {
            Some(answer) => Some((Some(answer), Some(operation))),
            None => Some((None, None)),
        }
    })
    .boxed()
}

impl Operation {
    async fn next(&mut self) -> Option<Arc<Answer>> {
        loop {
            match self {
                Self::Answering { steps, .. } => match steps.recv().await? {
                    Step::Answer(answer) => return Some(answer),
                    Step::Watch(subscriber) => *self = Self::Watching(subscriber),
                },
                Self::Watching(subscriber) => return subscriber.next().await,
            }
        }
    }
}

/// Works an operation out, one response ahead of the socket.
///
/// A task of its own, so that what a response needs (a connection to Postgres) is given back although the socket takes
/// nothing more.
async fn answer(
    shared: Shared,
    ready: Ready,
    request: Request,
    (caller, call): (Caller, Call),
    sender: mpsc::Sender<Step>,
) {
    let Prepared {
        mut request,
        kind,
        charge,
    } = match prepare(&shared, &call, &caller, request) {
        Ok(prepared) => prepared,
        // The socket may have gone meanwhile.
        Err(refused) => {
            trail::leave(&ready, &call, &caller).await;
            return drop(
                sender
                    .send(Step::Answer(Arc::new(Answer::of(*refused, caller.language))))
                    .await,
            );
        }
    };
    let asked = Asked::new(&mut request, &caller);
    let entrance = Arc::new(Entrance::default());
    let mut responses = ready.schema.execute_stream(request.data(Arc::clone(&entrance)));
    // What a subscription tells later is shared by all who ask the same, and paid for by none.
    let mut charge = Some(charge).filter(|_| kind != Some(OperationType::Subscription));
    while let Some(mut response) = responses.next().await {
        if let Some(charge) = charge.take() {
            charge.settle(&call, &mut response);
        }
        trail::leave(&ready, &call, &caller).await;
        named(&mut response, &call.id);
        let step = Step::Answer(Arc::new(Answer::of(response, caller.language)));
        if sender.send(step).await.is_err() {
            return;
        }
    }
    let mut wishes = entrance.wishes();
    let step = match wishes.pop() {
        None => return,
        Some(wish) if wishes.is_empty() => Step::Watch(shared.feeds.join(&ready, asked, &wish)),
        Some(_) => {
            let mut refused = refused_for_fields(&caller);
            named(&mut refused, &call.id);
            Step::Answer(Arc::new(Answer::of(refused, caller.language)))
        }
    };
    // The socket may have gone meanwhile.
    drop(sender.send(step).await);
}

fn refused_for_fields(caller: &Caller) -> Response {
    let error: ServerError = one_field_only()
        .into_error(caller.language)
        .into_server_error(Pos::default());
    Response::from_errors(vec![error])
}
