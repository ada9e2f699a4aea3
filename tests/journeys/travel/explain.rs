//! Why a ticket has what it has: from the events that decided it.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

use crate::{
    classify::{becomes, prepare},
    people::{agent, set_up},
};

const EXPLAIN: &str = "explain { about value sentence by version score rules { name points } actor at position }";

async fn explained(client: &Client, ticket: &str, argument: &str) -> Result<Vec<Value>> {
    let query = format!("query($id: ID!) {{ ticket(id: $id{argument}) {{ {EXPLAIN} }} }}");
    let mut answer = client.data(&query, json!({"id": ticket})).await?;
    let all = answer["ticket"]["explain"].take();
    Ok(all.as_array().context(answer.to_string())?.clone())
}

fn about<'a>(all: &'a [Value], what: &str) -> Result<&'a Value> {
    all.iter()
        .find(|it| it["about"] == what)
        .with_context(|| format!("{what}: {all:?}"))
}

#[test]
fn each_decision_is_explained_by_its_event() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T08:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let boss = client.with_key(&set_up(&app).await?.access);
        let anna = agent(&app, &boss, "anna@example.com").await?;
        prepare(client).await?;
        let ticket = client
            .ticket(
                "t",
                &json!({"subject": "Когда вернёте деньги? Нужен возврат", "type": "INCIDENT"}),
            )
            .await?;
        becomes(client, &ticket, "payment", "URGENT").await?;
        let by_rules = explained(client, &ticket, "").await?;
        let priority = about(&by_rules, "PRIORITY")?;
        assert_eq!(
            (&priority["by"], &priority["value"]),
            (&json!("rule"), &json!("urgent"))
        );
        assert_eq!((&priority["version"], &priority["score"]), (&json!(1), &json!(55)));
        assert_eq!(priority["rules"][0], json!({"name": "Payment matters", "points": 25}));
        ensure!(
            priority["sentence"]
                .as_str()
                .is_some_and(|it| it.starts_with("The priority is urgent. By version 1")),
            "{priority}"
        );
        let category = about(&by_rules, "CATEGORY")?;
        ensure!(
            category["sentence"]
                .as_str()
                .is_some_and(|it| it.starts_with("The category is \"Payment\". ")),
            "{category}"
        );
        ensure!(about(&by_rules, "ASSIGNEE").is_err(), "{by_rules:?}");

        clock.advance(TimeDelta::minutes(8));
        boss.must(
            "changeTicketPriority",
            "p",
            &ticket,
            &json!({"priority": "LOW", "reason": "клиент не спешит"}),
        )
        .await?;
        boss.must("assignTicket", "a", &ticket, &json!({"agentId": anna.user}))
            .await?;
        let russian = explained(&boss.speaking("ru"), &ticket, "").await?;
        assert_eq!(
            about(&russian, "PRIORITY")?["sentence"],
            "Приоритет низкий. Выбрал сотрудник: клиент не спешит"
        );
        assert_eq!(
            about(&russian, "ASSIGNEE")?["sentence"],
            "Исполнитель anna@example.com: назначает Начальник"
        );
        assert_eq!(about(&russian, "ASSIGNEE")?["value"], json!(anna.user));
        assert_eq!(about(&russian, "PRIORITY")?["at"], "2026-11-21T08:08:00+00:00");
        boss.must("unassignTicket", "u", &ticket, &json!({"reason": "отпуск"}))
            .await?;
        let now = explained(&boss, &ticket, "").await?;
        assert_eq!(
            about(&now, "ASSIGNEE")?["sentence"],
            "Nobody owns it: taken off by Начальник: отпуск"
        );
        // The past is explained by what had been decided then.
        let then = explained(client, &ticket, ", asOf: \"2026-11-21T08:05:00Z\"").await?;
        assert_eq!(then, by_rules);
        let first = explained(client, &ticket, ", atVersion: 1").await?;
        assert_eq!(first.len(), 1, "{first:?}");
        assert_eq!(
            about(&first, "PRIORITY")?["sentence"],
            "The priority is medium. The usual one of new tickets: nobody chose it"
        );
        app.finish().await
    })
}
