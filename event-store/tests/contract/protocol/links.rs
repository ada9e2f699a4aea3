//! Events that stand for others.

use kurrentdb::{
    EventData, Position, ReadAllOptions, ReadStreamOptions, ResolvedEvent, StreamPosition, StreamState,
    SubscribeToAllOptions, SubscribeToStreamOptions, SubscriptionFilter,
};
use uuid::Uuid;

use super::{Peer, at};
use crate::server::{Server, rules};

rules! {
    any: [
        link_is_followed_where_it_is_asked_for,
        link_to_what_is_gone_comes_alone,
    ],
    own: [link_that_does_not_read_comes_alone],
}

/// Numbers of the event and of the link.
type Pair = (Option<u128>, Option<u128>);

fn pair(resolved: &ResolvedEvent) -> Pair {
    let number = |event: &kurrentdb::RecordedEvent| event.id.as_u128();
    (resolved.event.as_ref().map(number), resolved.link.as_ref().map(number))
}

/// Stream `ticket-1` with the events 1 and 2, and the name and the position before the first event of a stream of
/// links numbered from 10 on.
async fn with_links(peer: &Peer, targets: &[String]) -> (String, Position) {
    let stream = peer.server.stream("ticket-1");
    let appended = peer.append(&stream, StreamState::NoStream, &[1, 2]).await.unwrap();
    let links = peer.server.stream("links");
    let link =
        |(number, target): (u128, &String)| EventData::binary("$>", target.clone().into()).id(Uuid::from_u128(number));
    let events = (10..).zip(targets).map(link).collect();
    peer.append_events(&links, StreamState::NoStream, events).await.unwrap();
    (links, appended.position)
}

/// By every way there is.
async fn check(peer: &Peer, (links, before): (String, Position), resolved: &[Pair]) {
    let stream = ReadStreamOptions::default;
    let mine = || SubscriptionFilter::on_stream_name().add_prefix(&links);
    let client = &peer.client;
    let mut plain = client.read_stream(&*links, &stream()).await.unwrap();
    let mut read = client.read_stream(&*links, &stream().resolve_link_tos()).await.unwrap();
    let options = ReadAllOptions::default().position(at(before)).filter(mine());
    let mut all = client.read_all(&options.resolve_link_tos()).await.unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut subscribed = client.subscribe_to_stream(&*links, &options.resolve_link_tos()).await;
    let options = SubscribeToAllOptions::default().position(at(before)).filter(mine());
    let mut live = client.subscribe_to_all(&options.resolve_link_tos()).await;
    for (number, expected) in (10..).zip(resolved) {
        assert_eq!(pair(&plain.next().await.unwrap().unwrap()), (Some(number), None));
        assert_eq!(pair(&read.next().await.unwrap().unwrap()), *expected);
        assert_eq!(pair(&all.next().await.unwrap().unwrap()), *expected);
        assert_eq!(pair(&subscribed.next().await.unwrap()), *expected);
        assert_eq!(pair(&live.next().await.unwrap()), *expected);
    }
}

async fn link_is_followed_where_it_is_asked_for(server: Server) {
    let peer = Peer::of(server);
    let target = peer.server.stream("ticket-1");
    let links = with_links(&peer, &[format!("1@{target}"), format!("0@{target}")]).await;
    check(&peer, links, &[(Some(2), Some(10)), (Some(1), Some(11))]).await;
}

async fn link_to_what_is_gone_comes_alone(server: Server) {
    let peer = Peer::of(server);
    let target = peer.server.stream("ticket-1");
    let links = with_links(&peer, &[format!("7@{target}"), format!("0@{target}-none")]).await;
    check(&peer, links, &[(None, Some(10)), (None, Some(11))]).await;
}

async fn link_that_does_not_read_comes_alone(server: Server) {
    let peer = Peer::of(server);
    let target = peer.server.stream("ticket-1");
    let links = with_links(
        &peer,
        &["no link".to_owned(), format!("-1@{target}"), format!("x@{target}")],
    )
    .await;
    check(&peer, links, &[(None, Some(10)), (None, Some(11)), (None, Some(12))]).await;
}
