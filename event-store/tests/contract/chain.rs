//! The hash chain holds for what comes back from any server.

use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    personal::{DataSubject, Personal},
    ticket::TicketEvent,
};
use event_store::{Chain, Envelope, EventLog, Expected, Key, Keys, Raw, SubjectKey, encode, verify_stream};
use uuid::Uuid;

use crate::server::{Server, rules};

rules! {
    any: [
        chain_tells_of_every_change_to_a_stream,
        chain_tells_of_removed_inserted_and_reordered_events,
    ],
    own: [],
}

/// A stream of five chained events, as it comes back from the log.
async fn chained(log: &EventLog, stream: String) -> (String, Vec<Raw>) {
    let mut chain = Chain::genesis(&stream);
    for number in 0..5_u64 {
        let command_id = CommandId(Uuid::from_u128(u128::from(number) + 1));
        let envelope = Envelope {
            command_id,
            correlation_id: command_id.0,
            causation_id: command_id.0,
            actor: Actor::new(ActorKind::System, "test"),
            from: None,
            request: String::new(),
            traceparent: None,
        };
        let of = DataSubject(Uuid::from_u128(9));
        let subject = Personal::new(of, format!("Тема {number}"));
        let keys: Keys = [(of, SubjectKey::Known(Key::from_bytes([7; 32])))]
            .into_iter()
            .collect();
        let event = DomainEvent::Ticket(TicketEvent::SubjectChanged { subject });
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let (events, head) = encode(chain, &envelope, 0, vec![(event, at)], &keys).unwrap();
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

async fn chain_tells_of_every_change_to_a_stream(server: Server) {
    let (stream, events) = chained(&server.log(), server.stream(5)).await;
    let changed = |change: &dyn Fn(&mut Raw)| {
        let mut events = events.clone();
        change(&mut events[2]);
        break_of(&stream, &events)
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(
        changed(&|it| it.payload = text(&it.payload).replace("\"sealed\":\"A", "\"sealed\":\"B").into()),
        2
    );
    assert_eq!(
        changed(&|it| it.metadata = text(&it.metadata).replace("system:test", "system:text").into()),
        2
    );
    assert_eq!(
        changed(&|it| "ticket.subject_charged".clone_into(&mut it.event_type)),
        2
    );
    assert_eq!(changed(&|it| it.id = Uuid::from_u128(99)), 2);
    assert_eq!(changed(&|it| it.metadata = b"{}".to_vec().into()), 2);
    assert_eq!(changed(&|it| it.metadata = b"[".to_vec().into()), 2);
    // Another stream with the same events.
    assert_eq!(break_of("ticket-of-another", &events), 0);
}

async fn chain_tells_of_removed_inserted_and_reordered_events(server: Server) {
    let (stream, events) = chained(&server.log(), server.stream(5)).await;
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
}
