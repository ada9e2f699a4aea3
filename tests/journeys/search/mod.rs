//! Search for tickets by words, as people type them.

mod messages;

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tests::{App, Client, eventually, run};

use crate::people::set_up;

/// `query | text that it must find`, one a line.
const PAIRS: &str = include_str!("pairs.txt");
/// Of the pairs, so many must be found among the first five.
const FOUND: usize = 54;

const SEARCH: &str = "query($t: String!, $n: Int, $a: String, $f: TicketFilter, $m: Position) {
    searchTickets(text: $t, first: $n, after: $a, filter: $f, minPosition: $m) {
        edges { cursor node { id subject number } highlights { field messageId pieces { text found } } }
        nodes { id subject } pageInfo { hasNextPage endCursor } stale } }";

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAIRS.lines().filter_map(|it| it.split_once(" | "))
}

async fn open(client: &Client, key: usize, subject: &str, more: &Value) -> Result<Value> {
    let query = "mutation($i: OpenTicketInput!) { openTicket(input: $i) { ticket { id number } position userErrors { code } } }";
    let mut input = json!({"idempotencyKey": format!("search-{key}"), "subject": subject});
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let told = client.data(query, json!({"i": input})).await?["openTicket"].clone();
    ensure!(told["ticket"].is_object(), "{told}");
    Ok(told)
}

async fn find(client: &Client, text: &str, more: Value) -> Result<Value> {
    let mut variables = json!({"t": text, "n": 5});
    for (name, value) in more.as_object().into_iter().flatten() {
        variables[name] = value.clone();
    }
    Ok(client.data(SEARCH, variables).await?["searchTickets"].clone())
}

/// The id that a global one carries.
pub(crate) fn uuid_of(id: &str) -> Result<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id)?)?;
    Ok(text.split_once(':').context("no kind")?.1.to_owned())
}

fn subjects(found: &Value) -> Vec<&str> {
    let nodes = found["nodes"].as_array().into_iter().flatten();
    nodes.filter_map(|it| it["subject"].as_str()).collect()
}

#[test]
fn words_are_found_as_people_type_them() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut position = Value::Null;
        for (number, (_, text)) in pairs().enumerate() {
            position = open(&app.client, number, text, &json!({})).await?["position"].clone();
        }
        let mut missed = Vec::new();
        let mut count = 0;
        for (query, text) in pairs() {
            let found = find(&app.client, query, json!({"m": position})).await?;
            ensure!(found["stale"] == false, "{found}");
            count += 1;
            if !subjects(&found).contains(&text) {
                missed.push(format!("{query} | {text}: {:?}", subjects(&found)));
            }
        }
        ensure!(
            count - missed.len() >= FOUND,
            "{count} asked, missed:\n{}",
            missed.join("\n")
        );
        app.finish().await
    })
}

#[test]
fn word_of_very_many_texts_is_looked_for_from_the_newest_on() -> Result<()> {
    const OLDER: &str =
        "INSERT INTO read_search_v3.search_part (owner_id, part, kind, ticket_id, subject_id, words, at)
        SELECT gen_random_uuid(), part, kind, ticket_id, subject_id, words, at - INTERVAL '1 day'
        FROM read_search_v3.search_part, generate_series(1, 3000) WHERE part = 'subject'";
    const KNOWN: &str =
        "SELECT EXISTS (SELECT FROM UNNEST(most_common_elems::text::text[]) AS it WHERE it LIKE '%печ%')
        FROM pg_stats WHERE schemaname = 'read_search_v3' AND tablename = 'search_part' AND attname = 'words'";
    run(async {
        let app = App::start().await?;
        let opened = open(&app.client, 1, "Не работает печать", &json!({})).await?;
        let now = json!({"m": opened["position"]});
        let before = find(&app.client, "печать", now.clone()).await?;
        assert_eq!(subjects(&before), ["Не работает печать"]);
        let pool = sqlx::PgPool::connect(&app.database_url).await?;
        sqlx::query(OLDER).execute(&pool).await?;
        sqlx::query("ANALYZE read_search_v3.search_part").execute(&pool).await?;
        let is_known: bool = sqlx::query_scalar(KNOWN).fetch_one(&pool).await?;
        ensure!(is_known, "the statistics do not know the word");
        let found = find(&app.client, "печать", now).await?;
        assert_eq!(subjects(&found), ["Не работает печать"]);
        pool.close().await;
        // What is in no event would be no part of a rebuild, so that is not compared.
        app.stop().await?;
        Ok(())
    })
}

#[test]
fn ticket_is_found_by_number_id_people_and_words_that_are_marked() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let make =
            "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } userErrors { code } } }";
        let handles = json!([{"channel": "EMAIL", "value": "zoya@example.ru"}]);
        let input = json!({"idempotencyKey": "z", "name": "Зоя Берёзкина", "handles": handles});
        let zoya = app.client.data(make, json!({"i": input})).await?["createContact"]["contact"]["id"].clone();
        let first = open(
            &app.client,
            1,
            "Верните деньги за отменённый урок",
            &json!({"contactId": zoya}),
        )
        .await?;
        let last = open(&app.client, 2, "Другое", &json!({})).await?;
        let now = json!({"m": last["position"]});
        let id = first["ticket"]["id"].as_str().context("no id")?;
        for text in [
            &format!("#{}", first["ticket"]["number"]),
            id,
            "березкиной",
            "ZOYA@example.ru",
            "возврат",
            "деньги урок",
        ] {
            let found = find(&app.client, text, now.clone()).await?;
            ensure!(found["nodes"][0]["id"] == id, "{text}: {found}");
        }
        let found = find(&app.client, "возврат урока", now.clone()).await?;
        let pieces = &found["edges"][0]["highlights"][0]["pieces"];
        ensure!(pieces[0] == json!({"text": "Верните", "found": true}), "{found}");
        ensure!(
            pieces
                .as_array()
                .is_some_and(|it| it.last() == Some(&json!({"text": "урок", "found": true}))),
            "{found}"
        );
        let closed = json!({"m": last["position"], "f": {"status": {"eq": "CLOSED"}}});
        let found = find(&app.client, "возврат", closed).await?;
        ensure!(found["nodes"] == json!([]), "{found}");
        let found = find(&app.client, "несуществующее", now).await?;
        ensure!(found["nodes"] == json!([]), "{found}");
        app.finish().await
    })
}

