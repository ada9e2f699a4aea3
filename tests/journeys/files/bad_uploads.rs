//! What is not taken, and that nothing is left of it.

use std::{io::Write, time::Duration};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, poll, run};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{announce, announced, bring, code, file, put, stored};

async fn refused(client: &Client, input: Value) -> Result<(String, String)> {
    let payload = announce(client, input).await?;
    ensure!(payload["upload"].is_null(), "{payload}");
    let error = &payload["userErrors"][0];
    let field = error["field"]
        .as_array()
        .and_then(|it| it.last())
        .cloned()
        .unwrap_or_default();
    Ok((
        error["code"].as_str().unwrap_or_default().to_owned(),
        field.as_str().unwrap_or_default().to_owned(),
    ))
}

fn zipped(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default())?;
    writer.write_all(bytes)?;
    Ok(writer.finish()?.into_inner())
}

/// Sends the head of an upload and some of its bytes, by hand.
async fn begin(client: &Client, url: &str, length: u64, bytes: &[u8]) -> Result<TcpStream> {
    let host = client.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await?;
    let head = format!("PUT {url} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(bytes).await?;
    stream.flush().await?;
    Ok(stream)
}

#[test]
fn what_cannot_be_a_file_is_refused_when_it_is_announced() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let said = async |name: &str, kind: &str, size: i64| {
            let input = json!({"idempotencyKey": format!("{name:?}{kind}{size}"), "ticketId": ticket, "name": name,
                "contentType": kind, "size": size});
            refused(client, input).await
        };
        let pair = |code: &str, field: &str| (code.to_owned(), field.to_owned());
        assert_eq!(
            said("a.png", "image/png", 3 << 30).await?,
            pair("FILE_TOO_LARGE", "size")
        );
        assert_eq!(said("a.png", "image/png", 0).await?, pair("FILE_EMPTY", "size"));
        assert_eq!(said("a.png", "image/png", -1).await?, pair("BAD_USER_INPUT", "size"));
        assert_eq!(
            said("a.html", "text/html", 5).await?,
            pair("FILE_TYPE_NOT_TAKEN", "contentType")
        );
        assert_eq!(
            said("a.png", "картинка", 5).await?,
            pair("BAD_USER_INPUT", "contentType")
        );
        for name in ["", "../a.png", "a\nb.png"] {
            assert_eq!(
                said(name, "image/png", 5).await?,
                pair("BAD_USER_INPUT", "name"),
                "{name:?}"
            );
        }
        let nowhere = "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f";
        assert_eq!(
            refused(client, file(nowhere, "k", "a.png", "image/png", 5)).await?,
            pair("NOT_FOUND", "ticketId")
        );
        let query =
            "mutation($i: CreateInboxInput!) { it: createInbox(input: $i) { inbox { id } userErrors { code field } } }";
        let own = json!({"idempotencyKey": "i", "definition": {"name": "Сайт", "channel": "API", "fileMaxBytes": 10,
            "fileTypes": ["Application/PDF", "image/*"]}});
        let inbox = client.data(query, json!({"i": own})).await?["it"]["inbox"]["id"].take();
        let theirs = client.ticket("theirs", &json!({"inboxId": inbox})).await?;
        assert_eq!(
            refused(client, file(&theirs, "l", "a.png", "image/png", 11)).await?,
            pair("FILE_TOO_LARGE", "size")
        );
        let text = file(&theirs, "m", "a.txt", "text/plain", 5);
        assert_eq!(refused(client, text).await?, pair("FILE_TYPE_NOT_TAKEN", "contentType"));
        announced(client, file(&theirs, "n", "a.pdf", "application/pdf", 10)).await?;
        let bad = json!({"idempotencyKey": "j", "definition": {"name": "Другая", "channel": "API", "fileMaxBytes": 0,
            "fileTypes": ["картинки"]}});
        let told = client.data(query, json!({"i": bad})).await?.to_string();
        ensure!(told.contains("fileMaxBytes") && told.contains("fileTypes"), "{told}");
        app.finish().await
    })
}

#[test]
fn disk_is_not_filled_beyond_its_reserve() -> Result<()> {
    run(async {
        let settings = api::config::Config::from_toml("[files]\nkeep_free_bytes = 1125899906842624")?.files;
        let app = App::start_with(|config| api::config::Config {
            files: settings,
            ..config
        })
        .await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let (_, url) = announced(client, file(&ticket, "f", "a.txt", "text/plain", 3)).await?;
        let refused = code(put(client, &url, b"abc".to_vec()).await?).await?;
        assert_eq!(refused, (507, "FILE_STORAGE_FULL".to_owned()));
        let (data, database) = app.stop().await?;
        // The disk has room again: the same path takes the file.
        let app = App::start_on(data, database).await?;
        let taken = put(&app.client, &url, b"abc".to_vec()).await?;
        ensure!(taken.status() == 201, "{taken:?}");
        app.finish().await
    })
}

