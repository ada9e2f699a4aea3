//! Who gets in, what is too much, and what is served to anybody.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

#[test]
fn request_without_a_valid_key_is_unauthenticated() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (language, word) in [("en", "API key"), ("ru", "ключ")] {
            for key in ["", "wrong", "test-key-0123456788"] {
                let client = app.client.with_key(key).speaking(language);
                let response = client.post(r#"{"query": "{ tickets { totalCount } }"}"#).await?;
                assert_eq!(response.status(), 401);
                assert_eq!(response.headers()["www-authenticate"], "Bearer");
                let body: Value = response.json().await?;
                assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
                let message = body["errors"][0]["message"].as_str().unwrap_or_default();
                ensure!(message.contains(word), "{message}");
            }
        }
        app.finish().await
    })
}

#[test]
fn body_that_is_no_request_is_bad_input() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for body in ["", "{", "42", r#"{"query": 1}"#, "query", "{}"] {
            let response = app.client.post(body).await?;
            assert_eq!(response.status(), 400, "{body:?}");
            let answer: Value = response.json().await?;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{body:?}");
        }
        app.finish().await
    })
}

#[test]
fn what_the_library_says_is_told_in_the_callers_language() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = app.client.speaking("ru");
        for (query, said) in [
            ("{ viewer {", "строка 1"),
            (
                "{ tickets(first: 1, filter: {openedAt: {gte: \"вчера\"}}) { totalCount } }",
                "момент вида",
            ),
            (
                "{ tickets(first: 1, minPosition: \"abc\") { totalCount } }",
                "место, как",
            ),
            ("{ nothing }", "схеме"),
        ] {
            let refused = client.respond(query, json!({})).await?;
            let error = &refused["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{query}: {refused}");
            let message = error["message"].as_str().unwrap_or_default();
            assert!(message.contains(said), "{query}: {message}");
        }
        app.finish().await
    })
}

#[test]
fn document_that_does_not_parse_is_not_told_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let query = format!("{{ tickets(first: 1) {{ {} }} }} }}", "number ".repeat(10_000));
        let refused = app.client.respond(&query, json!({})).await?;
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{refused}"
        );
        assert!(refused.to_string().len() < 2_000, "{refused}");
        app.finish().await
    })
}

#[test]
fn body_over_one_mebibyte_is_refused_and_the_server_goes_on() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let query = r#"{"query": "{ tickets { totalCount } }"}"#;
        let padded = |size: usize| query.to_owned() + &" ".repeat(size - query.len());
        assert_eq!(app.client.post(padded(1024 * 1024)).await?.status(), 200);
        assert_eq!(app.client.post(padded(1024 * 1024 + 1)).await?.status(), 413);
        assert_eq!(app.client.count(&json!({})).await?, 0);
        app.finish().await
    })
}

#[test]
fn query_that_is_too_deep_or_too_costly_is_refused_with_a_code() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut deep = "id".to_owned();
        for _ in 0..8 {
            deep = format!("history(first: 1) {{ nodes {{ ticket {{ {deep} }} }} }}");
        }
        let deep = format!("{{ ticketByNumber(number: 1) {{ {deep} }} }}");
        let costly = "{ tickets(first: 100) { nodes { history(first: 100) { nodes { type at actor } } } } }";
        for query in [deep.as_str(), costly] {
            assert_eq!(app.client.error(query, json!({})).await?.0, "BAD_USER_INPUT", "{query}");
        }
        app.finish().await
    })
}

#[test]
fn health_is_told_to_anybody() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let (status, body) = app.client.get("/health/live").await?;
        assert_eq!(
            (status, serde_json::from_str::<Value>(&body)?),
            (200, json!({"status": "live"}))
        );
        let (status, body) = app.client.get("/health/ready").await?;
        let body: Value = serde_json::from_str(&body)?;
        assert_eq!((status, &body["status"]), (200, &json!("ready")));
        ensure!(body["projections"].is_object(), "{body}");
        let parked = &body["parkedStreams"];
        assert_eq!(
            (&parked["ticket_list"], &parked["ticket_history"]),
            (&json!(0), &json!(0))
        );
        app.finish().await
    })
}

#[test]
fn introspection_tells_the_schema() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let query = "{ __schema { queryType { fields { name } } subscriptionType { fields { name } } } }";
        let schema = app.client.data(query, json!({})).await?["__schema"].take();
        ensure!(
            schema["subscriptionType"]["fields"]
                == json!([{"name": "projectionsChanged"}, {"name": "messageChanged"}, {"name": "bulkOperationChanged"},
                    {"name": "whatIfChanged"}, {"name": "viewCountsChanged"}, {"name": "ticketChanged"}]),
            "{schema}"
        );
        ensure!(
            schema["queryType"]["fields"].to_string().contains("ticketByNumber"),
            "{schema}"
        );
        app.finish().await
    })
}

#[test]
fn graphiql_comes_from_this_server_alone() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let response = app.client.fetch("/graphiql").await?;
        let policy = response.headers()["content-security-policy"].to_str()?.to_owned();
        ensure!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
            "{policy}"
        );
        ensure!(!policy.contains("http") && !policy.contains("unsafe"), "{policy}");
        let page = response.text().await?;
        ensure!(!page.contains("http://") && !page.contains("https://"), "{page}");
        let mut assets = 0;
        for part in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
            let file = part.split('"').next().context("no end of a link")?;
            if !file.starts_with("graphiql/") {
                continue;
            }
            let response = app.client.fetch(&format!("/{file}")).await?;
            ensure!(response.status() == 200, "{file}");
            ensure!(response.headers()["x-content-type-options"] == "nosniff", "{file}");
            assets += 1;
        }
        ensure!(assets >= 7, "only {assets} assets");
        assert_eq!(app.client.get("/graphiql/assets/nothing.js").await?.0, 404);
        assert_eq!(app.client.get("/graphiql/assets/..%2F..%2FCargo.toml").await?.0, 404);
        app.finish().await
    })
}
