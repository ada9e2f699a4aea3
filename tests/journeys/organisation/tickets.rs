//! A ticket's category, read for a whole page at once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, run};

use super::{made, tell};

const FIELDS: &str = "categoryId category { id key name { text } retired } subcategory { key }";

#[test]
fn ticket_shows_its_category_and_a_key_that_no_category_has() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let mail = made(
            client,
            "Category",
            "m",
            json!({"key": "Почта", "name": {"ru": "Почта", "en": "Mail"}}),
        )
        .await?;
        made(
            client,
            "Category",
            "v",
            json!({"key": "VPN", "name": {"ru": "ВПН"}, "parentKey": "почта"}),
        )
        .await?;
        let known = client
            .ticket("known", &json!({"categoryId": "ПОЧТА", "subcategoryId": "VPN"}))
            .await?;
        let free = client.ticket("free", &json!({"categoryId": "category 7"})).await?;
        let none = client.ticket("none", &json!({})).await?;
        tell(client, "retire", "Category", json!({"idempotencyKey": "x", "id": mail})).await?;
        let shown = |key: Option<&str>, known: bool| {
            let name = json!({"text": "Mail"});
            let category = json!({"id": mail, "key": "Почта", "name": name, "retired": true});
            let subcategory = json!({"key": "VPN"});
            json!({
                "categoryId": key,
                "category": if known { category } else { json!(null) },
                "subcategory": if known { subcategory } else { json!(null) },
            })
        };
        let expected = [
            shown(Some("ПОЧТА"), true),
            shown(Some("category 7"), false),
            shown(None, false),
        ];
        for (id, expected) in [&known, &free, &none].into_iter().zip(&expected) {
            let query = format!(
                "query($id: ID!) {{ ticket(id: $id) {{ {FIELDS} history(first: 1) {{ nodes {{ ticket {{ {FIELDS} }} }} }} }}
                    node(id: $id) {{ ... on Ticket {{ {FIELDS} }} }} nodes(ids: [$id]) {{ ... on Ticket {{ {FIELDS} }} }} }}"
            );
            let mut data = client.data(&query, json!({"id": id})).await?;
            let history = data["ticket"]["history"].take();
            data["ticket"].as_object_mut().context("no ticket")?.remove("history");
            for ticket in [
                &data["ticket"],
                &data["node"],
                &data["nodes"][0],
                &history["nodes"][0]["ticket"],
            ] {
                assert_eq!(ticket, expected);
            }
        }
        let query = format!("{{ tickets(first: 10, orderBy: [{{field: NUMBER}}]) {{ nodes {{ {FIELDS} }} }} }}");
        let list = client.data(&query, json!({})).await?;
        assert_eq!(list["tickets"]["nodes"], json!(expected));
        app.finish().await
    })
}

/// How often the table of configuration was looked at, once Postgres has counted what was done a moment ago.
async fn looks(client: &Client, pool: &PgPool) -> Result<i64> {
    // A connection tells what it counted with its next statement, once a second at most.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let other = (0..32).map(|_| client.data("{ tickets { totalCount } }", json!({})));
    try_join_all(other).await?;
    let looks = sqlx::query_scalar(
        "SELECT (seq_scan + COALESCE(idx_scan, 0))::bigint FROM pg_stat_user_tables WHERE relname = 'organisation_item'",
    );
    Ok(looks.fetch_one(pool).await?)
}

#[test]
fn page_of_50_tickets_looks_at_categories_no_more_often_than_one_ticket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for key in ["a", "b", "c"] {
            made(client, "Category", key, json!({"key": key, "name": {"en": key}})).await?;
        }
        for number in 0..50 {
            let key = ["a", "b", "c"][number % 3];
            client
                .ticket(&number.to_string(), &json!({"categoryId": key, "subcategoryId": "a"}))
                .await?;
        }
        let pool = PgPool::connect(&app.database_url).await?;
        let mut counts = Vec::new();
        for page in [1, 50] {
            let before = looks(client, &pool).await?;
            let query = format!(
                "query($n: Int!) {{ tickets(first: $n) {{ nodes {{ {FIELDS} }} edges {{ node {{ {FIELDS} }} }} }} }}"
            );
            let data = client.data(&query, json!({"n": page})).await?;
            let nodes: &Value = &data["tickets"]["nodes"];
            ensure!(
                nodes
                    .as_array()
                    .is_some_and(|it| it.iter().all(|it| !it["category"].is_null())),
                "{nodes}"
            );
            counts.push(looks(client, &pool).await? - before);
        }
        // An index may be entered once for each of the three categories, but never for each ticket.
        ensure!(counts.iter().all(|it| (1..=3).contains(it)), "{counts:?}");
        pool.close().await;
        app.finish().await
    })
}
