//! A ticket's whole way, and every refusal on it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

const AGENT: &str = "00000000-0000-4000-8000-000000000007";
const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

/// Every mutation of an existing ticket, with the least it needs.
fn mutations() -> Vec<(&'static str, Value)> {
    vec![
        ("changeTicketSubject", json!({"subject": "Другое"})),
        ("categorizeTicket", json!({"categoryId": "net"})),
        ("changeTicketPriority", json!({"priority": "URGENT"})),
        ("startTicket", json!({})),
        ("putTicketOnHold", json!({})),
        ("resumeTicket", json!({})),
        ("resolveTicket", json!({"reason": "SPAM"})),
        ("closeTicket", json!({"reason": "SPAM"})),
        ("reopenTicket", json!({})),
        ("assignTicket", json!({"agentId": AGENT})),
        ("unassignTicket", json!({})),
    ]
}

/// A mutation, what it is given, what the ticket is then, and the events it led to.
type Step = (&'static str, Value, Value, &'static [&'static str]);

fn way() -> Vec<Step> {
    beginning().into_iter().chain(end()).collect()
}

fn beginning() -> Vec<Step> {
    let customer = json!({"reason": "CUSTOMER", "until": "2099-01-01T00:00:00Z"});
    let held = json!({"status": "PENDING", "holdReason": "CUSTOMER", "holdUntil": "2099-01-01T00:00:00+00:00"});
    vec![
        (
            "categorizeTicket",
            json!({"categoryId": "net", "subcategoryId": "vpn"}),
            json!({"status": "NEW", "categoryId": "net", "subcategoryId": "vpn"}),
            &["ticket.categorized"],
        ),
        (
            "changeTicketPriority",
            json!({"priority": "URGENT", "reason": "авария"}),
            json!({"priority": "URGENT"}),
            &["ticket.prioritized"],
        ),
        (
            "changeTicketSubject",
            json!({"subject": "  VPN не работает "}),
            json!({"subject": "VPN не работает"}),
            &["ticket.subject_changed"],
        ),
        (
            "assignTicket",
            json!({"agentId": AGENT}),
            json!({"status": "OPEN"}),
            &["assignment.agent_assigned"],
        ),
        (
            "assignTicket",
            json!({"agentId": AGENT}),
            json!({"status": "OPEN"}),
            &[],
        ),
        ("startTicket", json!({}), json!({"status": "OPEN"}), &["ticket.started"]),
        ("putTicketOnHold", customer, held, &["ticket.put_on_hold"]),
        (
            "putTicketOnHold",
            json!({"reason": "VENDOR"}),
            json!({"status": "ON_HOLD", "holdReason": "VENDOR", "holdUntil": null}),
            &["ticket.put_on_hold"],
        ),
        (
            "resumeTicket",
            json!({}),
            json!({"status": "OPEN", "holdReason": null}),
            &["ticket.resumed"],
        ),
    ]
}

fn end() -> Vec<Step> {
    let unsolved = json!({"reason": "NOT_SOLVED", "note": " не вышло "});
    let resolved = json!({"status": "RESOLVED", "resolutionReason": "NOT_SOLVED", "resolutionNote": "не вышло"});
    let reopened = json!({"status": "OPEN", "reopenCount": 1, "resolutionReason": null, "resolutionNote": null,
        "resolvedAt": null});
    let duplicate = json!({"status": "CLOSED", "resolutionReason": "DUPLICATE"});
    let again = json!({"status": "OPEN", "reopenCount": 2, "closedAt": null, "resolvedAt": null});
    vec![
        ("resolveTicket", unsolved, resolved, &["ticket.resolved"]),
        ("reopenTicket", json!({}), reopened, &["ticket.reopened"]),
        (
            "unassignTicket",
            json!({"reason": "отпуск"}),
            json!({"status": "OPEN", "assignee": null}),
            &["assignment.agent_unassigned"],
        ),
        (
            "closeTicket",
            json!({"reason": "DUPLICATE"}),
            duplicate,
            &["ticket.resolved", "ticket.closed"],
        ),
        ("closeTicket", json!({}), json!({"status": "CLOSED"}), &[]),
        ("reopenTicket", json!({}), again, &["ticket.reopened"]),
        (
            "resolveTicket",
            json!({}),
            json!({"status": "RESOLVED", "resolutionReason": "SOLVED"}),
            &["ticket.resolved"],
        ),
        (
            "closeTicket",
            json!({}),
            json!({"status": "CLOSED", "resolutionReason": "SOLVED"}),
            &["ticket.closed"],
        ),
        (
            "categorizeTicket",
            json!({"categoryId": "net", "subcategoryId": "vpn"}),
            json!({"status": "CLOSED"}),
            &[],
        ),
    ]
}

#[test]
fn each_step_shows_at_once_in_ticket_and_history() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let opened = json!({"subject": "Принтер", "type": "INCIDENT", "priority": "LOW", "contactId": AGENT});
        let id = app.client.ticket("open", &opened).await?;
        let ticket = app.client.look(&id).await?;
        expect(
            &ticket,
            &json!({"subject": "Принтер", "type": "INCIDENT", "priority": "LOW", "status": "NEW",
            "number": 1, "version": 1, "categoryId": null, "assignee": null, "channel": "api", "externalId": null,
            "reopenCount": 0, "resolvedAt": null, "closedAt": null}),
        )?;
        ensure!(ticket["contact"].is_string() && ticket["openedAt"] == ticket["updatedAt"]);
        let mut events = vec!["ticket.opened"];
        for (index, (mutation, given, expected, led_to)) in way().into_iter().enumerate() {
            let payload = app.client.must(mutation, &format!("step-{index}"), &id, &given).await?;
            events.extend(led_to);
            ensure!(payload["stale"] == false, "{mutation}: {payload}");
            ensure!(payload["ticket"]["version"] == events.len(), "{mutation}: {payload}");
            let ticket = app.client.look(&id).await?;
            expect(&ticket, &expected).with_context(|| format!("step {index}, {mutation}"))?;
            history_is(&ticket, &events).with_context(|| format!("step {index}, {mutation}"))?;
        }
        let assignee = json!({"agentId": app.client.look(&id).await?["contact"]});
        let payload = app
            .client
            .tell("assignTicket", "a contact is no agent", &id, &assignee)
            .await?;
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "agentId"]));
        app.finish().await
    })
}

