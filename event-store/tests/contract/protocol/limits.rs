//! Appends that do not fit, or that are no appends.

use bytes::Bytes;
use tonic::Code;

use super::{
    Peer,
    raw::{Message, Raw, STREAMS, append_event, append_options, id, message, property, proposed, stream},
};
use crate::server::{Server, rules};

rules! {
    any: [],
    own: [
        malformed_appends_are_refused_by_name,
        refusals_of_appends_carry_their_trailers,
    ],
}

async fn malformed_appends_are_refused_by_name(server: Server) {
    let peer = Peer::of(server);
    let raw = Raw::connect(&peer.server).await;
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
    assert_eq!(peer.count().await, 0);
}

async fn refusals_of_appends_carry_their_trailers(server: Server) {
    let raw = Raw::connect(&server).await;
    let untyped = message()
        .message(1, id(1))
        .message(2, property("content-type", "application/json"));
    for (event, trailers) in [
        (
            untyped,
            [
                ("exception", "missing-required-metadata-property"),
                ("required-metadata-properties", "type,content-type"),
            ],
        ),
        (
            proposed(1, 8 << 20),
            [
                ("exception", "maximum-append-size-exceeded"),
                ("maximum-append-size", "8388608"),
            ],
        ),
    ] {
        let messages = vec![append_options("ticket-1", 4), append_event(event)];
        let refusal = raw.call(&format!("{STREAMS}/Append"), messages).await.unwrap_err();
        for (key, value) in trailers {
            assert_eq!(refusal.metadata().get(key).unwrap(), value, "{refusal}");
        }
    }
}
