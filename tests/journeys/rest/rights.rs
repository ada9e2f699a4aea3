//! Who may ask what: as in GraphQL.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use tests::{App, run};

use super::{get, opened, program, tell};

#[test]
fn without_a_right_nothing_is_told_or_done() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = opened(&app.client, "k", json!({"subject": "тайна"})).await?;
        let nobody = app.client.with_key("nonsense");
        let stranger = program(&app, &["users:read"]).await?;
        let customer = "/tickets?contact=00000000-0000-4000-8000-00000000000c";
        for path in [customer, "/tickets/all", "/stats"] {
            assert_eq!(
                get(&nobody, path).await?.refused()?,
                (401, "UNAUTHENTICATED", ""),
                "{path}"
            );
        }
        let (one, history) = (format!("/tickets/{id}"), format!("/tickets/{id}/history"));
        for path in [customer, "/tickets/all", "/stats", &one, &history] {
            let refused = get(&stranger, path).await?;
            assert_eq!(refused.refused()?, (403, "FORBIDDEN", ""), "{path}");
            ensure!(!refused.body.to_string().contains("тайна"), "{refused:?}");
        }
        for (method, path, body) in [
            (Method::POST, "/tickets".to_owned(), json!({"subject": "x"})),
            (Method::PATCH, format!("{one}/priority"), json!({"priority": "LOW"})),
            (Method::PATCH, format!("{one}/status"), json!({"status": "PENDING"})),
            (Method::PATCH, format!("{one}/assign"), json!({"agentId": super::AGENT})),
            (Method::POST, format!("{one}/close"), json!({"reason": "SPAM"})),
        ] {
            let refused = tell(&stranger, method, &path, "k", body).await?;
            assert_eq!(refused.refused()?, (403, "FORBIDDEN", ""), "{path}");
        }
        ensure!(get(&nobody, "/stats").await?.header("www-authenticate") == "Bearer");
        let ticket = get(&app.client, &format!("/tickets/{id}")).await?.done()?;
        ensure!(ticket["version"] == 1, "{ticket}");
        app.finish().await
    })
}

#[test]
fn who_may_only_write_opens_a_ticket_and_sees_none() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let writer = program(&app, &["tickets:write"]).await?;
        let created = tell(&writer, Method::POST, "/tickets", "k", json!({"subject": "Один"})).await?;
        ensure!(created.status == 201 && created.body["ticket"].is_null(), "{created:?}");
        ensure!(
            created.header("location").is_empty() && created.body["position"].is_string(),
            "{created:?}"
        );
        app.finish().await
    })
}

#[test]
fn agent_has_own_tickets_and_takes_them() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let set_up = "mutation($i: SetUpInput!) { setUp(input: $i) { session { accessToken } user { id } userErrors { code } } }";
        let input = json!({"token": app.set_up_token().await?, "email": "boss@example.com", "name": "Начальник",
            "password": "длинный пароль"});
        let answer = app.client.anonymous().data(set_up, json!({"i": input})).await?;
        let token = answer["setUp"]["session"]["accessToken"]
            .as_str()
            .context(answer.to_string())?;
        let boss = app.client.with_key(token);
        let id = opened(&boss, "k", json!({"subject": "Один"})).await?;
        let own = get(&boss, "/tickets").await?.done()?;
        ensure!(own["items"] == json!([]), "{own}");
        let given = tell(&boss, Method::PATCH, &format!("/tickets/{id}/assign"), "a", json!({}))
            .await?
            .done()?;
        ensure!(given["ticket"]["assignee"] == answer["setUp"]["user"]["id"], "{given}");
        let own = get(&boss, "/tickets").await?.done()?;
        ensure!(own["items"][0]["id"] == id.as_str(), "{own}");
        // A program is nobody who could own a ticket.
        let refused = get(&app.client, "/tickets").await?;
        assert_eq!(refused.refused()?, (400, "BAD_USER_INPUT", "contact"));
        let refused = tell(
            &app.client,
            Method::PATCH,
            &format!("/tickets/{id}/assign"),
            "b",
            json!({}),
        )
        .await?;
        assert_eq!(refused.refused()?, (400, "BAD_USER_INPUT", "agentId"));
        app.finish().await
    })
}
