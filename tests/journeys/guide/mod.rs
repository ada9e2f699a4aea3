//! The guide for frontend engineers works as it is written: each of its blocks is carried out against a real server, in
//! order, and the answers are those it shows.

mod answers;
mod blocks;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, Socket, poll, run};

use self::{
    answers::Known,
    blocks::{Ask, Step, steps},
};

const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/frontend.md"));

#[test]
fn guide_for_frontends_works_as_it_is_written() -> Result<()> {
    run(async {
        let usual = Config::default();
        let app = App::start_with(|it| Config {
            cost_budget: usual.cost_budget,
            cost_restored_per_s: usual.cost_restored_per_s,
            ..it
        })
        .await?;
        let steps = steps(GUIDE)?;
        ensure!(steps.len() > 20, "the guide has only {} steps", steps.len());
        let mut known = Known::default();
        for step in &steps {
            let done = take(&app, step, &mut known).await;
            done.with_context(|| format!("docs/guides/frontend.md, line {}", step.line))?;
        }
        app.finish().await
    })
}

async fn take(app: &App, step: &Step, known: &mut Known) -> Result<()> {
    match &step.ask {
        Ask::Program(words) => told(app, words, step, known).await,
        Ask::Document { headers, text } if text.trim_start().starts_with("subscription") => {
            let key = headers.iter().find(|(name, _)| name == "Authorization");
            let (_, key) = key.context("a subscription without Authorization")?;
            let key = known.in_header(key)?.replacen("Bearer ", "", 1);
            let variables = known.put_into(&step.variables)?;
            let mut socket = Socket::subscribe(&app.client.base, &key, text, variables).await?;
            for answer in &step.answers {
                known.compare(&answer.json()?, &json!({"data": socket.next().await?}))?;
            }
            Ok(())
        }
        Ask::Document { headers, text } => {
            let body = json!({"query": text, "variables": known.put_into(&step.variables)?});
            let response = send(app, headers, &body, known).await?;
            let [answer] = step.answers.as_slice() else {
                anyhow::bail!("an operation has one answer, not {}", step.answers.len());
            };
            known.compare(&answer.json()?, &response)
        }
    }
}

async fn send(app: &App, headers: &[(String, String)], body: &Value, known: &Known) -> Result<Value> {
    let response = if headers.is_empty() {
        app.client.anonymous().post(body.to_string()).await?
    } else {
        let mut key = None;
        let mut others = Vec::new();
        for (name, value) in headers {
            let value = known.in_header(value)?;
            match value.strip_prefix("Bearer ") {
                Some(bearer) => key = Some(bearer.to_owned()),
                None => others.push((name, value)),
            }
        }
        let client = app.client.with_key(&key.context("headers without Authorization")?);
        let mut request = client.request(Method::POST, "/graphql").json(body);
        for (name, value) in others {
            request = request.header(name, value);
        }
        request.send().await?
    };
    Ok(response.json().await?)
}

/// What a program prints: mails wait only a moment after they were asked for.
async fn told(app: &App, words: &[String], step: &Step, known: &mut Known) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for answer in &step.answers {
        let shows = async || match app.tell(&words).await {
            Ok(printed) => known.clone().find(answer, &printed).is_ok(),
            Err(_) => false,
        };
        poll("the program does not print what the guide shows", shows).await?;
        known.find(answer, &app.tell(&words).await?)?;
    }
    Ok(())
}
