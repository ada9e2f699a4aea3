//! The audit: every change with who, what, when, from where, before and after; every look at personal data.

mod every;
mod people;
mod reading;
mod walk;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, eventually, run};

use crate::{
    conversation::{contact, must, words},
    erasure::forget_one,
    organisation::{made, tell as configure},
};

const ENTRIES: &str = "query($f: AuditFilter, $n: Int, $a: String, $m: Position) {
    auditEntries(filter: $f, first: $n, after: $a, minPosition: $m) {
        nodes { type at actor onBehalfOf summary objectType objectId version ticketId address matter position
            changes { field before { text person erased redacted } after { text person erased redacted } } }
        pageInfo { hasNextPage endCursor } totalCount stale } }";

/// The entries for which all of this holds, the newest first.
pub(crate) async fn entries(client: &Client, filter: Value) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({"f": filter, "n": 100, "a": after});
        let mut page = client.data(ENTRIES, variables).await?["auditEntries"].take();
        all.append(page["nodes"].as_array_mut().context("no entries")?);
        if page["pageInfo"]["hasNextPage"] == false {
            return Ok(all);
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

/// Waits until the audit shows a position.
pub(crate) async fn shows(client: &Client, position: &Value) -> Result<()> {
    let page = client.data(ENTRIES, json!({"n": 1, "m": position})).await?;
    ensure!(page["auditEntries"]["stale"] == false, "{page}");
    Ok(())
}

/// Before and after of a field in an entry, as texts.
pub(crate) fn change<'a>(entry: &'a Value, field: &str) -> (Option<&'a str>, Option<&'a str>) {
    let changes = entry["changes"].as_array();
    let found = changes.into_iter().flatten().find(|it| it["field"] == field);
    let text = |side: &str| found.and_then(|it| it[side]["text"].as_str());
    (text("before"), text("after"))
}

fn of_type<'a>(entries: &'a [Value], event_type: &str) -> Result<&'a Value> {
    let found = entries.iter().find(|it| it["type"] == event_type);
    found.with_context(|| format!("no {event_type} among {entries:#?}"))
}

#[test]
fn entries_tell_who_did_what_to_what_and_what_was_before() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let id = client
            .ticket("t", &json!({"contactId": maria, "subject": "Нет сети"}))
            .await?;
        client
            .must("changeTicketSubject", "s", &id, &json!({"subject": "Нет связи"}))
            .await?;
        client
            .must(
                "changeTicketPriority",
                "p",
                &id,
                &json!({"priority": "URGENT", "reason": "встал цех"}),
            )
            .await?;
        must(client, "receiveMessage", &id, words("1", "Алло?")).await?;
        let last = client
            .must("resolveTicket", "r", &id, &json!({"reason": "SOLVED"}))
            .await?;
        shows(client, &last["position"]).await?;
        let all = entries(client, json!({"object": id, "types": ["ticket", "conversation"]})).await?;
        let subject = of_type(&all, "ticket.subject_changed")?;
        assert_eq!(change(subject, "subject"), (Some("Нет сети"), Some("Нет связи")));
        assert_eq!(subject["actor"], "api_key:bootstrap");
        assert_eq!(
            (&subject["objectType"], &subject["objectId"]),
            (&json!("ticket"), &json!(id))
        );
        assert_eq!(
            (&subject["ticketId"], &subject["address"]),
            (&json!(id), &json!("127.0.0.1"))
        );
        assert_eq!(subject["summary"], "Subject changed");
        let priority = of_type(&all, "ticket.prioritized")?;
        assert_eq!(change(priority, "priority").1, Some("urgent"));
        assert_eq!(change(priority, "reason"), (None, Some("встал цех")));
        let resolved = of_type(&all, "ticket.resolved")?;
        assert_eq!(change(resolved, "status").1, Some("resolved"));
        let said = of_type(&all, "conversation.message_received")?;
        assert_eq!(change(said, "message"), (None, Some("Алло?")));
        assert_eq!(said["ticketId"], json!(id));
        let behalf = said["onBehalfOf"].as_str().context("nobody's behalf")?;
        assert!(behalf.starts_with("contact:"), "{behalf}");
        let of_maria = entries(client, json!({"person": maria, "types": ["ticket.prioritized"]})).await?;
        assert_eq!(
            of_maria.len(),
            1,
            "what happens to a customer's ticket concerns the customer: {of_maria:?}"
        );
        let matter = json!({"matter": subject["matter"], "actor": "api_key:bootstrap"});
        assert_eq!(entries(client, matter).await?.len(), 1);
        app.finish().await
    })
}

#[test]
fn what_a_new_definition_leaves_out_is_told_and_what_it_repeats_is_not() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let team = made(client, "Team", "t", json!({"name": "Почта", "description": "Письма"})).await?;
        let input = json!({"idempotencyKey": "r", "id": team, "definition": {"name": "Почта"}});
        let revised = configure(client, "revise", "Team", input).await?;
        shows(client, &revised["position"]).await?;
        let of_team = entries(client, json!({"object": team})).await?;
        let entry = of_type(&of_team, "team.revised")?;
        assert_eq!(change(entry, "description"), (Some("Письма"), None));
        assert_eq!(change(entry, "name"), (None, None), "{entry}");
        app.finish().await
    })
}

