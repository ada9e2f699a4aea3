//! A server that ends and comes back.

use std::time::Duration;

use event_store::{Expected, LogError, Position, Subscription};
use tokio::time::timeout;

use crate::{
    ids,
    server::{Server, rules},
    take,
};

rules! {
    any: [],
    own: [
        subscription_survives_restarts_of_the_server_with_each_event_once,
        first_connection_may_precede_the_server,
        append_while_the_server_restarts_is_taken_once,
        server_that_stays_away_is_told_as_unavailable,
    ],
}

async fn subscription_survives_restarts_of_the_server_with_each_event_once(mut server: Server) {
    let (log, stream) = (server.log(), server.stream(1));
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    let mut heard = Vec::new();
    for round in 0..3_u64 {
        for number in round * 10..round * 10 + 10 {
            let events = server.tickets(number.into()..u128::from(number) + 1);
            log.append(&stream, Expected::after(number.checked_sub(1)), &events)
                .await
                .unwrap();
        }
        heard.extend(ids(&take(&mut subscription, 7).await));
        server.stop().await;
        server.start().await;
    }
    heard.extend(ids(&take(&mut subscription, 9).await));
    assert_eq!(heard, (0..30).collect::<Vec<u128>>());
    log.append(&server.stream(2), Expected::NoStream, &server.tickets(30..31))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 1).await), [30]);
}

async fn first_connection_may_precede_the_server(mut server: Server) {
    server.stop().await;
    let (log, stream) = (server.log(), server.stream(1));
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    let append = tokio::spawn({
        let events = server.tickets(1..2);
        async move { log.append(&stream, Expected::NoStream, &events).await }
    });
    // Nobody is there: nothing comes of it, and nothing fails for good.
    assert!(
        timeout(Duration::from_secs(1), subscription.next_batch(1))
            .await
            .is_err()
    );
    assert!(!append.is_finished());
    server.start().await;
    append.await.unwrap().unwrap();
    assert_eq!(ids(&take(&mut subscription, 1).await), [1]);
}

async fn append_while_the_server_restarts_is_taken_once(mut server: Server) {
    let log = server.log();
    let writers: Vec<_> = (0..4_u128)
        .map(|writer| {
            let (log, stream) = (log.clone(), server.stream(writer));
            let appends: Vec<_> = (0..200)
                .map(|it| server.tickets(writer * 1000 + it..writer * 1000 + it + 1))
                .collect();
            tokio::spawn(async move {
                for (number, events) in (0_u64..).zip(appends) {
                    let expected = Expected::after(number.checked_sub(1));
                    assert_eq!(log.append(&stream, expected, &events).await.unwrap().revision, number);
                }
            })
        })
        .collect();
    while log.head().await.unwrap() < Position(100) {}
    for _ in 0..2 {
        server.stop().await;
        server.start().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 0..4_u128 {
        let events = log.read_stream(&server.stream(writer), 0).await.unwrap();
        assert_eq!(ids(&events), (writer * 1000..writer * 1000 + 200).collect::<Vec<_>>());
    }
    assert_eq!(log.head().await.unwrap(), Position(800));
}

async fn server_that_stays_away_is_told_as_unavailable(mut server: Server) {
    let (log, stream) = (server.log(), server.stream(1));
    log.append(&stream, Expected::NoStream, &server.tickets(1..2))
        .await
        .unwrap();
    server.stop().await;
    let append = log.append(&stream, Expected::Exact(0), &server.tickets(2..3)).await;
    assert!(matches!(append, Err(LogError::Unavailable { .. })), "{append:?}");
}
