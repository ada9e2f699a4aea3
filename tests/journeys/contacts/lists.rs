//! Lists of contacts and organizations; contacts of a page of tickets.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::must;

const NAMES: [&str; 7] = [
    "Ёлкин Пётр",
    "Ежов Иван",
    "Яшин Лев",
    "ежова анна",
    "Adams John",
    "Жуков Пётр",
    "елкина Ольга",
];

async fn names(client: &Client, arguments: &str) -> Result<Vec<String>> {
    let query = format!("{{ contacts({arguments}) {{ nodes {{ name }} }} }}");
    let data = client.data(&query, json!({})).await?;
    let nodes = data["contacts"]["nodes"].as_array().context("no nodes")?;
    Ok(nodes
        .iter()
        .filter_map(|it| it["name"].as_str())
        .map(str::to_owned)
        .collect())
}

#[test]
fn contacts_are_listed_by_name_page_by_page() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for (index, name) in NAMES.into_iter().enumerate() {
            must(
                client,
                "createContact",
                json!({"idempotencyKey": format!("{index}"), "name": name}),
            )
            .await?;
        }
        let sorted = [
            "Adams John",
            "Ежов Иван",
            "ежова анна",
            "Ёлкин Пётр",
            "елкина Ольга",
            "Жуков Пётр",
            "Яшин Лев",
        ];
        assert_eq!(names(client, "first: 100").await?, sorted);
        assert_eq!(names(client, "last: 2").await?, sorted[5..]);
        let (mut after, mut paged) = (Value::Null, Vec::new());
        loop {
            let query = "query($after: String) { contacts(first: 3, after: $after) {
                edges { cursor node { name } } pageInfo { hasNextPage endCursor } totalCount } }";
            let data = client.data(query, json!({"after": after})).await?;
            assert_eq!(data["contacts"]["totalCount"], 7);
            paged.extend(
                data["contacts"]["edges"]
                    .as_array()
                    .context("no edges")?
                    .iter()
                    .map(|it| it["node"]["name"].clone()),
            );
            after = data["contacts"]["pageInfo"]["endCursor"].clone();
            if data["contacts"]["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(json!(paged), json!(sorted));
        for (filter, expected) in [
            ("{name: \"ПЕТР\"}", vec!["Ёлкин Пётр", "Жуков Пётр"]),
            ("{name: \"пётр елкин\"}", vec!["Ёлкин Пётр"]),
            ("{kind: {eq: IDENTIFIED}}", vec![]),
            ("{not: {or: [{name: \"е\"}, {name: \"a\"}]}}", vec![]),
            ("{blocked: true}", vec![]),
        ] {
            let found = names(client, &format!("first: 100, filter: {filter}")).await?;
            assert_eq!(found, expected, "{filter}");
        }
        let newest = names(client, "first: 1, orderBy: [{field: CREATED_AT, direction: DESC}]").await?;
        assert_eq!(newest, ["елкина Ольга"]);
        app.finish().await
    })
}

#[test]
fn ticket_shows_its_contact_and_an_unknown_one_by_id_only() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let unknown = "00000000-0000-4000-8000-000000000001";
        for index in 0..5 {
            let made = json!({"idempotencyKey": format!("{index}"), "name": format!("Клиент {index}")});
            let made = must(client, "createContact", made).await?;
            client
                .ticket(&format!("t{index}"), &json!({"contactId": made["id"]}))
                .await?;
        }
        client.ticket("u", &json!({"contactId": unknown})).await?;
        client.ticket("n", &json!({})).await?;
        let query =
            "{ tickets(first: 10) { nodes { contactId contact { name } } edges { node { contact { name } } } } }";
        let data = client.data(query, json!({})).await?;
        let nodes = data["tickets"]["nodes"].as_array().context("no nodes")?;
        ensure!(
            nodes.len() == 7 && nodes[0] == json!({"contactId": null, "contact": null}),
            "{nodes:?}"
        );
        ensure!(
            nodes[1]["contactId"].is_string() && nodes[1]["contact"].is_null(),
            "{nodes:?}"
        );
        let names: Vec<&Value> = nodes[2..].iter().map(|it| &it["contact"]["name"]).collect();
        assert_eq!(
            json!(names),
            json!(["Клиент 4", "Клиент 3", "Клиент 2", "Клиент 1", "Клиент 0"])
        );
        assert_eq!(data["tickets"]["edges"][2]["node"]["contact"]["name"], "Клиент 4");
        app.finish().await
    })
}

#[test]
fn organization_is_revised_as_a_whole_and_retired() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let tell = async |mutation: &str, kind: &str, input: Value| -> Result<Value> {
            let query = format!(
                "mutation($input: {kind}Input!) {{ it: {mutation}(input: $input) {{ stale userErrors {{ code field }}
                    organization {{ id version revision name domains note retiredAt }} }} }}"
            );
            Ok(client.data(&query, json!({"input": input})).await?["it"].take())
        };
        let made = json!({"idempotencyKey": "1", "name": "Ромашка", "domains": ["romashka.ru"], "note": "договор"});
        let made = tell("createOrganization", "CreateOrganization", made).await?;
        let id = made["organization"]["id"].clone();
        let revised = json!({"idempotencyKey": "2", "organizationId": id, "name": "Ромашка и Ко"});
        let revised = tell("reviseOrganization", "ReviseOrganization", revised).await?["organization"].take();
        assert_eq!(
            (&revised["revision"], &revised["domains"], &revised["note"]),
            (&json!(2), &json!([]), &Value::Null)
        );
        let wrong = json!({"idempotencyKey": "3", "organizationId": id, "name": "x", "domains": ["g\u{43e}ogle.com"]});
        let wrong = tell("reviseOrganization", "ReviseOrganization", wrong).await?;
        assert_eq!(wrong["userErrors"][0]["code"], "LOOK_ALIKE_LETTERS");
        let retire = json!({"idempotencyKey": "4", "organizationId": id});
        let retired = tell("retireOrganization", "RetireOrganization", retire).await?;
        ensure!(retired["organization"]["retiredAt"].is_string(), "{retired}");
        let lists =
            "{ some: organizations { totalCount } all: organizations(name: \"КО ромашка\", includeRetired: true,
            first: 5) { nodes { name } } }";
        let lists = client.data(lists, json!({})).await?;
        assert_eq!(
            lists,
            json!({"some": {"totalCount": 0}, "all": {"nodes": [{"name": "Ромашка и Ко"}]}})
        );
        let maria = must(client, "createContact", json!({"idempotencyKey": "m"})).await?;
        let assign = json!({"idempotencyKey": "5", "contactId": maria["id"], "organizationId": id});
        assert_eq!(
            super::refused(client, "assignContactToOrganization", assign).await?,
            "RETIRED"
        );
        app.finish().await
    })
}
