//! The guides work as they are written: each of their blocks is carried out against a real server, in order, and the
//! answers are those they show.

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

#[test]
fn guide_for_frontends_works_as_it_is_written() -> Result<()> {
    let guide = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/frontend.md"));
    works("docs/guides/frontend.md", guide)
}

#[test]
fn walk_of_a_ticket_works_as_it_is_written() -> Result<()> {
    let guide = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/ticket.md"));
    works("docs/guides/ticket.md", guide)
}

fn works(file: &str, guide: &str) -> Result<()> {
    run(async {
        let usual = Config::default();
        let app = App::start_with(|it| Config {
            cost_budget: usual.cost_budget,
            cost_restored_per_s: usual.cost_restored_per_s,
            ..it
        })
        .await?;
        let steps = steps(guide).with_context(|| file.to_owned())?;
        ensure!(steps.len() > 20, "the guide has only {} steps", steps.len());
        let mut known = Known::default();
        for step in &steps {
            let done = take(&app, step, &mut known).await;
            done.with_context(|| format!("{file}, line {}", step.line))?;
        }
        app.finish().await
    })
}

async fn take(app: &App, step: &Step, known: &mut Known) -> Result<()> {
    match &step.ask {
        Ask::Program(words) => told(app, words, step, known).await,
        Ask::Put { path, headers, body } => {
            let path = known.in_header(path)?;
            let mut request = app.client.anonymous().request(Method::PUT, &path).body(body.clone());
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let came: Value = request.send().await?.json().await?;
            let [answer] = step.answers.as_slice() else {
                anyhow::bail!("bytes have one answer, not {}", step.answers.len());
            };
            known.compare(&answer.json()?, &came)
        }
        Ask::Document { headers, text, .. } if text.trim_start().starts_with("subscription") => {
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
        Ask::Document { headers, text, until } => {
            let body = json!({"query": text, "variables": known.put_into(&step.variables)?});
            let [answer] = step.answers.as_slice() else {
                anyhow::bail!("an operation has one answer, not {}", step.answers.len());
            };
            let answer = answer.json()?;
            if *until {
                let shows = async || match send(app, headers, &body, known).await {
                    Ok(response) => known.clone().compare(&answer, &response).is_ok(),
                    Err(_) => false,
                };
                // What came last is told by the comparison below.
                drop(poll("what the guide shows does not come", shows).await);
            }
            let response = send(app, headers, &body, known).await?;
            known.compare(&answer, &response)
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
