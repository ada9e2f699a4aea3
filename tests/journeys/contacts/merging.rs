//! Merging loses nothing, unmerging gives back exactly what was; forgetting takes the right words.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, Program, run};

use super::{contact, email, must, refused, tell};

/// The rows of all contacts but what counts changes.
async fn rows(app: &App) -> Result<Vec<String>> {
    let pool = PgPool::connect(&app.database_url).await?;
    let cards = "SELECT (to_jsonb(it) - 'version' - 'updated_at')::text
        FROM read_contact_card_v1.contact_card AS it ORDER BY contact_id";
    let mut rows: Vec<String> = sqlx::query_scalar(cards).fetch_all(&pool).await?;
    let handles = "SELECT to_jsonb(it)::text FROM read_contact_card_v1.contact_handle AS it ORDER BY handle_id";
    rows.extend(sqlx::query_scalar::<_, String>(handles).fetch_all(&pool).await?);
    pool.close().await;
    Ok(rows)
}

async fn person(client: &Client, name: &str) -> Result<Value> {
    let handles =
        json!([email(&format!("{name}@example.ru")), {"channel": "EXTERNAL", "value": format!("crm:{name}")}]);
    let input = json!({"idempotencyKey": name, "name": name, "note": format!("о {name}"), "handles": handles});
    let created = must(client, "createContact", input).await?;
    let consent = json!({"idempotencyKey": name, "contactId": created["id"], "purpose": name});
    must(client, "giveConsent", consent).await
}

fn merge(key: &str, from: &Value, into: &Value) -> Value {
    json!({"idempotencyKey": key, "contactId": from["id"], "intoId": into["id"]})
}

async fn tickets(client: &Client, of: &Value) -> Result<Value> {
    let query = "query($id: ID!) { contact(id: $id) { tickets(first: 10) { totalCount
        nodes { contactId contact { id name } } } } }";
    Ok(client.data(query, json!({"id": of["id"]})).await?["contact"]["tickets"].take())
}

#[test]
fn unmerging_gives_back_exactly_what_was() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (anna, boris) = (person(client, "anna").await?, person(client, "boris").await?);
        client.ticket("a", &json!({"contactId": anna["id"]})).await?;
        client.ticket("b", &json!({"contactId": boris["id"]})).await?;
        let before = rows(&app).await?;
        let shown = must(client, "mergeContacts", merge("m", &anna, &boris)).await?;
        assert_eq!((&shown["id"], &shown["name"]), (&boris["id"], &json!("boris")));
        assert_eq!(shown["handles"].as_array().map(Vec::len), Some(4), "{shown}");
        assert_eq!(shown["consents"], json!(["anna", "boris"]));
        assert_eq!(shown["duplicates"][0]["name"], "anna");
        assert_eq!(contact(client, &anna["id"]).await?["mergedInto"], boris["id"]);
        let listed = tickets(client, &boris).await?;
        assert_eq!(listed["totalCount"], 2);
        for node in listed["nodes"].as_array().context("no nodes")? {
            assert_eq!(node["contact"]["id"], boris["id"], "{node}");
        }
        let found = json!({"idempotencyKey": "f", "handles": [email("ANNA@example.ru")]});
        assert_eq!(must(client, "findOrCreateContact", found).await?["id"], boris["id"]);
        // A ticket for the merged one is the other's.
        let opened = client.ticket("c", &json!({"contactId": anna["id"]})).await?;
        let opened_for = client.look(&opened).await?["contact"].clone();
        assert_eq!(opened_for, boris["id"]);
        let change = json!({"idempotencyKey": "x", "contactId": anna["id"], "name": "Анна"});
        let payload = tell(client, "changeContactProfile", change).await?;
        assert_eq!(payload["userErrors"][0]["code"], "MERGED");
        let message = payload["userErrors"][0]["message"].as_str().unwrap_or_default();
        ensure!(boris["id"].as_str().is_some_and(|it| message.contains(it)), "{message}");
        let app = app.restart().await?;
        let client = &app.client;
        let apart = json!({"idempotencyKey": "u", "contactId": anna["id"]});
        let apart = must(client, "unmergeContact", apart).await?;
        assert_eq!((&apart["id"], &apart["mergedInto"]), (&anna["id"], &Value::Null));
        assert_eq!(rows(&app).await?, before);
        assert_eq!(tickets(client, &anna).await?["totalCount"], 1);
        assert_eq!(tickets(client, &boris).await?["totalCount"], 2);
        // And again, the other way round.
        must(client, "mergeContacts", merge("m2", &boris, &anna)).await?;
        must(
            client,
            "unmergeContact",
            json!({"idempotencyKey": "u2", "contactId": boris["id"]}),
        )
        .await?;
        assert_eq!(rows(&app).await?, before);
        app.finish().await
    })
}

