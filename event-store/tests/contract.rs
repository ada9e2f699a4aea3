//! What the log promises, whatever server stands behind it; here the embedded node.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::panic, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole file is tests")]

use std::{net::SocketAddr, path::Path, time::Duration};

use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    ticket::TicketEvent,
};
use event_store::{
    Chain, Delivery, Envelope, EventLog, Expected, LogError, NewEvent, Position, Raw, Subscription, encode,
    verify_stream,
};
use event_store_node::{Node, NodeConfig};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

async fn node(data: &Path, listen: SocketAddr) -> Node {
    let data = data.to_owned();
    Node::start(NodeConfig { data, listen }).await.unwrap()
}

fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

async fn start() -> (TempDir, Node, EventLog) {
    let data = tempfile::tempdir().unwrap();
    let node = node(data.path(), anywhere()).await;
    let log = EventLog::new(&node.connection_string()).unwrap();
    (data, node, log)
}

fn event(number: u128, event_type: &str) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        event_type: event_type.to_owned(),
        payload: format!(r#"{{"number":{number}}}"#).into_bytes(),
        metadata: br#"{"actor":"system:test"}"#.to_vec(),
    }
}

fn tickets(numbers: std::ops::Range<u128>) -> Vec<NewEvent> {
    numbers.map(|it| event(it, "ticket.opened")).collect()
}

fn ids(events: &[Raw]) -> Vec<u128> {
    events.iter().map(|it| it.id.as_u128()).collect()
}

fn is_conflict<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Conflict { .. }))
}

