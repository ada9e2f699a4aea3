//! A page costs as many statements whatever its size, and whoever else asks.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, Client, Statements, TICKET, run};

use crate::people::{agent, set_up};

/// Everything that a page of tickets can show.
fn page() -> String {
    format!(
        "query($first: Int!) {{ tickets(first: $first) {{
            totalCount pageInfo {{ hasNextPage endCursor }}
            edges {{ cursor node {{ {TICKET} }} }}
            nodes {{ {TICKET} category {{ key }} customer: contact {{ name handles {{ value }} }} owner: assignee {{ name }}
                inbox {{ name }} branch {{ name }} team {{ name }} history(first: 3) {{ totalCount
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
    ensure!(histories >= Some(3), "{body}");
    for field in ["category", "customer", "owner", "inbox", "branch", "team"] {
        ensure!(
            body["data"]["tickets"]["nodes"][0][field].is_object(),
            "{field}: {body}"
        );
    }
    Ok((Statements::count().of(&name), nodes))
}

/// The id of a new thing of the organisation, or of a new contact.
async fn made(boss: &Client, what: &str, key: usize, fields: Value) -> Result<String> {
    let (name, input) = (what.to_lowercase(), json!({"idempotencyKey": format!("{what}-{key}")}));
    let input = match what {
        "Contact" => {
            json!({"idempotencyKey": input["idempotencyKey"], "name": fields["name"], "handles": fields["handles"]})
        }
        _ => json!({"idempotencyKey": input["idempotencyKey"], "definition": fields}),
    };
    let query = format!(
        "mutation($i: Create{what}Input!) {{ made: create{what}(input: $i) {{ made: {name} {{ id }} userErrors {{ code field }} }} }}"
    );
    let told = boss.data(&query, json!({"i": input})).await?;
    let id = told["made"]["made"]["id"].as_str();
    Ok(id.with_context(|| told.to_string())?.to_owned())
}

/// Fifty tickets that point at three of everything.
async fn tickets(app: &App) -> Result<String> {
    let boss = app.client.with_key(&set_up(app).await?.access);
    let mut places = Vec::new();
    for it in 0..3 {
        let branch = made(
            &boss,
            "Branch",
            it,
            json!({"name": format!("Филиал {it}"), "timeZone": "Asia/Almaty"}),
        )
        .await?;
        let inbox = json!({"name": format!("Почта {it}"), "channel": "EMAIL", "branchId": branch});
        let team = json!({"name": format!("Команда {it}"), "branchId": branch});
        let category = json!({"key": format!("k{it}"), "name": {"ru": format!("Категория {it}")}});
        made(&boss, "Category", it, category).await?;
        let handles = json!([{"channel": "EMAIL", "value": format!("c{it}@example.ru")}]);
        let contact = made(
            &boss,
            "Contact",
            it,
            json!({"name": format!("Клиент {it}"), "handles": handles}),
        )
        .await?;
        let agent = agent(app, &boss, &format!("agent{it}@example.com")).await?.user;
        let (inbox, team) = (
            made(&boss, "Inbox", it, inbox).await?,
            made(&boss, "Team", it, team).await?,
        );
        let ticket = json!({"inboxId": inbox, "teamId": team, "contactId": contact, "categoryId": format!("k{it}")});
        places.push((ticket, agent));
    }
    let mut last = String::new();
    for number in 0..50 {
        let (fields, agent) = &places[number % 3];
        last = app.client.ticket(&format!("statements-{number}"), fields).await?;
        app.client
            .must("assignTicket", "a", &last, &json!({"agentId": agent}))
            .await?;
        app.client
            .must("closeTicket", "c", &last, &json!({"reason": "SPAM"}))
            .await?;
    }
    Ok(last)
}

#[test]
fn page_of_any_size_costs_the_same_statements_at_any_concurrency() -> Result<()> {
    run(async {
        let statements = Statements::count();
        let app = App::start().await?;
        let last = tickets(&app).await?;
        app.client.look(&last).await?;
        let (expected, _) = ask(&app.client, 1, "statements-first".to_owned()).await?;
        // The page, the count, two parts of histories with their counts, and what tickets point at.
        ensure!(expected.len() <= 5 + 6, "{expected:?}");
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
