//! A page costs as many statements whatever its size, and whoever else asks.

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, Client, Statements, TICKET, run};

/// Everything that a page of tickets can show.
fn page() -> String {
    format!(
        "query($first: Int!) {{ tickets(first: $first) {{
            totalCount pageInfo {{ hasNextPage endCursor }}
            edges {{ cursor node {{ {TICKET} }} }}
            nodes {{ {TICKET} history(first: 3) {{ totalCount
                nodes {{ type at actor position ticket {{ {TICKET} history(last: 2) {{ nodes {{ type }} }} }} }} }} }}
        }} }}"
    )
}

/// The statements of one page under this name, and how many tickets came.
async fn ask(client: &Client, first: usize, name: String) -> Result<(Vec<String>, usize)> {
    let body = json!({"query": page(), "variables": {"first": first}});
    let request = client.request(Method::POST, "/graphql").header("x-request-id", &name);
    let body: Value = request.json(&body).send().await?.json().await?;
    ensure!(body["errors"].is_null(), "{body}");
    let nodes = body["data"]["tickets"]["nodes"].as_array().map_or(0, Vec::len);
    let histories = body["data"]["tickets"]["nodes"][0]["history"]["totalCount"].as_i64();
    ensure!(histories == Some(3), "{body}");
    Ok((Statements::count().of(&name), nodes))
}

#[test]
fn page_of_any_size_costs_the_same_statements_at_any_concurrency() -> Result<()> {
    run(async {
        let statements = Statements::count();
        let app = App::start().await?;
        let mut last = String::new();
        for number in 0..50 {
            last = app.client.ticket(&format!("statements-{number}"), &json!({})).await?;
            app.client
                .must("closeTicket", "c", &last, &json!({"reason": "SPAM"}))
                .await?;
        }
        app.client.look(&last).await?;
        let (expected, _) = ask(&app.client, 1, "statements-first".to_owned()).await?;
        // The page, the count, two parts of histories, and their counts.
        ensure!(expected.len() == 5, "{expected:?}");
        for first in [1, 10, 50] {
            let (found, nodes) = ask(&app.client, first, format!("statements-{first}")).await?;
            ensure!(nodes == first, "{nodes} of {first}");
            ensure!(found.len() == expected.len(), "{first}: {found:?}");
        }
        let all = (0..32).map(|it| ask(&app.client, 50, format!("statements-among-{it}")));
        for (found, nodes) in try_join_all(all).await? {
            ensure!(nodes == 50 && found.len() == expected.len(), "{found:?}");
        }
        ensure!(statements.of("statements-unknown").is_empty());
        app.finish().await
    })
}