fn expect(ticket: &Value, expected: &Value) -> Result<()> {
    for (field, value) in expected.as_object().into_iter().flatten() {
        ensure!(ticket[field] == *value, "{field} is {}, not {value}", ticket[field]);
    }
    Ok(())
}

fn history_is(ticket: &Value, events: &[&str]) -> Result<()> {
    let history = &ticket["history"];
    ensure!(history["totalCount"] == events.len(), "{history}");
    let nodes = history["nodes"].as_array().context("no nodes")?;
    let types: Vec<&str> = nodes.iter().filter_map(|it| it["type"].as_str()).collect();
    ensure!(types == events, "{types:?} are not {events:?}");
    let positions: Vec<u64> = nodes
        .iter()
        .filter_map(|it| it["position"].as_str()?.parse().ok())
        .collect();
    ensure!(
        positions.len() == events.len() && positions.is_sorted_by(|a, b| a < b),
        "{positions:?}"
    );
    for (version, node) in (1..).zip(nodes) {
        ensure!(
            node["ticket"]["version"] == version && node["actor"] == "api_key:bootstrap",
            "{node}"
        );
    }
    let last = nodes.last().context("no history")?;
    ensure!(
        last["ticket"]["status"] == ticket["status"] && last["at"] == ticket["updatedAt"],
        "{ticket}"
    );
    Ok(())
}

#[test]
fn ids_that_a_payload_gave_are_taken_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let first = app
            .client
            .must("assignTicket", "1", &id, &json!({"agentId": AGENT}))
            .await?;
        let same = json!({"agentId": first["ticket"]["assignee"]});
        let second = app.client.must("assignTicket", "2", &id, &same).await?;
        assert_eq!(second["ticket"]["version"], 2);
        assert_eq!(second["position"], first["position"]);
        app.finish().await
    })
}

