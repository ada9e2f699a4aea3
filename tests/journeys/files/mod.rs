//! Files: brought, read, scanned, withdrawn, forgotten.

mod bad_uploads;
mod customer;
mod gone;
mod links;
mod messages;
pub(crate) mod scans;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::{App, Client, run};

/// What tests look at of a file.
pub(crate) const FILE: &str = "id messageId name size contentType hash state signature url previewUrl expiresAt downloads \
     previewSize { width height }";

/// The document that announces a file.
pub(crate) const ANNOUNCE: &str = "mutation($i: CreateUploadInput!) { it: createUpload(input: $i) { upload {
    attachmentId url method headers { name value } expiresAt } userErrors { code message field } } }";

/// A picture of one pixel.
pub(crate) fn picture() -> Vec<u8> {
    const TEXT: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    STANDARD.decode(TEXT).unwrap_or_default()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref()
        .iter()
        .fold(String::new(), |hex, it| format!("{hex}{it:02x}"))
}

/// A file as it is announced: under a key, with this name, type and size.
pub(crate) fn file(ticket: &str, key: &str, name: &str, kind: &str, size: usize) -> Value {
    json!({"idempotencyKey": key, "ticketId": ticket, "name": name, "contentType": kind, "size": size})
}

/// The payload of an announcement.
pub(crate) async fn announce(client: &Client, input: Value) -> Result<Value> {
    Ok(client.data(ANNOUNCE, json!({"i": input})).await?["it"].take())
}

/// Where the bytes of an announced file go; it must be taken.
pub(crate) async fn announced(client: &Client, input: Value) -> Result<(String, String)> {
    let payload = announce(client, input).await?;
    ensure!(payload["userErrors"] == json!([]), "{payload}");
    let text = |name: &str| payload["upload"][name].as_str().map(str::to_owned).context("no upload");
    Ok((text("attachmentId")?, text("url")?))
}

/// Brings bytes by a link.
pub(crate) async fn put(client: &Client, url: &str, bytes: impl Into<reqwest::Body>) -> Result<Response> {
    Ok(client.anonymous().request(Method::PUT, url).body(bytes).send().await?)
}

/// The code with which a request was turned away.
pub(crate) async fn code(response: Response) -> Result<(u16, String)> {
    let status = response.status().as_u16();
    let told: Value = response.json().await?;
    let code = told["errors"][0]["extensions"]["code"].as_str();
    Ok((status, code.with_context(|| told.to_string())?.to_owned()))
}

/// The id of a file that is announced and brought.
pub(crate) async fn bring(client: &Client, ticket: &str, name: &str, kind: &str, bytes: &[u8]) -> Result<String> {
    let (id, url) = announced(client, file(ticket, name, name, kind, bytes.len())).await?;
    let response = put(client, &url, bytes.to_vec()).await?;
    let (status, text) = (response.status(), response.text().await?);
    ensure!(status == 201, "{name}: {text}");
    Ok(id)
}

/// Writes a message with files; its payload.
pub(crate) async fn say(client: &Client, mutation: &str, ticket: &str, name: &str, files: &[&str]) -> Result<Value> {
    let mut letters = mutation.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    let query = format!(
        "mutation($i: {kind}Input!) {{ it: {mutation}(input: $i) {{ message {{ id attachments {{ {FILE} }} }} position
         stale userErrors {{ code message field }} }} }}"
    );
    let input = json!({"ticketId": ticket, "clientMessageId": name, "body": "Вот файл", "attachmentIds": files});
    let payload = client.data(&query, json!({"i": input})).await?["it"].take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

/// The file of a message that has one.
pub(crate) async fn attached(client: &Client, ticket: &str, name: &str, file: &str) -> Result<Value> {
    let mut payload = say(client, "postMessage", ticket, name, &[file]).await?;
    ensure!(
        payload["userErrors"] == json!([]) && payload["stale"] == false,
        "{payload}"
    );
    Ok(payload["message"]["attachments"][0].take())
}

/// The files under a ticket.
pub(crate) async fn files(client: &Client, ticket: &str) -> Result<Vec<Value>> {
    let query = format!("query($id: ID!) {{ ticket(id: $id) {{ attachments {{ {FILE} }} }} }}");
    let mut data = client.data(&query, json!({"id": ticket})).await?;
    Ok(data["ticket"]["attachments"]
        .as_array_mut()
        .map(std::mem::take)
        .unwrap_or_default())
}

