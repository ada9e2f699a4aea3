//! What customers are told right after opening a ticket.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, poll, run};
use uuid::Uuid;

use super::{becomes, contact, prepare};
use crate::{
    conversation::{read, texts},
    organisation::{made, refusal, tell},
};

/// An inbox that answers of itself: its global id, and its uuid.
pub(crate) async fn inbox(client: &Client, auto_reply: Value) -> Result<(String, Uuid)> {
    let definition = json!({"name": "Сайт", "channel": "API", "autoReply": auto_reply});
    let id = made(client, "Inbox", "inbox", definition).await?;
    let answer = client
        .data("query($id: ID!) { node(id: $id) { id } }", json!({"id": id}))
        .await?;
    ensure!(answer["node"]["id"] == id, "{answer}");
    let plain = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &id)?;
    let plain = String::from_utf8(plain)?;
    let uuid = plain.split(':').nth(1).context("no uuid")?.parse()?;
    Ok((id, uuid))
}

async fn answered(client: &Client, ticket: &str) -> Result<Value> {
    let done = async || read(client, ticket).await.is_ok_and(|it| !texts(&it).is_empty());
    poll("nobody is answered", done).await?;
    read(client, ticket).await
}

#[test]
fn customer_is_told_number_priority_and_promised_time_in_their_language() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        prepare(client).await?;
        let (inbox, _) = inbox(client, json!({"high": {"fromMinutes": 0, "withinMinutes": 90}})).await?;
        let russian = client
            .ticket("r", &json!({"subject": "Забыл пароль", "inboxId": inbox}))
            .await?;
        let told = answered(client, &russian).await?;
        let number = client.look(&russian).await?["number"].clone();
        assert_eq!(
            texts(&told),
            [Some(
                format!(
                    "Спасибо за обращение!\n\nВаша заявка № {number} принята.\nПриоритет: средний.\nМы ответим в течение \
                     8–12 часов."
                )
                .as_str()
            )]
        );
        let message = &told["messages"]["nodes"][0];
        assert_eq!(
            (&message["via"], &message["author"]["kind"]),
            (&json!("auto_reply"), &json!("PROGRAM"))
        );
        assert_eq!(told["status"], "NEW", "nobody works on it by that");
        assert_eq!(told["thread"]["firstAnswerAt"], Value::Null);
        // The customer's profile says more than the letters of the subject; a rule makes it urgent, and the inbox
        // promises more than usual.
        let person = contact(client, json!({"idempotencyKey": "p", "name": "Ann", "locale": "en-GB"})).await?;
        let english = client
            .ticket(
                "e",
                &json!({"subject": "Возврат", "inboxId": inbox, "contactId": person}),
            )
            .await?;
        let told = answered(client, &english).await?;
        let number = client.look(&english).await?["number"].clone();
        let expected = format!(
            "Thank you for writing to us!\n\nWe have received your request no. {number}.\nPriority: high.\nWe will answer \
             within 90 minutes."
        );
        assert_eq!(texts(&told), [Some(expected.as_str())]);
        // An answer of a colleague is the first.
        clock.advance(TimeDelta::minutes(5));
        let said = crate::conversation::words("a", "Смотрим");
        crate::conversation::must(client, "postMessage", &english, said).await?;
        let now = read(client, &english).await?;
        assert_eq!(now["status"], "OPEN");
        assert_eq!(now["thread"]["firstAnswerAt"], "2026-11-21T12:05:00+00:00");
        app.finish().await
    })
}

