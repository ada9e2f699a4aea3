//! What networks do to connections: whatever it is, callers see their answer or one typed error, and subscriptions go
//! on with each event once.

use std::time::Duration;

use event_store::{EventLog, Expected, LogError, Position, Subscription, Timing};
use tokio::time::{Instant, timeout};

use crate::{
    PATIENCE, caught_up, ids,
    proxy::{Proxy, Way},
    server::{Server, free, quick, rules},
    take, until,
};

/// Short enough to wait for, long enough for a busy machine.
const TIMING: Timing = Timing {
    patience: Duration::from_secs(20),
    silence: Duration::from_millis(500),
    watch: Duration::from_millis(500),
};

rules! {
    any: [],
    own: [
        cut_connections_lose_and_repeat_no_append,
        stream_read_that_is_cut_is_read_whole,
        catch_up_that_is_cut_goes_on_with_each_event_once,
        refused_connections_are_tried_again,
        black_hole_costs_a_try_and_not_the_call,
        black_hole_for_good_is_told_within_the_patience,
        half_closed_connection_is_replaced,
        slow_network_is_no_fault,
        subscription_whose_connection_is_swallowed_is_resumed,
        subscription_is_not_resumed_while_nothing_is_missed,
        server_that_moves_is_followed,
    ],
}

async fn through(server: &Server, timing: Timing) -> (Proxy, EventLog) {
    let proxy = Proxy::before(server.address()).await;
    let log = quick(proxy.address(), timing);
    (proxy, log)
}

async fn append(server: &Server, log: &EventLog, revision: u64) -> Result<event_store::Appended, LogError> {
    let events = server.tickets(revision.into()..u128::from(revision) + 1);
    log.append(&server.stream(1), Expected::after(revision.checked_sub(1)), &events)
        .await
}

