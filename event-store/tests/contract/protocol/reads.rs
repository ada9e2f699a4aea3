//! Reads that end: of streams and of `$all`, in both directions, with filters.

use kurrentdb::{
    AppendToStreamOptions, Error, ReadAllOptions, ReadEvent, ReadStreamOptions, StreamMetadata, StreamPosition,
    StreamState, SubscribeToAllOptions, SubscriptionFilter,
};

use super::{Peer, at, next, numbers};
use crate::server::{Server, rules};

rules! {
    any: [
        stream_is_read_in_both_directions_its_ends_included,
        event_comes_back_as_it_was_appended,
        stream_that_is_unknown_is_not_found,
        read_of_a_stream_tells_its_ends,
        all_is_read_forwards_with_its_position_and_backwards_without,
        all_is_filtered_by_stream_or_type_by_prefix_or_expression,
    ],
    own: [
        empty_page_of_a_stream_tells_both_ends,
        whole_log_is_read_in_both_directions,
        expression_that_cannot_be_used_is_refused_and_one_that_explodes_ends_the_read,
    ],
}

async fn stream_is_read_in_both_directions_its_ends_included(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, StreamState::NoStream, &[0, 1, 2, 3, 4])
        .await
        .unwrap();
    let forwards = |position| ReadStreamOptions::default().forwards().position(position);
    let backwards = |position| ReadStreamOptions::default().backwards().position(position);
    let revision = StreamPosition::Position;
    for (options, expected) in [
        (forwards(StreamPosition::Start), &[0, 1, 2, 3, 4][..]),
        (forwards(revision(3)), &[3, 4]),
        (forwards(revision(1)).max_count(2), &[1, 2]),
        (forwards(revision(99)), &[]),
        (backwards(StreamPosition::End), &[4, 3, 2, 1, 0]),
        (backwards(StreamPosition::End).max_count(1), &[4]),
        (backwards(revision(2)), &[2, 1, 0]),
        (backwards(revision(99)).max_count(2), &[4, 3]),
    ] {
        let found = peer.read_stream(&stream, &options).await.unwrap();
        assert_eq!(numbers(&found), expected);
    }
}

async fn event_comes_back_as_it_was_appended(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let appended = peer.append(&stream, StreamState::NoStream, &[7]).await.unwrap();
    let found = peer.read_stream(&stream, &ReadStreamOptions::default()).await.unwrap();
    let event = &found[0];
    assert_eq!((event.stream_id(), event.revision), (&*stream, 0));
    assert_eq!(event.event_type, peer.server.event_type("ticket.opened"));
    assert_eq!((event.id.as_u128(), event.is_json), (7, true));
    assert_eq!(event.position, appended.position);
    assert_eq!(
        (&event.data[..], &event.custom_metadata[..]),
        (&b"{\"number\":\"7\"}"[..], &b"{\"actor\":\"somebody\"}"[..])
    );
    assert!(event.created.timestamp() > 1_700_000_000);
}

async fn stream_that_is_unknown_is_not_found(server: Server) {
    let peer = Peer::of(server);
    let backwards = ReadStreamOptions::default().backwards().position(StreamPosition::End);
    for options in [ReadStreamOptions::default(), backwards] {
        let read = peer.read_stream(&peer.server.stream("ticket-1"), &options).await;
        assert!(matches!(read, Err(Error::ResourceNotFound)), "{read:?}");
    }
}

/// Checks how many events each read has, and the first and last revision it tells. The first event is truncated.
async fn check_ends(peer: &Peer, reads: Vec<(ReadStreamOptions, usize, Option<u64>)>) {
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, StreamState::NoStream, &[0, 1, 2, 3])
        .await
        .unwrap();
    let metadata = StreamMetadata::builder().truncate_before(1).build();
    peer.client
        .set_stream_metadata(&*stream, &AppendToStreamOptions::default(), &metadata)
        .await
        .unwrap();
    for (options, events, first) in reads {
        let mut read = peer.client.read_stream(&*stream, &options).await.unwrap();
        let (mut seen, mut ends) = (0, (None, None));
        while let Some(message) = read.next_read_event().await.unwrap() {
            match message {
                ReadEvent::Event(_) => seen += 1,
                ReadEvent::FirstStreamPosition(revision) => ends.0 = Some(revision),
                ReadEvent::LastStreamPosition(revision) => ends.1 = Some(revision),
                ReadEvent::LastAllStreamPosition(position) => panic!("{position:?}"),
            }
        }
        assert_eq!((seen, ends), (events, (first, Some(3))));
    }
}

async fn read_of_a_stream_tells_its_ends(server: Server) {
    let beyond = ReadStreamOptions::default().position(StreamPosition::Position(9));
    let reads = vec![(ReadStreamOptions::default(), 3, None), (beyond, 0, Some(1))];
    check_ends(&Peer::of(server), reads).await;
}

async fn empty_page_of_a_stream_tells_both_ends(server: Server) {
    let nothing = ReadStreamOptions::default().max_count(0);
    let truncated = ReadStreamOptions::default()
        .backwards()
        .position(StreamPosition::Position(0));
    check_ends(&Peer::of(server), vec![(nothing, 0, Some(1)), (truncated, 0, Some(1))]).await;
}

