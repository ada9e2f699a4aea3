//! When tickets are expected to be resolved, by how long it took with others, and how often that held.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
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
        // The customer sees it by the link.
        let issue = "mutation($i: IssueTrackingLinkInput!) { issueTrackingLink(input: $i) { token } }";
        let link = client
            .data(issue, json!({"i": {"idempotencyKey": "l", "ticketId": vpn}}))
            .await?;
        let tracked = "query($t: String!) { trackedTicket(token: $t) { estimatedResolutionAt estimate } }";
        let variables = json!({"t": link["issueTrackingLink"]["token"]});
        let shown = app.client.anonymous().data(tracked, variables).await?["trackedTicket"].take();
        let expected = json!({"estimatedResolutionAt": "2026-11-20T08:09:00+00:00",
            "estimate": "most likely solved by 2026-11-20 08:09 UTC"});
        assert_eq!(shown, expected);
        // One holds, the other does not.
        clock.advance(TimeDelta::minutes(20));
        client
            .must("resolveTicket", "held", &mail, &json!({"reason": "SOLVED"}))
            .await?;
        clock.advance(TimeDelta::minutes(20));
        client
            .must("resolveTicket", "late", &vpn, &json!({"reason": "SOLVED"}))
            .await?;
        let done = async || honesty(client, None).await.is_ok_and(|it| it["resolved"] == 32);
        poll("the resolutions do not show", done).await?;
        let all = honesty(client, None).await?;
        let expected = json!({"resolved": 32, "estimated": 2, "firstHeld": 1, "lastHeld": 1, "firstShare": 0.5,
            "lastShare": 0.5});
        assert_eq!(all, expected);
        let vpn = honesty(client, Some("vpn")).await?;
        assert_eq!((&vpn["resolved"], &vpn["firstShare"]), (&json!(1), &json!(0.0)));
        app.finish().await
    })
}
