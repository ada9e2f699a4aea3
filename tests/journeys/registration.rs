//! Coming by oneself, where the operator lets the people of a mail domain.

use anyhow::{Result, ensure};
use api::config::Config;
use serde_json::{Value, json};
use tests::{App, Client, run};

const PASSWORD: &str = "длинный пароль";
const SESSION: &str = "session { accessToken } user { standing grants { role } } userErrors { code field }";

async fn open(role: Option<&str>) -> Result<App> {
    let role = role.map_or(String::new(), |it| format!("registration_role = {it:?}\n"));
    let settings = Config::from_toml(&format!("registration_domains = [\"Example.com\"]\n{role}"))?;
    App::start_with(|it| Config {
        registration_domains: settings.registration_domains,
        registration_role: settings.registration_role,
        ..it
    })
    .await
}

async fn register(client: &Client, email: &str) -> Result<Value> {
    let query = "mutation($i: RegisterInput!) { register(input: $i) { done userErrors { code field } } }";
    let input = json!({"email": email, "name": "Анна", "locale": "ru"});
    Ok(client.data(query, json!({"i": input})).await?["register"].clone())
}

async fn follow(app: &App, token: &str, password: Option<&str>) -> Result<Value> {
    let query = format!("mutation($i: FollowLinkInput!) {{ followLink(input: $i) {{ {SESSION} }} }}");
    let input = json!({"token": token, "password": password});
    let answer = app.client.anonymous().data(&query, json!({"i": input})).await?;
    Ok(answer["followLink"].clone())
}

async fn accounts(app: &App) -> Result<usize> {
    let users = app
        .client
        .data("{ users(first: 50) { nodes { id } } }", json!({}))
        .await?;
    Ok(users["users"]["nodes"].as_array().map_or(0, Vec::len))
}

#[test]
fn stranger_of_an_open_domain_comes_by_the_link_and_gets_the_role() -> Result<()> {
    run(async {
        let app = open(Some("analyst")).await?;
        let stranger = app.client.anonymous();
        let done = json!({"done": true, "userErrors": []});
        ensure!(register(&stranger, " Anna@EXAMPLE.com ").await? == done);
        let token = app.mailed_token("anna@example.com").await?;
        let refused = follow(&app, &token, None).await?;
        ensure!(refused["userErrors"][0]["code"] == "PASSWORD_NEEDED", "{refused}");
        let came = follow(&app, &token, Some(PASSWORD)).await?;
        ensure!(
            came["user"] == json!({"standing": "ACTIVE", "grants": [{"role": "analyst"}]}),
            "{came}"
        );
        let again = follow(&app, &token, Some(PASSWORD)).await?;
        ensure!(again["userErrors"][0]["code"] == "LINK_INVALID", "{again}");
        app.finish().await
    })
}

#[test]
fn answer_is_the_same_whoever_has_the_address_and_no_second_account_is_made() -> Result<()> {
    run(async {
        let app = open(None).await?;
        let stranger = app.client.anonymous();
        let first = register(&stranger, "anna@example.com").await?;
        let early = app.mailed_token("anna@example.com").await?;
        // Whoever lost the mail gets another one, whose link takes the place of the first.
        ensure!(register(&stranger, "anna@example.com").await? == first);
        let refused = follow(&app, &early, Some(PASSWORD)).await?;
        ensure!(refused["userErrors"][0]["code"] == "LINK_INVALID", "{refused}");
        let token = app.mailed_token("anna@example.com").await?;
        let came = follow(&app, &token, Some(PASSWORD)).await?;
        ensure!(
            came["user"]["grants"] == json!([]),
            "a role that nobody has given: {came}"
        );
        ensure!(register(&stranger, "anna@example.com").await? == first);
        let token = app.mailed_token("anna@example.com").await?;
        let recovered = follow(&app, &token, Some("ещё один пароль")).await?;
        ensure!(recovered["session"]["accessToken"].is_string(), "{recovered}");
        ensure!(accounts(&app).await? == 1);
        app.finish().await
    })
}

#[test]
fn other_domains_are_closed_and_so_are_all_by_default() -> Result<()> {
    run(async {
        let app = open(None).await?;
        let stranger = app.client.anonymous();
        for email in ["anna@example.org", "anna@sub.example.com", "anna@example.com.evil.org"] {
            let refused = register(&stranger, email).await?;
            let expected = json!([{"code": "REGISTRATION_CLOSED", "field": ["input", "email"]}]);
            ensure!(
                refused["done"] == false && refused["userErrors"] == expected,
                "{refused}"
            );
        }
        let refused = register(&stranger, "anna@exаmple.com").await?;
        ensure!(refused["userErrors"][0]["code"] == "LOOK_ALIKE_LETTERS", "{refused}");
        ensure!(accounts(&app).await? == 0);
        app.finish().await?;
        let app = App::start().await?;
        let refused = register(&app.client.anonymous(), "anna@example.com").await?;
        ensure!(refused["userErrors"][0]["code"] == "REGISTRATION_CLOSED", "{refused}");
        app.finish().await
    })
}

#[test]
fn registrations_of_one_address_of_the_net_are_limited() -> Result<()> {
    run(async {
        let settings = Config::from_toml("registration_domains = [\"example.com\"]")?;
        let app = App::start_with(|it| Config {
            registration_domains: settings.registration_domains,
            operation_limits: Config::default().operation_limits,
            ..it
        })
        .await?;
        let query = "mutation { register(input: {email: \"a@example.org\", name: \"A\"}) { done } }";
        let stranger = app.client.anonymous();
        let mut answered = 0;
        while stranger.respond(query, json!({})).await?["errors"].is_null() {
            answered += 1;
            ensure!(answered <= 25, "mails without end");
        }
        let (code, _) = stranger.error(query, json!({})).await?;
        ensure!(code == "THROTTLED" && answered >= 20, "{code} after {answered}");
        app.finish().await
    })
}
