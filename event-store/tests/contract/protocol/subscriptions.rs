//! Subscriptions: what they begin with, each event once and in order, and how they end.

#![expect(clippy::wildcard_enum_match_arm, reason = "enums of the client")]

use std::sync::Arc;

use kurrentdb::{
    Error, ReadAllOptions, StreamPosition, StreamState, SubscribeToAllOptions, SubscribeToStreamOptions, Subscription,
    SubscriptionEvent, SubscriptionFilter,
};
use tokio::{task::JoinSet, time::timeout};

use super::{Peer, at, next_numbers};
use crate::{
    PATIENCE,
    server::{Server, rules},
};

rules! {
    any: [
        subscription_gets_old_and_new_events_once_and_in_order,
        subscription_begins_behind_its_position,
        subscription_from_the_end_gets_only_what_is_new,
        stream_subscription_begins_before_the_stream_does,
    ],
    own: [
        subscription_tells_how_far_it_looked_and_when_it_is_live,
        stop_ends_subscriptions_with_an_error,
    ],
}

async fn confirmed(subscription: &mut Subscription) {
    let first = timeout(PATIENCE, subscription.next_subscription_event()).await.unwrap();
    assert!(
        matches!(&first, Ok(SubscriptionEvent::Confirmed(_))),
        "{first:?} came first"
    );
}

async fn subscription_gets_old_and_new_events_once_and_in_order(server: Server) {
    const APPENDERS: u128 = 8;
    const EACH: u128 = 60;
    let peer = Arc::new(Peer::of(server));
    let mut half = None;
    for number in 0..300 {
        let stream = peer
            .server
            .stream(if number % 3 == 0 { "customer-0" } else { "ticket-0" });
        let answer = peer.append(&stream, StreamState::Any, &[number]).await.unwrap();
        if number == 149 {
            half = Some(answer.position);
        }
    }
    let half = half.unwrap();
    let mut appenders = JoinSet::new();
    for appender in 1..=APPENDERS {
        let peer = Arc::clone(&peer);
        appenders.spawn(async move {
            for number in 0..EACH {
                let kind = if number % 2 == 0 { "ticket" } else { "customer" };
                let stream = peer.server.stream(format!("{kind}-{appender}"));
                let number = appender * 1000 + number;
                peer.append(&stream, StreamState::Any, &[number]).await.unwrap();
            }
        });
    }
    let tickets = SubscriptionFilter::on_stream_name().add_prefix(peer.server.stream("ticket-"));
    let options = SubscribeToAllOptions::default()
        .position(at(half))
        .filter(tickets.clone());
    let mut subscription = peer.client.subscribe_to_all(&options).await;
    confirmed(&mut subscription).await;
    let expected = 100 + usize::try_from(APPENDERS * EACH / 2).unwrap();
    let (mut seen, mut passed) = (Vec::new(), half);
    while seen.len() < expected {
        let event = timeout(PATIENCE, subscription.next_subscription_event()).await.unwrap();
        match event.unwrap() {
            SubscriptionEvent::EventAppeared(event) => {
                let event = event.event.unwrap();
                assert!(event.position > passed, "it was passed already");
                seen.push((event.position, event.id.as_u128()));
            }
            SubscriptionEvent::Checkpoint(position) => passed = passed.max(position),
            _ => {}
        }
    }
    appenders.join_all().await;
    let options = ReadAllOptions::default().position(at(half)).filter(tickets);
    let mut appended: Vec<_> = peer.read_all(&options).await;
    // A read has its position, a subscription begins behind it.
    appended.retain(|event| event.position > half);
    let appended: Vec<_> = appended
        .iter()
        .map(|event| (event.position, event.id.as_u128()))
        .collect();
    assert_eq!(seen, appended);
}

async fn subscription_begins_behind_its_position(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let first = peer.append(&stream, StreamState::NoStream, &[0]).await.unwrap();
    peer.append(&stream, StreamState::StreamRevision(0), &[1, 2])
        .await
        .unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Position(0));
    let mut of_stream = peer.client.subscribe_to_stream(&*stream, &options).await;
    let mine = SubscriptionFilter::on_stream_name().add_prefix(&stream);
    let options = SubscribeToAllOptions::default()
        .position(at(first.position))
        .filter(mine);
    let mut of_all = peer.client.subscribe_to_all(&options).await;
    for subscription in [&mut of_stream, &mut of_all] {
        confirmed(subscription).await;
        assert_eq!(next_numbers(subscription, 2).await, [1, 2]);
    }
}

async fn subscription_from_the_end_gets_only_what_is_new(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, StreamState::NoStream, &[1, 2]).await.unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::End);
    let mut of_stream = peer.client.subscribe_to_stream(&*stream, &options).await;
    let mine = SubscriptionFilter::on_stream_name().add_prefix(&stream);
    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::End)
        .filter(mine);
    let mut of_all = peer.client.subscribe_to_all(&options).await;
    confirmed(&mut of_stream).await;
    confirmed(&mut of_all).await;
    peer.append(&stream, StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();
    assert_eq!(next_numbers(&mut of_stream, 1).await, [3]);
    assert_eq!(next_numbers(&mut of_all, 1).await, [3]);
}

async fn stream_subscription_begins_before_the_stream_does(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut subscription = peer.client.subscribe_to_stream(&*stream, &options).await;
    confirmed(&mut subscription).await;
    peer.append(&stream, StreamState::NoStream, &[1, 2]).await.unwrap();
    let other = peer.server.stream("ticket-2");
    peer.append(&other, StreamState::NoStream, &[9]).await.unwrap();
    peer.append(&stream, StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();
    assert_eq!(next_numbers(&mut subscription, 3).await, [1, 2, 3]);
}

async fn subscription_tells_how_far_it_looked_and_when_it_is_live(server: Server) {
    let peer = Peer::of(server);
    peer.append("customer-1", StreamState::NoStream, &[1, 2, 3, 4, 5])
        .await
        .unwrap();
    let filter = SubscriptionFilter::on_event_type().add_prefix("none.").max(2);
    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(filter);
    let mut subscription = peer.client.subscribe_to_all(&options).await;
    confirmed(&mut subscription).await;
    for expected in [2, 4, 5] {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::Checkpoint(position) => assert_eq!(position.commit, expected),
            other => panic!("{other:?}"),
        }
    }
    match subscription.next_subscription_event().await.unwrap() {
        SubscriptionEvent::CaughtUp(Some(live)) => assert_eq!(live.position.map(|position| position.commit), Some(5)),
        other => panic!("{other:?}"),
    }
}

async fn stop_ends_subscriptions_with_an_error(server: Server) {
    let mut peer = Peer::of(server);
    let mut subscription = peer.client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    confirmed(&mut subscription).await;
    let ended = async {
        loop {
            match timeout(PATIENCE, subscription.next_subscription_event()).await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    };
    let ((), ended) = tokio::join!(peer.server.stop(), ended);
    assert!(matches!(ended, Error::ServerError(_)), "{ended:?}");
}
