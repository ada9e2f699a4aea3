//! Appends, reads and subscriptions.

use event_store::{EventLog, Expected, NewEvent, Position, Subscription};
use uuid::Uuid;

use crate::{
    ids, is_conflict,
    server::{Server, rules},
    take,
};

rules! {
    any: [
        append_is_taken_only_at_the_expected_revision,
        repeated_append_is_the_same_append,
        of_many_appends_at_one_revision_one_is_taken,
        stream_is_read_from_a_revision_on_and_an_unknown_one_is_empty,
        whole_log_is_read_in_pages_by_type_prefix,
        subscription_delivers_what_lies_behind_its_position_and_what_is_new,
    ],
    own: [log_without_events_has_its_head_at_the_start],
}

async fn append_is_taken_only_at_the_expected_revision(server: Server) {
    let (log, stream) = (server.log(), &server.stream(1));
    let append = async |expected, numbers| log.append(stream, expected, &server.tickets(numbers)).await;
    assert!(is_conflict(&append(Expected::Exact(0), 1..2).await));
    let first = append(Expected::NoStream, 1..3).await.unwrap();
    assert_eq!(first.revision, 1);
    for wrong in [Expected::NoStream, Expected::Exact(0), Expected::Exact(2)] {
        assert!(is_conflict(&append(wrong, 7..8).await), "{wrong:?}");
    }
    let second = append(Expected::Exact(1), 3..4).await.unwrap();
    assert_eq!(second.revision, 2);
    assert!(second.position > first.position);
    assert_eq!(ids(&log.read_stream(stream, 0).await.unwrap()), [1, 2, 3]);
}

async fn repeated_append_is_the_same_append(server: Server) {
    let (log, stream) = (server.log(), &server.stream(1));
    let append = async |expected, events: Vec<NewEvent>| log.append(stream, expected, &events).await;
    let first = append(Expected::NoStream, server.tickets(1..3)).await.unwrap();
    append(Expected::Exact(1), server.tickets(3..5)).await.unwrap();
    let again = append(Expected::NoStream, server.tickets(1..3)).await.unwrap();
    assert_eq!(again, first);
    // Half of it is another append.
    assert!(is_conflict(&append(Expected::Exact(0), server.tickets(1..3)).await));
    let mut other = server.tickets(1..3);
    other[1].id = Uuid::from_u128(9);
    assert!(is_conflict(&append(Expected::NoStream, other).await));
    assert_eq!(log.read_stream(stream, 0).await.unwrap().len(), 4);
}

async fn of_many_appends_at_one_revision_one_is_taken(server: Server) {
    let (log, stream) = (server.log(), server.stream(1));
    for round in 0..5_u64 {
        let expected = Expected::after(round.checked_sub(1));
        let appends: Vec<_> = (0..16_u128)
            .map(|it| {
                let number = u128::from(round) * 16 + it;
                let (log, stream, events) = (log.clone(), stream.clone(), server.tickets(number..number + 1));
                tokio::spawn(async move { log.append(&stream, expected, &events).await })
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
    assert_eq!(log.read_stream(&stream, 0).await.unwrap().len(), 5);
}

async fn stream_is_read_from_a_revision_on_and_an_unknown_one_is_empty(server: Server) {
    let (log, stream) = (server.log(), server.stream(1));
    let append = async |stream, numbers| log.append(stream, Expected::NoStream, &server.tickets(numbers)).await;
    append(&stream, 1..6).await.unwrap();
    append(&server.stream(2), 10..12).await.unwrap();
    let events = log.read_stream(&stream, 2).await.unwrap();
    assert_eq!(ids(&events), [3, 4, 5]);
    let revisions: Vec<u64> = events.iter().map(|it| it.revision).collect();
    assert_eq!(revisions, [2, 3, 4]);
    let sent = server.event(3, "ticket.opened");
    assert_eq!((&events[0].event_type, &events[0].stream), (&sent.event_type, &stream));
    assert_eq!(
        (&events[0].payload[..], &events[0].metadata[..]),
        (&sent.payload[..], &sent.metadata[..])
    );
    assert!(log.read_stream(&stream, 5).await.unwrap().is_empty());
    assert!(log.read_stream(&server.stream(3), 0).await.unwrap().is_empty());
}

async fn whole_log_is_read_in_pages_by_type_prefix(server: Server) {
    let log = server.log();
    let before = log.head().await.unwrap();
    for number in 0..30 {
        let name = ["ticket.opened", "assignment.agent_assigned", "ticket_numbers.reserved"][number as usize % 3];
        let stream = server.stream(number);
        log.append(&stream, Expected::NoStream, &[server.event(number, name)])
            .await
            .unwrap();
    }
    for (names, expected) in [
        (&["ticket."][..], (0..30).step_by(3).collect::<Vec<u128>>()),
        (&["ticket.", "assignment."], (0..30).filter(|it| it % 3 < 2).collect()),
        (&["ticket"], (0..30).filter(|it| it % 3 != 1).collect()),
        (&["ship."], vec![]),
    ] {
        assert_eq!(in_pages(&server, &log, before, names).await, expected, "{names:?}");
    }
    let newest = log.read_stream(&server.stream(29), 0).await.unwrap()[0].position;
    assert!(log.head().await.unwrap() >= newest);
}

/// Ids of all events whose type begins with one of the names, read in pages of four.
async fn in_pages(server: &Server, log: &EventLog, mut after: Position, names: &[&str]) -> Vec<u128> {
    let types: Vec<String> = names.iter().map(|it| server.event_type(it)).collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let mut all = Vec::new();
    loop {
        let page = log.read_all(after, &types, 4).await.unwrap();
        assert!(page.len() <= 4 && page.iter().all(|it| it.position > after));
        assert!(page.iter().map(|it| it.position).is_sorted_by(|a, b| a < b));
        let Some(last) = page.last() else { return all };
        after = last.position;
        all.extend(ids(&page));
    }
}

async fn subscription_delivers_what_lies_behind_its_position_and_what_is_new(server: Server) {
    let (log, stream) = (server.log(), server.stream(1));
    log.append(&stream, Expected::NoStream, &server.tickets(0..10))
        .await
        .unwrap();
    log.append(
        &server.stream(2),
        Expected::NoStream,
        &[server.event(100, "ship.sailed")],
    )
    .await
    .unwrap();
    let after = log.read_stream(&stream, 3).await.unwrap()[0].position;
    let mut subscription = Subscription::start(&log, after, &[&server.event_type("ticket.")]);
    let appends = async {
        for number in 10..60_u64 {
            let events = server.tickets(number.into()..u128::from(number) + 1);
            log.append(&stream, Expected::Exact(number - 1), &events).await.unwrap();
        }
    };
    let ((), events) = tokio::join!(appends, take(&mut subscription, 56));
    assert_eq!(ids(&events), (4..60).collect::<Vec<u128>>());
}

async fn log_without_events_has_its_head_at_the_start(server: Server) {
    let log = server.log();
    assert_eq!(log.head().await.unwrap(), Position::START);
    let appended = log
        .append(&server.stream(1), Expected::NoStream, &server.tickets(1..4))
        .await
        .unwrap();
    assert_eq!(log.head().await.unwrap(), appended.position);
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
