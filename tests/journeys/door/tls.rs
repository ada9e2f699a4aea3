//! TLS by the server itself.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{KEY, Program, run};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// A folder with a certificate of `localhost`, its key, and a key of another.
fn files() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (certificate, key) in [("certificate.pem", "key.pem"), ("other.pem", "other-key.pem")] {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
        std::fs::write(folder.path().join(certificate), cert.pem())?;
        std::fs::write(folder.path().join(key), signing_key.serialize_pem())?;
    }
    std::fs::write(folder.path().join("empty"), "")?;
    Ok(folder)
}

fn name(folder: &Path, file: &str) -> String {
    folder.join(file).display().to_string()
}

async fn connect(folder: &Path, base: &str) -> Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("certificate.pem"))?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(base.trim_start_matches("https://")).await?;
    let connector = TlsConnector::from(Arc::new(config));
    Ok(connector.connect(ServerName::try_from("localhost")?, stream).await?)
}

async fn serve(data: &Path, certificate: Option<String>, key: Option<String>) -> Result<Program> {
    let data = data.to_str().context("no text")?.to_owned();
    Program::serve_with(&["--data", &data], |command| {
        for (variable, file) in [
            ("LETOPIS_TLS_CERTIFICATE_FILE", certificate),
            ("LETOPIS_TLS_KEY_FILE", key),
        ] {
            if let Some(file) = file {
                command.env(variable, file);
            }
        }
    })
    .await
}

#[test]
fn requests_and_sockets_are_answered_over_tls() -> Result<()> {
    run(async {
        let (folder, data) = (files()?, tempfile::tempdir()?);
        let folder = folder.path();
        let pair = [name(folder, "certificate.pem"), name(folder, "key.pem")].map(Some);
        let [certificate, key] = pair;
        let program = serve(data.path(), certificate, key).await?;
        let base = program.client.base.clone();
        ensure!(base.starts_with("https://"), "{base}");
        let body = json!({"query": "{ tickets { totalCount } }"}).to_string();
        let mut stream = connect(folder, &base).await?;
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut said = String::new();
        // rustls tells a connection that ends without a farewell apart from one that was cut.
        stream.read_to_string(&mut said).await?;
        ensure!(
            said.starts_with("HTTP/1.1 200") && said.contains("\"totalCount\":0"),
            "{said}"
        );
        ensure!(said.contains("strict-transport-security: max-age="), "{said}");
        let mut request = "wss://localhost/graphql/ws".into_client_request()?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        let (mut socket, _) = client_async(request, connect(folder, &base).await?).await?;
        let init = json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {KEY}")}});
        socket.send(Message::text(init.to_string())).await?;
        let told = socket.next().await.context("closed")??;
        let told: Value = serde_json::from_str(told.to_text()?)?;
        ensure!(told["type"] == "connection_ack", "{told}");
        // Who does not speak TLS is sent away, and nobody else.
        let mut plain = TcpStream::connect(base.trim_start_matches("https://")).await?;
        plain.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await?;
        let mut said = Vec::new();
        plain.read_to_end(&mut said).await?;
        ensure!(!String::from_utf8_lossy(&said).contains("200"), "{said:?}");
        connect(folder, &base).await?;
        ensure!(program.terminate().await?.success());
        Ok(())
    })
}

#[test]
fn files_that_are_none_or_do_not_belong_together_are_named() -> Result<()> {
    run(async {
        let (folder, data) = (files()?, tempfile::tempdir()?);
        let folder = folder.path();
        let file = |it: &str| Some(name(folder, it));
        for (certificate, key, words) in [
            (
                file("certificate.pem"),
                None,
                vec!["tls_certificate_file", "tls_key_file"],
            ),
            (None, file("key.pem"), vec!["tls_certificate_file", "tls_key_file"]),
            (
                file("nothing"),
                file("key.pem"),
                vec!["tls_certificate_file", "nothing"],
            ),
            (
                file("empty"),
                file("key.pem"),
                vec!["tls_certificate_file", "empty", "CERTIFICATE"],
            ),
            (
                file("key.pem"),
                file("key.pem"),
                vec!["tls_certificate_file", "key.pem", "CERTIFICATE"],
            ),
            (
                file("certificate.pem"),
                file("certificate.pem"),
                vec!["tls_key_file", "PRIVATE KEY"],
            ),
            (
                file("certificate.pem"),
                file("other-key.pem"),
                vec!["other-key.pem", "do not belong together"],
            ),
        ] {
            let error = serve(data.path(), certificate, key)
                .await
                .err()
                .context("it starts")?
                .to_string();
            let line = error.lines().last().unwrap_or_default();
            ensure!(line.starts_with("letopis: "), "{error}");
            for word in words {
                ensure!(line.contains(word), "{word} is not in {line}");
            }
        }
        ensure!(!data.path().join("log").exists());
        Ok(())
    })
}
