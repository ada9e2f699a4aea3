use kurrentdb::{
    Error, ReadAllOptions, StreamPosition, StreamState, SubscribeToAllOptions, SubscribeToStreamOptions,
    SubscriptionEvent, SubscriptionFilter,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{append, at, next, numbers, read_all, start};

#[tokio::test]
async fn subscription_gets_old_and_new_events_once_and_in_order() {
    const APPENDERS: u128 = 8;
    const EACH: u128 = 60;
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    for number in 0..300 {
        let stream = if number % 3 == 0 { "customer-0" } else { "ticket-0" };
        append(&client, stream, StreamState::Any, &[number]).await.unwrap();
    }
    let mut appenders = JoinSet::new();
    for appender in 1..=APPENDERS {
        let client = client.clone();
        appenders.spawn(async move {
            for number in 0..EACH {
                let stream = if number % 2 == 0 {
                    format!("ticket-{appender}")
                } else {
                    format!("customer-{appender}")
                };
                append(&client, &stream, StreamState::Any, &[appender * 1000 + number])
                    .await
                    .unwrap();
            }
        });
    }
    let filter = SubscriptionFilter::on_stream_name().add_prefix("ticket-").max(10);
    let options = SubscribeToAllOptions::default()
        .position(at(150))
        .filter(filter.clone());
    let mut subscription = client.subscribe_to_all(&options).await;
    let (mut seen, mut checkpoints) = (Vec::new(), 0);
    let expected = 100 + usize::try_from(APPENDERS * EACH / 2).unwrap();
    while seen.len() < expected {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::EventAppeared(event) => {
                let event = event.event.unwrap();
                seen.push((event.position.commit, event.id.as_u128()));
            }
            SubscriptionEvent::Checkpoint(_) => checkpoints += 1,
            _ => {}
        }
    }
    appenders.join_all().await;
    let all = read_all(&client, &ReadAllOptions::default().position(at(151)).filter(filter)).await;
    let appended: Vec<_> = all
        .iter()
        .map(|event| (event.position.commit, event.id.as_u128()))
        .collect();
    assert_eq!(seen, appended);
    assert!(checkpoints >= 15, "{checkpoints}");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_tells_when_it_is_live() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "customer-1", StreamState::NoStream, &[1, 2, 3, 4, 5])
        .await
        .unwrap();
    let filter = SubscriptionFilter::on_event_type().add_prefix("customer.").max(2);
    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(filter);
    let mut subscription = client.subscribe_to_all(&options).await;
    let confirmed = subscription.next_subscription_event().await.unwrap();
    assert!(matches!(confirmed, SubscriptionEvent::Confirmed(_)));
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
    node.stop().await.unwrap();
}

#[tokio::test]
async fn stream_subscription_begins_before_the_stream_does() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut whole = client.subscribe_to_stream("ticket-1", &options).await;
    assert!(matches!(
        whole.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    append(&client, "ticket-2", StreamState::NoStream, &[9]).await.unwrap();

    let end = options.clone().start_from(StreamPosition::End);
    let mut new = client.subscribe_to_stream("ticket-1", &end).await;
    assert!(matches!(
        new.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    let mut after_first = client
        .subscribe_to_stream("ticket-1", &options.start_from(StreamPosition::Position(0)))
        .await;
    append(&client, "ticket-1", StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();

    assert_eq!(
        numbers(&[next(&mut whole).await, next(&mut whole).await, next(&mut whole).await]),
        [1, 2, 3]
    );
    assert_eq!(
        numbers(&[next(&mut after_first).await, next(&mut after_first).await]),
        [2, 3]
    );
    assert_eq!(numbers(&[next(&mut new).await]), [3]);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn stop_ends_subscriptions_with_an_error() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let mut subscription = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    assert!(matches!(
        subscription.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    let (stopped, ended) = tokio::join!(node.stop(), subscription.next());
    assert_eq!(stopped, Ok(()));
    assert!(matches!(ended, Err(Error::ServerError(_))), "{ended:?}");
}
