//! What is slow or large is turned away, and holds nobody up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::config::Config;
use serde_json::{Value, json};
use tests::{App, KEY, run};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{COUNT, code};

#[test]
fn ten_megabytes_are_refused_in_words() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let text = json!({"query": format!("{{ tickets(after: \"{}\") {{ totalCount }} }}", "a".repeat(10_000_000))});
        for round in 0..5 {
            let response = app
                .client
                .post(text.to_string())
                .await
                .with_context(|| format!("round {round}"))?;
            assert_eq!(response.status(), 413);
            let body: Value = response.json().await?;
            ensure!(code(&body) == "BAD_USER_INPUT", "{body}");
            ensure!(body["errors"][0]["message"].to_string().contains("1 MiB"), "{body}");
        }
        // The same when its size is not told before.
        let mut stream = connect(&app).await?;
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let part = format!("40000\r\n{}\r\n", " ".repeat(0x40000));
        for _ in 0..40 {
            stream.write_all(part.as_bytes()).await?;
        }
        stream.write_all(b"0\r\n\r\n").await?;
        let said = rest(&mut stream).await?;
        ensure!(said.starts_with("HTTP/1.1 413") && said.contains("1 MiB"), "{said}");
        assert_eq!(app.client.count(&json!({})).await?, 0);
        app.finish().await
    })
}

async fn connect(app: &App) -> Result<TcpStream> {
    Ok(TcpStream::connect(app.client.base.trim_start_matches("http://")).await?)
}

/// What the server says until it closes the connection.
async fn rest(stream: &mut TcpStream) -> Result<String> {
    let mut said = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
    read.context("the connection is kept")??;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn connection_whose_headers_never_end_is_closed() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            header_timeout_s: 1,
            ..it
        })
        .await?;
        let began = Instant::now();
        let mut slow = connect(&app).await?;
        slow.write_all(b"POST /graphql HTTP/1.1\r\nhost: a\r\n").await?;
        let mut silent = connect(&app).await?;
        rest(&mut slow).await?;
        rest(&mut silent).await?;
        ensure!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(app.client.count(&json!({})).await?, 0);
        app.finish().await
    })
}

#[test]
fn body_that_never_comes_is_waited_for_no_longer_than_the_limit() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            request_timeout_s: 1,
            ..it
        })
        .await?;
        for path in ["/graphql", "/graphql/stream"] {
            let mut slow = connect(&app).await?;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n\
                 content-length: 1000\r\n\r\n{{"
            );
            slow.write_all(head.as_bytes()).await?;
            let said = rest(&mut slow).await?;
            ensure!(
                said.starts_with("HTTP/1.1 504") && said.contains("TIMED_OUT"),
                "{path}: {said}"
            );
        }
        assert_eq!(
            app.client.respond(COUNT, json!({})).await?["data"]["tickets"]["totalCount"],
            0
        );
        app.finish().await
    })
}