#[test]
fn unknown_ticket_is_not_found_by_any_mutation() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (mutation, more) in mutations() {
            let payload = app.client.tell(mutation, "k", NOBODY, &more).await?;
            assert_eq!(payload["ticket"], json!(null), "{mutation}");
            assert_eq!(payload["position"], json!(null), "{mutation}");
            let expected = json!([{"code": "NOT_FOUND", "message": "there is no such ticket",
                "field": ["input", "ticketId"]}]);
            assert_eq!(payload["userErrors"], expected, "{mutation}");
        }
        assert_eq!(app.client.look(NOBODY).await?, json!(null));
        let by_number = app
            .client
            .data("{ ticketByNumber(number: 404) { id } }", json!({}))
            .await?;
        assert_eq!(by_number, json!({"ticketByNumber": null}));
        let malformed = app.client.error("{ ticket(id: \"не id\") { id } }", json!({})).await?;
        assert_eq!(malformed, ("BAD_USER_INPUT".to_owned(), json!(["id"])));
        app.finish().await
    })
}

/// What leads to the state, the mutation that is refused in it, its input, and the refusal.
type Refused = (
    &'static [(&'static str, &'static str)],
    &'static str,
    Value,
    &'static str,
    &'static str,
    &'static str,
);

fn refusals() -> Vec<Refused> {
    const CLOSED: &[(&str, &str)] = &[("closeTicket", r#"{"reason": "SOLVED"}"#)];
    const RESOLVED: &[(&str, &str)] = &[("resolveTicket", "{}")];
    const HELD: &[(&str, &str)] = &[("putTicketOnHold", "{}")];
    const OPEN: &[(&str, &str)] = &[("startTicket", "{}")];
    let mut refusals: Vec<Refused> = Vec::new();
    for (mutation, given) in mutations() {
        if !matches!(mutation, "closeTicket" | "reopenTicket") {
            refusals.push((
                CLOSED,
                mutation,
                given.clone(),
                "CLOSED",
                "the ticket is closed: reopen it first",
                "заявка закрыта: сначала откройте её снова",
            ));
        }
        if matches!(
            mutation,
            "startTicket" | "putTicketOnHold" | "resumeTicket" | "resolveTicket"
        ) {
            refusals.push((
                RESOLVED,
                mutation,
                given,
                "RESOLVED",
                "the ticket is resolved: reopen it first",
                "заявка решена: сначала откройте её снова",
            ));
        }
    }
    let past = json!({"until": "2001-01-01T00:00:00Z"});
    refusals.push((
        HELD,
        "startTicket",
        json!({}),
        "ON_HOLD",
        "the ticket is on hold: resume it first",
        "заявка отложена: сначала возобновите её",
    ));
    refusals.push((
        OPEN,
        "putTicketOnHold",
        past,
        "HOLD_ENDS_IN_PAST",
        "the hold would end in the past: give a later instant, or none",
        "срок ожидания уже прошёл: укажите более поздний или не указывайте",
    ));
    for before in [&[][..], OPEN, HELD] {
        refusals.push((
            before,
            "closeTicket",
            json!({}),
            "RESOLUTION_MISSING",
            "the ticket is not resolved: resolve it first, or close it with a reason",
            "заявка не решена: сначала решите её или закройте с указанием причины",
        ));
    }
    refusals
}

#[test]
fn broken_rule_is_told_in_the_callers_language_and_changes_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (index, (before, mutation, given, code, english, russian)) in refusals().into_iter().enumerate() {
            let id = app.client.ticket(&format!("ticket-{index}"), &json!({})).await?;
            for (step, input) in before {
                app.client
                    .must(step, "before", &id, &serde_json::from_str(input)?)
                    .await?;
            }
            let ticket = app.client.look(&id).await?;
            for (language, message) in [("en", english), ("ru-RU, en;q=0.5", russian)] {
                let payload = app
                    .client
                    .speaking(language)
                    .tell(mutation, "refused", &id, &given)
                    .await?;
                let field = match code {
                    "HOLD_ENDS_IN_PAST" => json!(["input", "until"]),
                    "RESOLUTION_MISSING" => json!(["input", "reason"]),
                    _ => Value::Null,
                };
                let expected = json!([{"code": code, "message": message, "field": field}]);
                ensure!(
                    payload["userErrors"] == expected,
                    "{mutation} after {before:?}: {payload}"
                );
                ensure!(payload["ticket"]["version"] == ticket["version"], "{payload}");
                ensure!(payload["position"].is_null(), "{payload}");
            }
            ensure!(
                app.client.look(&id).await? == ticket,
                "{mutation} has changed something"
            );
        }
        app.finish().await
    })
}

