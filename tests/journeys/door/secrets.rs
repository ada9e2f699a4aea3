//! What is secret stays out of the log, however much is logged.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use tests::{Cluster, KEY, Program, Socket, run};

const SUBJECT: &str = "Личное-обращение-клиента";
const WRONG: &str = "wrong-key-c0ffee00";
const PASSWORD: &str = "password-hunter2-7";
const COOKIE: &str = "session-cookie-31337";
const TOKEN: &str = "token-of-a-visitor-99";

async fn use_everything(program: &Program) -> Result<()> {
    let client = &program.client;
    let id = client.ticket("k", &json!({"subject": SUBJECT})).await?;
    client.look(&id).await?;
    client
        .data("{ tickets(first: 5) { nodes { subject } } }", json!({}))
        .await?;
    client
        .with_key(WRONG)
        .respond("{ tickets { totalCount } }", json!({}))
        .await?;
    let bad = format!("mutation {{ login(password: {PASSWORD:?}) {{ token }} }}");
    client.respond(&bad, json!({"password": PASSWORD})).await?;
    client
        .respond("{ tickets(after: $token) { totalCount } }", json!({"token": TOKEN}))
        .await?;
    let request = client
        .request(Method::GET, "/graphql")
        .query(&[("query", bad.as_str()), ("token", TOKEN)]);
    request.header("cookie", format!("session={COOKIE}")).send().await?;
    client.post(format!("{{\"query\": {PASSWORD:?}")).await?;
    let request = client
        .request(Method::POST, "/graphql/stream")
        .json(&json!({"query": bad}));
    request.send().await?.text().await?;
    client.fetch(&format!("/nothing/{TOKEN}?key={PASSWORD}")).await?;
    let mut socket = Socket::subscribe(&client.base, KEY, &bad, json!({"password": PASSWORD})).await?;
    socket.hear().await?;
    let mut socket = Socket::open(&client.base).await?;
    let init = json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {WRONG}")}});
    socket.say(init).await?;
    socket.hear().await?;
    Ok(())
}

#[test]
fn log_holds_neither_keys_nor_passwords_nor_what_people_write() -> Result<()> {
    run(async {
        for (level, format) in [("info", ""), ("trace", ""), ("trace", "json")] {
            let data = tempfile::tempdir()?;
            let database = Cluster::shared().await?.database().await?;
            let folder = data.path().to_str().context("no text")?;
            let arguments = ["--data", folder, "--database-url", &database];
            let program = Program::serve_with(&arguments, |command| {
                command.env("RUST_LOG", level).env("LETOPIS_LOG_FORMAT", format);
            })
            .await?;
            use_everything(&program).await?;
            let master = std::fs::read_to_string(data.path().join("keys/master.key"))?;
            let log = program.log();
            program.terminate().await?;
            ensure!(
                level == "info" || log.contains("request"),
                "nothing of a request is logged"
            );
            for secret in [KEY, WRONG, PASSWORD, COOKIE, TOKEN, SUBJECT, master.trim()] {
                let line = log.lines().find(|it| it.contains(secret));
                ensure!(line.is_none(), "at {level} {format} the log holds {secret}: {line:?}");
            }
        }
        Ok(())
    })
}