#[test]
fn there_are_no_chains_and_no_circles() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (a, b, c) = (
            person(client, "a").await?,
            person(client, "b").await?,
            person(client, "c").await?,
        );
        let nobody = json!({"id": "00000000-0000-4000-8000-000000000001"});
        for (from, into, code) in [
            (&a, &a, "INTO_ITSELF"),
            (&a, &nobody, "NOT_FOUND"),
            (&nobody, &a, "NOT_FOUND"),
        ] {
            assert_eq!(refused(client, "mergeContacts", merge(code, from, into)).await?, code);
        }
        let apart = json!({"idempotencyKey": "n", "contactId": a["id"]});
        assert_eq!(refused(client, "unmergeContact", apart).await?, "NOT_MERGED");
        must(client, "mergeContacts", merge("ab", &a, &b)).await?;
        assert_eq!(refused(client, "mergeContacts", merge("ac", &a, &c)).await?, "MERGED");
        assert_eq!(refused(client, "mergeContacts", merge("ca", &c, &a)).await?, "MERGED");
        assert_eq!(
            refused(client, "mergeContacts", merge("bc", &b, &c)).await?,
            "HAS_MERGED"
        );
        app.finish().await
    })
}

#[test]
fn merging_both_ways_at_once_makes_no_circle() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        // Both ways at once: one of them, or none.
        let (d, e) = (person(client, "d").await?, person(client, "e").await?);
        let (one, other) = tokio::join!(
            tell(client, "mergeContacts", merge("de", &d, &e)),
            tell(client, "mergeContacts", merge("ed", &e, &d))
        );
        let done = [one?, other?].iter().filter(|it| it["userErrors"] == json!([])).count();
        ensure!(done <= 1, "a circle");
        let (d, e) = (contact(client, &d["id"]).await?, contact(client, &e["id"]).await?);
        ensure!(d["mergedInto"].is_null() || e["mergedInto"].is_null(), "{d} {e}");
        app.finish().await
    })
}

#[test]
fn forgetting_one_of_two_merged_takes_the_words_of_both() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let (anna, boris) = (person(&app.client, "anna").await?, person(&app.client, "boris").await?);
        must(&app.client, "mergeContacts", merge("m", &anna, &boris)).await?;
        let data = app.data.path().to_str().context("a path that is no text")?;
        let whom = anna["id"].as_str().context("no id")?;
        let url = &app.database_url;
        let output = Program::output(&[
            "vault",
            "forget",
            "--contact",
            whom,
            "--data",
            data,
            "--database-url",
            url,
        ])
        .await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        tests::poll("the words are still there", async || {
            contact(&app.client, &anna["id"])
                .await
                .is_ok_and(|it| it["erased"] == true)
                && contact(&app.client, &boris["id"])
                    .await
                    .is_ok_and(|it| it["erased"] == true)
        })
        .await?;
        let gone = contact(&app.client, &anna["id"]).await?;
        ensure!(gone["name"].is_null() && gone["note"].is_null(), "{gone}");
        let shown = contact(&app.client, &boris["id"]).await?;
        ensure!(
            shown["name"].is_null() && shown["erased"] == true,
            "they are one person: {shown}"
        );
        let handles = shown["handles"].as_array().context("no handles")?;
        ensure!(handles.iter().all(|it| it["value"].is_null()), "{shown}");
        let search = "query { contacts(filter: {name: \"anna\"}, includeMerged: true) { totalCount } }";
        assert_eq!(app.client.data(search, json!({})).await?["contacts"]["totalCount"], 0);
        must(
            &app.client,
            "unmergeContact",
            json!({"idempotencyKey": "u", "contactId": anna["id"]}),
        )
        .await?;
        let change = json!({"idempotencyKey": "x", "contactId": anna["id"], "name": "Анна"});
        assert_eq!(
            refused(&app.client, "changeContactProfile", change).await?,
            "DATA_SUBJECT_FORGOTTEN"
        );
        let app = app.restart().await?;
        ensure!(contact(&app.client, &anna["id"]).await?["name"].is_null());
        app.finish().await
    })
}
