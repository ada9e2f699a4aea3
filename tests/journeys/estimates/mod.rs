//! When tickets are expected to be resolved, by how long it took with others, and how often that held.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};
use tests::{App, Client, poll, run};

const HONESTY: &str = "query($c: String, $from: DateTime) { estimateHonesty(categoryId: $c, from: $from) {
    resolved estimated firstHeld lastHeld firstShare lastShare } }";
const ESTIMATE: &str = "query($id: ID!) { ticket(id: $id) { eta estimate {
    eta firstEta estimates p50Seconds promisedSeconds p90Seconds quantile cases basis } } }";

async fn honesty(client: &Client, category: Option<&str>) -> Result<Value> {
    let variables = json!({"c": category, "from": "2026-01-01T00:00:00Z"});
    Ok(client.data(HONESTY, variables).await?["estimateHonesty"].take())
}

/// Thirty tickets of a category, resolved after 1 to 30 minutes.
async fn history(client: &Client, clock: &Clock) -> Result<()> {
    for minutes in 1..=30 {
        let key = format!("past {minutes}");
        let ticket = client.ticket(&key, &json!({"categoryId": "mail"})).await?;
        clock.advance(TimeDelta::minutes(minutes));
        client
            .must("resolveTicket", &key, &ticket, &json!({"reason": "SOLVED"}))
            .await?;
    }
    let known = async || honesty(client, None).await.is_ok_and(|it| it["resolved"] == 30);
    poll("the past does not show", known).await
}

async fn estimated(client: &Client, ticket: &str, eta: &str) -> Result<Value> {
    let estimate = async || client.data(ESTIMATE, json!({"id": ticket})).await;
    let done = async || {
        estimate()
            .await
            .is_ok_and(|it| it["ticket"]["estimate"]["eta"] == eta && it["ticket"]["eta"] == eta)
    };
    let waited = poll("the ticket is not estimated", done).await;
    let found = estimate().await?["ticket"]["estimate"].take();
    waited.with_context(|| format!("{found}, and not {eta}"))?;
    Ok(found)
}

#[test]
fn new_ticket_is_estimated_by_the_past_and_the_estimate_is_measured() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-20T00:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let early = client.ticket("early", &json!({"categoryId": "mail"})).await?;
        history(client, &clock).await?;
        let none = client.data(ESTIMATE, json!({"id": early})).await?;
        assert_eq!(
            none["ticket"]["estimate"],
            Value::Null,
            "nothing is said of what nobody can know"
        );
        // 465 minutes later; four of five were resolved within 24 minutes.
        let mail = client.ticket("mail", &json!({"categoryId": "mail"})).await?;
        let found = estimated(client, &mail, "2026-11-20T08:09:00+00:00").await?;
        assert_eq!(
            (
                &found["p50Seconds"],
                &found["promisedSeconds"],
                &found["p90Seconds"],
                &found["cases"]
            ),
            (&json!(900), &json!(1440), &json!(1620), &json!(30))
        );
        assert_eq!(
            found["basis"],
            "80 % of 30 tickets of category \"mail\", of medium priority, were resolved within that time"
        );
        // Of another category and priority nothing is known: all tickets count.
        let vpn = client
            .ticket("vpn", &json!({"categoryId": "vpn", "priority": "HIGH"}))
            .await?;
        let coarse = estimated(client, &vpn, "2026-11-20T08:09:00+00:00").await?;
        assert_eq!(
            coarse["basis"],
            "80 % of 30 tickets of any category, of any priority, were resolved within that time"
        );
        shown_by_link(&app, &clock, &mail, &vpn).await?;
        measured(client, (&mail, &vpn)).await?;
        let app = looked_at_again(app).await?;
        let again = app.client.data(ESTIMATE, json!({"id": mail})).await?;
        assert_eq!(again["ticket"]["estimate"]["estimates"], 2);
        app.finish().await
    })
}

