//! Files and the scanner: somebody else's program, of which only the protocol is here.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result};
use api::config::Config;
use serde_json::{Value, json};
use tests::{App, Client, poll, run};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{announced, attached, bring, code, file, files, picture, put, say, text};

/// The file that every scanner takes for a virus (eicar.org), put together so that nobody takes this text for it.
pub(crate) fn eicar() -> Vec<u8> {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$",
        "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
    .into_bytes()
}

/// What the scanner has no memory for when it first sees it.
const HEAVY: &str = "heavy";

fn is_news(word: &str, heard: &Mutex<Vec<String>>) -> bool {
    let Ok(mut heard) = heard.lock() else { return false };
    let news = heard.iter().all(|it| it != word);
    heard.push(word.to_owned());
    news
}

/// Answers as clamd(8) says; a file longer than 1 MiB is too long for it.
async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<String>>>) -> Result<()> {
    let mut command = Vec::new();
    loop {
        match stream.read_u8().await? {
            0 => break,
            byte => command.push(byte),
        }
    }
    let command = String::from_utf8(command)?;
    if let Ok(mut heard) = heard.lock() {
        heard.push(command.clone());
    }
    if command == "zVERSION" {
        return Ok(stream.write_all(b"ClamAV 1.4.3/27800\0").await?);
    }
    let mut bytes = Vec::new();
    loop {
        let length = usize::try_from(stream.read_u32().await?)?;
        if length == 0 {
            break;
        }
        let mut piece = vec![0; length];
        stream.read_exact(&mut piece).await?;
        bytes.extend(piece);
        if bytes.len() > 1 << 20 {
            return Ok(stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").await?);
        }
    }
    if bytes == HEAVY.as_bytes() && is_news(HEAVY, &heard) {
        return Ok(stream.write_all(b"stream: Can't allocate memory ERROR\0").await?);
    }
    let infected = bytes.windows(eicar().len()).any(|it| it == eicar());
    let answer: &[u8] = if infected {
        b"stream: Eicar-Test-Signature FOUND\0"
    } else {
        b"stream: OK\0"
    };
    Ok(stream.write_all(answer).await?)
}

/// A scanner, where it listens, and what it was asked.
pub(crate) async fn scanner() -> Result<(SocketAddr, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&hearing)));
        }
    });
    Ok((address, heard))
}

pub(crate) fn asking(address: SocketAddr) -> impl FnOnce(Config) -> Config {
    let settings = Config::from_toml(&format!("[files]\nclamav = 'tcp:{address}'"));
    move |config| Config {
        files: settings.map(|it| it.files).unwrap_or_default(),
        ..config
    }
}

async fn state(client: &Client, ticket: &str, id: &str) -> Option<Value> {
    let files = files(client, ticket).await.ok()?;
    files.into_iter().find(|it| it["id"] == id)
}

pub(crate) async fn becomes(client: &Client, ticket: &str, id: &str, expected: &str) -> Result<Value> {
    poll("it does not become what is expected", async || {
        state(client, ticket, id)
            .await
            .is_some_and(|it| it["state"] == expected)
    })
    .await?;
    state(client, ticket, id).await.context("no file")
}

#[test]
fn file_is_kept_apart_until_a_scanner_has_seen_it_even_over_a_restart() -> Result<()> {
    run(async {
        // Nobody listens there.
        let nobody: SocketAddr = "127.0.0.1:9".parse()?;
        let app = App::start_with(asking(nobody)).await?;
        let ticket = app.client.ticket("t", &json!({})).await?;
        let clean = bring(&app.client, &ticket, "a.png", "image/png", &picture()).await?;
        let waiting = attached(&app.client, &ticket, "a", &clean).await?;
        assert_eq!((&waiting["state"], &waiting["url"]), (&json!("PENDING"), &json!(null)));
        let (address, heard) = scanner().await?;
        let app = app.restart_with(asking(address)).await?;
        let client = &app.client;
        let seen = becomes(client, &ticket, &clean, "CLEAN").await?;
        assert_eq!(client.get(text(&seen, "url")?).await?.0, 200);
        let (bad, url) = announced(client, file(&ticket, "v", "v.txt", "text/plain", eicar().len())).await?;
        let told: Value = put(client, &url, eicar()).await?.json().await?;
        assert_eq!(told["state"], "PENDING");
        attached(client, &ticket, "b", &bad).await?;
        let found = becomes(client, &ticket, &bad, "INFECTED").await?;
        assert_eq!(
            (&found["signature"], &found["url"]),
            (&json!("Eicar-Test-Signature"), &json!(null))
        );
        let long = vec![b'a'; 3 << 20];
        let id = bring(client, &ticket, "long.txt", "text/plain", &long).await?;
        attached(client, &ticket, "c", &id).await?;
        let failed = becomes(client, &ticket, &id, "FAILED").await?;
        assert_eq!(failed["url"], json!(null));
        let heavy = bring(client, &ticket, "heavy.txt", "text/plain", HEAVY.as_bytes()).await?;
        attached(client, &ticket, "h", &heavy).await?;
        becomes(client, &ticket, &heavy, "CLEAN").await?;
        let again = bring(client, &ticket, "v2.txt", "text/plain", &eicar()).await?;
        poll("nobody looks at it", async || {
            let said = say(client, "postMessage", &ticket, "d", &[&again]).await;
            said.is_ok_and(|it| it["userErrors"][0]["code"] == "FILE_INFECTED" || it["userErrors"] == json!([]))
        })
        .await?;
        let heard = heard.lock().map(|it| it.clone()).unwrap_or_default();
        assert!(
            ["zINSTREAM", "zVERSION", HEAVY]
                .iter()
                .all(|it| heard.contains(&(*it).to_owned())),
            "{heard:?}"
        );
        app.finish().await
    })
}

#[test]
fn picture_gets_a_small_one_and_what_only_looks_like_one_does_not() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let good = bring(client, &ticket, "a.png", "image/png", &picture()).await?;
        // The head says 60,000 by 60,000 pixels, and nothing follows.
        let mut bomb = picture();
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let bad = bring(client, &ticket, "b.png", "image/png", &bomb).await?;
        attached(client, &ticket, "a", &good).await?;
        attached(client, &ticket, "b", &bad).await?;
        poll("there is no small picture", async || {
            state(client, &ticket, &good)
                .await
                .is_some_and(|it| it["previewUrl"].is_string())
        })
        .await?;
        let shown = state(client, &ticket, &good).await.context("no file")?;
        assert_eq!(shown["previewSize"], json!({"width": 1, "height": 1}));
        let response = client.fetch(text(&shown, "previewUrl")?).await?;
        assert_eq!(response.headers()["content-type"], "image/png");
        assert!(response.bytes().await?.starts_with(b"\x89PNG"));
        let pool = sqlx::PgPool::connect(&app.database_url).await?;
        poll("it is not given up", async || {
            let count =
                sqlx::query_scalar("SELECT COUNT(*) FROM read_attachment_v1.attachment WHERE preview = 'impossible'");
            count.fetch_one(&pool).await.is_ok_and(|it: i64| it == 1)
        })
        .await?;
        pool.close().await;
        let shown = state(client, &ticket, &bad).await.context("no file")?;
        assert_eq!(shown["previewUrl"], json!(null));
        assert_eq!(client.fetch(text(&shown, "url")?).await?.status(), 200);
        let nothing = code(client.fetch("/files/x").await?).await?;
        assert_eq!(nothing.0, 403);
        app.finish().await
    })
}
