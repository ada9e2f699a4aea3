//! What customers do: by a key of their own, and by a tracking link.

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{must, refused};

const CUSTOMER: &str = "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f";
const TRACKED: &str = "number subject status statusLabel history { status at } etaIs: eta closedAt";

async fn tracked(client: &Client, token: &str) -> Result<Value> {
    let query = format!("query($t: String!) {{ trackedTicket(token: $t) {{ {TRACKED} }} }}");
    Ok(client.anonymous().data(&query, json!({"t": token})).await?["trackedTicket"].take())
}

async fn say(client: &Client, mutation: &str, key: &str, token: &str) -> Result<Value> {
    let query = format!(
        "mutation($i: TrackedTicketInput!) {{ it: {mutation}(input: $i) {{ ticket {{ {TRACKED} }} userErrors {{ code field }} }} }}"
    );
    let input = json!({"idempotencyKey": key, "token": token});
    Ok(client.anonymous().data(&query, json!({"i": input})).await?["it"].take())
}

async fn issue(client: &Client, id: &str, key: &str, more: Value) -> Result<String> {
    let query = "mutation($i: IssueTrackingLinkInput!) { issueTrackingLink(input: $i) {
        token position userErrors { code } ticket { trackedUntil } } }";
    let mut input = json!({"idempotencyKey": key, "ticketId": id});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let issued = client.data(query, json!({"i": input})).await?["issueTrackingLink"].take();
    client.has_seen(&issued["position"]);
    Ok(issued["token"].as_str().with_context(|| issued.to_string())?.to_owned())
}

#[test]
fn customer_confirms_rejects_and_closes_their_own_ticket_and_nothing_else() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = &app.client;
        let query = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
        let scope = json!({"kind": "CONTACT", "id": CUSTOMER});
        let input = json!({"idempotencyKey": "k", "name": "k", "permissions": ["tickets:read", "tickets:write"], "scope": scope});
        let issued = boss.data(query, json!({"i": input})).await?;
        let customer = boss.with_key(issued["issueApiKey"]["secret"].as_str().context("no secret")?);
        let own = boss.ticket("own", &json!({"contactId": CUSTOMER})).await?;
        let other = boss.ticket("other", &json!({})).await?;
        boss.must("resolveTicket", "r", &own, &json!({})).await?;
        let rejected = must(&customer, "rejectResolution", &own, json!({})).await?;
        assert_eq!(
            (&rejected["status"], &rejected["reopenCount"]),
            (&json!("OPEN"), &json!(1))
        );
        boss.must("resolveTicket", "r2", &own, &json!({})).await?;
        let confirmed = must(&customer, "confirmResolution", &own, json!({})).await?;
        assert_eq!(confirmed["resolutionVerdict"], "CONFIRMED");
        let forbidden = async |mutation: &str, id: &str, more: &Value| {
            let told = customer.tell(mutation, mutation, id, more).await;
            told.is_err_and(|it| it.to_string().contains("FORBIDDEN"))
        };
        for (mutation, more) in [
            ("resolveTicket", json!({})),
            ("snoozeTicket", json!({"untilReply": true})),
            ("changeTicketSubject", json!({"subject": "x"})),
            ("mergeTickets", json!({"intoId": other})),
            ("archiveTicket", json!({})),
            ("issueTrackingLink", json!({})),
            ("reopenTicket", json!({})),
        ] {
            ensure!(forbidden(mutation, &own, &more).await, "customers may not {mutation}");
        }
        ensure!(forbidden("closeTicket", &other, &json!({})).await, "not their own");
        let fresh = boss.ticket("fresh", &json!({"contactId": CUSTOMER})).await?;
        // They need give no reason.
        let closed = must(&customer, "closeTicket", &fresh, json!({})).await?;
        assert_eq!(closed["status"], "CLOSED");
        app.finish().await
    })
}

