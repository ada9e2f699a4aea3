//! Files that are to be there no longer: withdrawn, wanted by nobody, forgotten.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::json;
use tests::{App, poll, run};

use super::{FILE, attached, bring, code, files, picture, say, stored, text};
use crate::conversation::contact;

#[test]
fn file_of_a_withdrawn_message_is_deleted() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let id = bring(client, &ticket, "пароли.txt", "text/plain", b"1234").await?;
        let said = say(client, "postMessage", &ticket, "m", &[&id]).await?;
        let url = text(&said["message"]["attachments"][0], "url")?;
        let folder = app.data.path().join("files");
        assert_eq!(stored(&folder)?.len(), 1);
        let redact = format!(
            "mutation($i: RedactMessageInput!) {{ it: redactMessage(input: $i) {{ stale message {{ body attachments {{ {FILE} }} }} }} }}"
        );
        let input =
            json!({"ticketId": ticket, "idempotencyKey": "r", "messageId": said["message"]["id"], "reason": "SECRET"});
        let withdrawn = client.data(&redact, json!({"i": input})).await?["it"].take();
        let file = &withdrawn["message"]["attachments"][0];
        assert_eq!(
            (&file["state"], &file["name"], &file["url"]),
            (&json!("DISCARDED"), &json!(null), &json!(null))
        );
        assert_eq!(code(client.fetch(url).await?).await?, (410, "FILE_GONE".to_owned()));
        assert!(files(client, &ticket).await?.is_empty());
        poll("the bytes stay", async || stored(&folder).is_ok_and(|it| it.is_empty())).await?;
        app.finish().await
    })
}

#[test]
fn file_that_no_message_takes_up_is_deleted_after_a_day() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let lost = bring(client, &ticket, "lost.txt", "text/plain", b"1").await?;
        let kept = bring(client, &ticket, "kept.txt", "text/plain", b"2").await?;
        attached(client, &ticket, "m", &kept).await?;
        let folder = app.data.path().join("files");
        assert_eq!(stored(&folder)?.len(), 2);
        clock.advance(TimeDelta::hours(25));
        poll("the bytes stay", async || stored(&folder).is_ok_and(|it| it.len() == 1)).await?;
        let late = say(client, "postMessage", &ticket, "late", &[&lost]).await?;
        assert_eq!(late["userErrors"][0]["code"], "FILE_GONE");
        let left = files(client, &ticket).await?;
        assert_eq!(client.get(text(&left[0], "url")?).await?, (200, "2".to_owned()));
        app.finish().await
    })
}

#[test]
fn nothing_of_a_file_can_be_read_when_its_customer_is_forgotten() -> Result<()> {
    const MARK: &str = "Пятнышко на полях файла";
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let id = bring(
            client,
            &ticket,
            &format!("{MARK}.txt"),
            "text/plain",
            MARK.repeat(1000).as_bytes(),
        )
        .await?;
        let seen = attached(client, &ticket, "m", &id).await?;
        let small = bring(client, &ticket, "a.png", "image/png", &picture()).await?;
        let late = bring(client, &ticket, "b.txt", "text/plain", b"b").await?;
        attached(client, &ticket, "n", &small).await?;
        poll("there is no small picture", async || {
            files(client, &ticket)
                .await
                .is_ok_and(|it| it.iter().any(|it| it["previewUrl"].is_string()))
        })
        .await?;
        let url = text(&seen, "url")?;
        assert_eq!(client.get(url).await?.0, 200);
        let folder = app.data.path().join("files");
        let holds = |bytes: &[u8]| bytes.windows(MARK.len()).any(|it| it == MARK.as_bytes());
        for place in [folder.clone(), app.data.path().join("log")] {
            for path in stored(&place)? {
                ensure!(!holds(&std::fs::read(&path)?), "{}", path.display());
            }
        }
        assert_eq!(stored(&folder)?.len(), 4, "three files and a small picture");
        let uuid = {
            use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&maria)?)?;
            text.split_once(':').context("no id")?.1.to_owned()
        };
        app.tell(&["vault", "forget", "--contact", &uuid]).await?;
        poll("the bytes stay", async || stored(&folder).is_ok_and(|it| it.is_empty())).await?;
        poll("the name stays", async || {
            files(client, &ticket).await.is_ok_and(|it| {
                it.iter()
                    .all(|it| it["state"] == "ERASED" && it["name"].is_null() && it["url"].is_null())
            })
        })
        .await?;
        assert_eq!(code(client.fetch(url).await?).await?.0, 410);
        let refused = say(client, "postMessage", &ticket, "o", &[&late]).await?;
        assert_ne!(refused["userErrors"], json!([]));
        app.finish().await
    })
}
