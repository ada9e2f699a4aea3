//! Whatever arrives is answered with a status, and the server goes on.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use kurrentdb::StreamState;
use tonic::{
    body::Body,
    codegen::{Service, http},
    transport::Channel,
};

use super::{
    Peer,
    raw::{self, Message, append_event, append_options, id, message, proposed, stream},
};
use crate::server::{Server, rules};

rules! {
    any: [],
    own: [server_survives_whatever_arrives_in_bounded_memory],
}

const CALLS: u64 = 4000;
const AT_ONCE: u64 = 8;
const GROWTH_ALLOWED: usize = 64 << 20;
const PATHS: [&str; 9] = [
    "streams.Streams/Append",
    "streams.Streams/BatchAppend",
    "streams.Streams/Read",
    "streams.Streams/Delete",
    "streams.Streams/Tombstone",
    "streams.Streams/Other",
    "server_features.ServerFeatures/GetSupportedMethods",
    "gossip.Gossip/Read",
    "users.Users/Create",
];

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn bytes(&mut self, limit: usize) -> Vec<u8> {
        let length = self.below(limit);
        (0..length).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    /// Bytes changed, taken away or put in.
    fn mutate(&mut self, bytes: &Bytes) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(3) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                1 => bytes.truncate(at),
                _ => {
                    let more = self.bytes(8);
                    bytes.splice(at..at, more);
                }
            }
        }
        bytes
    }

    fn message(&mut self, valid: &[Bytes]) -> Vec<u8> {
        let frame = &valid[self.below(valid.len())];
        match self.below(4) {
            0 => self.bytes(300),
            1 => frame.to_vec(),
            _ => self.mutate(frame),
        }
    }

    /// gRPC's frames: a flag, a length, a message; one in eight is not what it says.
    fn body(&mut self, valid: &[Bytes]) -> Bytes {
        let mut body = BytesMut::new();
        for _ in 0..self.below(5) {
            let message = self.message(valid);
            let broken = self.below(8) == 0;
            let flag = if broken { self.below(256) } else { 0 };
            let length = if broken { self.below(1 << 31) } else { message.len() };
            body.put_u8(u8::try_from(flag).unwrap());
            body.put_u32(u32::try_from(length).unwrap());
            body.put_slice(&message);
        }
        body.freeze()
    }
}

fn valid() -> Vec<Bytes> {
    let any = |name: &str| message().message(1, stream(name)).message(4, message());
    let read = |source: Message, count: u64| message().message(1, source.number(5, count)).done();
    let of_stream = message().message(1, message().message(1, stream("fuzz-1")).message(3, message()));
    let of_all = message().message(2, message().message(2, message()));
    let filter = message().message(1, message().bytes(1, "^(?!(a+)+$)"));
    let batch = message()
        .message(1, id(1))
        .message(2, any("fuzz-2"))
        .message(3, proposed(3, 20));
    let metadata = message()
        .message(1, id(9))
        .message(2, raw::property("type", "$metadata"))
        .message(2, raw::property("content-type", "application/json"))
        .bytes(4, r#"{"$maxCount":1,"$tb":1,"$maxAge":10}"#);
    vec![
        append_options("fuzz-1", 4),
        append_options("$$fuzz-1", 4),
        append_event(proposed(1, 100)),
        append_event(metadata),
        message().message(1, any("fuzz-3")).done(),
        read(of_stream.clone(), 10),
        read(of_all.clone(), u64::MAX),
        read(of_all.message(7, filter), 100),
        message().message(1, of_stream.message(6, message())).done(),
        batch.clone().number(4, 1).done(),
        batch.done(),
    ]
}

/// The answer's status, in its head or at its end.
async fn status(channel: &mut Channel, path: &str, body: Bytes) -> Option<i32> {
    let request = http::Request::post(format!("/event_store.client.{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "100m")
        .body(Body::new(Full::new(body).map_err(|never| match never {})))
        .unwrap();
    std::future::poll_fn(|cx| channel.poll_ready(cx)).await.unwrap();
    // The client's own timer may be the first; that is an answer too late to be seen, not a missing one.
    let Ok(answer) = channel.call(request).await else {
        return Some(1);
    };
    let (head, body) = answer.into_parts();
    let code = |headers: &http::HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    if let Some(code) = code(&head.headers) {
        return Some(code);
    }
    let collected = body.collect().await.unwrap();
    collected.trailers().and_then(code)
}

/// Of a program; a server in this process shares its memory with all tests.
fn resident(server: &Server) -> usize {
    let Some(process) = server.process() else { return 0 };
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

async fn storm(server: &Server, first: u64, last: u64) {
    let valid = valid();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..AT_ONCE {
        let mut channel = raw::endpoint(server).connect().await.unwrap();
        let valid = valid.clone();
        tasks.spawn(async move {
            for number in (first..last).filter(|number| number % AT_ONCE == task) {
                let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let path = PATHS[dice.below(PATHS.len())];
                let body = dice.body(&valid);
                let status = status(&mut channel, path, body).await;
                assert!(status.is_some(), "call {number} to {path} got no status");
            }
        });
    }
    tasks.join_all().await;
}

async fn server_survives_whatever_arrives_in_bounded_memory(server: Server) {
    let peer = Peer::of(server);
    storm(&peer.server, 0, CALLS / 4).await;
    let before = resident(&peer.server);
    storm(&peer.server, CALLS / 4, CALLS).await;
    let growth = resident(&peer.server).saturating_sub(before);
    assert!(growth < GROWTH_ALLOWED, "grew by {growth} bytes");

    peer.append("ticket-1", StreamState::NoStream, &[1, 2]).await.unwrap();
    assert_eq!(peer.stream("ticket-1").await, [1, 2]);
}