#[test]
fn nobody_finds_by_what_they_may_not_read() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let boss = set_up(&app).await?;
        let make = "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } } }";
        let handles = json!([{"channel": "EMAIL", "value": "zoya@example.ru"}]);
        let input = json!({"idempotencyKey": "z", "name": "Зоя Берёзкина", "handles": handles});
        let zoya = client.data(make, json!({"i": input})).await?["createContact"]["contact"]["id"].clone();
        let told = open(client, 1, "Возврат", &json!({"contactId": zoya})).await?;
        let ticket = told["ticket"]["id"].as_str().context("no id")?;
        let assigned = client
            .must("assignTicket", "a", ticket, &json!({"agentId": boss.user}))
            .await?;
        let now = json!({"m": assigned["position"]});
        let query = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret } }";
        let key = async |name: &str, permissions: Value, scope: Value| {
            let input = json!({"idempotencyKey": name, "name": name, "permissions": permissions, "scope": scope});
            let issued = client.data(query, json!({"i": input})).await?;
            anyhow::Ok(client.with_key(issued["issueApiKey"]["secret"].as_str().context("no secret")?))
        };
        let customer = json!({"kind": "CONTACT", "id": zoya});
        let customer = key("customer", json!(["tickets:read"]), customer).await?;
        let helper = key("helper", json!(["tickets:read"]), Value::Null).await?;
        let agent = key(
            "agent",
            json!(["tickets:read", "contacts:read", "users:read"]),
            Value::Null,
        )
        .await?;
        for (text, open_to_all) in [
            ("zoya@example.ru", false),
            ("берёзкина", false),
            ("boss@example.com", false),
            ("начальник", true),
            ("возврат", true),
        ] {
            for (who, finds) in [(&agent, true), (&helper, open_to_all), (&customer, open_to_all)] {
                let found = find(who, text, now.clone()).await?;
                assert_eq!(!subjects(&found).is_empty(), finds, "{text}: {found}");
            }
        }
        app.finish().await
    })
}

#[test]
fn pages_go_on_and_what_is_no_search_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut position = Value::Null;
        for number in 0..12 {
            position = open(&app.client, number, &format!("Возврат {number}"), &json!({})).await?["position"].clone();
        }
        let mut seen = Vec::new();
        let mut after = Value::Null;
        loop {
            let page = find(&app.client, "возвраты", json!({"m": position, "a": after})).await?;
            seen.extend(
                page["nodes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| it["id"].to_string()),
            );
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        seen.sort_unstable();
        seen.dedup();
        ensure!(seen.len() == 12, "{seen:?}");
        let tickets = "{ tickets(first: 1) { pageInfo { endCursor } } }";
        let foreign = app.client.data(tickets, json!({})).await?["tickets"]["pageInfo"]["endCursor"].clone();
        for variables in [
            json!({"t": ".*", "n": 5}),
            json!({"t": " ", "n": 5}),
            json!({"t": "я".repeat(201), "n": 5}),
            json!({"t": "возврат", "n": 0}),
            json!({"t": "возврат", "n": 5, "a": foreign}),
            // Of a search for another form of the word.
            json!({"t": "возврат", "n": 5, "a": after}),
        ] {
            let (code, field) = app.client.error(SEARCH, variables.clone()).await?;
            ensure!(
                code == "BAD_USER_INPUT" && field.is_array(),
                "{variables}: {code} {field}"
            );
        }
        for text in [
            "'; DROP TABLE search_part; --",
            "a & b | !c <-> d:*",
            "\u{0}возврат",
            "((((",
            "№№№ возврат",
        ] {
            let variables = json!({"t": text, "n": 5});
            let answer = app.client.respond(SEARCH, variables).await?;
            let code = &answer["errors"][0]["extensions"]["code"];
            ensure!(code.is_null() || code == "BAD_USER_INPUT", "{text}: {answer}");
        }
        app.finish().await
    })
}

#[test]
fn nobody_finds_the_words_of_somebody_forgotten() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let make =
            "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } userErrors { code } } }";
        let input = json!({"idempotencyKey": "z", "name": "Зоя Берёзкина"});
        let zoya = app.client.data(make, json!({"i": input})).await?["createContact"]["contact"]["id"].clone();
        let told = open(&app.client, 1, "Необыкновенный вопрос", &json!({"contactId": zoya})).await?;
        for text in ["необыкновенный", "берёзкина"] {
            let found = find(&app.client, text, json!({"m": told["position"]})).await?;
            ensure!(found["nodes"][0]["id"] == told["ticket"]["id"], "{text}: {found}");
        }
        let uuid = uuid_of(zoya.as_str().context("no id")?)?;
        app.tell(&["vault", "forget", "--contact", &uuid]).await?;
        for text in ["необыкновенный", "берёзкина"] {
            let look = async || find(&app.client, text, json!({})).await;
            let found = eventually(look, |it| it["nodes"] == json!([])).await?;
            ensure!(found["nodes"] == json!([]), "{text}: {found}");
        }
        app.finish().await
    })
}
