//! Random documents that the schema allows, with arguments that nobody in his right mind would give: each is answered,
//! and none by a fault.
//!
//! `LETOPIS_FUZZ_S` gives it more seconds, and other documents each time.

mod document;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use document::{Schema, Tape, Things};
use proptest::{
    collection::vec,
    num::u32,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tests::{App, Client, run};

const SECONDS: u64 = 15;
/// Codes that say that the server did what it should.
const GOOD: &[&str] = &[
    "BAD_USER_INPUT",
    "STALE",
    "NOT_FOUND",
    "FORBIDDEN",
    "NO_SESSION",
    // Random documents guess passwords.
    "THROTTLED",
];

#[test]
fn no_document_of_the_schema_leads_to_a_fault() -> Result<()> {
    let (app, things) = run(async {
        let app = App::start().await?;
        let ticket = app.client.ticket("fuzz", &json!({})).await?;
        let page = "{ tickets(first: 1) { pageInfo { endCursor } } }";
        let page = app.client.data(page, json!({})).await?;
        let cursor = page["tickets"]["pageInfo"]["endCursor"].as_str().context("no cursor")?;
        let look = app.client.look(&ticket).await?;
        let position = look["history"]["nodes"][0]["position"]
            .as_str()
            .context("no position")?;
        let things = Things {
            ids: vec![ticket.clone(), "00000000-0000-4000-8000-000000000007".to_owned()],
            cursors: vec![cursor.to_owned()],
            position: position.to_owned(),
        };
        anyhow::Ok((app, things))
    })?;
    let schema = Schema::parse(&api::graphql::sdl())?;
    let given = std::env::var("LETOPIS_FUZZ_S").ok().and_then(|it| it.parse().ok());
    let end = Instant::now() + Duration::from_secs(given.unwrap_or(SECONDS));
    let config = Config {
        cases: if given.is_some() { 1_000_000 } else { 2_000 },
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match given {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let count = std::cell::Cell::new(0_u32);
    let outcome = runner.run(&vec(u32::ANY, 1..300), |tape| {
        if Instant::now() > end {
            return Ok(());
        }
        let document = schema.document(&mut Tape::new(tape), &things);
        count.set(count.get() + 1);
        run(ask(&app.client, &document)).map_err(|error| TestCaseError::fail(format!("{error:#}\n{document}")))
    });
    let answered = count.get();
    outcome.map_err(|error| anyhow::anyhow!("{error}"))?;
    ensure!(answered >= 100, "only {answered} documents in {SECONDS} s");
    run(app.finish())
}

async fn ask(client: &Client, document: &str) -> Result<()> {
    let response = client.post(json!({"query": document}).to_string()).await?;
    ensure!(response.status() == 200, "HTTP {}", response.status());
    let body: Value = response.json().await?;
    for error in body["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        ensure!(GOOD.contains(&code), "{error}");
        ensure!(error["extensions"]["requestId"].is_string(), "{error}");
    }
    Ok(())
}
