//! What does not read is refused with a sentence that names it, and is never a fault of the server.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use tests::{App, run};

use super::{get, opened, send, tell};

const ABSENT: &str = "00000000-0000-4000-8000-0000000000ff";

#[test]
fn parameters_that_do_not_read_are_named() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = opened(&app.client, "k", json!({"subject": "Один"})).await?;
        let cursor_of_graphql = "bjox";
        for (path, word) in [
            ("/tickets/all?limit=0", "limit"),
            ("/tickets/all?limit=101", "limit"),
            ("/tickets/all?limit=many", "limit"),
            ("/tickets/all?limit=99999999999", "limit"),
            ("/tickets/all?after=page2", "after"),
            (
                &format!("/tickets/all?sort=priority&after={cursor_of_graphql}"),
                "after",
            ),
            ("/tickets/all?status=DONE", "status"),
            ("/tickets/all?status=", "status"),
            ("/tickets/all?status=NEW&status=OPEN", "status"),
            ("/tickets/all?priority=1", "priority"),
            ("/tickets/all?sort=subject", "sort"),
            ("/tickets/all?sort=number,-number", "sort"),
            ("/tickets/all?assignee=you", "assignee"),
            ("/tickets/all?contact=%00", "contact"),
            ("/tickets/all?openedFrom=yesterday", "openedFrom"),
            ("/tickets/all?minPosition=-1", "position"),
            ("/tickets/all?page=2", "page"),
            ("/tickets?contact=x", "contact"),
            ("/stats?by=status", "by"),
            ("/stats?minPosition=x", "position"),
            ("/tickets/junk", "id"),
            ("/tickets/%00", "id"),
            ("/tickets/%FF", "UTF-8"),
            ("/tickets/junk/history", "id"),
            (&format!("/tickets/{id}/history?limit=-1"), "limit"),
            (&format!("/tickets/{id}/history?after=x"), "after"),
        ] {
            let refused = get(&app.client, path).await?;
            let (status, code, _) = refused.refused()?;
            ensure!((status, code) == (400, "BAD_USER_INPUT"), "{path}: {refused:?}");
            let detail = refused.body["detail"].as_str().unwrap_or_default();
            ensure!(detail.contains(word), "{path} is not about {word}: {detail}");
        }
        app.finish().await
    })
}

/// Below which address of a ticket, or none of all; a body; a word that the refusal says.
const BODIES: [(&str, &str, &str); 21] = [
    ("", "", "JSON"),
    ("", "null", "JSON"),
    ("", r#"["Один"]"#, "JSON"),
    ("", r#"{"subject": "x""#, "EOF"),
    ("", r#"{"subject": "x"} {}"#, "trailing"),
    ("", "{}", "subject"),
    ("", r#"{"subject": ""}"#, "subject"),
    ("", r#"{"subject": 7}"#, "string"),
    ("", r#"{"subject": "a\u0000b"}"#, "subject"),
    ("", r#"{"subject": "x", "message": "y"}"#, "message"),
    ("", r#"{"subject": "x", "priority": "NOW"}"#, "NOW"),
    ("", r#"{"subject": "x", "subcategoryId": "y"}"#, "categoryId"),
    ("", r#"{"subject": "x", "contactId": "y"}"#, "contactId"),
    ("", r#"{"subject": "x", "idempotencyKey": "y"}"#, "idempotencyKey"),
    ("/priority", "{}", "priority"),
    (
        "/priority",
        r#"{"priority": "LOW", "expectedVersion": -1}"#,
        "expectedVersion",
    ),
    (
        "/priority",
        r#"{"priority": "LOW", "expectedVersion": 1e99}"#,
        "expectedVersion",
    ),
    ("/status", r#"{"status": "OPEN"}"#, "from"),
    ("/status", r#"{"status": "NEW"}"#, "NEW"),
    ("/status", r#"{"status": "CLOSED", "note": "x"}"#, "note"),
    ("/status", r#"{"status": "PENDING", "until": "soon"}"#, "soon"),
];

#[test]
fn bodies_that_do_not_read_are_named_and_do_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = opened(&app.client, "k", json!({"subject": "Один"})).await?;
        for (part, body, word) in BODIES {
            let (method, path) = match part {
                "" => (Method::POST, "/tickets".to_owned()),
                part => (Method::PATCH, format!("/tickets/{id}{part}")),
            };
            let headers = [("content-type", "application/json"), ("idempotency-key", "x")];
            let refused = send(&app.client, method, &path, &headers, Some(body.as_bytes().to_vec())).await?;
            let (status, code, _) = refused.refused()?;
            ensure!((status, code) == (400, "BAD_USER_INPUT"), "{path} {body}: {refused:?}");
            let detail = refused.body["detail"].as_str().unwrap_or_default();
            ensure!(detail.contains(word), "{body} is not about {word}: {detail}");
        }
        assert_eq!(app.client.count(&json!({})).await?, 1);
        let ticket = get(&app.client, &format!("/tickets/{id}")).await?.done()?;
        ensure!(ticket["version"] == 1, "{ticket}");
        app.finish().await
    })
}

#[test]
fn what_is_not_there_and_what_is_not_taken_has_its_own_status() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for path in [format!("/tickets/{ABSENT}"), format!("/tickets/{ABSENT}/history")] {
            let refused = get(client, &path).await?;
            assert_eq!(refused.refused()?, (404, "NOT_FOUND", "id"), "{path}");
        }
        let close = format!("/tickets/{ABSENT}/close");
        let refused = tell(client, Method::POST, &close, "k", json!({"reason": "SPAM"})).await?;
        assert_eq!(refused.refused()?, (404, "NOT_FOUND", "id"));
        for path in ["", "/", "/ticket", "/tickets/1/internal", "/tickets/1/2/3"] {
            assert_eq!(get(client, path).await?.refused()?, (404, "NOT_FOUND", ""), "{path}");
        }
        for (method, path) in [
            (Method::PUT, "/tickets"),
            (Method::DELETE, "/stats"),
            (Method::PATCH, "/tickets/all"),
        ] {
            let refused = send(client, method.clone(), path, &[], None).await?;
            assert_eq!(refused.refused()?, (405, "METHOD_NOT_ALLOWED", ""), "{method} {path}");
            ensure!(!refused.header("allow").is_empty(), "{refused:?}");
        }
        let body = || Some(b"{\"subject\": \"x\"}".to_vec());
        let refused = send(
            client,
            Method::POST,
            "/tickets",
            &[("content-type", "application/json")],
            body(),
        )
        .await?;
        assert_eq!(refused.refused()?, (400, "BAD_USER_INPUT", "Idempotency-Key"));
        let headers = [("content-type", "text/plain"), ("idempotency-key", "k")];
        let refused = send(client, Method::POST, "/tickets", &headers, body()).await?;
        assert_eq!(refused.refused()?, (415, "BAD_USER_INPUT", "Content-Type"));
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        let large = Some(vec![b' '; 2 * 1024 * 1024]);
        let refused = send(client, Method::POST, "/tickets", &headers, large).await?;
        assert_eq!(refused.refused()?.0, 413);
        assert_eq!(app.client.count(&json!({})).await?, 0);
        app.finish().await
    })
}
