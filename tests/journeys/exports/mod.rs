//! Packages to take away: the audit with its proof, and a person's data.

mod audit;
mod person;
mod proof;
mod refused;

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use anyhow::{Context, Result, ensure};
use api::config::Config;
use event_store::Position;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, poll};
use zip::ZipArchive;

use crate::{
    audit::shows,
    conversation::{contact, must, words},
    erasure::forget_one,
    proof::sealed,
    read_models::log_of,
};

/// The files of a package by their names.
type Files = BTreeMap<String, Vec<u8>>;

/// A package as it was given out, and its files.
async fn package(client: &Client, path: &str) -> Result<(Vec<u8>, Files)> {
    package_in(client, path, "en").await
}

/// The same for whoever understands this language.
async fn package_in(client: &Client, path: &str, language: &str) -> Result<(Vec<u8>, Files)> {
    let request = client.request(Method::GET, path).header("Accept-Language", language);
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await?.to_vec();
    ensure!(status == 200, "{path}: {status} {}", String::from_utf8_lossy(&bytes));
    ensure!(headers["content-type"] == "application/zip", "{headers:?}");
    ensure!(
        headers["content-length"].to_str()? == bytes.len().to_string(),
        "{headers:?}"
    );
    ensure!(
        headers["content-disposition"]
            .to_str()?
            .starts_with("attachment; filename="),
        "{headers:?}"
    );
    let files = unpacked(&bytes)?;
    Ok((bytes, files))
}

fn unpacked(bytes: &[u8]) -> Result<Files> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        files.insert(file.name()?.into_owned(), content);
    }
    Ok(files)
}

fn text<'a>(files: &'a Files, name: &str) -> Result<&'a str> {
    let bytes = files
        .get(name)
        .with_context(|| format!("no {name} in {:?}", files.keys()))?;
    Ok(std::str::from_utf8(bytes)?)
}

fn lines(files: &Files, name: &str) -> Result<Vec<Value>> {
    Ok(text(files, name)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?)
}

/// Status, code and message with which a request is turned away.
async fn refusal(client: &Client, path: &str) -> Result<(u16, String, String)> {
    refusal_in(client, path, "en").await
}

/// The same for whoever understands this language.
async fn refusal_in(client: &Client, path: &str, language: &str) -> Result<(u16, String, String)> {
    let request = client.request(Method::GET, path).header("Accept-Language", language);
    let response = request.send().await?;
    let status = response.status().as_u16();
    let told: Value = response.json().await?;
    let error = &told["errors"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned).context(told.to_string());
    Ok((status, text(&error["extensions"]["code"])?, text(&error["message"])?))
}

/// A key with these rights alone.
async fn key(client: &Client, name: &str, permissions: &[&str]) -> Result<Client> {
    let issue = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code field } } }";
    let input = json!({"idempotencyKey": name, "name": name, "permissions": permissions});
    let issued = client.data(issue, json!({"i": input})).await?;
    let secret = issued["issueApiKey"]["secret"].as_str().context(issued.to_string())?;
    Ok(client.with_key(secret))
}

/// A server on which things were done by and to people with odd names; all of it is sealed, and one person is erased.
async fn history() -> Result<(App, String)> {
    let app = App::start_with(|config| Config {
        seal_interval_s: 1,
        ..config
    })
    .await?;
    let client = &app.client;
    let maria = contact(client, "=HYPERLINK(\"http://evil\",\"Мария\")").await?;
    let boris = contact(client, "Стёртый Борис").await?;
    let id = client
        .ticket("t", &json!({"contactId": maria, "subject": "+1, \"нет\"; сети"}))
        .await?;
    client
        .ticket("b", &json!({"contactId": boris, "subject": "Стёртая тема"}))
        .await?;
    must(
        client,
        "receiveMessage",
        &id,
        words("1", "@SUM(A1)\nвторая строка, \"кавычки\""),
    )
    .await?;
    must(client, "receiveMessage", &id, words("2", "'апостроф")).await?;
    must(client, "receiveMessage", &id, words("3", "\t=1+1")).await?;
    let last = client
        .must("changeTicketSubject", "s", &id, &json!({"subject": "-2+3"}))
        .await?;
    shows(client, &last["position"]).await?;
    forget_one(&app, "--contact", &boris).await?;
    let last = client
        .must("resolveTicket", "r", &id, &json!({"reason": "SOLVED"}))
        .await?;
    shows(client, &last["position"]).await?;
    let end = quiet(&app).await?;
    shows(client, &json!(end.0.to_string())).await?;
    sealed(app.data.path(), end.0).await?;
    Ok((app, maria))
}

/// Waits until the processes have done what follows from what was done; the end of the log then.
async fn quiet(app: &App) -> Result<Position> {
    // In this order: what one does, those behind it may follow.
    const FOLLOWED: [(&str, &[&str]); 3] = [
        ("replies", &["conversation.message"]),
        (
            "reception",
            &[
                "ticket.opened",
                "ticket.subject_changed",
                "conversation.message_received",
            ],
        ),
        ("estimates", &["ticket.categorized", "ticket.prioritized"]),
    ];
    const PLACE: &str = "SELECT position FROM ops.process_cursor WHERE process = $1";
    let (log, pool) = (log_of(app)?, PgPool::connect(&app.database_url).await?);
    let is_certified = async || {
        let found = log.read_all(Position::START, &["subject.erasure_verified"], 1).await;
        found.is_ok_and(|it| !it.is_empty())
    };
    poll("the erasure is not certified", is_certified).await?;
    for (process, types) in FOLLOWED {
        let is_done = async || {
            let place: Result<i64, _> = sqlx::query_scalar(PLACE).bind(process).fetch_one(&pool).await;
            let Ok(place) = place else { return false };
            let rest = log.read_all(Position(place.cast_unsigned()), types, 1).await;
            rest.is_ok_and(|it| it.is_empty())
        };
        poll("a process has still something to do", is_done).await?;
    }
    pool.close().await;
    Ok(log.head().await?)
}