fn malformed() -> Vec<(&'static str, Value, &'static str)> {
    let long = "ж".repeat(301);
    let note = "ж".repeat(2001);
    vec![
        ("openTicket", json!({"subject": " \t "}), "subject"),
        ("openTicket", json!({"subject": long}), "subject"),
        ("openTicket", json!({"subject": "две\nстроки"}), "subject"),
        (
            "openTicket",
            json!({"subject": "x", "categoryId": "a\tb"}),
            "categoryId",
        ),
        ("openTicket", json!({"subject": "x", "categoryId": ""}), "categoryId"),
        (
            "openTicket",
            json!({"subject": "x", "subcategoryId": "a"}),
            "subcategoryId",
        ),
        (
            "openTicket",
            json!({"subject": "x", "contactId": "Иванов"}),
            "contactId",
        ),
        (
            "openTicket",
            json!({"subject": "x", "idempotencyKey": " "}),
            "idempotencyKey",
        ),
        (
            "openTicket",
            json!({"subject": "x", "idempotencyKey": "x".repeat(201)}),
            "idempotencyKey",
        ),
        ("changeTicketSubject", json!({"subject": long}), "subject"),
        ("categorizeTicket", json!({"categoryId": "x".repeat(101)}), "categoryId"),
        ("categorizeTicket", json!({"subcategoryId": "b"}), "subcategoryId"),
        (
            "changeTicketPriority",
            json!({"priority": "LOW", "reason": note}),
            "reason",
        ),
        ("resolveTicket", json!({"note": note}), "note"),
        ("resolveTicket", json!({"note": "a\u{0}b"}), "note"),
        ("assignTicket", json!({"agentId": "me"}), "agentId"),
        ("startTicket", json!({"ticketId": "17"}), "ticketId"),
        ("startTicket", json!({"expectedVersion": -1}), "expectedVersion"),
    ]
}

#[test]
fn malformed_value_is_refused_with_its_field_in_both_languages() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        for (mutation, more, field) in malformed() {
            let mut input = json!({"idempotencyKey": "bad"});
            if mutation != "openTicket" {
                input["ticketId"] = json!(id);
            }
            for (name, value) in more.as_object().into_iter().flatten() {
                input[name] = value.clone();
            }
            for (language, word) in [("en", "accepted"), ("ru", "принимается")] {
                let payload = app.client.speaking(language).mutate(mutation, input.clone()).await?;
                let error = &payload["userErrors"][0];
                ensure!(error["code"] == "BAD_USER_INPUT", "{mutation} {more}: {payload}");
                ensure!(
                    error["field"] == json!(["input", field]),
                    "{mutation} {more}: {payload}"
                );
                let message = error["message"].as_str().unwrap_or_default();
                ensure!(
                    message.contains(word) && message.starts_with(field),
                    "{mutation} {more}: {message}"
                );
                ensure!(message.chars().count() < 400, "{message}");
            }
        }
        assert_eq!(app.client.count(&json!({})).await?, 1);
        assert_eq!(app.client.look(&id).await?["version"], 1);
        app.finish().await
    })
}

#[test]
fn subject_has_up_to_300_characters_whatever_the_alphabet() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for subject in ["я".to_owned(), "ж".repeat(300), "🙂".repeat(300)] {
            let payload = app
                .client
                .open(&format!("{} {subject:.1}", subject.len()), &subject)
                .await?;
            assert_eq!(payload["ticket"]["subject"], json!(subject));
        }
        app.finish().await
    })
}

#[test]
fn request_that_does_not_fit_the_schema_is_bad_input() -> Result<()> {
    async fn code(client: &Client, query: &str) -> Result<String> {
        Ok(client.error(query, json!({})).await?.0)
    }
    run(async {
        let app = App::start().await?;
        for query in [
            "mutation { startTicket(input: {idempotencyKey: \"k\"}) { stale } }",
            "mutation { changeTicketPriority(input: {idempotencyKey: \"k\", ticketId: \"1\", priority: PINK}) { stale } }",
            "mutation { flyTicket { stale } }",
            "{ ticket(id: ",
        ] {
            assert_eq!(code(&app.client, query).await?, "BAD_USER_INPUT", "{query}");
        }
        app.finish().await
    })
}
