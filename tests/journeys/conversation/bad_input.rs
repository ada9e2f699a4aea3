//! Bad input: a clear refusal, and nothing half done.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{document, must, read, refused, tell, texts, words};

const NOBODY: &str = "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f";

#[test]
fn bad_messages_are_refused_and_leave_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        for body in ["", " \n\t", "a\u{0}b", "a\u{1b}[0m", &"ж".repeat(100_001)] {
            let payload = tell(client, "postMessage", &ticket, words("a", body)).await?;
            let reason = &payload["userErrors"][0];
            ensure!(
                reason["code"] == "BAD_USER_INPUT" && reason["field"] == json!(["input", "body"]),
                "{payload}"
            );
            ensure!(reason["message"].as_str().is_some_and(|it| it.len() < 600), "{payload}");
        }
        let input = json!({"ticketId": ticket, "clientMessageId": "big", "body": "x".repeat(1 << 20)});
        let body = json!({"query": document("postMessage"), "variables": {"i": input}}).to_string();
        let response = client.post(body).await?;
        let (status, answer) = (response.status().as_u16(), response.text().await?);
        ensure!(status < 500 && !answer.contains("INTERNAL"), "{status} {answer}");
        let shown = read(client, &ticket).await?;
        assert_eq!(
            (&shown["messages"]["totalCount"], &shown["status"]),
            (&json!(0), &json!("NEW"))
        );
        app.finish().await
    })
}

type Refusal = (&'static str, Value, &'static str, &'static str);

/// What is refused of a ticket with one message, called `long`: mutation, input, code, field.
fn refusals() -> Vec<Refusal> {
    vec![
        ("postMessage", json!({"body": "x"}), "BAD_USER_INPUT", "idempotencyKey"),
        ("postMessage", words(" ", "x"), "BAD_USER_INPUT", "clientMessageId"),
        (
            "postMessage",
            words("long", "другой текст"),
            "CLIENT_MESSAGE_ID_REUSED",
            "clientMessageId",
        ),
        (
            "addNote",
            words("long", &"ж".repeat(100_000)),
            "CLIENT_MESSAGE_ID_REUSED",
            "clientMessageId",
        ),
        (
            "postMessage",
            json!({"clientMessageId": "r", "body": "x", "inReplyTo": NOBODY}),
            "NOT_FOUND",
            "messageId",
        ),
        (
            "postMessage",
            json!({"clientMessageId": "r", "body": "x", "inReplyTo": "?"}),
            "BAD_USER_INPUT",
            "inReplyTo",
        ),
        (
            "addNote",
            json!({"clientMessageId": "r", "body": "x", "mentions": [NOBODY]}),
            "MENTION_UNKNOWN",
            "mentions",
        ),
        (
            "addNote",
            json!({"clientMessageId": "r", "body": "x", "mentions": vec![NOBODY; 51]}),
            "BAD_USER_INPUT",
            "mentions",
        ),
        (
            "receiveMessage",
            json!({"clientMessageId": "r", "body": "x", "sentAt": "2999-01-01T00:00:00Z"}),
            "SENT_IN_FUTURE",
            "sentAt",
        ),
        (
            "editMessage",
            json!({"idempotencyKey": "e", "messageId": NOBODY, "body": "x"}),
            "NOT_FOUND",
            "messageId",
        ),
        (
            "markRead",
            json!({"idempotencyKey": "m", "upTo": -1}),
            "BAD_USER_INPUT",
            "upTo",
        ),
        (
            "markRead",
            json!({"idempotencyKey": "m", "upTo": 0}),
            "NOT_FOUND",
            "messageId",
        ),
    ]
}

#[test]
fn broken_rules_are_named_and_leave_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        must(client, "postMessage", &ticket, words("long", &"ж".repeat(100_000))).await?;
        for (mutation, more, code, field) in refusals() {
            let payload = tell(client, mutation, &ticket, more.clone()).await?;
            let reason = &payload["userErrors"][0];
            ensure!(
                reason["code"] == code && reason["field"] == json!(["input", field]),
                "{mutation} {more}: {payload}"
            );
        }
        assert_eq!(
            refused(client, "postMessage", NOBODY, words("x", "x")).await?,
            "NOT_FOUND"
        );
        // The same name with another key and another text, and the same text again.
        let again = json!({"idempotencyKey": "k", "clientMessageId": "long", "body": "x"});
        assert_eq!(
            refused(client, "postMessage", &ticket, again).await?,
            "CLIENT_MESSAGE_ID_REUSED"
        );
        let again = json!({"idempotencyKey": "k2", "clientMessageId": "long", "body": "ж".repeat(100_000)});
        assert_eq!(must(client, "postMessage", &ticket, again).await?["message"]["seq"], 1);
        client
            .must("closeTicket", "c", &ticket, &json!({"reason": "SPAM"}))
            .await?;
        assert_eq!(
            refused(client, "postMessage", &ticket, words("late", "x")).await?,
            "TICKET_CLOSED"
        );
        ensure!(texts(&read(client, &ticket).await?).len() == 1);
        let (code, field) = client
            .error(
                "query($id: ID!) { ticket(id: $id) { messages(first: 1000) { nodes { id } } } }",
                json!({"id": ticket}),
            )
            .await?;
        assert_eq!((code.as_str(), field), ("BAD_USER_INPUT", json!(["first"])));
        app.finish().await
    })
}

#[test]
fn what_somebody_writes_to_run_in_a_browser_does_not() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ticket = app.client.ticket("t", &json!({})).await?;
        let hostile =
            "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![y](https://example.ru/a.png) https://example.ru";
        let told = must(&app.client, "postMessage", &ticket, words("h", hostile)).await?;
        assert_eq!(told["message"]["body"], hostile, "stored as it came");
        let html = told["message"]["bodyHtml"].as_str().context("no html")?;
        ensure!(
            !html.contains("<script") && !html.contains("javascript:") && !html.contains("<img"),
            "{html}"
        );
        ensure!(html.contains("rel=\"nofollow noopener noreferrer\""), "{html}");
        app.finish().await
    })
}

#[test]
fn words_of_somebody_erased_are_gone_and_nothing_more_is_recorded_of_them() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = super::contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        must(client, "receiveMessage", &ticket, words("in", "Мой адрес")).await?;
        must(client, "addNote", &ticket, words("n", "Мария просит")).await?;
        let uuid = client
            .data("query($id: ID!) { node(id: $id) { id } }", json!({"id": maria}))
            .await?;
        ensure!(uuid["node"]["id"] == json!(maria), "{uuid}");
        app.tell(&["vault", "forget", "--contact", &bare(&maria)?]).await?;
        let gone = async || {
            let shown = read(client, &ticket).await.unwrap_or_default();
            texts(&shown) == [None, None]
        };
        tests::poll("the words are still shown", gone).await?;
        assert_eq!(
            refused(client, "postMessage", &ticket, words("a", "Здравствуйте")).await?,
            "DATA_SUBJECT_FORGOTTEN"
        );
        let shown = read(client, &ticket).await?;
        assert_eq!(shown["messages"]["nodes"][0]["bodyHtml"], Value::Null);
        app.finish().await
    })
}

/// The uuid in a global id.
fn bare(id: &str) -> Result<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id)?)?;
    Ok(text.split_once(':').context("no kind")?.1.to_owned())
}
