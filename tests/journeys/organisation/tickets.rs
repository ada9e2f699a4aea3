//! A ticket's category, read for a whole page at once.

use anyhow::{Context, Result};
use serde_json::json;
use tests::{App, run};

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
