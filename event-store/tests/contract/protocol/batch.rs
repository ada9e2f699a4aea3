//! Many appends over one call.

use bytes::Bytes;
use kurrentdb::{BatchAppendOptions, ReadAllOptions, StreamState, TombstoneStreamOptions};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Request, Status, Streaming};

use super::{
    Peer, numbers,
    raw::{Message, Raw, STREAMS, id, message, proposed, stream},
};
use crate::server::{Server, rules};

rules! {
    any: [official_client_appends_in_batches],
    own: [
        parts_are_one_append_and_failures_do_not_end_the_session,
        append_of_many_parts_is_limited_as_a_whole,
        client_that_never_finishes_is_cut_off,
        stop_ends_the_session_with_an_error,
    ],
}

const NO_STREAM: u8 = 3;
const ANY: u8 = 4;
const STREAM_EXISTS: u8 = 5;

/// What these tests look at in an answer.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    correlation_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    error: Option<Failure>,
    #[prost(message, optional, tag = "3")]
    success: Option<Success>,
    #[prost(message, optional, tag = "4")]
    stream: Option<Name>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Id {
    #[prost(string, tag = "2")]
    text: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Name {
    #[prost(string, tag = "3")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Success {
    #[prost(uint64, optional, tag = "1")]
    revision: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Failure {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

struct Session {
    send: mpsc::UnboundedSender<Bytes>,
    answers: Streaming<Bytes>,
}

impl Session {
    async fn open(raw: &Raw) -> Self {
        let (send, messages) = mpsc::unbounded_channel();
        let request = Request::new(UnboundedReceiverStream::new(messages));
        let answers = raw.open(&format!("{STREAMS}/BatchAppend"), request).await.unwrap();
        Self { send, answers }
    }

    fn send(&self, message: Message) {
        self.send.send(message.done()).unwrap();
    }

    async fn answer(&mut self) -> Result<Answer, Status> {
        let answer = self.answers.message().await?.unwrap();
        Ok(Answer::decode(answer).unwrap())
    }

    /// Correlation id, revision or code with the kind of its details.
    async fn outcome(&mut self) -> (u128, Result<Option<u64>, (Code, String)>) {
        let answer = self.answer().await.unwrap();
        let id = answer.correlation_id.unwrap().text.parse::<uuid::Uuid>().unwrap();
        assert_ne!(answer.success.is_some(), answer.error.is_some());
        let outcome = match answer.error {
            Some(failure) => {
                let kind = failure.details[0].type_url.rsplit('.').next().unwrap().to_owned();
                Err((failure.code.into(), kind))
            }
            None => Ok(answer.success.unwrap().revision),
        };
        (id.as_u128(), outcome)
    }
}

fn options(name: &str, expected: u8) -> Message {
    message().message(1, stream(name)).message(expected, message())
}

/// A message of a batch; the last of its correlation id when `last`.
fn part(number: u128, options: Option<Message>, events: &[u128], last: bool) -> Message {
    let mut part = message().message(1, id(number));
    if let Some(options) = options {
        part = part.message(2, options);
    }
    for event in events {
        part = part.message(3, proposed(*event, 10));
    }
    part.number(4, last.into())
}

async fn official_client_appends_in_batches(server: Server) {
    let peer = Peer::of(server);
    let batch = peer.client.batch_append(&BatchAppendOptions::default()).await.unwrap();
    let (one, two) = (peer.server.stream("ticket-1"), peer.server.stream("ticket-2"));
    for (number, stream) in (1..).zip([&one, &two, &one]) {
        let events = vec![peer.event(number * 2), peer.event(number * 2 + 1)];
        let written = batch.append_to_stream(&**stream, StreamState::Any, events).await;
        assert_eq!(written.unwrap().stream_name(), stream);
    }
    assert_eq!(peer.stream(&one).await, [2, 3, 6, 7]);
    assert_eq!(peer.stream(&two).await, [4, 5]);
}

async fn parts_are_one_append_and_failures_do_not_end_the_session(server: Server) {
    let peer = Peer::of(server);
    peer.append("old-1", StreamState::NoStream, &[900]).await.unwrap();
    peer.client
        .tombstone_stream("old-1", &TombstoneStreamOptions::default())
        .await
        .unwrap();
    let mut session = Session::open(&Raw::connect(&peer.server).await).await;

    session.send(part(1, Some(options("ticket-1", NO_STREAM)), &[1], false));
    session.send(part(2, Some(options("ticket-2", ANY)), &[], false));
    session.send(part(1, None, &[2], false));
    session.send(part(2, None, &[3, 4, 5], true));
    assert_eq!(session.outcome().await, (2, Ok(Some(2))));
    assert_eq!(
        numbers(&peer.read_all(&ReadAllOptions::default()).await)[2..],
        [3, 4, 5]
    );
    session.send(part(1, None, &[], true));
    assert_eq!(session.outcome().await, (1, Ok(Some(1))));

    let past = |options: Message| options.message(7, message().number(1, 0));
    let failure = |code, kind: &str| Err((code, kind.to_owned()));
    for (number, options, events, expected) in [
        (
            3,
            Some(options("ticket-1", NO_STREAM)),
            &[9_u128][..],
            failure(Code::AlreadyExists, "WrongExpectedVersion"),
        ),
        (
            4,
            Some(options("ticket-3", STREAM_EXISTS)),
            &[9],
            failure(Code::AlreadyExists, "WrongExpectedVersion"),
        ),
        (
            5,
            Some(options("old-1", ANY)),
            &[9],
            failure(Code::FailedPrecondition, "StreamDeleted"),
        ),
        (
            6,
            Some(options("", ANY)),
            &[9],
            failure(Code::InvalidArgument, "BadRequest"),
        ),
        (7, None, &[9], failure(Code::InvalidArgument, "BadRequest")),
        (
            8,
            Some(message().message(1, stream("ticket-1"))),
            &[9],
            failure(Code::InvalidArgument, "BadRequest"),
        ),
        (
            9,
            Some(past(options("ticket-1", ANY))),
            &[9],
            failure(Code::DeadlineExceeded, "Timeout"),
        ),
        // A repeat, and nothing at all.
        (10, Some(options("ticket-1", NO_STREAM)), &[1, 2], Ok(Some(1))),
        (11, Some(options("ticket-4", NO_STREAM)), &[], Ok(None)),
        // The number of seconds since 1970, as the official client has it.
        (
            12,
            Some(options("ticket-1", ANY).message(7, message().number(1, 1_800_000_000))),
            &[6],
            Ok(Some(2)),
        ),
    ] {
        session.send(part(number, options, events, true));
        assert_eq!(session.outcome().await, (number, expected));
    }
    assert_eq!(peer.count().await, 8);
}

async fn append_of_many_parts_is_limited_as_a_whole(server: Server) {
    let peer = Peer::of(server);
    let mut session = Session::open(&Raw::connect(&peer.server).await).await;
    let large = |number| part(number, Some(options("ticket-1", ANY)), &[], false).message(3, proposed(1, 5 << 20));
    session.send(large(1));
    session.send(large(1));
    let refused = (1, Err((Code::InvalidArgument, "MaximumAppendSizeExceeded".to_owned())));
    assert_eq!(session.outcome().await, refused);
    // The rest of it is thrown away.
    session.send(part(1, None, &[2], true));
    session.send(part(1, Some(options("ticket-1", NO_STREAM)), &[3], true));
    assert_eq!(session.outcome().await, (1, Ok(Some(0))));
}

async fn client_that_never_finishes_is_cut_off(server: Server) {
    let peer = Peer::of(server);
    let raw = Raw::connect(&peer.server).await;
    let mut session = Session::open(&raw).await;
    for number in 0..1025 {
        session.send(part(number, Some(options("ticket-1", ANY)), &[number], false));
    }
    let cut = session.answer().await.unwrap_err();
    assert!(
        cut.code() == Code::ResourceExhausted && cut.message().contains("1024 appends wait"),
        "{cut}"
    );

    let mut session = Session::open(&raw).await;
    for number in 0..6 {
        session.send(part(number, Some(options("ticket-1", ANY)), &[], false).message(3, proposed(number, 6 << 20)));
    }
    let cut = session.answer().await.unwrap_err();
    assert!(
        cut.code() == Code::ResourceExhausted && cut.message().contains("more than 33554432 bytes"),
        "{cut}"
    );

    let mut session = Session::open(&raw).await;
    session.send(message().message(1, message().bytes(2, "no id")).number(4, 1));
    let cut = session.answer().await.unwrap_err();
    assert!(
        cut.code() == Code::InvalidArgument && cut.message().contains("correlation_id is \"no id\""),
        "{cut}"
    );
    assert_eq!(peer.count().await, 0);
}

async fn stop_ends_the_session_with_an_error(server: Server) {
    let mut peer = Peer::of(server);
    let mut session = Session::open(&Raw::connect(&peer.server).await).await;
    session.send(part(1, Some(options("ticket-1", NO_STREAM)), &[1], true));
    assert_eq!(session.outcome().await, (1, Ok(Some(0))));
    let ((), ended) = tokio::join!(peer.server.stop(), session.answer());
    assert!(ended.is_err(), "{ended:?}");
}