#[tokio::test]
async fn append_is_taken_only_at_the_expected_revision() {
    let (_data, node, log) = start().await;
    let stream = "ticket-1";
    assert!(is_conflict(
        &log.append(stream, Expected::Exact(0), &tickets(1..2)).await
    ));
    let first = log.append(stream, Expected::NoStream, &tickets(1..3)).await.unwrap();
    assert_eq!(first.revision, 1);
    for wrong in [Expected::NoStream, Expected::Exact(0), Expected::Exact(2)] {
        assert!(
            is_conflict(&log.append(stream, wrong, &tickets(7..8)).await),
            "{wrong:?}"
        );
    }
    let second = log.append(stream, Expected::Exact(1), &tickets(3..4)).await.unwrap();
    assert_eq!(second.revision, 2);
    assert!(second.position > first.position);
    assert_eq!(ids(&log.read_stream(stream, 0).await.unwrap()), [1, 2, 3]);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn repeated_append_is_the_same_append() {
    let (_data, node, log) = start().await;
    let first = log
        .append("ticket-1", Expected::NoStream, &tickets(1..3))
        .await
        .unwrap();
    log.append("ticket-1", Expected::Exact(1), &tickets(3..5))
        .await
        .unwrap();
    let again = log
        .append("ticket-1", Expected::NoStream, &tickets(1..3))
        .await
        .unwrap();
    assert_eq!(again, first);
    // Half of it is another append.
    assert!(is_conflict(
        &log.append("ticket-1", Expected::Exact(0), &tickets(1..3)).await
    ));
    let mut other = tickets(1..3);
    other[1].id = Uuid::from_u128(9);
    assert!(is_conflict(&log.append("ticket-1", Expected::NoStream, &other).await));
    assert_eq!(log.read_stream("ticket-1", 0).await.unwrap().len(), 4);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn of_many_appends_at_one_revision_one_is_taken() {
    let (_data, node, log) = start().await;
    for round in 0..5_u64 {
        let expected = Expected::after(round.checked_sub(1));
        let appends: Vec<_> = (0..16_u128)
            .map(|it| {
                let (log, events) = (
                    log.clone(),
                    tickets(u128::from(round) * 16 + it..u128::from(round) * 16 + it + 1),
                );
                tokio::spawn(async move { log.append("ticket-1", expected, &events).await })
            })
            .collect();
        let mut taken = 0;
        for append in appends {
            let result = append.await.unwrap();
            assert!(result.is_ok() || is_conflict(&result), "{result:?}");
            taken += usize::from(result.is_ok());
        }
        assert_eq!(taken, 1);
    }
    assert_eq!(log.read_stream("ticket-1", 0).await.unwrap().len(), 5);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn stream_is_read_from_a_revision_on_and_an_unknown_one_is_empty() {
    let (_data, node, log) = start().await;
    log.append("ticket-1", Expected::NoStream, &tickets(1..6))
        .await
        .unwrap();
    log.append("ticket-2", Expected::NoStream, &tickets(10..12))
        .await
        .unwrap();
    let events = log.read_stream("ticket-1", 2).await.unwrap();
    assert_eq!(ids(&events), [3, 4, 5]);
    let revisions: Vec<u64> = events.iter().map(|it| it.revision).collect();
    assert_eq!(revisions, [2, 3, 4]);
    let sent = event(3, "ticket.opened");
    assert_eq!(
        (&events[0].event_type, &events[0].stream),
        (&sent.event_type, &"ticket-1".to_owned())
    );
    assert_eq!(
        (&events[0].payload[..], &events[0].metadata[..]),
        (&sent.payload[..], &sent.metadata[..])
    );
    assert!(log.read_stream("ticket-1", 5).await.unwrap().is_empty());
    assert!(log.read_stream("ticket-3", 0).await.unwrap().is_empty());
    node.stop().await.unwrap();
}

#[tokio::test]
async fn whole_log_is_read_in_pages_by_type_prefix() {
    let (_data, node, log) = start().await;
    assert_eq!(log.head().await.unwrap(), Position::START);
    for number in 0..30 {
        let event_type = ["ticket.opened", "assignment.agent_assigned", "ticket_numbers.reserved"][number as usize % 3];
        let stream = format!("any-{number}");
        log.append(&stream, Expected::NoStream, &[event(number, event_type)])
            .await
            .unwrap();
    }
    for (types, expected) in [
        (&["ticket."][..], (0..30).step_by(3).collect::<Vec<u128>>()),
        (&["ticket.", "assignment."], (0..30).filter(|it| it % 3 < 2).collect()),
        (&["ticket"], (0..30).filter(|it| it % 3 != 1).collect()),
        (&["ship."], vec![]),
    ] {
        let (mut all, mut after) = (Vec::new(), Position::START);
        loop {
            let page = log.read_all(after, types, 4).await.unwrap();
            assert!(page.len() <= 4 && page.iter().all(|it| it.position > after));
            let Some(last) = page.last() else { break };
            after = last.position;
            all.extend(page);
        }
        assert_eq!(ids(&all), expected, "{types:?}");
        assert!(all.iter().map(|it| it.position).is_sorted_by(|a, b| a < b));
    }
    let newest = log.read_stream("any-29", 0).await.unwrap()[0].position;
    assert_eq!(log.head().await.unwrap(), newest);
    node.stop().await.unwrap();
}

/// The next so many events of a subscription; `Passed` never lies behind them.
async fn take(subscription: &mut Subscription, count: usize) -> Vec<Raw> {
    let mut events: Vec<Raw> = Vec::new();
    while events.len() < count {
        let batch = timeout(PATIENCE, subscription.next_batch(count - events.len())).await;
        for delivery in batch
            .unwrap_or_else(|_| panic!("{} of {count} events came", events.len()))
            .unwrap()
        {
            match delivery {
                Delivery::Event(event) => events.push(*event),
                Delivery::Passed(position) => assert!(events.last().is_none_or(|it| it.position <= position)),
                Delivery::CaughtUp => {}
            }
        }
    }
    events
}

#[tokio::test]
async fn subscription_delivers_what_lies_behind_its_position_and_what_is_new() {
    let (_data, node, log) = start().await;
    log.append("ticket-1", Expected::NoStream, &tickets(0..10))
        .await
        .unwrap();
    log.append("ship-1", Expected::NoStream, &[event(100, "ship.sailed")])
        .await
        .unwrap();
    let after = log.read_stream("ticket-1", 3).await.unwrap()[0].position;
    let mut subscription = Subscription::start(&log, after, &["ticket."]);
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for number in 10..60_u64 {
                let events = tickets(number.into()..u128::from(number) + 1);
                log.append("ticket-1", Expected::Exact(number - 1), &events)
                    .await
                    .unwrap();
            }
        }
    });
    assert_eq!(ids(&take(&mut subscription, 56).await), (4..60).collect::<Vec<u128>>());
    writer.await.unwrap();
    node.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_survives_restarts_of_the_server_with_each_event_once() {
    let (data, mut node, log) = start().await;
    let address = node.address();
    let mut subscription = Subscription::start(&log, Position::START, &["ticket."]);
    let mut heard = Vec::new();
    for round in 0..3_u64 {
        for number in round * 10..round * 10 + 10 {
            let events = tickets(number.into()..u128::from(number) + 1);
            log.append("ticket-1", Expected::after(number.checked_sub(1)), &events)
                .await
                .unwrap();
        }
        heard.extend(ids(&take(&mut subscription, 7).await));
        node.stop().await.unwrap();
        node = self::node(data.path(), address).await;
    }
    heard.extend(ids(&take(&mut subscription, 9).await));
    assert_eq!(heard, (0..30).collect::<Vec<u128>>());
    log.append("ticket-2", Expected::NoStream, &tickets(30..31))
        .await
        .unwrap();
    assert_eq!(ids(&take(&mut subscription, 1).await), [30]);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn first_connection_may_precede_the_server() {
    let data = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind(anywhere()).unwrap().local_addr().unwrap();
    let log = EventLog::new(&format!("esdb://{free}?tls=false&discoveryInterval=50")).unwrap();
    let mut subscription = Subscription::start(&log, Position::START, &["ticket."]);
    let append = tokio::spawn({
        let log = log.clone();
        async move { log.append("ticket-1", Expected::NoStream, &tickets(1..2)).await }
    });
    // Nobody is there: nothing comes of it, and nothing fails for good.
    assert!(
        timeout(Duration::from_secs(1), subscription.next_batch(1))
            .await
            .is_err()
    );
    assert!(!append.is_finished());
    let node = node(data.path(), free).await;
    append.await.unwrap().unwrap();
    assert_eq!(ids(&take(&mut subscription, 1).await), [1]);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn append_while_the_server_restarts_is_taken_once() {
    let (data, mut node, log) = start().await;
    let address = node.address();
    let writers: Vec<_> = (0..4_u128)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                let stream = format!("ticket-{writer}");
                for number in 0..200_u64 {
                    let events = tickets(writer * 1000 + u128::from(number)..writer * 1000 + u128::from(number) + 1);
                    let expected = Expected::after(number.checked_sub(1));
                    assert_eq!(log.append(&stream, expected, &events).await.unwrap().revision, number);
                }
            })
        })
        .collect();
    while log.head().await.unwrap() < Position(100) {}
    for _ in 0..2 {
        node.stop().await.unwrap();
        node = self::node(data.path(), address).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 0..4_u128 {
        let events = log.read_stream(&format!("ticket-{writer}"), 0).await.unwrap();
        assert_eq!(ids(&events), (writer * 1000..writer * 1000 + 200).collect::<Vec<_>>());
    }
    assert_eq!(log.head().await.unwrap(), Position(800));
    node.stop().await.unwrap();
}

