//! Who may not, and what makes no sense.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{App, poll, run};

use super::{key, refusal, refusal_in};

#[test]
fn nothing_is_given_without_the_right_and_the_try_is_on_record() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let nobody = "00000000-0000-4000-8000-00000000abcd";
        let paths = [
            "/audit/export?format=csv".to_owned(),
            format!("/people/{nobody}/export"),
        ];
        for path in &paths {
            assert_eq!(refusal(&client.anonymous(), path).await?.0, 401, "{path}");
        }
        let reader = key(client, "reader", &["tickets:read", "contacts:read"]).await?;
        for (path, right) in paths.iter().zip(["audit:read", "privacy:write"]) {
            let (status, code, said) = refusal(&reader, path).await?;
            ensure!(
                (status, code.as_str()) == (403, "FORBIDDEN") && said.contains(right),
                "{path}: {said}"
            );
        }
        poll("the tries are not on record", async || {
            let told = client
                .data("{ denials(first: 10) { nodes { operation } } }", json!({}))
                .await;
            let told = told.unwrap_or_default().to_string();
            told.contains("exportAudit") && told.contains("exportPerson")
        })
        .await?;
        let auditor = key(client, "auditor", &["audit:read"]).await?;
        assert_eq!(refusal(&auditor, &paths[1]).await?.0, 403);
        let officer = key(client, "officer", &["privacy:write"]).await?;
        let (status, code, _) = refusal(&officer, &paths[1]).await?;
        assert_eq!((status, code.as_str()), (404, "NOT_FOUND"));
        assert_eq!(refusal(&officer, &paths[0]).await?.0, 403);
        app.finish().await
    })
}

#[test]
fn bad_input_names_the_field_the_value_and_what_is_accepted() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (path, words) in [
            ("/audit/export", vec!["format", "\"\"", "csv, ndjson or xlsx"]),
            (
                "/audit/export?format=pdf",
                vec!["format", "\"pdf\"", "csv, ndjson or xlsx"],
            ),
            ("/audit/export?format=csv&format=csv", vec!["\"format\"", "searchedFor"]),
            (
                "/audit/export?format=csv&until=now",
                vec!["\"until\"", "from, to", "searchedFor"],
            ),
            (
                "/audit/export?format=csv&from=yesterday",
                vec!["from", "\"yesterday\"", "RFC 3339"],
            ),
            (
                "/audit/export?format=csv&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
                vec!["to", "later than from"],
            ),
            (
                "/audit/export?format=csv&types=nothing",
                vec!["types", "\"nothing\"", "ticket.resolved"],
            ),
            ("/audit/export?format=csv&actor=me", vec!["actor", "\"me\"", "kind:id"]),
            (
                "/audit/export?format=csv&object=thing",
                vec!["object", "\"thing\"", "uuid"],
            ),
            ("/audit/export?format=csv&actor=a&actor=b", vec!["\"actor\"", "once"]),
            (
                "/people/somebody/export",
                vec!["id", "\"somebody\"", "a contact, a user or a ticket"],
            ),
            (
                "/people/00000000-0000-4000-8000-00000000abcd/export?lang=de",
                vec!["lang", "\"de\"", "ru or en"],
            ),
            (
                "/people/00000000-0000-4000-8000-00000000abcd/export?form=csv",
                vec!["\"form\"", "lang"],
            ),
        ] {
            let (status, code, said) = refusal(&app.client, path).await?;
            ensure!(
                (status, code.as_str()) == (400, "BAD_USER_INPUT"),
                "{path}: {status} {code} {said}"
            );
            for word in words {
                ensure!(said.contains(word), "{path}: {word:?} is not in {said}");
            }
        }
        let (_, _, said) = refusal_in(&app.client, "/audit/export?format=pdf", "ru").await?;
        ensure!(said.contains("принимается"), "{said}");
        app.finish().await
    })
}
