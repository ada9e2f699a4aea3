//! A ticket from its opening to its end, and the lists that show it.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, run};

use super::{AGENT, CUSTOMER, get, opened, send, tell};

/// Below which address of the ticket, with which body, and where it stands then.
const STEPS: [(&str, &str, &str); 9] = [
    (
        "assign",
        r#"{"agentId": "00000000-0000-4000-8000-000000000007"}"#,
        "OPEN",
    ),
    ("priority", r#"{"priority": "URGENT", "reason": "касса"}"#, "OPEN"),
    ("status", r#"{"status": "PENDING"}"#, "PENDING"),
    ("status", r#"{"status": "OPEN", "from": "PENDING"}"#, "OPEN"),
    ("status", r#"{"status": "ON_HOLD", "reason": "VENDOR"}"#, "ON_HOLD"),
    ("status", r#"{"status": "OPEN", "from": "ON_HOLD"}"#, "OPEN"),
    ("status", r#"{"status": "RESOLVED", "note": "картридж"}"#, "RESOLVED"),
    ("status", r#"{"status": "OPEN", "from": "RESOLVED"}"#, "OPEN"),
    ("close", r#"{"reason": "SOLVED"}"#, "CLOSED"),
];

#[test]
fn ticket_goes_its_way_from_opening_to_end() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let new = json!({"subject": "Не печатает", "type": "INCIDENT", "priority": "HIGH", "categoryId": "print",
            "contactId": CUSTOMER});
        let created = tell(client, Method::POST, "/tickets", "k", new).await?;
        ensure!(created.status == 201, "{created:?}");
        let id = created.body["ticket"]["id"].as_str().unwrap_or_default().to_owned();
        ensure!(
            created.header("location") == format!("/api/v1/tickets/{id}"),
            "{created:?}"
        );
        ensure!(
            created.body["stale"] == false && created.body["position"].is_string(),
            "{created:?}"
        );
        let shown = get(client, &format!("/tickets/{id}")).await?.done()?;
        ensure!(shown == created.body["ticket"], "{shown}");
        ensure!(shown["subject"] == "Не печатает" && shown["status"] == "NEW", "{shown}");
        let mut position = String::new();
        for (number, (part, body, status)) in STEPS.into_iter().enumerate() {
            let method = if part == "close" { Method::POST } else { Method::PATCH };
            let (path, key) = (format!("/tickets/{id}/{part}"), format!("step {number}"));
            let told = tell(client, method, &path, &key, serde_json::from_str(body)?)
                .await?
                .done()?;
            ensure!(told["ticket"]["status"] == status, "{number}: {told}");
            position = told["position"].as_str().unwrap_or_default().to_owned();
        }
        let history = get(
            client,
            &format!("/tickets/{id}/history?limit=100&minPosition={position}"),
        )
        .await?
        .done()?;
        let types: Vec<&str> = history["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["type"].as_str())
            .collect();
        ensure!(
            types.first() == Some(&"ticket.opened") && types.last() == Some(&"ticket.closed") && types.len() >= 10,
            "{types:?}"
        );
        ensure!(history["next"].is_null(), "{history}");
        app.finish().await
    })
}

#[test]
fn work_begins_on_a_new_ticket_and_an_owner_goes() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = opened(client, "k", json!({"subject": "Один"})).await?;
        let path = format!("/tickets/{id}/status");
        let begun = tell(
            client,
            Method::PATCH,
            &path,
            "s",
            json!({"status": "OPEN", "from": "NEW"}),
        )
        .await?
        .done()?;
        ensure!(begun["ticket"]["status"] == "OPEN", "{begun}");
        let path = format!("/tickets/{id}/assign");
        tell(client, Method::PATCH, &path, "a", json!({"agentId": AGENT}))
            .await?
            .done()?;
        let headers = [("idempotency-key", "u")];
        let freed = send(client, Method::DELETE, &format!("{path}?reason=отпуск"), &headers, None)
            .await?
            .done()?;
        ensure!(freed["ticket"]["assignee"].is_null(), "{freed}");
        app.finish().await
    })
}

#[test]
fn list_is_walked_to_its_end_by_cursor_filter_and_order() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for number in 0..7 {
            let priority = ["LOW", "HIGH"][number % 2];
            let new = json!({"subject": format!("Заявка {number}"), "priority": priority, "categoryId": "a,b",
                "contactId": if number < 3 { json!(CUSTOMER) } else { json!(null) }});
            opened(client, &number.to_string(), new).await?;
        }
        let mut numbers = Vec::new();
        let mut path = "/tickets/all?sort=-priority,number&limit=3&status=NEW,OPEN&category=a,b".to_owned();
        let first = path.clone();
        loop {
            let page = get(client, &path).await?.done()?;
            ensure!(page["stale"] == false, "{page}");
            numbers.extend(
                page["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|it| it["number"].as_i64()),
            );
            match page["next"].as_str() {
                Some(next) => path = format!("{first}&after={next}"),
                None => break,
            }
        }
        assert_eq!(numbers, [2, 4, 6, 1, 3, 5, 7]);
        let count = async |path: &str| -> Result<usize> {
            let page: Value = get(client, path).await?.done()?;
            Ok(page["items"].as_array().map_or(0, Vec::len))
        };
        for (query, expected) in [
            ("all?priority=HIGH", 3),
            ("all?priority=HIGH,LOW", 7),
            ("all?assignee=none", 7),
            (&format!("all?assignee={AGENT}"), 0),
            (&format!("all?contact={CUSTOMER}"), 3),
            ("all?status=CLOSED", 0),
            ("all?openedFrom=2000-01-01T00:00:00Z", 7),
            ("all?openedTo=2000-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(count(&format!("/tickets/{query}")).await?, expected, "{query}");
        }
        assert_eq!(count(&format!("/tickets?contact={CUSTOMER}&status=NEW")).await?, 3);
        app.finish().await
    })
}

#[test]
fn figures_count_every_ticket_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        opened(
            client,
            "1",
            json!({"subject": "1", "priority": "HIGH", "categoryId": "mail"}),
        )
        .await?;
        opened(client, "2", json!({"subject": "2", "categoryId": "mail"})).await?;
        let id = opened(client, "3", json!({"subject": "3"})).await?;
        let path = format!("/tickets/{id}/close");
        let closed = tell(client, Method::POST, &path, "c", json!({"reason": "SPAM"}))
            .await?
            .done()?;
        let position = closed["position"].as_str().unwrap_or_default();
        let stats = get(client, &format!("/stats?minPosition={position}")).await?.done()?;
        let count = |word: &str, count: i64| json!({"status": word, "count": count});
        let urgent = |word: &str, count: i64| json!({"priority": word, "count": count});
        let expected = json!({
            "total": 3,
            "byStatus": [count("NEW", 2), count("OPEN", 0), count("PENDING", 0), count("ON_HOLD", 0),
                count("RESOLVED", 0), count("CLOSED", 1)],
            "byPriority": [urgent("LOW", 0), urgent("MEDIUM", 2), urgent("HIGH", 1), urgent("URGENT", 0)],
            "byCategory": [{"categoryId": "mail", "count": 2}, {"categoryId": null, "count": 1}],
            "stale": false,
        });
        assert_eq!(stats, expected);
        app.finish().await
    })
}

