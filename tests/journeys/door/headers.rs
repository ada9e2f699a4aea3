//! Names of requests, and what browsers are told.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, KEY, Socket, run};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest},
};

use super::{COUNT, code, header, send};

#[test]
fn every_response_and_every_error_has_the_name_of_its_request() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let response = send(&app.client, COUNT, &[("x-request-id", "of-the-client.7")]).await?;
        assert_eq!(header(&response, "x-request-id")?, "of-the-client.7");
        for (path, status) in [
            ("/health/live", 200),
            ("/metrics", 200),
            ("/graphiql", 200),
            ("/welcome", 200),
            ("/nothing", 404),
        ] {
            let response = app.client.fetch(path).await?;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(header(&response, "x-request-id")?.len(), 32, "{path}");
        }
        for (client, query) in [
            (app.client.with_key("wrong"), COUNT),
            (app.client.clone(), "{ tickets(first: 0) { nodes { id } } }"),
            (app.client.clone(), "{ nothing }"),
            (app.client.clone(), "{"),
        ] {
            let response = send(&client, query, &[("x-request-id", "not \"plain\"")]).await?;
            let name = header(&response, "x-request-id")?.to_owned();
            ensure!(name.len() == 32, "{name}");
            let body: Value = response.json().await?;
            ensure!(body["errors"][0]["extensions"]["requestId"] == json!(name), "{body}");
        }
        let mut socket = Socket::introduced(&app.client.base).await?;
        socket.ask("1", "{ nothing }", json!({})).await?;
        let told = socket.hear().await?;
        let name = told["payload"][0]["extensions"]["requestId"]
            .as_str()
            .context("no name")?;
        ensure!(name.len() == 32, "{told}");
        app.finish().await
    })
}

#[test]
fn browsers_are_told_to_make_nothing_of_what_they_get() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for path in ["/health/live", "/graphiql", "/welcome", "/graphql", "/nothing"] {
            let response = app.client.fetch(path).await?;
            assert_eq!(header(&response, "x-content-type-options")?, "nosniff");
            assert_eq!(header(&response, "x-frame-options")?, "DENY");
            assert_eq!(header(&response, "referrer-policy")?, "no-referrer");
            ensure!(
                header(&response, "content-security-policy")?.contains("frame-ancestors 'none'"),
                "{path}"
            );
            // Over plain HTTP nobody may be sent to TLS.
            ensure!(response.headers().get("strict-transport-security").is_none(), "{path}");
        }
        assert_eq!(
            header(&app.client.fetch("/graphql").await?, "cache-control")?,
            "no-store"
        );
        app.finish().await
    })
}

async fn with_origins() -> Result<App> {
    let text = "cors_origins = ['https://shop.example']";
    let settings: api::config::Config = api::config::Config::from_toml(text)?;
    App::start_with(|it| api::config::Config {
        cors_origins: settings.cors_origins,
        ..it
    })
    .await
}

#[test]
fn pages_of_listed_sites_alone_may_ask() -> Result<()> {
    run(async {
        let app = with_origins().await?;
        for (origin, may) in [
            ("https://shop.example", true),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let preflight = app.client.request(Method::OPTIONS, "/graphql").header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "POST").header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key,letopis-read-only",
            );
            let preflight = preflight.send().await?;
            let headers = preflight.headers().get("access-control-allow-headers");
            let read_only = headers.is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("letopis-read-only")));
            ensure!(read_only, "{origin}: {preflight:?}");
            let answered = send(&app.client, COUNT, &[("origin", origin)]).await?;
            for response in [preflight, answered] {
                let allowed = response.headers().get("access-control-allow-origin");
                ensure!(allowed.is_some_and(|it| it == origin) == may, "{origin}: {response:?}");
                ensure!(response.headers().get("access-control-allow-credentials").is_none());
            }
            let socket = open(&app, Some(origin)).await?;
            ensure!(socket == if may { 101 } else { 403 }, "{origin}: {socket}");
        }
        ensure!(open(&app, None).await? == 101);
        ensure!(open(&app, Some(&app.client.base)).await? == 101);
        app.finish().await
    })
}

#[test]
fn without_a_list_no_site_may_ask() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let response = send(&app.client, COUNT, &[("origin", "https://shop.example")]).await?;
        ensure!(
            response.headers().get("access-control-allow-origin").is_none(),
            "{response:?}"
        );
        ensure!(open(&app, Some("https://shop.example")).await? == 403);
        app.finish().await
    })
}

/// Status of the upgrade that a page of this origin asks for.
async fn open(app: &App, origin: Option<&str>) -> Result<u16> {
    let mut request = format!("{}/graphql/ws", app.client.base.replacen("http", "ws", 1)).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    headers.insert("authorization", format!("Bearer {KEY}").parse()?);
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse()?);
    }
    match connect_async(request).await {
        Ok((_, response)) => Ok(response.status().as_u16()),
        Err(Error::Http(response)) => Ok(response.status().as_u16()),
        Err(error) => Err(error.into()),
    }
}

#[test]
fn body_that_another_site_could_send_unasked_is_not_taken() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let body = json!({"query": COUNT}).to_string();
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "",
        ] {
            let request = app
                .client
                .request(Method::POST, "/graphql")
                .header("content-type", kind);
            let response = request.body(body.clone()).send().await?;
            assert_eq!(response.status(), 415, "{kind}");
            ensure!(code(&response.json().await?) == "BAD_USER_INPUT");
        }
        let request = app.client.request(Method::POST, "/graphql").body(body);
        let request = request.header("content-type", "application/json; charset=utf-8");
        assert_eq!(request.send().await?.status(), 200);
        app.finish().await
    })
}
