//! The past is for those who may see the ticket now, and shows nothing that they could not read today.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::at;
use crate::{
    conversation::{contact, must, words},
    erasure::forget_one,
    organisation::made,
    people::{agent, set_up},
};

const EIGHT: &str = "2026-03-21T08:00:00Z";

async fn granted(app: &App, boss: &Client, name: &str, scope: Value, role: &str) -> Result<Client> {
    let pass = agent(app, boss, name).await?;
    let query = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
    let input = json!({"idempotencyKey": name, "userId": pass.user, "role": role, "scope": scope});
    let told = boss.data(query, json!({"i": input})).await?;
    ensure!(told["grantRole"]["userErrors"] == json!([]), "{told}");
    Ok(app.client.with_key(&pass.access))
}

#[test]
fn past_is_seen_by_those_who_see_the_ticket_now() -> Result<()> {
    run(async {
        let clock = Clock::manual(EIGHT.parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let boss = client.with_key(&set_up(&app).await?.access);
        let mut branches = Vec::new();
        for name in ["Казань", "Астана"] {
            let definition = json!({"name": name, "timeZone": "Europe/Moscow"});
            branches.push(made(&boss, "Branch", name, definition).await?);
        }
        let scope = |branch: &str| json!({"kind": "BRANCH", "id": branch});
        let anna = granted(&app, &boss, "anna@example.com", scope(&branches[0]), "agent").await?;
        let boris = granted(&app, &boss, "boris@example.com", scope(&branches[1]), "agent").await?;
        let maria = contact(client, "Мария").await?;
        let ticket = client
            .ticket("t", &json!({"branchId": branches[0], "contactId": maria}))
            .await?;
        must(client, "receiveMessage", &ticket, words("q", "Где письмо?")).await?;
        must(client, "addNote", &ticket, words("n", "Проверить почту")).await?;
        clock.advance(TimeDelta::minutes(5));
        client
            .must("moveTicket", "m", &ticket, &json!({"branchId": branches[1]}))
            .await?;

        let fields = "branch { name } resolutionNote priorityReason explain { about }
            messages(first: 9) { totalCount nodes { visibility body editableUntil } }";
        let then = at(&boris, &ticket, EIGHT, fields).await?;
        assert_eq!(then["branch"]["name"], "Казань", "its place was another");
        assert_eq!(then["messages"]["totalCount"], 2);
        ensure!(
            at(&anna, &ticket, EIGHT, fields).await?.is_null(),
            "it belongs elsewhere now"
        );
        let list = format!(
            "{{ tickets(first: 9, asOf: \"{EIGHT}\") {{ totalCount nodes {{ branch {{ name }} }} }}
            ticketStatistics(asOf: \"{EIGHT}\") {{ total }} }}"
        );
        for (who, count) in [(&anna, 0), (&boris, 1), (&boss, 1)] {
            let list = who.data(&list, json!({})).await?;
            assert_eq!(list["tickets"]["totalCount"], count, "{list}");
            assert_eq!(list["ticketStatistics"]["total"], count, "{list}");
        }
        let diff =
            "query($id: ID!) { ticketDiff(id: $id, from: {atVersion: 1}, to: {atVersion: 2}) { fields { field } } }";
        ensure!(anna.data(diff, json!({"id": ticket})).await?["ticketDiff"].is_null());
        ensure!(boris.data(diff, json!({"id": ticket})).await?["ticketDiff"]["fields"][0]["field"] == "branchId");

        // Whoever reads what concerns one customer sees no notes and no reasons, in the past either.
        let key = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
        let input = json!({"idempotencyKey": "k", "name": "k", "permissions": ["tickets:read"],
            "scope": {"kind": "CONTACT", "id": maria}});
        let told = boss.data(key, json!({"i": input})).await?;
        let secret = told["issueApiKey"]["secret"].as_str().context(told.to_string())?;
        let customer = client.with_key(secret);
        let then = at(
            &customer,
            &ticket,
            EIGHT,
            "resolutionNote priorityReason explain { about } messages(first: 9) { totalCount nodes { visibility } }",
        )
        .await?;
        assert_eq!(then["messages"]["totalCount"], 1, "{then}");
        assert_eq!((&then["explain"], &then["priorityReason"]), (&json!([]), &Value::Null));
        let (code, _) = customer
            .error(
                &format!("{{ contact(id: \"{maria}\", asOf: \"{EIGHT}\") {{ name }} }}"),
                json!({}),
            )
            .await?;
        assert_eq!(code, "FORBIDDEN");
        app.finish().await
    })
}

#[test]
fn what_was_erased_or_withdrawn_stays_so_in_the_past() -> Result<()> {
    run(async {
        let clock = Clock::manual(EIGHT.parse()?);
        let app = App::start_with_at(clock.clone(), super::cut::still).await?;
        let client = &app.client;
        let field =
            json!({"key": "order", "label": {"en": "Order"}, "appliesTo": "TICKET", "type": "TEXT", "maxLength": 50});
        let field = made(client, "CustomField", "order", field).await?;
        let maria = contact(client, "Мария").await?;
        let olga = contact(client, "Ольга").await?;
        let ticket = client
            .ticket("t", &json!({"contactId": maria, "subject": "Тайна"}))
            .await?;
        let other = client
            .ticket("o", &json!({"contactId": olga, "subject": "Другое"}))
            .await?;
        client
            .must(
                "setTicketField",
                "f",
                &ticket,
                &json!({"fieldId": field, "value": {"text": "Тайный номер"}}),
            )
            .await?;
        must(client, "receiveMessage", &ticket, words("q", "Тайные слова")).await?;
        let said = must(client, "receiveMessage", &other, words("q", "Пароль 123")).await?;
        clock.advance(TimeDelta::minutes(5));
        let withdrawn = json!({"idempotencyKey": "w", "messageId": said["message"]["id"], "reason": "SECRET"});
        must(client, "redactMessage", &other, withdrawn).await?;
        let fields =
            "subject fields { text } contact { name erased } messages(first: 9) { nodes { body bodyHtml redactedAt } }
            history(first: 9) { nodes { ticket { subject fields { text } } } }";
        let before = at(client, &other, EIGHT, fields).await?;
        assert_eq!(before["messages"]["nodes"][0]["body"], Value::Null, "{before}");
        assert_eq!(
            before["messages"]["nodes"][0]["redactedAt"],
            "2026-03-21T08:05:00+00:00"
        );
        let whole = at(client, &ticket, EIGHT, fields).await?;
        assert_eq!(
            (&whole["subject"], &whole["contact"]["name"]),
            (&json!("Тайна"), &json!("Мария"))
        );

        let app = app.restart_with(super::cut::still).await?;
        forget_one(&app, "--contact", &maria).await?;
        let client = &app.client;
        let gone = async || {
            let then = at(client, &ticket, EIGHT, fields).await;
            then.is_ok_and(|it| it["contact"]["erased"] == true)
        };
        tests::poll("she is not forgotten", gone).await?;
        let then = at(client, &ticket, EIGHT, fields).await?;
        ensure!(
            !then.to_string().contains("Тайн") && !then.to_string().contains("Мария"),
            "{then}"
        );
        assert_eq!((&then["subject"], &then["fields"]), (&Value::Null, &json!([])));
        let list = format!(
            "{{ tickets(first: 9, asOf: \"{EIGHT}\") {{ nodes {{ subject fields {{ text }} }} }}
            contact(id: \"{maria}\", asOf: \"{EIGHT}\") {{ name erased }} }}"
        );
        let list = client.data(&list, json!({})).await?;
        ensure!(
            !list.to_string().contains("Тайн") && list.to_string().contains("Другое"),
            "{list}"
        );
        assert_eq!(list["contact"], json!({"name": null, "erased": true}));
        let diff = "query($id: ID!) { ticketDiff(id: $id, from: {atVersion: 1}) {
            fields { after afterText } messages { before after } } }";
        let diff = client.data(diff, json!({"id": ticket})).await?;
        ensure!(!diff.to_string().contains("Тайн"), "{diff}");
        app.finish().await
    })
}