/// Everything is looked at again, as when the place of the process is lost.
async fn looked_at_again(app: App) -> Result<App> {
    let (data, database_url) = app.stop().await?;
    let pool = PgPool::connect(&database_url).await?;
    pool.execute("DELETE FROM ops.process_cursor").await?;
    pool.close().await;
    let app = App::start_on(data, database_url).await?;
    let last = app.client.ticket("last", &json!({"categoryId": "mail"})).await?;
    let done = async || {
        let found = app.client.data(ESTIMATE, json!({"id": last})).await;
        found.is_ok_and(|it| it["ticket"]["estimate"]["estimates"] == 1)
    };
    poll("the process does not go on", done).await?;
    Ok(app)
}

/// The customer sees it by the link, and the first of two tickets is resolved in time.
async fn shown_by_link(app: &App, clock: &Clock, mail: &str, vpn: &str) -> Result<()> {
    let issue = "mutation($i: IssueTrackingLinkInput!) { issueTrackingLink(input: $i) { token } }";
    let input = json!({"i": {"idempotencyKey": "l", "ticketId": vpn}});
    let link = app.client.data(issue, input).await?;
    let variables = json!({"t": link["issueTrackingLink"]["token"]});
    let customer = app.client.anonymous();
    let tracked = async || {
        let query = "query($t: String!) { trackedTicket(token: $t) { eta estimate } }";
        anyhow::Ok(customer.data(query, variables.clone()).await?["trackedTicket"].take())
    };
    let expected =
        json!({"eta": "2026-11-20T08:09:00+00:00", "estimate": "most likely solved by 2026-11-20 08:09 UTC"});
    assert_eq!(tracked().await?, expected);
    clock.advance(TimeDelta::minutes(20));
    app.client
        .must("resolveTicket", "held", mail, &json!({"reason": "SOLVED"}))
        .await?;
    clock.advance(TimeDelta::minutes(20));
    assert_eq!(
        tracked().await?["estimate"],
        "it takes longer than usual",
        "nobody promises the past"
    );
    Ok(())
}

/// What is promised anew counts from now on when the ticket has outlasted the others, and what was promised is measured.
async fn measured(client: &Client, (mail, vpn): (&str, &str)) -> Result<()> {
    let resolved = async |count: i64| {
        let done = async || honesty(client, None).await.is_ok_and(|it| it["resolved"] == count);
        poll("the resolutions do not show", done).await
    };
    resolved(31).await?;
    client
        .must("changeTicketPriority", "p", vpn, &json!({"priority": "URGENT"}))
        .await?;
    let anew = estimated(client, vpn, "2026-11-20T08:49:00+00:00").await?;
    assert_eq!(
        (&anew["firstEta"], &anew["estimates"], &anew["cases"]),
        (&json!("2026-11-20T08:09:00+00:00"), &json!(2), &json!(31))
    );
    client
        .must("resolveTicket", "late", vpn, &json!({"reason": "SOLVED"}))
        .await?;
    resolved(32).await?;
    let expected = json!({"resolved": 32, "estimated": 2, "firstHeld": 1, "lastHeld": 2, "firstShare": 0.5,
        "lastShare": 1.0});
    assert_eq!(honesty(client, None).await?, expected);
    let of_vpn = honesty(client, Some("vpn")).await?;
    assert_eq!((&of_vpn["resolved"], &of_vpn["firstShare"]), (&json!(1), &json!(0.0)));
    // Work begins anew, and so does the time that it takes.
    client.must("reopenTicket", "again", mail, &json!({})).await?;
    let again = estimated(client, mail, "2026-11-20T08:49:00+00:00").await?;
    assert_eq!(again["estimates"], 2);
    resolved(31).await?;
    let refused = "{ estimateHonesty(from: \"2026-02-01T00:00:00Z\", to: \"2026-01-01T00:00:00Z\") { resolved } }";
    let (code, field) = client.error(refused, json!({})).await?;
    assert_eq!((code.as_str(), &field), ("BAD_USER_INPUT", &json!(["to"])));
    Ok(())
}
