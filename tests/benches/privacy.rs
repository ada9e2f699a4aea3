//! Seconds until somebody is forgotten who wrote very much.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tests::{App, Client};

use crate::{
    database::remove,
    limits::Limits,
    report::{Aim, progress},
    settings::{Section, Settings},
};

/// What they wrote.
const MESSAGES: usize = 10_000;
/// Tickets that it stands under.
const TICKETS: usize = 100;
/// Read models are looked at so often.
const LOOK: std::time::Duration = std::time::Duration::from_millis(5);

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    for _ in 0..settings.runs {
        progress("privacy: somebody writes 10,000 messages");
        let app = App::start().await?;
        let person = written(&app.client).await?;
        let options: PgConnectOptions = app.database_url.parse()?;
        let path = projections::search_path(&projections::registry());
        let tables = PgPool::connect_with(options.options([("search_path", path)])).await?;
        let start = Instant::now();
        let key = erase(&app.client, &person).await?;
        forgotten(&tables, key).await?;
        let rows = start.elapsed().as_secs_f64();
        certified(&app.client, &person).await?;
        let whole = start.elapsed().as_secs_f64();
        let name = format!("somebody with {MESSAGES} messages is forgotten: asked for until no row has a word of them");
        limits
            .report
            .row(Section::Privacy, &name, "s")
            .value(rows)
            .aim(Aim::AtMost(2.0));
        limits
            .report
            .row(
                Section::Privacy,
                "until files of Postgres are written anew, and certified",
                "s",
            )
            .value(whole);
        tables.close().await;
        let (_folder, url) = app.stop().await?;
        remove(&url.parse()?).await?;
    }
    Ok(())
}

async fn written(client: &Client) -> Result<String> {
    let create = "mutation($i: CreateContactInput!) { it: createContact(input: $i) { contact { id } } }";
    let input = json!({"idempotencyKey": "c", "name": "Мария Иванова"});
    let person = client.data(create, json!({"i": input})).await?["it"]["contact"]["id"].take();
    let person = person.as_str().context("no contact")?.to_owned();
    let mut tickets = Vec::new();
    for number in 0..TICKETS {
        let more = json!({"contactId": person, "subject": format!("Обращение {number}")});
        tickets.push(client.ticket(&format!("p{number}"), &more).await?);
    }
    let write = "mutation($i: ReceiveMessageInput!) { receiveMessage(input: $i) { userErrors { code } } }";
    stream::iter(0..MESSAGES)
        .map(|number| {
            let input = json!({"ticketId": tickets[number % TICKETS], "clientMessageId": format!("m{number}"),
                "body": format!("Здравствуйте, это письмо номер {number}: когда придёт мой заказ?")});
            async move {
                let told = client.data(write, json!({"i": input})).await?;
                ensure!(told["receiveMessage"]["userErrors"] == json!([]), "{told}");
                Ok(())
            }
        })
        .buffer_unordered(16)
        .try_collect::<()>()
        .await?;
    Ok(person)
}

async fn erase(client: &Client, person: &str) -> Result<uuid::Uuid> {
    let erase = "mutation($i: RequestErasureInput!) { it: requestErasure(input: $i) {
        person { personId } userErrors { code } } }";
    let now = commands::Clock::System.now().to_rfc3339();
    let input = json!({"idempotencyKey": "e", "personId": person, "ground": "OBJECTION", "executeAt": now});
    let told = client.data(erase, json!({"i": input})).await?["it"].take();
    let id = told["person"]["personId"].as_str().context(told.to_string())?;
    Ok(id.parse()?)
}

/// Waits until the key is gone and no row has anything of them.
async fn forgotten(tables: &PgPool, person: uuid::Uuid) -> Result<()> {
    loop {
        let gone: Option<bool> =
            sqlx::query_scalar("SELECT erased_at IS NOT NULL FROM person_privacy WHERE person_id = $1")
                .bind(person)
                .fetch_optional(tables)
                .await?;
        if gone == Some(true) {
            let left = projections::remains::of(tables, person).await?;
            if left.iter().all(|(_, count)| *count == 0) {
                return Ok(());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn certified(client: &Client, person: &str) -> Result<()> {
    let stands = "query($p: ID!) { personPrivacy(personId: $p) { verifiedAt cleared { place remains } } }";
    loop {
        let told = client.data(stands, json!({"p": person})).await?["personPrivacy"].take();
        if told["verifiedAt"].is_string() {
            let places = told["cleared"].as_array().context("no places")?;
            let left: Vec<&Value> = places.iter().filter(|it| it["remains"] != 0).collect();
            ensure!(left.is_empty(), "{left:?}");
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