#[tokio::test]
async fn server_that_stays_away_is_told_as_unavailable() {
    let (_data, node, log) = start().await;
    log.append("ticket-1", Expected::NoStream, &tickets(1..2))
        .await
        .unwrap();
    node.stop().await.unwrap();
    let append = log.append("ticket-1", Expected::Exact(0), &tickets(2..3)).await;
    assert!(matches!(append, Err(LogError::Unavailable { .. })), "{append:?}");
}

#[tokio::test]
async fn address_that_does_not_read_is_told() {
    for url in ["", "nonsense", "http://localhost:2113"] {
        let error = EventLog::new(url).unwrap_err().to_string();
        assert!(
            error.contains("EVENT_STORE_URL") && error.contains("esdb://"),
            "{error}"
        );
    }
}

/// A stream of five chained events, as it comes back from the log.
async fn chained(log: &EventLog) -> (String, Vec<Raw>) {
    let stream = format!("ticket-{}", Uuid::from_u128(5));
    let mut chain = Chain::genesis(&stream);
    for number in 0..5_u64 {
        let command_id = CommandId(Uuid::from_u128(u128::from(number) + 1));
        let envelope = Envelope {
            command_id,
            correlation_id: command_id.0,
            causation_id: command_id.0,
            actor: Actor::new(ActorKind::System, "test"),
            request: String::new(),
            traceparent: None,
        };
        let subject = format!("Тема {number}");
        let event = DomainEvent::Ticket(TicketEvent::SubjectChanged { subject });
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let (events, head) = encode(chain, &envelope, 0, &[(event, at)]).unwrap();
        log.append(&stream, Expected::after(number.checked_sub(1)), &events)
            .await
            .unwrap();
        chain = head;
    }
    let events = log.read_stream(&stream, 0).await.unwrap();
    assert_eq!(verify_stream(&stream, &events).unwrap(), chain);
    (stream, events)
}

