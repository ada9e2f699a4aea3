use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::super::{Deletion, Expected, Field, Filter, Pattern, Query, Rule, Scope, Target};
use super::{append, forwards, start};

#[tokio::test]
async fn links_lead_to_what_is_shown_of_their_stream() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.append("a-1", Expected::NoStream, &[1, 2, 3]).await;
    node.append("a-2", Expected::NoStream, &[4]).await;
    node.append("a-3", Expected::NoStream, &[5]).await;
    node.metadata("a-1", 100, r#"{"$tb":1}"#).await;
    node.delete("a-2", Expected::Any, Deletion::Soft).await;
    node.delete("a-3", Expected::Any, Deletion::Tombstone).await;
    let links: [(&[u8], Option<u128>); 12] = [
        (b"1@a-1", Some(2)),
        (b"2@a-1", Some(3)),
        (b"0@a-1", None),
        (b"3@a-1", None),
        (b"0@a-2", None),
        (b"0@a-3", None),
        (b"9223372036854775807@a-3", None),
        (b"0@a-4", None),
        (b"-1@a-1", None),
        (b"x", None),
        (b"\xff@a", None),
        (b"", None),
    ];
    let mut linking = append("links", Expected::NoStream, &[]);
    for (number, (data, _)) in (200..).zip(links) {
        let mut event = append("links", Expected::Any, &[number]).events.remove(0);
        event.kind = "$>".to_owned();
        event.data = Bytes::from_static(data);
        linking.events.push(event);
    }
    node.store.append(linking).await.unwrap();

    let last = *node.store.head().borrow();
    let plain = node.page(forwards(Scope::All, 1, last)).await.unwrap();
    assert!(plain.events.iter().all(|event| event.target.is_none()));
    let query = Query {
        resolve_links: true,
        ..forwards(Scope::All, 1, last)
    };
    let resolved = node.page(query).await.unwrap().events;
    assert!(resolved[..8].iter().all(|event| event.target.is_none()));
    for (event, (data, expected)) in resolved[8..].iter().zip(links) {
        let target = match event.target.as_ref().unwrap() {
            Target::Event(target) => Some(u128::from_be_bytes(target.id)),
            Target::Gone => None,
        };
        assert_eq!(target, expected, "{}", data.escape_ascii());
    }
    node.stop().await;
}

#[tokio::test]
async fn expression_that_explodes_ends_the_page_before_its_event() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    let long = "a".repeat(100);
    node.append("aa", Expected::NoStream, &[1]).await;
    node.append(&long, Expected::NoStream, &[2]).await;
    let pattern = Pattern::try_new(r"^(?=(a+)+$)(a|aa)+\1b$|^aa$").unwrap();
    let query = Query {
        filter: Some(Arc::new(Filter {
            field: Field::StreamName,
            rule: Rule::Pattern(Box::new(pattern)),
        })),
        ..forwards(Scope::All, 1, 2)
    };
    let page = node.page(query).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(page.rest.first, 2);
    assert_eq!(&*page.gave_up.unwrap().name, long);
    node.stop().await;
}
