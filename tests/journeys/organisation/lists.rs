//! Lists by name, in pages, in both directions.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{made, tell};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: OrganisationFilter) {
    page: branches(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        edges { cursor } nodes { name } totalCount stale
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}";

async fn page(client: &Client, arguments: Value) -> Result<(Vec<String>, Value)> {
    let page = client.data(PAGE, arguments).await?["page"].take();
    let names = page["nodes"].as_array().context("no nodes")?;
    let names = names.iter().filter_map(|it| it["name"].as_str()).map(str::to_owned);
    Ok((names.collect(), page))
}

#[test]
fn branches_are_listed_by_name_in_pages() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let names = ["Уфа", "астрахань", "Омск", "Берлин", "омутнинск", "Тула", "Яя"];
        for name in names {
            let id = made(client, "Branch", name, json!({"name": name, "timeZone": "UTC"})).await?;
            if name == "Тула" {
                tell(client, "retire", "Branch", json!({"idempotencyKey": "x", "id": id})).await?;
            }
        }
        let sorted = ["астрахань", "Берлин", "Омск", "омутнинск", "Тула", "Уфа", "Яя"];
        for (count, cursor, edge, more) in [
            ("first", "after", "endCursor", "hasNextPage"),
            ("last", "before", "startCursor", "hasPreviousPage"),
        ] {
            let mut seen: Vec<String> = Vec::new();
            let mut arguments = json!({count: 3});
            loop {
                let (names, page) = page(client, arguments).await?;
                ensure!(page["totalCount"] == 7 && page["stale"] == false, "{page}");
                seen = if count == "first" {
                    [seen, names].concat()
                } else {
                    [names, seen].concat()
                };
                if page["pageInfo"][more] == false {
                    break;
                }
                arguments = json!({count: 3, cursor: page["pageInfo"][edge]});
            }
            assert_eq!(seen, sorted);
        }
        for (filter, expected) in [
            (json!({"nameContains": "ОМ"}), vec!["Омск", "омутнинск"]),
            (json!({"nameContains": "%"}), vec![]),
            (json!({"retired": true}), vec!["Тула"]),
            (json!({"retired": false, "nameContains": "у"}), vec!["омутнинск", "Уфа"]),
        ] {
            let (names, page) = page(client, json!({"first": 10, "filter": filter})).await?;
            assert_eq!(names, expected, "{filter}");
            assert_eq!(page["totalCount"], expected.len());
        }
        app.finish().await
    })
}

#[test]
fn page_that_makes_no_sense_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        made(client, "Team", "t", json!({"name": "А"})).await?;
        let teams = client
            .data("{ teams(first: 1) { edges { cursor } } }", json!({}))
            .await?;
        let foreign = &teams["teams"]["edges"][0]["cursor"];
        for (arguments, field) in [
            (json!({}), "first"),
            (json!({"first": 0}), "first"),
            (json!({"last": 101}), "last"),
            (json!({"first": 1, "last": 1}), "last"),
            (json!({"first": 1, "after": "нет"}), "after"),
            (json!({"first": 1, "after": foreign}), "after"),
            (json!({"last": 1, "before": "YnJhbmNoOng6eA"}), "before"),
            (json!({"first": 1, "filter": {"nameContains": ""}}), "nameContains"),
            (
                json!({"first": 1, "filter": {"nameContains": "a\u{0}"}}),
                "nameContains",
            ),
        ] {
            let answer = client.error(PAGE, arguments.clone()).await?;
            assert_eq!(answer, ("BAD_USER_INPUT".to_owned(), json!([field])), "{arguments}");
        }
        let history = "query($id: ID!, $after: String) { node(id: $id) { ... on Team {
            history(first: 1, after: $after) { nodes { version } } } } }";
        let team = client.data("{ teams(first: 1) { nodes { id } } }", json!({})).await?;
        let id = &team["teams"]["nodes"][0]["id"];
        let answer = client.error(history, json!({"id": id, "after": foreign})).await?;
        assert_eq!(answer, ("BAD_USER_INPUT".to_owned(), json!(["after"])));
        app.finish().await
    })
}
