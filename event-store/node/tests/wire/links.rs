use kurrentdb::{
    AppendToStreamOptions, EventData, ReadAllOptions, ReadStreamOptions, ResolvedEvent, StreamPosition, StreamState,
    SubscribeToAllOptions, SubscribeToStreamOptions,
};
use tempfile::TempDir;
use uuid::Uuid;

use super::{append, at, start};

fn link(number: u128, target: &'static str) -> EventData {
    EventData::binary("$>", target.into()).id(Uuid::from_u128(number))
}

/// Numbers of the event and of the link.
fn pair(resolved: &ResolvedEvent) -> (Option<u128>, Option<u128>) {
    let number = |event: &kurrentdb::RecordedEvent| event.id.as_u128();
    (resolved.event.as_ref().map(number), resolved.link.as_ref().map(number))
}

#[tokio::test]
async fn links_are_resolved_where_it_is_asked_for() {
    const RESOLVED: [(Option<u128>, Option<u128>); 3] = [(Some(2), Some(10)), (None, Some(11)), (None, Some(12))];
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    let links = vec![link(10, "1@ticket-1"), link(11, "7@ticket-1"), link(12, "no link")];
    client
        .append_to_stream("links", &AppendToStreamOptions::default(), links)
        .await
        .unwrap();

    let mut plain = client
        .read_stream("links", &ReadStreamOptions::default())
        .await
        .unwrap();
    let mut resolving = client
        .read_stream("links", &ReadStreamOptions::default().resolve_link_tos())
        .await
        .unwrap();
    let mut all = client
        .read_all(&ReadAllOptions::default().position(at(3)).resolve_link_tos())
        .await
        .unwrap();
    let options = SubscribeToStreamOptions::default()
        .start_from(StreamPosition::Start)
        .resolve_link_tos();
    let mut stream = client.subscribe_to_stream("links", &options).await;
    let options = SubscribeToAllOptions::default().position(at(2)).resolve_link_tos();
    let mut live = client.subscribe_to_all(&options).await;
    for (number, expected) in (10..).zip(RESOLVED) {
        assert_eq!(pair(&plain.next().await.unwrap().unwrap()), (Some(number), None));
        assert_eq!(pair(&resolving.next().await.unwrap().unwrap()), expected);
        assert_eq!(pair(&all.next().await.unwrap().unwrap()), expected);
        assert_eq!(pair(&stream.next().await.unwrap()), expected);
        assert_eq!(pair(&live.next().await.unwrap()), expected);
    }
    node.stop().await.unwrap();
}
