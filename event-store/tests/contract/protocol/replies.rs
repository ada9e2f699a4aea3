//! Replies field by field: what clients unwrap without asking must be there.

use bytes::Bytes;
use kurrentdb::{StreamState, TombstoneStreamOptions};
use tonic::{Code, Request};

use super::{
    Peer,
    raw::{Fields, Message, Raw, STREAMS, append_event, append_options, message, proposed, stream},
};
use crate::server::{Server, rules};

rules! {
    any: [],
    own: [
        append_is_answered_with_a_choice_of_each_kind,
        wrong_version_is_told_in_the_fields_of_both_ages,
        event_has_its_id_in_the_form_asked_for_and_the_properties_of_the_store,
        read_of_an_unknown_stream_is_a_message_and_not_a_status,
        subscription_is_confirmed_first_and_never_told_that_there_is_no_stream,
        checkpoint_and_caught_up_have_position_and_time,
        stream_deleted_is_a_status_with_trailers,
        wrong_version_of_a_deletion_is_a_status_with_trailers,
        position_beyond_every_number_is_the_end,
    ],
}

const EVENT: u64 = 1;
const CONFIRMATION: u64 = 2;
const CHECKPOINT: u64 = 3;
const STREAM_NOT_FOUND: u64 = 4;
const CAUGHT_UP: u64 = 8;

/// A stream forwards from its start.
fn of_stream(name: &str) -> Message {
    message().message(1, message().message(1, stream(name)).message(3, message()))
}

fn of_all() -> Message {
    message().message(2, message().message(2, message()))
}

fn counted(source: Message, count: u64) -> Message {
    source.number(5, count).message(8, message())
}

fn text_ids(options: Message) -> Message {
    options.message(9, message().message(2, message()))
}

async fn read(raw: &Raw, options: Message) -> Vec<Fields> {
    let request = message().message(1, options).done();
    let answer = raw.call(&format!("{STREAMS}/Read"), vec![request]).await.unwrap();
    answer.into_iter().map(Fields::of).collect()
}

/// The first messages of a subscription.
async fn subscribe(raw: &Raw, options: Message, count: usize) -> Vec<Fields> {
    let request = message().message(1, options).done();
    let request = Request::new(tokio_stream::once(request));
    let mut answers = raw.open(&format!("{STREAMS}/Read"), request).await.unwrap();
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(Fields::of(answers.message().await.unwrap().unwrap()));
    }
    messages
}

async fn append(raw: &Raw, options: Bytes, numbers: &[u128]) -> Fields {
    let mut messages = vec![options];
    messages.extend(numbers.iter().map(|number| append_event(proposed(*number, 4))));
    let mut answer = raw.call(&format!("{STREAMS}/Append"), messages).await.unwrap();
    Fields::of(answer.remove(0))
}

async fn append_is_answered_with_a_choice_of_each_kind(server: Server) {
    let raw = Raw::connect(&server).await;
    let nothing = append(&raw, append_options("ticket-1", 3), &[]).await.message(1);
    assert_eq!(nothing.numbers(), [2, 4], "no stream, no position");
    let success = append(&raw, append_options("ticket-1", 3), &[1, 2]).await.message(1);
    assert_eq!(success.numbers(), [1, 3]);
    assert_eq!(success.number(1), 1);
    let position = success.message(3);
    assert_eq!((position.number(1), position.number(2)), (2, 2));
}

async fn wrong_version_is_told_in_the_fields_of_both_ages(server: Server) {
    let raw = Raw::connect(&server).await;
    let exact = message()
        .message(1, message().message(1, stream("ticket-1")).number(2, 7))
        .done();
    // Expected and found: a number, or which of the kinds it is.
    let wrong = append(&raw, exact.clone(), &[9]).await.message(2);
    assert_eq!((wrong.number(3), wrong.number(8)), (7, 7));
    assert!(wrong.has(2) && wrong.has(7), "no stream: {wrong:?}");
    let wrong = append(&raw, append_options("ticket-1", 5), &[9]).await.message(2);
    assert!(wrong.has(5) && wrong.has(10), "stream exists: {wrong:?}");
    append(&raw, append_options("ticket-1", 3), &[1, 2, 3]).await;
    let wrong = append(&raw, exact, &[9]).await.message(2);
    assert_eq!((wrong.number(1), wrong.number(6)), (2, 2));
    let wrong = append(&raw, append_options("ticket-1", 3), &[9]).await.message(2);
    assert!(wrong.has(11) && wrong.number(6) == 2, "no stream: {wrong:?}");
}

async fn event_has_its_id_in_the_form_asked_for_and_the_properties_of_the_store(server: Server) {
    let raw = Raw::connect(&server).await;
    let number = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
    append(&raw, append_options("ticket-1", 3), &[number]).await;
    let text = read(&raw, text_ids(counted(of_stream("ticket-1"), 1))).await;
    let event = text[0].message(EVENT);
    assert_eq!(event.number(3), 1, "position");
    let event = event.message(1);
    assert_eq!(event.message(1).text(2), "01234567-89ab-cdef-0011-223344556677");
    assert_eq!(event.message(2).text(3), "ticket-1");
    assert_eq!((event.number(3), event.number(4), event.number(5)), (0, 1, 1));
    let properties: Vec<(String, String)> = event
        .all(6)
        .into_iter()
        .map(|entry| {
            let entry = Fields::of(entry);
            (entry.text(1), entry.text(2))
        })
        .collect();
    let property = |key: &str| properties.iter().find(|(name, _)| name == key).unwrap().1.clone();
    assert_eq!(property("type"), "ticket.opened");
    assert_eq!(property("content-type"), "application/json");
    // 100 ns ticks since 1970: between the years 2023 and 2096.
    let created: u64 = property("created").parse().unwrap();
    assert!(
        (17_000_000_000_000_000..40_000_000_000_000_000).contains(&created),
        "{created}"
    );

    let structured = read(&raw, counted(of_stream("ticket-1"), 1)).await;
    let id = structured[0].message(EVENT).message(1).message(1).message(1);
    assert_eq!(
        (id.number(1), id.number(2)),
        (0x0123_4567_89ab_cdef, 0x0011_2233_4455_6677)
    );
}

