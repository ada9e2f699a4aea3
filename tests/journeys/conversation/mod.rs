//! What is said under tickets.

mod bad_input;
mod crash;
pub(crate) mod customer;
mod joined;
mod race;
mod shuffled;
mod waiting;
mod watching;

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

use crate::people::{agent, set_up};

/// What tests look at of a message.
pub(crate) const MESSAGE: &str = "id seq visibility body bodyHtml clientMessageId externalId via arrivedAt sentAt editedAt \
     redactedAt redactionReason delivered read editableUntil author { kind name user { id } contact { id } } \
     mentions { id } inReplyTo { seq body }";

/// The document of a mutation about messages.
pub(crate) fn document(mutation: &str) -> String {
    let mut letters = mutation.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    format!(
        "mutation($i: {kind}Input!) {{ told: {mutation}(input: $i) {{ message {{ {MESSAGE} }} ticket {{ id status version }}
         position stale userErrors {{ code message field }} }} }}"
    )
}

/// The payload of a mutation about messages.
pub(crate) async fn tell(client: &Client, mutation: &str, ticket: &str, more: Value) -> Result<Value> {
    let mut input = json!({"ticketId": ticket});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let payload = client.data(&document(mutation), json!({"i": input})).await?["told"].take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

/// The same of one that must be carried out.
pub(crate) async fn must(client: &Client, mutation: &str, ticket: &str, more: Value) -> Result<Value> {
    let payload = tell(client, mutation, ticket, more).await?;
    ensure!(
        payload["userErrors"] == json!([]) && payload["stale"] == false,
        "{mutation}: {payload}"
    );
    Ok(payload)
}

/// The code of the rule that a mutation breaks.
pub(crate) async fn refused(client: &Client, mutation: &str, ticket: &str, more: Value) -> Result<String> {
    let payload = tell(client, mutation, ticket, more).await?;
    let code = payload["userErrors"][0]["code"].as_str();
    Ok(code.with_context(|| format!("{mutation}: {payload}"))?.to_owned())
}

/// A message or a note under its own name.
pub(crate) fn words(name: &str, body: &str) -> Value {
    json!({"clientMessageId": name, "body": body})
}

/// The document that reads a conversation.
pub(crate) fn reading() -> String {
    format!(
        "query($id: ID!) {{ ticket(id: $id) {{ status messages(first: 100) {{
            totalCount nodes {{ {MESSAGE} }} pageInfo {{ hasNextPage endCursor }} }}
         thread {{ needsAnswerSince lastMessageAt lastReceivedAt lastAnswerAt firstAnswerAt deliveredUpTo readUpTo }} }} }}"
    )
}

/// A ticket's status, messages and thread.
pub(crate) async fn read(client: &Client, ticket: &str) -> Result<Value> {
    Ok(client.data(&reading(), json!({"id": ticket})).await?["ticket"].take())
}

/// The texts of a conversation, in their order.
pub(crate) fn texts(ticket: &Value) -> Vec<Option<&str>> {
    let nodes = ticket["messages"]["nodes"].as_array();
    nodes.into_iter().flatten().map(|it| it["body"].as_str()).collect()
}