#[test]
fn same_key_is_the_same_wish_here_and_in_graphql() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let first = opened(client, "k", json!({"subject": "Один"})).await?;
        let again = opened(client, "k", json!({"subject": "Один"})).await?;
        let there = app.client.open("k", "Один").await?;
        ensure!(first == again && there["ticket"]["id"] == first, "{there}");
        let other = tell(client, Method::POST, "/tickets", "k", json!({"subject": "Два"})).await?;
        assert_eq!(other.refused()?, (422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key"));
        // A wish that was carried out stays so, whatever happened since.
        let path = format!("/tickets/{first}/status");
        let start = json!({"status": "OPEN", "from": "NEW", "expectedVersion": 1});
        let begun = tell(client, Method::PATCH, &path, "s", start.clone()).await?.done()?;
        tell(client, Method::PATCH, &path, "r", json!({"status": "RESOLVED"}))
            .await?
            .done()?;
        let repeated = tell(client, Method::PATCH, &path, "s", start).await?.done()?;
        ensure!(repeated["position"] == begun["position"], "{repeated}");
        ensure!(repeated["ticket"]["status"] == "RESOLVED", "{repeated}");
        assert_eq!(app.client.count(&json!({})).await?, 1);
        app.finish().await
    })
}

#[test]
fn broken_rule_and_stale_version_change_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = opened(client, "k", json!({"subject": "Один"})).await?;
        let (status, close) = (format!("/tickets/{id}/status"), format!("/tickets/{id}/close"));
        let stale = json!({"status": "RESOLVED", "expectedVersion": 7});
        let refused = tell(client, Method::PATCH, &status, "1", stale).await?;
        assert_eq!(refused.refused()?, (409, "CONFLICT", "expectedVersion"));
        let refused = tell(client, Method::POST, &close, "2", json!({})).await?;
        assert_eq!(refused.refused()?, (422, "RESOLUTION_MISSING", "reason"));
        let russian = [
            ("content-type", "application/json"),
            ("idempotency-key", "3"),
            ("accept-language", "ru"),
        ];
        let refused = send(client, Method::POST, &close, &russian, Some(b"{}".to_vec())).await?;
        ensure!(
            refused.body["detail"].to_string().contains("заявка не решена"),
            "{refused:?}"
        );
        let past = json!({"status": "PENDING", "until": "2001-01-01T00:00:00Z"});
        let refused = tell(client, Method::PATCH, &status, "4", past).await?;
        assert_eq!(refused.refused()?.1, "HOLD_ENDS_IN_PAST");
        let ticket = get(client, &format!("/tickets/{id}")).await?.done()?;
        ensure!(ticket["version"] == 1, "{ticket}");
        app.finish().await
    })
}
