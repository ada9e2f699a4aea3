//! The calls around the log: what a client asks first, what it sends along, and what there is not.

use kurrentdb::{AppendToStreamOptions, Client, Error, PersistentSubscriptionOptions, StreamState};
use tonic::{Code, Request};

use super::{
    Peer,
    raw::{Fields, Raw, STREAMS, append_event, append_options, message, proposed},
};
use crate::server::{Server, rules};

rules! {
    any: [],
    own: [
        features_are_named_as_clients_look_them_up,
        gossip_shows_the_node_alone_alive_and_leading,
        client_that_discovers_finds_the_node,
        services_that_are_absent_say_so,
        credentials_and_wishes_are_ignored,
    ],
}

async fn features_are_named_as_clients_look_them_up(server: Server) {
    let raw = Raw::connect(&server).await;
    let path = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods";
    let answer = raw.call(path, vec![message().done()]).await.unwrap().remove(0);
    let answer = Fields::of(answer);
    let version = answer.text(2);
    let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
    assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{version}");
    let methods = answer.all(1).into_iter().map(|method| {
        let method = Fields::of(method);
        (method.text(2), method.text(1))
    });
    let methods: Vec<(String, String)> = methods.collect();
    let streams = "event_store.client.streams.streams".to_owned();
    assert!(methods.contains(&(streams, "batchappend".to_owned())), "{methods:?}");
    assert!(methods.iter().all(|(service, method)| {
        !service.contains("persistentsubscriptions") && method.chars().all(|it| it.is_ascii_lowercase())
    }));
}

async fn gossip_shows_the_node_alone_alive_and_leading(server: Server) {
    const LEADER: u64 = 8;
    let raw = Raw::connect(&server).await;
    let answer = raw
        .call("/event_store.client.gossip.Gossip/Read", vec![message().done()])
        .await
        .unwrap();
    let members = Fields::of(answer[0].clone()).all(1);
    assert_eq!(members.len(), 1);
    let member = Fields::of(members[0].clone());
    assert_eq!((member.number(3), member.number(4)), (LEADER, 1));
    let end_point = member.message(5);
    let address = format!("{}:{}", end_point.text(1), end_point.number(2));
    assert_eq!(address, server.address().to_string());
}

async fn client_that_discovers_finds_the_node(server: Server) {
    let peer = Peer::of(server);
    let address = peer.server.address();
    for hosts in [format!("{address},{address}"), format!("127.0.0.1:1,{address}")] {
        let url = format!("esdb://{hosts}?tls=false&discoveryInterval=20&maxDiscoverAttempts=10");
        let client = Client::new(url.parse().unwrap()).unwrap();
        let event = peer.event(1);
        client
            .append_to_stream("ticket-1", &AppendToStreamOptions::default(), event)
            .await
            .unwrap();
    }
}

async fn services_that_are_absent_say_so(server: Server) {
    let peer = Peer::of(server);
    let options = PersistentSubscriptionOptions::default();
    let created = peer
        .client
        .create_persistent_subscription("ticket-1", "group", &options)
        .await;
    assert!(matches!(created, Err(Error::UnsupportedFeature)), "{created:?}");

    let raw = Raw::connect(&peer.server).await;
    for (path, text) in [
        (
            "persistent_subscriptions.PersistentSubscriptions/Create",
            "no persistent subscriptions; subscribe",
        ),
        (
            "projections.Projections/Create",
            "no projections in the store; read $all",
        ),
        ("users.Users/Create", "no users; nobody has to log in"),
        (
            "operations.Operations/StartScavenge",
            "no operations; nothing is scavenged",
        ),
        ("monitoring.Monitoring/Stats", "no monitoring; the program"),
        ("other.Other/Call", "no service \"event_store.client.other.Other\""),
    ] {
        let refusal = raw
            .call(&format!("/event_store.client.{path}"), Vec::new())
            .await
            .unwrap_err();
        assert_eq!(refusal.code(), Code::Unimplemented);
        assert!(refusal.message().contains(text), "{refusal}");
    }
}

async fn credentials_and_wishes_are_ignored(server: Server) {
    let peer = Peer::of(server);
    let address = peer.server.address();
    let url = format!("esdb://nobody:wrong@{address}?tls=false&discoveryInterval=50&nodePreference=leader");
    let client = Client::new(url.parse().unwrap()).unwrap();
    client
        .append_to_stream("ticket-1", &AppendToStreamOptions::default(), peer.event(1))
        .await
        .unwrap();
    let raw = Raw::connect(&peer.server).await;
    for (key, value) in [
        ("authorization", "Bearer of.no.token"),
        ("authorization", "Basic !"),
        ("connection-name", "somebody"),
        ("requires-leader", "true"),
        ("requires-leader", "false"),
    ] {
        let parts = [append_options("ticket-1", 4), append_event(proposed(2, 1))];
        let mut request = Request::new(tokio_stream::iter(parts));
        request.metadata_mut().insert(key, value.parse().unwrap());
        raw.call_with(&format!("{STREAMS}/Append"), request).await.unwrap();
    }
    assert_eq!(peer.stream("ticket-1").await, [1, 2]);
    peer.append("ticket-1", StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();
}
