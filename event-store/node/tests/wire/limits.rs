use bytes::Bytes;
use kurrentdb::ReadAllOptions;
use tempfile::TempDir;
use tokio_stream::StreamExt;
use tonic::{Code, Request};

use super::raw::{Message, Raw, STREAMS, append_event, append_options, id, message, property, proposed, stream};
use super::{read_all, start};

#[tokio::test]
async fn malformed_appends_are_refused_by_name() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let raw = Raw::connect(&node).await;
    let path = format!("{STREAMS}/Append");
    let json = || property("content-type", "application/json");
    let typed = |kind: &str| {
        message()
            .message(1, id(1))
            .message(2, property("type", kind))
            .message(2, json())
    };
    let event = |event: Message| vec![append_options("ticket-1", 4), append_event(event)];
    let to = |name: &str| vec![append_options(name, 4), append_event(proposed(1, 1))];
    let without_expectation = message().message(1, message().message(1, stream("ticket-1"))).done();
    let cases: [(Vec<Bytes>, &str); 14] = [
        (Vec::new(), "the first message of an append must hold its options"),
        (
            vec![append_event(proposed(1, 1))],
            "the first message of an append must hold its options",
        ),
        (
            vec![append_options("ticket-1", 4), append_options("ticket-1", 4)],
            "message 1 of the append holds no",
        ),
        (vec![without_expectation], "options.expected_stream_revision is not set"),
        (event(message().message(1, id(1)).message(2, json())), "has no \"type\""),
        (
            event(message().message(1, id(1)).message(2, property("type", "x"))),
            "has no \"content-type\"",
        ),
        (event(typed("")), "type of event 0 of the append is \"\""),
        (event(typed(&"x".repeat(1025))), "of 1025 bytes; the limit is 1024"),
        (
            event(message().message(2, property("type", "x")).message(2, json())),
            "id of event 0 of the append is not",
        ),
        (
            event(message().message(1, message().bytes(2, "zz"))),
            "id of event 0 of the append is \"zz\"",
        ),
        (to(""), "stream_identifier.stream_name is \"\""),
        (to(&"x".repeat(1025)), "of 1025 bytes; the limit is 1024"),
        (to("$$$$ticket-1"), "a metastream has no metadata"),
        (
            vec![append_options("ticket-1", 4), append_event(proposed(1, 8 << 20))],
            "one append may hold 8388608",
        ),
    ];
    for (messages, text) in cases {
        let refusal = raw.call(&path, messages).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal}");
        assert!(refusal.message().contains(text), "{refusal}");
    }
    let undecodable = raw
        .call(&path, vec![Bytes::from_static(b"\xff\xff\xff")])
        .await
        .unwrap_err();
    assert_eq!(undecodable.code(), Code::Internal);
    let larger_than_a_message = vec![append_options("ticket-1", 4), append_event(proposed(1, 18 << 20))];
    assert_eq!(
        raw.call(&path, larger_than_a_message).await.unwrap_err().code(),
        Code::OutOfRange
    );
    assert!(read_all(&client, &ReadAllOptions::default()).await.is_empty());
    node.stop().await.unwrap();
}

#[tokio::test]
async fn append_that_is_not_complete_in_time_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let raw = Raw::connect(&node).await;
    let parts = [append_options("ticket-1", 4), append_event(proposed(1, 10))];
    let mut request = Request::new(tokio_stream::iter(parts.clone()).chain(tokio_stream::pending()));
    request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
    let late = raw.call_with(&format!("{STREAMS}/Append"), request).await.unwrap_err();
    assert_eq!((late.code(), late.message()), (Code::Cancelled, "Timeout expired"));
    assert!(read_all(&client, &ReadAllOptions::default()).await.is_empty());

    // A deadline that has passed already leaves all of it or nothing.
    let whole = [
        append_options("ticket-1", 3),
        append_event(proposed(1, 10)),
        append_event(proposed(2, 10)),
    ];
    let mut request = Request::new(tokio_stream::iter(whole));
    request.metadata_mut().insert("grpc-timeout", "1n".parse().unwrap());
    raw.call_with(&format!("{STREAMS}/Append"), request).await.ok();
    raw.call(&format!("{STREAMS}/Append"), parts.into()).await.unwrap();
    let found = read_all(&client, &ReadAllOptions::default()).await.len();
    assert!([1, 2].contains(&found), "{found}");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn read_ends_with_its_deadline() {
    let directory = TempDir::new().unwrap();
    let (node, _client) = start(directory.path()).await;
    let raw = Raw::connect(&node).await;
    let subscription = message()
        .message(2, message().message(2, message()))
        .message(6, message())
        .message(8, message());
    let options = message().message(1, subscription).done();
    let mut request = Request::new(tokio_stream::once(options));
    request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
    let mut answers = raw.open(&format!("{STREAMS}/Read"), request).await.unwrap();
    let ended = loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended with OK"),
            Err(status) => break status,
        }
    };
    assert_eq!((ended.code(), ended.message()), (Code::Cancelled, "Timeout expired"));
    node.stop().await.unwrap();
}
