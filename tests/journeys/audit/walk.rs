//! What tickets say now can be put together from the audit alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};
use uuid::Uuid;

use super::{entries, shows};

const STEPS: u32 = 1_000;
const TICKETS: usize = 8;
/// Fields of the API, and as the audit calls them.
const FIELDS: [(&str, &str); 7] = [
    ("subject", "subject"),
    ("priority", "priority"),
    ("status", "status"),
    ("categoryId", "category_id"),
    ("holdReason", "hold_reason"),
    ("resolutionReason", "resolution_reason"),
    ("reopenCount", "reopen_count"),
];

/// What a die with so many sides shows in a step, the same in each run.
fn roll(number: u32, die: &str, sides: usize) -> usize {
    let rolled = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{die} {number}").as_bytes()).as_u128();
    usize::try_from(rolled % sides as u128).unwrap_or_default()
}

/// One step, taken or refused.
async fn step(client: &Client, number: u32, ticket: &str) -> Result<Value> {
    let any = |words: &[&str]| words[roll(number, "word", words.len())].to_owned();
    let (mutation, more) = match roll(number, "step", 9) {
        0 => ("changeTicketSubject", json!({"subject": format!("Тема {number}")})),
        1 => {
            let priority = any(&["LOW", "MEDIUM", "HIGH", "URGENT"]);
            ("changeTicketPriority", json!({"priority": priority}))
        }
        2 => (
            "categorizeTicket",
            json!({"categoryId": any(&["access", "payment", "technical"])}),
        ),
        3 => ("startTicket", json!({})),
        4 => (
            "putTicketOnHold",
            json!({"reason": any(&["CUSTOMER", "VENDOR", "OTHER"])}),
        ),
        5 => ("resumeTicket", json!({})),
        6 => ("resolveTicket", json!({"reason": any(&["SOLVED", "DUPLICATE"])})),
        7 => ("closeTicket", json!({"reason": "SOLVED"})),
        _ => ("reopenTicket", json!({})),
    };
    client.tell(mutation, &number.to_string(), ticket, &more).await
}

#[test]
fn random_walk_is_put_together_from_the_audit_alone() -> Result<()> {
    run(async {
        let app = App::start_with(|it| api::config::Config {
            operation_limits: [("*".to_owned(), 0)].into(),
            ..it
        })
        .await?;
        let client = &app.client;
        let mut tickets = Vec::new();
        for number in 0..TICKETS {
            tickets.push(
                client
                    .ticket(&format!("t{number}"), &json!({"subject": "Начало"}))
                    .await?,
            );
        }
        let mut taken = 0;
        let mut last = Value::Null;
        for number in 0..STEPS {
            let ticket = &tickets[roll(number, "ticket", TICKETS)];
            let told = step(client, number, ticket).await?;
            if told["userErrors"] == json!([]) {
                taken += 1;
                last = told["position"].clone();
            }
        }
        ensure!(taken > STEPS / 4, "only {taken} steps were taken");
        shows(client, &last).await?;
        for ticket in &tickets {
            let mut told = entries(client, json!({"object": ticket, "types": ["ticket", "assignment"]})).await?;
            told.reverse();
            assert_eq!(fold(&told)?, now(client, ticket).await?, "ticket {ticket}");
        }
        app.finish().await
    })
}

/// What the entries leave, each of which must begin where the one before ended.
fn fold(entries: &[Value]) -> Result<BTreeMap<String, String>> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for entry in entries {
        for change in entry["changes"].as_array().context("no changes")? {
            let name = change["field"].as_str().context("no name")?;
            if !FIELDS.iter().any(|it| it.1 == name) {
                continue;
            }
            let text = |side: &str| change[side]["text"].as_str().map(str::to_owned);
            ensure!(
                fields.get(name).cloned() == text("before"),
                "{name}: {fields:?}, then {entry}"
            );
            match text("after") {
                Some(after) => fields.insert(name.to_owned(), after),
                None => fields.remove(name),
            };
        }
    }
    Ok(fields)
}

async fn now(client: &Client, ticket: &str) -> Result<BTreeMap<String, String>> {
    let seen = client.look(ticket).await?;
    let mut fields = BTreeMap::new();
    for (shown, name) in FIELDS {
        let text = match &seen[shown] {
            Value::Null => continue,
            Value::String(text) if shown == "subject" => text.clone(),
            Value::String(text) => text.to_lowercase(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
        };
        fields.insert(name.to_owned(), text);
    }
    Ok(fields)
}