/// A contact, recorded under this name.
pub(crate) async fn contact(client: &Client, name: &str) -> Result<String> {
    let query = "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } userErrors { code } } }";
    let answer = client
        .data(query, json!({"i": {"idempotencyKey": name, "name": name}}))
        .await?;
    let id = answer["createContact"]["contact"]["id"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

async fn status(client: &Client, ticket: &str) -> Result<Value> {
    Ok(client.look(ticket).await?["status"].take())
}

#[test]
fn conversation_shows_what_was_said_and_moves_its_ticket() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let empty = read(client, &ticket).await?;
        assert_eq!(
            (&empty["messages"]["totalCount"], &empty["thread"]),
            (&json!(0), &Value::Null)
        );
        let asked = json!({"clientMessageId": "in-1", "body": "Не приходит *письмо*", "externalId": "<1@example.ru>",
            "sentAt": "2025-10-01T08:00:00Z"});
        let asked = must(client, "receiveMessage", &ticket, asked).await?;
        assert_eq!(asked["message"]["sentAt"], "2025-10-01T08:00:00+00:00");
        assert_eq!(asked["message"]["arrivedAt"], "2026-11-21T12:00:00+00:00");
        assert_eq!(asked["message"]["author"]["kind"], "CUSTOMER");
        assert_eq!(asked["message"]["author"]["name"], "Мария");
        assert_eq!(asked["ticket"]["status"], "NEW");
        clock.advance(TimeDelta::minutes(5));
        must(client, "addNote", &ticket, words("n", "Проверить почту")).await?;
        assert_eq!(status(client, &ticket).await?, "NEW", "a note begins nothing");
        let answer = json!({"clientMessageId": "a", "body": "Смотрим :+1:", "inReplyTo": asked["message"]["id"]});
        let answered = must(client, "postMessage", &ticket, answer.clone()).await?;
        assert_eq!(answered["ticket"]["status"], "OPEN", "the first answer begins the work");
        assert_eq!(answered["message"]["inReplyTo"]["seq"], 1);
        assert_eq!(answered["message"]["bodyHtml"], "<p>Смотрим 👍</p>\n");
        assert_eq!(
            must(client, "postMessage", &ticket, answer).await?["message"]["id"],
            answered["message"]["id"]
        );
        let now = read(client, &ticket).await?;
        assert_eq!(
            texts(&now),
            [
                Some("Не приходит *письмо*"),
                Some("Проверить почту"),
                Some("Смотрим :+1:")
            ]
        );
        assert_eq!(now["messages"]["totalCount"], 3);
        assert_eq!(now["thread"]["needsAnswerSince"], Value::Null);
        assert_eq!(now["thread"]["firstAnswerAt"], "2026-11-21T12:05:00+00:00");
        client
            .must("putTicketOnHold", "h", &ticket, &json!({"reason": "CUSTOMER"}))
            .await?;
        let woken = must(client, "receiveMessage", &ticket, words("in-2", "Спасибо")).await?;
        assert_eq!(
            woken["ticket"]["status"], "OPEN",
            "the customer's words wake a pending ticket"
        );
        client
            .must("resolveTicket", "r", &ticket, &json!({"reason": "SOLVED"}))
            .await?;
        client.must("closeTicket", "c", &ticket, &json!({})).await?;
        must(client, "addNote", &ticket, words("n2", "Закрыто по звонку")).await?;
        assert_eq!(status(client, &ticket).await?, "CLOSED");
        let again = must(client, "receiveMessage", &ticket, words("in-3", "Опять не приходит")).await?;
        assert_eq!(again["ticket"]["status"], "OPEN", "and reopen a closed one");
        let history = client.look(&ticket).await?;
        let last = history["history"]["nodes"].as_array().and_then(|it| it.last()).cloned();
        assert_eq!(last.context("no history")?["type"], "ticket.reopened");
        assert_eq!(
            read(client, &ticket).await?["thread"]["needsAnswerSince"],
            "2026-11-21T12:05:00+00:00"
        );
        app.finish().await
    })
}

#[test]
fn pages_go_both_ways_and_messages_are_found_by_id() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let other = client.ticket("o", &json!({})).await?;
        let mut ids = Vec::new();
        for number in 1..=7 {
            let told = must(
                client,
                "postMessage",
                &ticket,
                words(&format!("m{number}"), &number.to_string()),
            )
            .await?;
            ids.push(told["message"]["id"].clone());
        }
        must(client, "postMessage", &other, words("m1", "другая")).await?;
        let query = "query($a: ID!, $after: String, $before: String, $f: Int, $l: Int) { ticket(id: $a) {
            messages(first: $f, last: $l, after: $after, before: $before) { nodes { body }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
        let page = async |more: Value| -> Result<Value> {
            let mut variables = json!({"a": ticket});
            if let (Some(all), Some(more)) = (variables.as_object_mut(), more.as_object()) {
                all.extend(more.clone());
            }
            Ok(client.data(query, variables).await?["ticket"].take())
        };
        let first = page(json!({"f": 3})).await?;
        assert_eq!(texts(&first), [Some("1"), Some("2"), Some("3")]);
        let info = &first["messages"]["pageInfo"];
        assert_eq!(
            (&info["hasNextPage"], &info["hasPreviousPage"]),
            (&json!(true), &json!(false))
        );
        let second = page(json!({"f": 100, "after": info["endCursor"]})).await?;
        assert_eq!(texts(&second), [Some("4"), Some("5"), Some("6"), Some("7")]);
        let last = page(json!({"l": 2})).await?;
        assert_eq!(texts(&last), [Some("6"), Some("7")]);
        let before = page(json!({"l": 2, "before": last["messages"]["pageInfo"]["startCursor"]})).await?;
        assert_eq!(texts(&before), [Some("4"), Some("5")]);
        let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { body ticketId } }
            tickets(first: 10, orderBy: [{field: NUMBER, direction: ASC}]) { nodes { messages(last: 1) { nodes { body } } } } }";
        let seen = client.data(nodes, json!({"ids": [ids[6], ids[0]]})).await?;
        assert_eq!(
            (&seen["nodes"][0]["body"], &seen["nodes"][1]["body"]),
            (&json!("7"), &json!("1"))
        );
        let all = &seen["tickets"]["nodes"];
        assert_eq!(
            (texts(&all[0]), texts(&all[1])),
            (vec![Some("7")], vec![Some("другая")])
        );
        app.finish().await
    })
}