async fn cut_connections_lose_and_repeat_no_append(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    let writers: Vec<_> = (0..64_u128)
        .map(|writer| {
            let (log, stream) = (log.clone(), server.stream(writer));
            let appends: Vec<_> = (0..20)
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
    let direct = server.log();
    for round in 1..=8 {
        until("the writers go on", async || {
            direct.head().await.unwrap() >= Position(round * 100)
        })
        .await;
        proxy.cut();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 0..64_u128 {
        let events = direct.read_stream(&server.stream(writer), 0).await.unwrap();
        assert_eq!(ids(&events), (writer * 1000..writer * 1000 + 20).collect::<Vec<_>>());
    }
    assert_eq!(direct.head().await.unwrap(), Position(64 * 20));
}

/// Fills a stream with so many events of the test.
async fn fill(server: &Server, count: u64) {
    let (log, stream) = (server.log(), server.stream(1));
    for first in (0..count).step_by(500) {
        let events = server.tickets(first.into()..u128::from(first) + 500);
        log.append(&stream, Expected::after(first.checked_sub(1)), &events)
            .await
            .unwrap();
    }
}

async fn stream_read_that_is_cut_is_read_whole(server: Server) {
    fill(&server, 5000).await;
    let (proxy, log) = through(&server, TIMING).await;
    log.head().await.unwrap();
    proxy.cut_after(200_000);
    proxy.cut();
    let read = tokio::spawn({
        let (log, stream) = (log.clone(), server.stream(1));
        async move { log.read_stream(&stream, 0).await }
    });
    until("the read is cut", async || proxy.accepted() > 3).await;
    assert!(!read.is_finished(), "{:?}", read.await.unwrap().map(|it| it.len()));
    proxy.cut_after(usize::MAX);
    proxy.cut();
    let events = read.await.unwrap().unwrap();
    assert_eq!(ids(&events), (0..5000).collect::<Vec<u128>>());
}

async fn catch_up_that_is_cut_goes_on_with_each_event_once(server: Server) {
    fill(&server, 5000).await;
    let (proxy, log) = through(&server, TIMING).await;
    proxy.cut_after(200_000);
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    assert_eq!(
        ids(&take(&mut subscription, 5000).await),
        (0..5000).collect::<Vec<u128>>()
    );
    assert!(proxy.accepted() > 3, "it was cut {} times", proxy.accepted());
}

async fn refused_connections_are_tried_again(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    proxy.refuse(true);
    let head = tokio::spawn({
        let log = log.clone();
        async move { log.head().await }
    });
    until("it is tried", async || proxy.accepted() > 3).await;
    assert!(!head.is_finished());
    proxy.refuse(false);
    assert_eq!(head.await.unwrap().unwrap(), Position::START);
}

async fn black_hole_costs_a_try_and_not_the_call(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    append(&server, &log, 0).await.unwrap();
    for (revision, way) in [(1, Way::ToClient), (2, Way::ToServer)] {
        proxy.swallow_present(way);
        let began = Instant::now();
        assert_eq!(append(&server, &log, revision).await.unwrap().revision, revision);
        // Later than at once, for the connection was dead; long before the client's own 20 s.
        let took = began.elapsed();
        assert!(took >= TIMING.silence && took < TIMING.silence * 16, "{took:?}");
        assert_eq!(
            log.read_stream(&server.stream(1), 0).await.unwrap().len() as u64,
            revision + 1
        );
    }
}

async fn black_hole_for_good_is_told_within_the_patience(server: Server) {
    let timing = Timing {
        patience: Duration::from_secs(2),
        ..TIMING
    };
    let (proxy, log) = through(&server, timing).await;
    append(&server, &log, 0).await.unwrap();
    proxy.swallow_all();
    let began = Instant::now();
    let (write, read, head) = tokio::join!(append(&server, &log, 1), log.read_stream("any-1", 0), log.head());
    assert!(matches!(write, Err(LogError::Unavailable { .. })), "{write:?}");
    assert!(matches!(read, Err(LogError::Unavailable { .. })), "{read:?}");
    assert!(matches!(head, Err(LogError::Unavailable { .. })), "{head:?}");
    assert!(began.elapsed() < timing.patience * 2, "{:?}", began.elapsed());
    assert!(write.unwrap_err().to_string().contains(&proxy.address().to_string()));
    proxy.heal();
    assert_eq!(append(&server, &log, 1).await.unwrap().revision, 1);
}

async fn half_closed_connection_is_replaced(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    for (revision, way) in [(0, Way::ToClient), (1, Way::ToServer)] {
        caught_up(&mut subscription).await;
        proxy.half_close(way);
        assert_eq!(append(&server, &log, revision).await.unwrap().revision, revision);
        assert_eq!(ids(&take(&mut subscription, 1).await), [u128::from(revision)]);
    }
}

async fn slow_network_is_no_fault(server: Server) {
    let (proxy, log) = through(&server, Timing::default()).await;
    proxy.delay(Duration::from_millis(50));
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    for revision in 0..10 {
        append(&server, &log, revision).await.unwrap();
    }
    assert_eq!(ids(&take(&mut subscription, 10).await), (0..10).collect::<Vec<u128>>());
    assert_eq!(proxy.accepted(), 1);
}

async fn subscription_whose_connection_is_swallowed_is_resumed(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    caught_up(&mut subscription).await;
    for revision in 0..3 {
        proxy.swallow_present(Way::ToClient);
        append(&server, &server.log(), revision).await.unwrap();
        let began = Instant::now();
        assert_eq!(ids(&take(&mut subscription, 1).await), [u128::from(revision)]);
        assert!(began.elapsed() < TIMING.watch * 8, "{:?}", began.elapsed());
    }
}

async fn subscription_is_not_resumed_while_nothing_is_missed(server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    caught_up(&mut subscription).await;
    // The head moves on, but not for this subscription.
    let direct = server.log();
    for number in 0..4 {
        let event = server.event(number, "ship.sailed");
        let stream = server.stream(format!("ship{number}"));
        direct.append(&stream, Expected::NoStream, &[event]).await.unwrap();
        let silent = timeout(TIMING.watch, subscription.next_batch(1)).await;
        assert!(silent.is_err(), "{silent:?}");
    }
    assert_eq!(proxy.accepted(), 1);
    append(&server, &direct, 0).await.unwrap();
    assert_eq!(ids(&take(&mut subscription, 1).await), [0]);
}

async fn server_that_moves_is_followed(mut server: Server) {
    let (proxy, log) = through(&server, TIMING).await;
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    append(&server, &log, 0).await.unwrap();
    server.stop().await;
    server.start_at(free()).await;
    proxy.lead_to(server.address());
    append(&server, &log, 1).await.unwrap();
    let events = timeout(PATIENCE, take(&mut subscription, 2)).await.unwrap();
    assert_eq!(ids(&events), [0, 1]);
}
