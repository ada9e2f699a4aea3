use kurrentdb::{Error, PersistentSubscriptionOptions, ReadStreamOptions, StreamState};
use tempfile::TempDir;

use super::raw::Raw;
use super::{append, start};

#[tokio::test]
async fn services_that_are_absent_say_so() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let options = PersistentSubscriptionOptions::default();
    let created = client
        .create_persistent_subscription("ticket-1", "group", &options)
        .await;
    assert!(matches!(created, Err(Error::UnsupportedFeature)), "{created:?}");

    let raw = Raw::connect(&node).await;
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
        assert_eq!(refusal.code(), tonic::Code::Unimplemented);
        assert!(refusal.message().contains(text), "{refusal}");
    }
    node.stop().await.unwrap();
}

#[tokio::test]
async fn credentials_are_ignored() {
    let directory = TempDir::new().unwrap();
    let (node, _) = start(directory.path()).await;
    let address = node.address();
    let settings = format!("esdb://nobody:wrong@{address}?tls=false&discoveryInterval=50&nodePreference=leader");
    let client = kurrentdb::Client::new(settings.parse().unwrap()).unwrap();
    append(&client, "ticket-1", StreamState::NoStream, &[1]).await.unwrap();
    assert!(
        client
            .read_stream("ticket-1", &ReadStreamOptions::default())
            .await
            .is_ok()
    );
    node.stop().await.unwrap();
}