async fn all_is_read_forwards_with_its_position_and_backwards_without(server: Server) {
    let peer = Peer::of(server);
    let mut positions = Vec::new();
    for number in 0..5 {
        let stream = peer.server.stream(number % 2);
        let answer = peer.append(&stream, StreamState::Any, &[number]).await.unwrap();
        positions.push(answer.position);
    }
    assert!(positions.is_sorted_by(|a, b| a < b) && positions[0].commit >= 1);
    let mine = || SubscriptionFilter::on_stream_name().add_prefix(peer.server.stream(""));
    let options = || ReadAllOptions::default().filter(mine());
    for (options, expected) in [
        (options().forwards().position(at(positions[2])), &[2, 3, 4][..]),
        (options().forwards().position(at(positions[2])).max_count(2), &[2, 3]),
        (options().backwards().position(at(positions[2])), &[1, 0]),
        (options().backwards().position(at(positions[4])).max_count(1), &[3]),
        (options().backwards().position(StreamPosition::End), &[4, 3, 2, 1, 0]),
        (options().forwards().position(StreamPosition::Start), &[0, 1, 2, 3, 4]),
    ] {
        assert_eq!(numbers(&peer.read_all(&options).await), expected);
    }
}

async fn all_is_filtered_by_stream_or_type_by_prefix_or_expression(server: Server) {
    let peer = Peer::of(server);
    let name = |name: &str| peer.server.stream(name);
    let mut first = None;
    for (stream, numbers) in [("ticket-1", [1, 2]), ("customer-1", [3, 4]), ("ticket-2", [5, 6])] {
        let answer = peer.append(&name(stream), StreamState::NoStream, &numbers).await;
        first.get_or_insert(answer.unwrap().position);
    }
    let begin = name("");
    let by_name = SubscriptionFilter::on_stream_name;
    let by_type = SubscriptionFilter::on_event_type;
    let types = peer.server.event_type("");
    for (filter, expected) in [
        (by_name().add_prefix(name("ticket-")), &[2, 5, 6][..]),
        (
            by_name().add_prefix(name("none-")).add_prefix(name("customer-")),
            &[3, 4],
        ),
        (by_name().regex(format!("^{begin}(ticket|none)-1")), &[2]),
        (
            by_name().regex(format!(r"^(?!(\$.+|.*customer-\d)$){begin}")),
            &[2, 5, 6],
        ),
        (by_type().add_prefix(&types), &[2, 3, 4, 5, 6]),
        (by_type().regex(format!("^{types}.*opened$")), &[2, 3, 4, 5, 6]),
        (by_type().regex(format!("^{types}.*closed$")), &[]),
    ] {
        // The last event of the first append is where it begins.
        let options = ReadAllOptions::default().position(at(first.unwrap())).filter(filter);
        assert_eq!(numbers(&peer.read_all(&options).await), expected);
    }
}

async fn whole_log_is_read_in_both_directions(server: Server) {
    let peer = Peer::of(server);
    let mut last = None;
    for (stream, numbers) in [
        ("ticket-1", [1, 2]),
        ("$system-1", [3, 4]),
        ("customer-1", [5, 6]),
        ("ticket-2", [7, 8]),
    ] {
        let answer = peer.append(stream, StreamState::NoStream, &numbers).await.unwrap();
        last = Some(answer.position);
    }
    let options = ReadAllOptions::default;
    let mut beyond = last.unwrap();
    beyond.commit += 90;
    beyond.prepare += 90;
    let no_system = SubscriptionFilter::on_stream_name().exclude_system_events();
    for (options, expected) in [
        (options(), &[1, 2, 3, 4, 5, 6, 7, 8][..]),
        (options().forwards().position(at(beyond)), &[]),
        (
            options().backwards().position(StreamPosition::End).max_count(3),
            &[8, 7, 6],
        ),
        (options().filter(no_system), &[1, 2, 5, 6, 7, 8]),
        (options().position(StreamPosition::Start).backwards(), &[]),
        (options().position(StreamPosition::End).forwards(), &[]),
        (options().max_count(0), &[]),
    ] {
        assert_eq!(numbers(&peer.read_all(&options).await), expected);
    }
}

async fn expression_that_cannot_be_used_is_refused_and_one_that_explodes_ends_the_read(server: Server) {
    let peer = Peer::of(server);
    peer.append("ticket-1", StreamState::NoStream, &[1]).await.unwrap();
    let long = "a".repeat(200);
    peer.append(&long, StreamState::NoStream, &[2]).await.unwrap();
    let filter = |regex: &str| SubscriptionFilter::on_stream_name().regex(regex);
    for (regex, text) in [("ticket(", "\"ticket(\""), (&"x".repeat(5000), "it has 5000 bytes")] {
        let options = ReadAllOptions::default().filter(filter(regex));
        let refusal = peer.client.read_all(&options).await.err().unwrap().to_string();
        assert!(refusal.contains(text), "{refusal}");
    }
    let explosive = filter(r"^(?=(a+)+$)(a|aa)+\1b$|ticket");
    let options = ReadAllOptions::default().filter(explosive.clone());
    let mut read = peer.client.read_all(&options).await.unwrap();
    let first = read.next().await.unwrap().unwrap().event.unwrap();
    assert_eq!(first.stream_id(), "ticket-1");
    let ended = read.next().await.unwrap_err().to_string();
    assert!(ended.contains("needs too many steps"), "{ended}");

    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(explosive);
    let mut subscription = peer.client.subscribe_to_all(&options).await;
    assert_eq!(next(&mut subscription).await.stream_id(), "ticket-1");
    let ended = subscription.next().await.unwrap_err().to_string();
    assert!(ended.contains("needs too many steps"), "{ended}");
}