#[test]
fn configuration_is_told_field_by_field_and_secrets_never() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let wish = "mutation($i: CreateTagInput!) { createTag(input: $i) { tag { id version } userErrors { code } } }";
        let made = client
            .data(
                wish,
                json!({"i": {"idempotencyKey": "a", "definition": {"name": "Срочно", "colour": "#ff0000"}}}),
            )
            .await?;
        let tag = &made["createTag"]["tag"]["id"];
        let revise = "mutation($i: ReviseTagInput!) { reviseTag(input: $i) { position userErrors { code message } } }";
        let input = json!({"idempotencyKey": "b", "id": tag, "definition": {"name": "Срочно", "colour": "#00ff00"}});
        let revised = client.data(revise, json!({"i": input})).await?["reviseTag"].take();
        ensure!(revised["userErrors"] == json!([]), "{revised}");
        let key = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret position userErrors { code } } }";
        let input = json!({"idempotencyKey": "k", "name": "Выгрузка", "permissions": ["tickets:read"],
            "scope": {"kind": "EVERYWHERE"}});
        let issued = client.data(key, json!({"i": input})).await?["issueApiKey"].take();
        shows(client, &issued["position"]).await?;
        let of_tag = entries(client, json!({"object": tag})).await?;
        assert_eq!(
            change(of_type(&of_tag, "tag.revised")?, "colour"),
            (Some("#ff0000"), Some("#00ff00"))
        );
        let keys = entries(client, json!({"types": ["api_key.issued"]})).await?;
        assert_eq!(
            change(of_type(&keys, "api_key.issued")?, "name"),
            (None, Some("Выгрузка"))
        );
        let secret = issued["secret"].as_str().context("no secret")?;
        let told = json!(keys).to_string();
        assert!(!told.contains(secret) && !told.contains("hash"), "{told}");
        app.finish().await
    })
}

#[test]
fn withdrawn_texts_and_erased_people_are_gone_from_entries() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let id = client
            .ticket("t", &json!({"contactId": maria, "subject": "Карта 4276"}))
            .await?;
        let said = must(client, "postMessage", &id, words("1", "ПИН 1234")).await?;
        let message = &said["message"]["id"];
        let edit = "mutation($i: EditMessageInput!) { editMessage(input: $i) { userErrors { code } } }";
        let edited = json!({"idempotencyKey": "e", "ticketId": id, "messageId": message, "body": "ПИН 5678"});
        ensure!(client.data(edit, json!({"i": edited})).await?["editMessage"]["userErrors"] == json!([]));
        let redact = "mutation($i: RedactMessageInput!) { redactMessage(input: $i) { position userErrors { code } } }";
        let input = json!({"idempotencyKey": "r", "ticketId": id, "messageId": message, "reason": "SECRET"});
        let redacted = client.data(redact, json!({"i": input})).await?["redactMessage"].take();
        shows(client, &redacted["position"]).await?;
        let all = entries(client, json!({"object": id, "types": ["conversation"]})).await?;
        let told = json!(all).to_string();
        assert!(
            !told.contains("1234") && !told.contains("5678") && told.contains("\"redacted\":true"),
            "{told}"
        );
        forget_one(&app, "--contact", &maria).await?;
        let look = async || Ok(json!(entries(client, json!({"person": maria})).await?).to_string());
        // Each part of the audit comes to the end of the key at its own pace.
        let told = eventually(look, |it| it.contains("subject.key_destroyed") && !it.contains("4276")).await?;
        assert!(
            !told.contains("4276") && told.contains("subject.key_destroyed") && told.contains("\"erased\":true"),
            "{told}"
        );
        app.finish().await
    })
}

#[test]
fn what_names_nothing_is_refused_and_only_auditors_look() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ask = async |filter: Value| {
            let mut answer = app.client.respond(ENTRIES, json!({"f": filter, "n": 1})).await?;
            let error = answer["errors"][0].take();
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
            Ok::<_, anyhow::Error>(error["message"].to_string())
        };
        assert!(ask(json!({"types": ["ship.sailed"]})).await?.contains("ship.sailed"));
        assert!(ask(json!({"actor": "robot"})).await?.contains("robot"));
        assert!(ask(json!({"object": "no id"})).await?.contains("no id"));
        let turned = json!({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"});
        assert!(ask(turned).await?.contains("2026-01-01"));
        let (code, field) = app.client.error(ENTRIES, json!({"n": 1, "a": "somewhere"})).await?;
        assert_eq!((code.as_str(), &field), ("BAD_USER_INPUT", &json!(["after"])));
        let stranger = app.client.anonymous().respond(ENTRIES, json!({"n": 1})).await?;
        assert_eq!(
            stranger["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{stranger}"
        );
        app.finish().await
    })
}