#[test]
fn author_edits_in_time_and_a_supervisor_withdraws_what_must_not_be_read() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let anna = agent(&app, &boss, "anna@example.com").await?;
        let grant = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let input =
            json!({"idempotencyKey": "g", "userId": anna.user, "role": "agent", "scope": {"kind": "EVERYWHERE"}});
        boss.data(grant, json!({"i": input})).await?;
        let person = app.client.with_key(&anna.access);
        let ticket = person.ticket("t", &json!({})).await?;
        let note = json!({"clientMessageId": "n", "body": "Пароль 1234", "mentions": [anna.user]});
        let note = must(&person, "addNote", &ticket, note).await?;
        assert_eq!(
            note["message"]["mentions"][0]["id"],
            note["message"]["author"]["user"]["id"]
        );
        assert_eq!(note["message"]["author"]["name"], "anna@example.com");
        let redact =
            json!({"ticketId": ticket, "idempotencyKey": "r", "messageId": note["message"]["id"], "reason": "SECRET"});
        let (code, _) = person.error(&document("redactMessage"), json!({"i": redact})).await?;
        assert_eq!(code, "FORBIDDEN", "an agent withdraws nothing");
        let redacted = must(&boss, "redactMessage", &ticket, redact).await?;
        assert_eq!(
            (&redacted["message"]["body"], &redacted["message"]["bodyHtml"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(redacted["message"]["redactionReason"], "secret");
        let edit =
            |name: &Value, key: &str, body: &str| json!({"idempotencyKey": key, "messageId": name, "body": body});
        let withdrawn = edit(&note["message"]["id"], "z", "x");
        assert_eq!(refused(&person, "editMessage", &ticket, withdrawn).await?, "REDACTED");
        // Access tokens do not last as long as the window does; the operator's key does.
        let client = &app.client;
        let said = must(client, "addNote", &ticket, words("m", "раз")).await?["message"]["id"].take();
        clock.advance(TimeDelta::minutes(5));
        assert_eq!(
            refused(&boss, "editMessage", &ticket, edit(&said, "b", "x")).await?,
            "NOT_YOURS"
        );
        clock.advance(TimeDelta::minutes(10));
        let edited = must(client, "editMessage", &ticket, edit(&said, "e", "два")).await?;
        assert_eq!(edited["message"]["body"], "два");
        assert_eq!(edited["message"]["editedAt"], "2026-11-21T12:15:00+00:00");
        clock.advance(TimeDelta::seconds(1));
        let late = refused(client, "editMessage", &ticket, edit(&said, "l", "x")).await?;
        assert_eq!(late, "EDIT_WINDOW_OVER");
        // What was read is noted forward only, by those who take part.
        must(client, "markRead", &ticket, json!({"idempotencyKey": "m", "upTo": 1})).await?;
        let too_far = json!({"idempotencyKey": "m2", "upTo": 3});
        assert_eq!(refused(client, "markRead", &ticket, too_far).await?, "NOT_FOUND");
        app.finish().await
    })
}
