//! What differs between two moments of a ticket, in values and in words.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

use crate::{
    conversation::{contact, must, words},
    organisation::made,
};

const DIFF: &str = "query($id: ID!, $from: TicketMomentInput!, $to: TicketMomentInput) {
    ticketDiff(id: $id, from: $from, to: $to) {
        before { version asOf } after { version asOf }
        fields { field fieldId name before after beforeText afterText }
        messages { kind before after message { seq visibility body } } } }";

async fn diff(client: &Client, id: &str, from: Value, to: Value) -> Result<Value> {
    let variables = json!({"id": id, "from": from, "to": to});
    Ok(client.data(DIFF, variables).await?["ticketDiff"].take())
}

fn field<'a>(diff: &'a Value, name: &str) -> Result<&'a Value> {
    let mut fields = diff["fields"].as_array().into_iter().flatten();
    fields
        .find(|it| it["field"] == name)
        .with_context(|| format!("{name}: {diff}"))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told once")]
fn difference_is_told_in_values_and_in_words() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T08:00:00Z".parse()?);
        let app = App::start_with_at(clock.clone(), super::cut::still).await?;
        let client = &app.client;
        let mail = json!({"key": "mail", "name": {"ru": "Почта", "en": "Mail"}});
        made(client, "Category", "mail", mail).await?;
        let tag = made(client, "Tag", "vip", json!({"name": "VIP"})).await?;
        let sum = json!({"key": "sum", "label": {"ru": "Сумма", "en": "Sum"}, "appliesTo": "TICKET", "type": "NUMBER"});
        let sum = made(client, "CustomField", "sum", sum).await?;
        let maria = contact(client, "Мария").await?;
        let ticket = client
            .ticket("t", &json!({"contactId": maria, "subject": "Не приходит"}))
            .await?;
        let asked = must(client, "receiveMessage", &ticket, words("q", "Где письмо?")).await?;
        let secret = must(client, "receiveMessage", &ticket, words("s", "Мой пароль 123")).await?;
        clock.advance(TimeDelta::hours(1));
        for (mutation, more) in [
            ("categorizeTicket", json!({"categoryId": "mail"})),
            ("changeTicketPriority", json!({"priority": "HIGH"})),
            ("tagTicket", json!({"tagIds": [tag]})),
            ("setTicketField", json!({"fieldId": sum, "value": {"number": 7.5}})),
            ("resolveTicket", json!({"reason": "SOLVED", "note": "нашлось"})),
        ] {
            client.must(mutation, mutation, &ticket, &more).await?;
        }
        let answer = must(client, "postMessage", &ticket, words("a", "В спаме")).await?;
        clock.advance(TimeDelta::minutes(5));
        let id = &answer["message"]["id"];
        let edited = json!({"idempotencyKey": "e", "messageId": id, "body": "В папке «Спам»"});
        must(client, "editMessage", &ticket, edited).await?;
        let withdrawn = json!({"idempotencyKey": "w", "messageId": secret["message"]["id"], "reason": "SECRET"});
        must(client, "redactMessage", &ticket, withdrawn).await?;
        ensure!(asked["message"]["seq"] == 1);

        let all = diff(client, &ticket, json!({"asOf": "2026-11-21T08:30:00Z"}), Value::Null).await?;
        assert_eq!(all["before"]["asOf"], "2026-11-21T08:30:00+00:00");
        assert_eq!(all["after"]["asOf"], "2026-11-21T09:05:00+00:00");
        let category = field(&all, "categoryId")?;
        assert_eq!(
            (&category["before"], &category["beforeText"]),
            (&json!([]), &Value::Null)
        );
        assert_eq!(
            (&category["after"], &category["afterText"]),
            (&json!(["mail"]), &json!("Mail"))
        );
        let priority = field(&all, "priority")?;
        assert_eq!(
            (&priority["before"], &priority["after"]),
            (&json!(["MEDIUM"]), &json!(["HIGH"]))
        );
        assert_eq!(
            (&priority["name"], &priority["afterText"]),
            (&json!("Priority"), &json!("high"))
        );
        assert_eq!(field(&all, "tagIds")?["afterText"], "VIP");
        let sum = field(&all, "fields")?;
        assert_eq!((&sum["name"], &sum["after"]), (&json!("Sum"), &json!(["7.5"])));
        assert_eq!(field(&all, "resolutionNote")?["after"], json!(["нашлось"]));
        ensure!(
            field(&all, "subject").is_err() && field(&all, "assigneeId").is_err(),
            "{all}"
        );
        let told: Vec<_> = all["messages"].as_array().into_iter().flatten().collect();
        assert_eq!(told.len(), 2, "{all}");
        assert_eq!(
            (&told[0]["kind"], &told[0]["before"]),
            (&json!("REDACTED"), &Value::Null)
        );
        assert_eq!(
            (&told[1]["kind"], &told[1]["after"]),
            (&json!("ADDED"), &json!("В папке «Спам»"))
        );

        let russian = client.speaking("ru");
        let late = diff(&russian, &ticket, json!({"asOf": "2026-11-21T09:00:00Z"}), Value::Null).await?;
        assert_eq!(late["fields"], json!([]), "{late}");
        assert_eq!(late["messages"][1]["kind"], "EDITED", "{late}");
        assert_eq!(late["messages"][1]["before"], "В спаме");
        let versions = diff(&russian, &ticket, json!({"atVersion": 2}), json!({"atVersion": 3})).await?;
        assert_eq!(versions["fields"].as_array().map(Vec::len), Some(1), "{versions}");
        assert_eq!(field(&versions, "priority")?["name"], "Приоритет");
        assert_eq!(field(&versions, "priority")?["afterText"], "высокий");
        // What did not exist says nothing; all that it says since is new.
        let born = diff(
            client,
            &ticket,
            json!({"asOf": "2026-11-21T08:00:00Z"}),
            json!({"atVersion": 1}),
        )
        .await;
        ensure!(born.is_ok(), "{born:?}");
        app.finish().await
    })
}