#[test]
fn bytes_that_are_not_what_was_announced_leave_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let html = b"<html><script>alert(1)</script></html>".to_vec();
        let tried = async |name: &str, kind: &str, size: usize, bytes: Vec<u8>| -> Result<(u16, String)> {
            let (_, url) = announced(client, file(&ticket, name, name, kind, size)).await?;
            code(put(client, &url, bytes).await?).await
        };
        let (_, url) = announced(client, file(&ticket, "lie", "a.png", "image/png", html.len())).await?;
        let lie: Value = put(&client.speaking("ru"), &url, html.clone()).await?.json().await?;
        let said = lie["errors"][0]["message"].as_str().unwrap_or_default();
        ensure!(said.contains("image/png") && said.contains("text/html"), "{said}");
        let bomb = zipped("zeros", &vec![0; 70 << 20])?;
        let answers = [
            tried("b.pdf", "application/pdf", html.len(), html.clone()).await?,
            tried("c.bin", "application/octet-stream", html.len(), html.clone()).await?,
            tried("d.zip", "application/zip", bomb.len(), bomb.clone()).await?,
            tried(
                "e.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                150,
                zipped("a.txt", b"a")?,
            )
            .await?,
            tried("f.txt", "text/plain", 10, b"123456789".to_vec()).await?,
            tried("g.txt", "text/plain", 8, b"123456789".to_vec()).await?,
        ];
        let expected = [
            (415, "FILE_TYPE_LIES"),
            (415, "FILE_TYPE_NOT_TAKEN"),
            (422, "FILE_ARCHIVE_REFUSED"),
            (400, "FILE_SIZE_DIFFERS"),
            (400, "FILE_SIZE_DIFFERS"),
            (400, "FILE_SIZE_DIFFERS"),
        ];
        assert_eq!(
            answers.map(|it| (it.0, it.1.clone())),
            expected.map(|it| (it.0, it.1.to_owned()))
        );
        let archive = zipped("a.txt", b"a")?;
        let lied = tried(
            "h.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            archive.len(),
            archive.clone(),
        )
        .await?;
        assert_eq!(lied, (415, "FILE_TYPE_LIES".to_owned()));
        ensure!(stored(&app.data.path().join("files"))?.is_empty());
        bring(client, &ticket, "ok.zip", "application/zip", &archive).await?;
        app.finish().await
    })
}

#[test]
fn cut_upload_leaves_nothing_and_a_huge_one_is_refused_at_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let half = vec![b'a'; 12 << 20];
        let (_, url) = announced(client, file(&ticket, "k", "log.txt", "text/plain", half.len() * 2)).await?;
        let mut huge = begin(client, &url, 3 << 30, b"abc").await?;
        let mut answer = vec![0; 12];
        timeout(Duration::from_secs(5), huge.read_exact(&mut answer)).await??;
        assert_eq!(answer, b"HTTP/1.1 413", "before it is sent");
        let mut other = begin(client, &url, 7, b"abc").await?;
        timeout(Duration::from_secs(5), other.read_exact(&mut answer)).await??;
        assert_eq!(answer, b"HTTP/1.1 400", "another length than was said");
        let folder = app.data.path().join("files");
        let begun = begin(client, &url, half.len() as u64 * 2, &half).await?;
        poll("nothing of the upload was written", async || {
            stored(&folder).is_ok_and(|it| !it.is_empty())
        })
        .await?;
        drop(begun);
        poll("something of the upload stays", async || {
            stored(&folder).is_ok_and(|it| it.is_empty())
        })
        .await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let left = async || {
            let count: Result<i64, _> = sqlx::query_scalar("SELECT COUNT(*) FROM ops.upload")
                .fetch_one(&pool)
                .await;
            count.unwrap_or(-1)
        };
        poll("the upload is not forgotten", async || left().await == 0).await?;
        // What a crash leaves: an object, one that was being written, and the note of both.
        std::fs::create_dir_all(folder.join("ab"))?;
        for name in ["ab/cut", "ab/cut#1"] {
            std::fs::write(folder.join(name), b"sealed")?;
        }
        sqlx::query(
            "INSERT INTO ops.upload (blob, attachment_id, started_at) VALUES ('ab/cut', gen_random_uuid(), now())",
        )
        .execute(&pool)
        .await?;
        pool.close().await;
        let app = app.restart().await?;
        ensure!(
            stored(&app.data.path().join("files"))?.is_empty(),
            "the next start clears it away"
        );
        app.finish().await
    })
}