/// The revision at which the chain breaks.
fn break_of(stream: &str, events: &[Raw]) -> u64 {
    verify_stream(stream, events).unwrap_err().revision
}

#[tokio::test]
async fn chain_tells_of_every_change_to_a_stream() {
    let (_data, node, log) = start().await;
    let (stream, events) = chained(&log).await;
    let changed = |change: &dyn Fn(&mut Raw)| {
        let mut events = events.clone();
        change(&mut events[2]);
        break_of(&stream, &events)
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(
        changed(&|it| it.payload = text(&it.payload).replace("Тема 2", "Тема 9").into()),
        2
    );
    assert_eq!(
        changed(&|it| it.metadata = text(&it.metadata).replace("system:test", "system:text").into()),
        2
    );
    assert_eq!(changed(&|it| it.event_type = "ticket.subject_charged".to_owned()), 2);
    assert_eq!(changed(&|it| it.id = Uuid::from_u128(99)), 2);
    assert_eq!(changed(&|it| it.metadata = b"{}".to_vec().into()), 2);
    assert_eq!(changed(&|it| it.metadata = b"[".to_vec().into()), 2);
    // Another stream with the same events.
    assert_eq!(break_of("ticket-of-another", &events), 0);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn chain_tells_of_removed_inserted_and_reordered_events() {
    let (_data, node, log) = start().await;
    let (stream, events) = chained(&log).await;
    let renumbered = |mut events: Vec<Raw>| {
        for (revision, event) in (0..).zip(&mut events) {
            event.revision = revision;
        }
        break_of(&stream, &events)
    };
    let mut removed = events.clone();
    removed.remove(1);
    assert_eq!(break_of(&stream, &removed), 2);
    assert_eq!(renumbered(removed), 1);
    let mut inserted = events.clone();
    inserted.insert(3, events[2].clone());
    assert_eq!(renumbered(inserted), 3);
    let mut reordered = events.clone();
    reordered.swap(1, 3);
    assert_eq!(break_of(&stream, &reordered), 3);
    assert_eq!(renumbered(reordered), 1);
    assert!(
        verify_stream(&stream, &events[..3]).is_ok(),
        "a beginning of a stream is intact"
    );
    node.stop().await.unwrap();
}