#[test]
fn tracking_link_shows_the_ticket_until_it_is_revoked_replaced_or_has_run_out() -> Result<()> {
    run(async {
        let noon: DateTime<Utc> = "2026-03-02T12:00:00Z".parse()?;
        let clock = Clock::manual(noon);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let id = client.ticket("t", &json!({})).await?;
        let token = issue(client, &id, "i", json!({})).await?;
        assert_eq!(
            issue(client, &id, "i", json!({})).await?,
            token,
            "the same request, the same token"
        );
        client.must("startTicket", "s", &id, &json!({})).await?;
        client.must("resolveTicket", "r", &id, &json!({})).await?;
        client.look(&id).await?;
        let seen = tracked(client, &token).await?;
        assert_eq!(
            (&seen["subject"], &seen["status"]),
            (&json!("Заявка t"), &json!("RESOLVED"))
        );
        let steps: Vec<&Value> = seen["history"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| &it["status"])
            .collect();
        assert_eq!(steps, ["NEW", "OPEN", "RESOLVED"]);
        let rejected = say(client, "rejectTrackedResolution", "x", &token).await?;
        assert_eq!(rejected["ticket"]["status"], "OPEN");
        let twice = say(client, "rejectTrackedResolution", "x", &token).await?;
        assert_eq!(twice["ticket"]["history"], rejected["ticket"]["history"]);
        let early = say(client, "confirmTrackedResolution", "x", &token).await?;
        assert_eq!(early["userErrors"][0]["code"], "NOT_RESOLVED");
        let closed = say(client, "closeTrackedTicket", "x", &token).await?;
        assert_eq!(closed["ticket"]["status"], "CLOSED");
        for bad in ["", "ltt_", "ltt_AAAA", &token[..token.len() - 1], &format!("{token}A")] {
            assert_eq!(tracked(client, bad).await?, Value::Null, "{bad}");
        }
        let second = issue(
            client,
            &id,
            "j",
            json!({"expiresAt": (noon + TimeDelta::hours(1)).to_rfc3339()}),
        )
        .await?;
        assert_eq!(tracked(client, &token).await?, Value::Null, "another one replaces it");
        ensure!(tracked(client, &second).await?.is_object(), "the new one counts");
        clock.advance(TimeDelta::hours(1));
        assert_eq!(tracked(client, &second).await?, Value::Null, "it has run out");
        let third = issue(client, &id, "k", json!({})).await?;
        ensure!(tracked(client, &third).await?.is_object(), "the third counts");
        must(client, "revokeTrackingLink", &id, json!({})).await?;
        assert_eq!(tracked(client, &third).await?, Value::Null, "it was revoked");
        let lost = say(client, "closeTrackedTicket", "y", &third).await?;
        assert_eq!(lost["userErrors"][0]["code"], "LINK_INVALID");
        for (more, code) in [
            (json!({"expiresAt": noon.to_rfc3339()}), "TRACKING_ENDS_IN_PAST"),
            (json!({"expiresAt": "2030-01-01T00:00:00Z"}), "TRACKING_TOO_LONG"),
        ] {
            assert_eq!(refused(client, "issueTrackingLink", &id, more).await?.0, code);
        }
        let stranger = client
            .anonymous()
            .respond("{ tickets(first: 1) { nodes { id } } }", json!({}))
            .await?;
        assert_eq!(stranger["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        app.finish().await
    })
}

#[test]
fn customer_reads_and_answers_by_the_link_also_when_their_ticket_was_merged() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = crate::conversation::contact(client, "Мария").await?;
        let id = client.ticket("t", &json!({"contactId": maria})).await?;
        let token = issue(client, &id, "i", json!({})).await?;
        let must_say = async |mutation: &str, id: &str, name: &str| {
            let said = json!({"clientMessageId": name, "body": name});
            crate::conversation::must(client, mutation, id, said).await
        };
        must_say("addNote", &id, "note").await?;
        must_say("postMessage", &id, "question").await?;
        must(client, "putTicketOnHold", &id, json!({"reason": "CUSTOMER"})).await?;
        let query = "mutation($i: AnswerTrackedTicketInput!) { it: answerTrackedTicket(input: $i) {
            ticket { number status messages { body bodyHtml author { kind name } } } userErrors { code field } } }";
        let stranger = client.anonymous();
        let answer = async |key: &str, token: &str, body: &str| {
            let input = json!({"idempotencyKey": key, "token": token, "body": body});
            Ok::<_, anyhow::Error>(stranger.data(query, json!({"i": input})).await?["it"].take())
        };
        let told = answer("a", &token, "**answer**").await?;
        assert_eq!(told["ticket"]["status"], "OPEN", "{told}");
        let said = told["ticket"]["messages"].as_array().context("no messages")?;
        assert_eq!(said.len(), 2, "no note, nothing twice: {told}");
        assert_eq!(said[1]["bodyHtml"], "<p><strong>answer</strong></p>\n");
        assert_eq!(
            (&said[0]["author"]["kind"], &said[1]["author"]["kind"]),
            (&json!("PROGRAM"), &json!("CUSTOMER"))
        );
        assert_eq!(
            answer("a", &token, "**answer**").await?["ticket"]["messages"],
            told["ticket"]["messages"]
        );
        assert_eq!(
            answer("b", &token, " ").await?["userErrors"],
            json!([{"code": "BAD_USER_INPUT", "field": ["input", "body"]}])
        );
        let wrong = answer("c", "wrong", "x").await?;
        assert_eq!(
            (&wrong["ticket"], &wrong["userErrors"][0]["code"]),
            (&Value::Null, &json!("LINK_INVALID"))
        );
        let other = client.ticket("o", &json!({"contactId": maria})).await?;
        must(client, "mergeTickets", &id, json!({"intoId": other})).await?;
        must_say("postMessage", &other, "solved").await?;
        must(client, "resolveTicket", &other, json!({"reason": "SOLVED"})).await?;
        let told = answer("d", &token, "thanks").await?;
        assert_eq!(
            (&told["ticket"]["number"], &told["ticket"]["status"]),
            (&json!(2), &json!("OPEN"))
        );
        let bodies: Vec<_> = told["ticket"]["messages"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| &it["body"])
            .collect();
        assert_eq!(bodies, ["question", "**answer**", "solved", "thanks"]);
        app.finish().await
    })
}
