//! Budgets and limits are those of GraphQL, told in headers.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use api::config::Config;
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use reqwest::Method;
use serde_json::json;
use tests::{App, run};

use super::{get, tell};

#[test]
fn budget_stands_in_the_headers_and_its_end_says_when_to_come_back() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-03-01T09:00:00Z".parse::<DateTime<Utc>>()?);
        let app = App::start_with_at(clock.clone(), |it| Config {
            cost_budget: 200,
            cost_restored_per_s: 10,
            operation_limits: BTreeMap::from([("openTicket".to_owned(), 2)]),
            ..it
        })
        .await?;
        let client = &app.client;
        let page = get(client, "/tickets/all?limit=1").await?;
        ensure!(page.header("ratelimit-policy") == "\"cost\";q=200;w=20", "{page:?}");
        ensure!(page.header("ratelimit").starts_with("\"cost\";r=19"), "{page:?}");
        let dear = get(client, "/tickets/all?limit=100").await?;
        assert_eq!(dear.refused()?, (429, "THROTTLED", ""));
        let wait: i64 = dear.header("retry-after").parse()?;
        ensure!(wait > 0 && dear.body["retryAfter"] == wait, "{dear:?}");
        for number in 0..2 {
            let new = json!({"subject": "Заявка"});
            tell(client, Method::POST, "/tickets", &number.to_string(), new)
                .await?
                .done()?;
            clock.advance(TimeDelta::seconds(5));
        }
        let refused = tell(client, Method::POST, "/tickets", "3", json!({"subject": "Заявка"})).await?;
        assert_eq!(refused.refused()?.0, 429);
        ensure!(!refused.header("retry-after").is_empty(), "{refused:?}");
        app.finish().await
    })
}

#[test]
fn address_that_asks_too_often_is_told_so_in_the_same_form() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-03-01T09:00:00Z".parse::<DateTime<Utc>>()?);
        let app = App::start_with_at(clock, |it| Config {
            address_requests: 1,
            address_requests_per_s: 1,
            ..it
        })
        .await?;
        get(&app.client, "/tickets/all").await?.done()?;
        let refused = get(&app.client, "/tickets/all").await?;
        assert_eq!(refused.refused()?, (429, "THROTTLED", ""));
        ensure!(refused.header("retry-after") == "1", "{refused:?}");
        app.finish().await
    })
}
