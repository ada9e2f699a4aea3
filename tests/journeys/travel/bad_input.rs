//! Moments that never were: named exactly, and nothing is answered in their place.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, run};

#[test]
fn moment_that_never_was_is_refused_by_name() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let early = "{ tickets(asOf: \"2026-11-21T12:00:00Z\") { totalCount } }";
        let nothing = client.respond(early, json!({})).await?;
        ensure!(
            nothing["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT",
            "{nothing}"
        );
        let ticket = client.ticket("t", &json!({})).await?;
        clock.advance(TimeDelta::hours(1));
        client.must("startTicket", "s", &ticket, &json!({})).await?;
        let number = client.look(&ticket).await?["number"].clone();
        let one = "query($id: ID!, $at: DateTime, $v: Int) { ticket(id: $id, asOf: $at, atVersion: $v) { version } }";
        let by_number = "query($n: Int!, $at: DateTime, $v: Int) {
            ticketByNumber(number: $n, asOf: $at, atVersion: $v) { version } }";
        for (at, version, field, says) in [
            (
                json!("2026-11-21T13:00:01Z"),
                Value::Null,
                "asOf",
                "2026-11-21T13:00:00Z, which is now",
            ),
            (
                json!("2026-11-21T11:59:59Z"),
                Value::Null,
                "asOf",
                "2026-11-21T12:00:00Z, where the log begins",
            ),
            (
                json!("0000-01-01T00:00:00Z"),
                Value::Null,
                "asOf",
                "the years 0001 to 9999",
            ),
            (Value::Null, json!(0), "atVersion", "a version from 1 to 2"),
            (Value::Null, json!(3), "atVersion", "a version from 1 to 2"),
            (Value::Null, json!(-1), "atVersion", "a version from 1 to 2"),
            (
                json!("2026-11-21T12:30:00Z"),
                json!(1),
                "atVersion",
                "either asOf or atVersion, not both",
            ),
        ] {
            for (query, more) in [(one, json!({"id": ticket})), (by_number, json!({"n": number}))] {
                let mut variables = json!({"at": at, "v": version});
                if let (Some(all), Some(more)) = (variables.as_object_mut(), more.as_object()) {
                    all.extend(more.clone());
                }
                let answer = client.respond(query, variables).await?;
                let error = &answer["errors"][0];
                ensure!(error["extensions"]["code"] == "BAD_USER_INPUT", "{answer}");
                ensure!(error["extensions"]["field"] == json!([field]), "{answer}");
                ensure!(
                    error["message"].as_str().is_some_and(|it| it.contains(says)),
                    "{answer}"
                );
            }
        }
        for query in [
            "{ contact(id: \"00000000-0000-4000-8000-000000000001\", asOf: \"2030-01-01T00:00:00Z\") { id } }",
            "{ organization(id: \"00000000-0000-4000-8000-000000000001\", asOf: \"2030-01-01T00:00:00Z\") { id } }",
            "{ user(id: \"00000000-0000-4000-8000-000000000001\", asOf: \"2030-01-01T00:00:00Z\") { id } }",
            "{ branches(first: 1, asOf: \"2030-01-01T00:00:00Z\") { totalCount } }",
            "{ regionMap(asOf: \"2030-01-01T00:00:00Z\") { id } }",
            "{ views(asOf: \"2030-01-01T00:00:00Z\") { id } }",
            "{ ticketStatistics(asOf: \"2030-01-01T00:00:00Z\") { total } }",
            "{ tickets(first: 1, asOf: \"2030-01-01T00:00:00Z\") { totalCount } }",
        ] {
            assert_eq!(
                client.error(query, json!({})).await?,
                ("BAD_USER_INPUT".to_owned(), json!(["asOf"])),
                "{query}"
            );
        }
        app.finish().await
    })
}

#[test]
fn question_that_the_history_cannot_answer_is_refused_by_name() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        client.ticket("t", &json!({})).await?;
        let tickets = "query($f: TicketFilter, $o: [TicketOrder!]) {
            tickets(first: 5, filter: $f, orderBy: $o, asOf: \"2026-11-21T12:00:00Z\") { nodes { id } } }";
        for (filter, order, field) in [
            (json!({"needsAnswer": true}), json!([]), "needsAnswer"),
            (
                json!({"or": [{"not": {"needsAnswerSince": {"isNull": true}}}]}),
                json!([]),
                "needsAnswerSince",
            ),
            (json!({}), json!([{"field": "WAITING_SINCE"}]), "orderBy"),
        ] {
            let refused = client.error(tickets, json!({"f": filter, "o": order})).await?;
            assert_eq!(refused, ("BAD_USER_INPUT".to_owned(), json!([field])), "{filter}");
        }
        let sums = "query($f: TicketFilter) { ticketStatistics(filter: $f, asOf: \"2026-11-21T12:00:00Z\") { total } }";
        let refused = client.error(sums, json!({"f": {"needsAnswer": false}})).await?;
        assert_eq!(refused.1, json!(["needsAnswer"]));
        // Of the views that come with the program one asks for answers; the others are counted.
        let views = "{ views(asOf: \"2026-11-21T12:00:00Z\") { name count { value position } asOf } }";
        let answer = client.respond(views, json!({})).await?;
        let errors = answer["errors"].as_array().map_or(0, Vec::len);
        ensure!(
            errors == 1 && answer["errors"][0]["extensions"]["field"] == json!(["needsAnswer"]),
            "{answer}"
        );
        for view in answer["data"]["views"].as_array().into_iter().flatten() {
            let asks = view["name"] == "Needs answer";
            ensure!(view["count"].is_null() == asks, "{view}");
        }
        app.finish().await
    })
}

#[test]
fn two_moments_that_cannot_be_compared_are_refused_by_name() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        clock.advance(TimeDelta::hours(1));
        client.must("startTicket", "s", &ticket, &json!({})).await?;
        let query = "query($id: ID!, $from: TicketMomentInput!, $to: TicketMomentInput) {
            ticketDiff(id: $id, from: $from, to: $to) { fields { field } } }";
        let (noon, one) = ("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z");
        for (from, to, field) in [
            (json!({}), Value::Null, json!(["from"])),
            (json!({"asOf": noon}), json!({}), json!(["to"])),
            (
                json!({"asOf": noon, "atVersion": 1}),
                Value::Null,
                json!(["from", "atVersion"]),
            ),
            (json!({"atVersion": 5}), Value::Null, json!(["from", "atVersion"])),
            (
                json!({"asOf": noon}),
                json!({"asOf": "2026-11-21T14:00:00Z"}),
                json!(["to", "asOf"]),
            ),
            (json!({"asOf": one}), json!({"asOf": noon}), json!(["to", "asOf"])),
            (
                json!({"atVersion": 2}),
                json!({"atVersion": 1}),
                json!(["to", "atVersion"]),
            ),
        ] {
            let variables = json!({"id": ticket, "from": from, "to": to});
            let refused = client.error(query, variables.clone()).await?;
            assert_eq!(refused, ("BAD_USER_INPUT".to_owned(), field), "{variables}");
        }
        app.finish().await
    })
}