#[test]
fn nobody_is_answered_who_is_not_to_be() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        prepare(client).await?;
        let (inbox, _) = inbox(client, json!({})).await?;
        let silent = made(
            client,
            "Inbox",
            "silent",
            json!({"name": "Молча", "channel": "API", "autoReply": {"enabled": false}}),
        )
        .await?;
        let by = |inbox: &str, subject: &str| json!({"subject": subject, "inboxId": inbox});
        let off = client.ticket("off", &by(&silent, "Возврат")).await?;
        let nowhere = client.ticket("nowhere", &json!({"subject": "Возврат"})).await?;
        let whole = client.ticket("whole", &by(&inbox, "Возврат")).await?;
        answered(client, &whole).await?;
        let split = client
            .data(
                "mutation($i: SplitTicketInput!) { splitTicket(input: $i) { newTicket { id } userErrors { message } } }",
                json!({"i": {"idempotencyKey": "s", "ticketId": whole, "fromMessageSeq": 1, "subject": "Часть"}}),
            )
            .await?;
        let part = split["splitTicket"]["newTicket"]["id"].as_str();
        let part = part.with_context(|| split.to_string())?.to_owned();
        // Whoever opens ticket after ticket is a program that may be answering us.
        let robot = contact(client, json!({"idempotencyKey": "p", "name": "Робот"})).await?;
        let mut opened = Vec::new();
        for number in 0..8 {
            let mut input = by(&inbox, "Автоответ: возврат");
            input["contactId"] = json!(robot);
            opened.push(client.ticket(&format!("robot {number}"), &input).await?);
        }
        for ticket in opened.iter().chain([&off, &nowhere]) {
            becomes(client, ticket, "payment", "HIGH").await?;
        }
        // Whatever came before it was looked at before it.
        let last = client.ticket("last", &by(&inbox, "Возврат")).await?;
        answered(client, &last).await?;
        for ticket in [&off, &nowhere] {
            assert!(texts(&read(client, ticket).await?).is_empty(), "{ticket} is answered");
        }
        // It shows the answer to the ticket it is a part of, and has none of its own.
        assert_eq!(texts(&read(client, &part).await?).len(), 1, "{part} is answered");
        let mut answers = 0;
        for ticket in &opened {
            answers += texts(&read(client, ticket).await?).len();
        }
        assert_eq!(answers, 5, "answers to a program");
        app.finish().await
    })
}

#[test]
fn auto_reply_that_cannot_be_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for (auto_reply, field) in [
            (
                json!({"body": {"ru": "№ {{ticket.nomer}}"}}),
                json!(["input", "definition", "autoReply", "body", "ru"]),
            ),
            (
                json!({"low": {"fromMinutes": 60, "withinMinutes": 30}}),
                json!(["input", "definition", "autoReply", "low", "withinMinutes"]),
            ),
            (
                json!({"urgent": {"withinMinutes": 0}}),
                json!(["input", "definition", "autoReply", "urgent", "withinMinutes"]),
            ),
        ] {
            let definition = json!({"name": "Сайт", "channel": "API", "autoReply": auto_reply});
            let input = json!({"idempotencyKey": field.to_string(), "definition": definition});
            let payload = tell(client, "create", "Inbox", input).await?;
            assert_eq!(refusal(&payload)?, ("BAD_USER_INPUT".to_owned(), field));
        }
        app.finish().await
    })
}

#[test]
fn first_message_counts_though_an_answer_of_itself_came_before() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        prepare(client).await?;
        let (inbox, _) = inbox(client, json!({})).await?;
        let ticket = client
            .ticket("t", &json!({"subject": "Помогите", "inboxId": inbox}))
            .await?;
        answered(client, &ticket).await?;
        let said = crate::conversation::words("m1", "Не подходит пароль");
        crate::conversation::must(client, "receiveMessage", &ticket, said).await?;
        becomes(client, &ticket, "access", "MEDIUM").await?;
        // What comes later does not.
        let said = crate::conversation::words("m2", "И верните деньги");
        crate::conversation::must(client, "receiveMessage", &ticket, said).await?;
        let last = client.ticket("last", &json!({"subject": "Возврат"})).await?;
        becomes(client, &last, "payment", "HIGH").await?;
        becomes(client, &ticket, "access", "MEDIUM").await?;
        app.finish().await
    })
}