/// A field of a file that must be there.
pub(crate) fn text<'a>(file: &'a Value, field: &str) -> Result<&'a str> {
    file[field].as_str().with_context(|| format!("{field}: {file}"))
}

/// Every file in a folder, however deep.
pub(crate) fn stored(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(stored(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// More than a chunk, and no whole number of them.
fn journal() -> Vec<u8> {
    (0..200_000_u32).flat_map(|it| format!("{it}\n").into_bytes()).collect()
}

#[test]
fn file_comes_back_as_it_was_brought() -> Result<()> {
    const NAME: &str = "Журнал № 1.txt";
    const KIND: &str = "text/plain; charset=utf-8";
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let bytes = journal();
        let id = bring(client, &ticket, NAME, KIND, &bytes).await?;
        let again = announced(client, file(&ticket, NAME, NAME, KIND, bytes.len())).await?;
        assert_eq!(again.0, id, "the same wish is the same file");
        let once_more = put(client, &again.1, bytes.clone()).await?;
        assert_eq!(once_more.status(), 201, "the same bytes once more");
        let mut others = bytes.clone();
        others[0] ^= 1;
        let refused = code(put(client, &again.1, others).await?).await?;
        assert_eq!(refused, (409, "FILE_STORED_ALREADY".to_owned()));
        let shown = attached(client, &ticket, "m", &id).await?;
        assert_eq!(shown["name"], NAME);
        assert_eq!(
            (&shown["state"], &shown["contentType"]),
            (&json!("UNSCANNED"), &json!("text/plain"))
        );
        assert_eq!(shown["hash"], sha256(&bytes));
        let whole = client.fetch(text(&shown, "url")?).await?;
        let header = |name: &str| {
            whole
                .headers()
                .get(name)
                .and_then(|it| it.to_str().ok())
                .unwrap_or_default()
        };
        let called = "filename*=UTF-8''%D0%96%D1%83%D1%80%D0%BD%D0%B0%D0%BB%20%E2%84%96%201.txt";
        assert_eq!(
            header("content-disposition"),
            format!("attachment; filename=\"______ _ 1.txt\"; {called}")
        );
        assert_eq!(
            (header("x-content-type-options"), header("accept-ranges")),
            ("nosniff", "bytes")
        );
        assert!(header("content-security-policy").contains("sandbox"));
        assert!(whole.bytes().await? == bytes);
        let there = stored(&app.data.path().join("files"))?;
        assert_eq!(there.len(), 1, "{there:?}");
        let sealed = std::fs::read(&there[0])?;
        assert!(
            !sealed.windows(12).any(|it| it == b"\n1000\n1001\n1"),
            "nothing readable lies there"
        );
        assert_eq!(files(client, &ticket).await?.len(), 1);
        app.finish().await
    })
}

#[test]
fn file_is_read_in_parts() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let bytes = journal();
        let id = bring(client, &ticket, "a.txt", "text/plain", &bytes).await?;
        let shown = attached(client, &ticket, "m", &id).await?;
        let url = text(&shown, "url")?;
        let part = async |range: &str, etag: Option<&str>| {
            let request = client.anonymous().request(Method::GET, url).header("range", range);
            let request = match etag {
                Some(etag) => request.header("if-range", etag),
                None => request,
            };
            request.send().await
        };
        let size = bytes.len();
        for (range, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=65530-65545", 65530..65546),
            ("bytes=-5", size - 5..size),
            ("bytes=131072-", 131_072..size),
        ] {
            let response = part(range, None).await?;
            assert_eq!(response.status(), 206, "{range}");
            let said = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(response.headers()["content-range"], said.as_str());
            assert!(response.bytes().await? == bytes[expected], "{range}");
        }
        let beyond = part(&format!("bytes={size}-"), None).await?;
        assert_eq!(beyond.status(), 416);
        assert_eq!(beyond.headers()["content-range"], format!("bytes */{size}").as_str());
        let several = part("bytes=0-1,5-6", None).await?;
        assert_eq!(several.status(), 200, "several ranges are all of it");
        let etag = several.headers()["etag"].to_str()?.to_owned();
        assert_eq!(part("bytes=0-9", Some(&etag)).await?.status(), 206);
        assert_eq!(part("bytes=0-9", Some("\"other\"")).await?.status(), 200);
        let head = client.anonymous().request(Method::HEAD, url).send().await?;
        assert_eq!(head.headers()["content-length"], size.to_string().as_str());
        app.finish().await
    })
}
