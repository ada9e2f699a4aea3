//! What takes longer than the client is willing to wait, and what may last.

use std::time::Duration;

use tokio::time::timeout;
use tokio_stream::StreamExt;
use tonic::{Code, Request, Streaming};

use super::{
    Peer,
    raw::{self, Raw, STREAMS, append_event, append_options, message, proposed},
};
use crate::server::{Server, rules};

rules! {
    any: [],
    own: [
        append_that_is_not_complete_in_time_leaves_nothing,
        read_ends_with_its_deadline,
        subscription_without_deadline_lasts_and_pings_are_answered,
    ],
}

async fn append_that_is_not_complete_in_time_leaves_nothing(server: Server) {
    let peer = Peer::of(server);
    let raw = Raw::connect(&peer.server).await;
    let parts = [append_options("ticket-1", 4), append_event(proposed(1, 10))];
    let mut request = Request::new(tokio_stream::iter(parts.clone()).chain(tokio_stream::pending()));
    request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
    let late = raw.call_with(&format!("{STREAMS}/Append"), request).await.unwrap_err();
    assert_eq!((late.code(), late.message()), (Code::Cancelled, "Timeout expired"));
    assert_eq!(peer.count().await, 0);

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
    let found = peer.count().await;
    assert!([1, 2].contains(&found), "{found}");
}

async fn read_ends_with_its_deadline(server: Server) {
    let raw = Raw::connect(&server).await;
    let mut answers = subscribe(&raw, Some("200m")).await;
    let ended = loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended with OK"),
            Err(status) => break status,
        }
    };
    assert_eq!((ended.code(), ended.message()), (Code::Cancelled, "Timeout expired"));
}

/// To the whole log.
async fn subscribe(raw: &Raw, deadline: Option<&str>) -> Streaming<bytes::Bytes> {
    let subscription = message()
        .message(2, message().message(2, message()))
        .message(6, message())
        .message(8, message());
    let options = message().message(1, subscription).done();
    let mut request = Request::new(tokio_stream::once(options));
    if let Some(deadline) = deadline {
        request.metadata_mut().insert("grpc-timeout", deadline.parse().unwrap());
    }
    raw.open(&format!("{STREAMS}/Read"), request).await.unwrap()
}

async fn subscription_without_deadline_lasts_and_pings_are_answered(server: Server) {
    let endpoint = raw::endpoint(&server)
        .http2_keep_alive_interval(Duration::from_millis(50))
        .keep_alive_timeout(Duration::from_millis(400));
    let raw = Raw::through(endpoint).await;
    let mut answers = subscribe(&raw, None).await;
    // A ping without an answer would end it well before.
    let quiet = timeout(Duration::from_secs(1), async {
        while answers.message().await.unwrap().is_some() {}
    });
    assert!(quiet.await.is_err(), "ended with OK");
}