async fn read_of_an_unknown_stream_is_a_message_and_not_a_status(server: Server) {
    let raw = Raw::connect(&server).await;
    let answer = read(&raw, counted(of_stream("ticket-1"), 10)).await;
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0].message(STREAM_NOT_FOUND).message(1).text(3), "ticket-1");
}

async fn subscription_is_confirmed_first_and_never_told_that_there_is_no_stream(server: Server) {
    let raw = Raw::connect(&server).await;
    let messages = subscribe(
        &raw,
        of_stream("ticket-1").message(6, message()).message(8, message()),
        2,
    )
    .await;
    assert!(!messages[0].message(CONFIRMATION).text(1).is_empty());
    assert_eq!(messages[1].numbers(), [CAUGHT_UP]);
}

async fn checkpoint_and_caught_up_have_position_and_time(server: Server) {
    let raw = Raw::connect(&server).await;
    append(&raw, append_options("ticket-1", 3), &[1, 2, 3]).await;
    let prefix = message()
        .message(1, message().bytes(2, "none-"))
        .number(3, 2)
        .number(5, 1);
    let options = of_all().message(6, message()).message(7, prefix);
    let messages = subscribe(&raw, options, 4).await;
    let kinds: Vec<_> = messages.iter().flat_map(Fields::numbers).collect();
    assert_eq!(kinds, [CONFIRMATION, CHECKPOINT, CHECKPOINT, CAUGHT_UP]);
    for (message, position) in [(&messages[1], 2), (&messages[2], 3)] {
        let checkpoint = message.message(CHECKPOINT);
        assert_eq!((checkpoint.number(1), checkpoint.number(2)), (position, position));
        assert!(checkpoint.message(3).number(1) > 1_700_000_000);
    }
    let live = messages[3].message(CAUGHT_UP);
    assert!(live.message(1).number(1) > 1_700_000_000);
    assert_eq!(live.message(3).number(1), 3);

    let of_one = of_stream("ticket-1").message(6, message()).message(8, message());
    let messages = subscribe(&raw, of_one, 5).await;
    let live = messages[4].message(CAUGHT_UP);
    assert_eq!((live.number(2), live.has(3)), (2, false));
}

async fn stream_deleted_is_a_status_with_trailers(server: Server) {
    let peer = Peer::of(server);
    let raw = Raw::connect(&peer.server).await;
    peer.append("ticket-1", StreamState::NoStream, &[1]).await.unwrap();
    let options = TombstoneStreamOptions::default();
    peer.client.tombstone_stream("ticket-1", &options).await.unwrap();
    let any = message().message(1, message().message(1, stream("ticket-1")).message(4, message()));
    let read = message().message(1, counted(of_stream("ticket-1"), 1));
    for (call, messages) in [
        (
            "Append",
            vec![append_options("ticket-1", 4), append_event(proposed(1, 1))],
        ),
        ("Delete", vec![any.clone().done()]),
        ("Tombstone", vec![any.done()]),
        ("Read", vec![read.done()]),
    ] {
        let refusal = raw.call(&format!("{STREAMS}/{call}"), messages).await.unwrap_err();
        assert_eq!(
            (refusal.code(), refusal.message()),
            (Code::FailedPrecondition, "Event stream 'ticket-1' is deleted."),
            "{call}"
        );
        assert_eq!(refusal.metadata().get("exception").unwrap(), "stream-deleted");
        assert_eq!(refusal.metadata().get("stream-name").unwrap(), "ticket-1");
    }
}

async fn wrong_version_of_a_deletion_is_a_status_with_trailers(server: Server) {
    let peer = Peer::of(server);
    let raw = Raw::connect(&peer.server).await;
    peer.append("ticket-1", StreamState::NoStream, &[1, 2]).await.unwrap();
    let exact = message()
        .message(1, message().message(1, stream("ticket-1")).number(2, 7))
        .done();
    for call in ["Delete", "Tombstone"] {
        let refusal = raw
            .call(&format!("{STREAMS}/{call}"), vec![exact.clone()])
            .await
            .unwrap_err();
        assert_eq!(refusal.code(), Code::FailedPrecondition);
        for (key, value) in [
            ("exception", "wrong-expected-version"),
            ("stream-name", "ticket-1"),
            ("expected-version", "7"),
            ("actual-version", "1"),
        ] {
            assert_eq!(refusal.metadata().get(key).unwrap(), value, "{call}");
        }
    }
}

async fn position_beyond_every_number_is_the_end(server: Server) {
    let raw = Raw::connect(&server).await;
    append(&raw, append_options("ticket-1", 3), &[1, 2]).await;
    let from = |position: u64| {
        message().message(
            2,
            message().message(1, message().number(1, position).number(2, position)),
        )
    };
    for position in [3, i64::MAX.cast_unsigned(), u64::MAX] {
        assert!(read(&raw, counted(from(position), 10)).await.is_empty());
        let backwards = read(&raw, counted(from(position), 10).number(3, 1)).await;
        assert_eq!(backwards.len(), 2);
    }
}
