//! Many appends over one call, each with a correlation id of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::batch_answer::{self as answer, Asked, Failure};
use super::events::{Events, Proposed, Refusal, uuid};
use super::{request, status};
use crate::clock;
use crate::proto::streams::batch_append_req::options::{DeadlineOption, ExpectedStreamPosition};
use crate::proto::streams::batch_append_req::{Options, ProposedMessage};
use crate::proto::streams::{BatchAppendReq, BatchAppendResp};
use crate::storage::{Append, Expected, Store};

/// Answers that wait for a client which does not take them.
pub(crate) const ANSWERS_AHEAD: usize = 64;
/// Correlation ids whose last message has not come.
const MAX_UNFINISHED: usize = 1024;
/// Their events together.
const MAX_UNFINISHED_BYTES: usize = 32 << 20;
/// Appends given to the writer and not yet answered: their events in KiB.
const IN_FLIGHT: usize = 32 << 10;
/// What a small append counts as.
const SMALLEST: u32 = 16;

type Answer = Result<BatchAppendResp, Status>;

/// One call: what has come of appends that are not complete, and where the answers go.
pub(crate) struct Session {
    store: Arc<Store>,
    answers: Sender<Answer>,
    unfinished: HashMap<Uuid, Unfinished>,
    bytes: usize,
    in_flight: Arc<Semaphore>,
}

/// An append whose last message has not come.
struct Unfinished {
    asked: Asked,
    /// `None` when it has been refused: its other messages are thrown away.
    append: Option<Collected>,
}

struct Collected {
    stream: Arc<str>,
    expected: Expected,
    deadline: Option<Instant>,
    events: Events,
}

impl Session {
    pub(crate) fn new(store: Arc<Store>, answers: Sender<Answer>) -> Self {
        Self {
            store,
            answers,
            unfinished: HashMap::new(),
            bytes: 0,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
        }
    }

    /// Ends with OK only when the client has ended and everything is answered.
    pub(crate) async fn run(mut self, messages: Streaming<BatchAppendReq>, stop: CancellationToken) {
        let answers = self.answers.clone();
        let ended = tokio::select! {
            () = stop.cancelled() => Err(status::stopping()),
            () = answers.closed() => return,
            ended = self.serve(messages) => ended,
        };
        if let Err(status) = ended {
            // An error here means that the client has gone.
            answers.send(Err(status)).await.ok();
        }
    }

    async fn serve(&mut self, mut messages: Streaming<BatchAppendReq>) -> Result<(), Status> {
        while let Some(message) = messages.message().await? {
            self.take(message).await?;
        }
        Ok(())
    }

    /// # Errors
    /// The session cannot go on. A refused append is no error.
    async fn take(&mut self, message: BatchAppendReq) -> Result<(), Status> {
        let id = uuid(message.correlation_id.clone(), || "correlation_id".to_owned())?;
        let mut unfinished = match self.unfinished.remove(&id) {
            Some(unfinished) => unfinished,
            None => self.begin(&message).await,
        };
        self.collect(&mut unfinished, message.proposed_messages).await;
        if message.is_final {
            if let Some(append) = unfinished.append {
                self.bytes -= append.events.size;
                self.submit(unfinished.asked, append).await?;
            }
            return Ok(());
        }
        self.unfinished.insert(id, unfinished);
        if self.unfinished.len() > MAX_UNFINISHED {
            let text = format!("{MAX_UNFINISHED} appends wait for their is_final; finish some before others begin");
            return Err(Status::resource_exhausted(text));
        }
        if self.bytes > MAX_UNFINISHED_BYTES {
            let text = format!("appends that wait for their is_final hold more than {MAX_UNFINISHED_BYTES} bytes");
            return Err(Status::resource_exhausted(text));
        }
        Ok(())
    }

    async fn begin(&self, message: &BatchAppendReq) -> Unfinished {
        let asked = Asked::new(message);
        let append = match collected(message.options.clone()) {
            Ok(append) => Some(append),
            Err(status) => {
                self.refuse(&asked, &Failure::Invalid(status.message().to_owned()))
                    .await;
                None
            }
        };
        Unfinished { asked, append }
    }

