//! Servers of foreign make, and clusters.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use event_store::{EventLog, Expected, Position, Subscription, Timing, metrics};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::time::sleep;

use crate::{
    caught_up, ids,
    impostor::{Answer, Impostor},
    proxy::Proxy,
    server::{Server, free, quick, rules},
    take, until,
};

const TIMING: Timing = Timing {
    patience: Duration::from_secs(20),
    silence: Duration::from_millis(500),
    watch: Duration::from_millis(500),
};

rules! {
    any: [],
    own: [
        node_that_is_not_the_leader_leads_to_the_leader,
        cluster_with_another_leader_is_asked_anew,
        what_happens_to_connections_is_counted,
    ],
}

/// One thread of the runtime is all that a loop inside the client's poll would need.
#[tokio::test]
async fn subscription_that_a_server_ends_with_ok_starves_nobody_and_is_resumed() {
    let server = Server::in_process().await;
    let impostor = Impostor::answering(Answer::Ended).await;
    let proxy = Proxy::before(impostor.address()).await;
    let log = quick(proxy.address(), TIMING);
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    until("it is tried again and again", async || impostor.calls() > 4).await;
    let tried = impostor.calls();
    sleep(Duration::from_secs(1)).await;
    assert!(impostor.calls() < tried + 20, "a busy loop: {} calls", impostor.calls());
    proxy.lead_to(server.address());
    server
        .log()
        .append(&server.stream(1), Expected::NoStream, &server.tickets(0..2))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 2).await), [0, 1]);
}

#[tokio::test]
async fn stream_whose_read_ends_early_with_ok_is_read_whole() {
    let impostor = Impostor::answering(Answer::Short).await;
    let log = quick(impostor.address(), TIMING);
    assert_eq!(ids(&log.read_stream("any-1", 0).await.unwrap()), [0, 1, 2]);
    assert_eq!(ids(&log.read_stream("any-1", 2).await.unwrap()), [2]);
    assert!(log.read_stream("any-1", 3).await.unwrap().is_empty());
}

#[tokio::test]
async fn subscription_that_a_server_forgets_is_begun_anew_and_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let server = Server::in_process().await;
    let impostor = Impostor::answering(Answer::Forgetful).await;
    let proxy = Proxy::before(impostor.address()).await;
    let log = quick(proxy.address(), TIMING);
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    let stalled = format!("{} 2", metrics::STALLED);
    until("it stalls twice", async || handle.render().contains(&stalled)).await;
    assert_eq!(proxy.accepted(), 1, "the connection is as it should be");
    proxy.lead_to(server.address());
    server
        .log()
        .append(&server.stream(1), Expected::NoStream, &server.tickets(0..2))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 2).await), [0, 1]);
}

async fn node_that_is_not_the_leader_leads_to_the_leader(server: Server) {
    let follower = Impostor::answering(Answer::LeaderAt(server.address())).await;
    let log = quick(follower.address(), TIMING);
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    let stream = server.stream(1);
    assert!(log.read_stream(&stream, 0).await.unwrap().is_empty());
    log.append(&stream, Expected::NoStream, &server.tickets(0..2))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 2).await), [0, 1]);
    assert_eq!(ids(&log.read_stream(&stream, 0).await.unwrap()), [0, 1]);
    assert!(follower.calls() > 0);
}

async fn cluster_with_another_leader_is_asked_anew(mut server: Server) {
    let leader = Arc::new(Mutex::new(server.address()));
    let one = Impostor::answering(Answer::Gossip(Arc::clone(&leader))).await;
    let two = Impostor::answering(Answer::Gossip(Arc::clone(&leader))).await;
    let seeds = format!("{},{}", one.address(), two.address());
    let url = format!("esdb://{seeds}?tls=false&discoveryInterval=20");
    let log = EventLog::with_timing(&url, TIMING).unwrap();
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    let stream = server.stream(1);
    log.append(&stream, Expected::NoStream, &server.tickets(0..1))
        .await
        .unwrap();
    server.stop().await;
    server.start_at(free()).await;
    *leader.lock().unwrap() = server.address();
    log.append(&stream, Expected::Exact(0), &server.tickets(1..2))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 2).await), [0, 1]);
}

/// A test of its own thread, so that the recorder sees nothing else: all tasks of a test share its thread.
async fn what_happens_to_connections_is_counted(mut server: Server) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    metrics::describe();
    let proxy = Proxy::before(server.address()).await;
    let timing = Timing {
        patience: Duration::from_secs(2),
        ..TIMING
    };
    let log = quick(proxy.address(), timing);
    let mut subscription = Subscription::start(&log, Position::START, &[&server.event_type("ticket.")]);
    caught_up(&mut subscription).await;
    let stream = server.stream(1);
    log.append(&stream, Expected::NoStream, &server.tickets(0..3))
        .await
        .unwrap();
    server.stop().await;
    assert!(log.head().await.is_err());
    server.start().await;
    log.append(&stream, Expected::Exact(2), &server.tickets(3..4))
        .await
        .unwrap();
    take(&mut subscription, 4).await;
    let text = handle.render();
    let value = |series: &str| -> f64 {
        let line = text.lines().find_map(|it| it.strip_prefix(series));
        line.unwrap_or_else(|| panic!("no {series} in:\n{text}"))
            .trim()
            .parse()
            .unwrap()
    };
    assert!(value(r#"letopis_log_connections_total{reason="first"}"#) > 0.0);
    assert!(value(r#"letopis_log_connections_total{reason="lost"}"#) > 0.0);
    assert!(value(r#"letopis_log_retries_total{call="head"}"#) > 0.0);
    assert!(value(r#"letopis_log_unavailable_total{call="head"}"#) > 0.0);
    assert!(value(r#"letopis_log_subscription_resumes_total{reason="broken"}"#) > 0.0);
    assert!(value(r#"letopis_log_call_seconds_count{call="append"}"#) >= 2.0);
    assert!(value("letopis_log_head_position") >= 4.0);
}