    /// Checked one by one, so that a refused event is not kept.
    async fn collect(&mut self, unfinished: &mut Unfinished, proposed: Vec<ProposedMessage>) {
        let Some(append) = &mut unfinished.append else { return };
        let before = append.events.size;
        let added = proposed
            .into_iter()
            .try_for_each(|proposed| append.events.add(event(proposed)));
        self.bytes += append.events.size - before;
        let Err(refusal) = added else { return };
        self.bytes -= append.events.size;
        unfinished.append = None;
        let failure = match refusal {
            Refusal::TooLarge => Failure::TooLarge,
            Refusal::Invalid(status) => Failure::Invalid(status.message().to_owned()),
        };
        self.refuse(&unfinished.asked, &failure).await;
    }

    async fn refuse(&self, asked: &Asked, failure: &Failure) {
        // An error here means that the client has gone, which ends the session from outside.
        self.answers.send(Ok(answer::failure(asked, failure))).await.ok();
    }

    /// Appends of one session reach the writer in the order in which they were completed.
    async fn submit(&self, asked: Asked, append: Collected) -> Result<(), Status> {
        let kib = u32::try_from(append.events.size >> 10)
            .unwrap_or(u32::MAX)
            .max(SMALLEST);
        let permit = Arc::clone(&self.in_flight).acquire_many_owned(kib).await;
        let permit = permit.map_err(|_closed| status::stopping())?;
        if append.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.refuse(&asked, &Failure::Timeout).await;
            return Ok(());
        }
        let (deadline, expected) = (append.deadline, append.expected);
        let append = Append {
            stream: append.stream,
            expected,
            events: append.events.list,
        };
        let pending = self
            .store
            .submit(append)
            .await
            .map_err(|fault| status::of_fault(&fault))?;
        let (store, answers) = (Arc::clone(&self.store), self.answers.clone());
        tokio::spawn(async move {
            let outcome = store.outcome(pending);
            let answer = match deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, outcome).await.ok(),
                None => Some(outcome.await),
            };
            let answer = match answer {
                Some(Ok(appended)) => Ok(answer::outcome(&asked, expected, appended)),
                Some(Err(fault)) => Err(status::of_fault(&fault)),
                None => Ok(answer::failure(&asked, &Failure::Timeout)),
            };
            hand_over(&answers, answer, permit).await;
        });
        Ok(())
    }
}

/// The permit is held until the answer is on its way: a client that takes none sends no more.
async fn hand_over(answers: &Sender<Answer>, answer: Answer, permit: OwnedSemaphorePermit) {
    answers.send(answer).await.ok();
    drop(permit);
}

fn collected(options: Option<Options>) -> Result<Collected, Status> {
    let options = options.ok_or_else(|| status::invalid("options is not set in the first message of the append"))?;
    let expected = match options.expected_stream_position {
        Some(ExpectedStreamPosition::StreamPosition(revision)) => Expected::Revision(revision),
        Some(ExpectedStreamPosition::NoStream(())) => Expected::NoStream,
        Some(ExpectedStreamPosition::Any(())) => Expected::Any,
        Some(ExpectedStreamPosition::StreamExists(())) => Expected::StreamExists,
        None => return Err(status::invalid("options.expected_stream_position is not set")),
    };
    Ok(Collected {
        stream: request::stream_name(options.stream_identifier)?,
        expected,
        deadline: options.deadline_option.and_then(deadline),
        events: Events::default(),
    })
}

/// `None` for what is too far away to matter: the official client sends the time since 1970.
fn deadline(option: DeadlineOption) -> Option<Instant> {
    let wait = match option {
        DeadlineOption::Deadline(wait) => Duration::try_from(wait).unwrap_or_default(),
        DeadlineOption::Deadline21100(at) => {
            let ticks = at
                .seconds
                .saturating_mul(clock::TICKS_PER_SECOND)
                .saturating_add(i64::from(at.nanos) / 100);
            let left = ticks.saturating_sub(clock::ticks());
            Duration::from_nanos(u64::try_from(left).unwrap_or_default().saturating_mul(100))
        }
    };
    Instant::now().checked_add(wait)
}

fn event(proposed: ProposedMessage) -> Proposed {
    Proposed {
        id: proposed.id,
        metadata: proposed.metadata,
        custom_metadata: proposed.custom_metadata,
        data: proposed.data,
    }
}
