//! Accounts, roles and second factors in the audit.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, eventually, one_time_password, run};

use super::{change, entries, of_type};
use crate::people::{PASSWORD, set_up};

/// Carries out a mutation with an input, and has it done.
async fn done(client: &Client, mutation: &str, input_type: &str, input: Value) -> Result<()> {
    let query = format!("mutation($i: {input_type}!) {{ it: {mutation}(input: $i) {{ userErrors {{ code }} }} }}");
    let told = client.data(&query, json!({"i": input})).await?;
    ensure!(told["it"]["userErrors"] == json!([]), "{mutation}: {told}");
    Ok(())
}

/// The newest entry of a type, as soon as there are so many.
async fn newest(client: &Client, event_type: &str, count: usize) -> Result<Value> {
    let look = async || entries(client, json!({"types": [event_type]})).await;
    let found = eventually(look, |it| it.len() >= count).await?;
    ensure!(found.len() == count, "{event_type}: {found:#?}");
    Ok(of_type(&found, event_type)?.clone())
}

#[test]
fn role_tells_what_it_allowed_before() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        for (key, permissions) in [
            ("1", json!(["tickets:read"])),
            ("2", json!(["contacts:read", "tickets:read"])),
        ] {
            let input =
                json!({"idempotencyKey": key, "key": "night", "name": "Ночная смена", "permissions": permissions});
            done(&client, "reviseRole", "ReviseRoleInput", input).await?;
        }
        let revised = newest(&client, "access.role_revised", 2).await?;
        let (before, after) = change(&revised, "permissions");
        assert_eq!(
            (before, after),
            (Some("[\"tickets:read\"]"), Some("[\"tickets:read\",\"contacts:read\"]"))
        );
        ensure!(
            revised["actor"].as_str().is_some_and(|it| it.starts_with("agent:")),
            "{revised}"
        );
        assert_eq!(revised["objectType"], "access");
        let input = json!({"idempotencyKey": "3", "key": "night"});
        done(&client, "retireRole", "RetireRoleInput", input).await?;
        let retired = newest(&client, "access.role_retired", 1).await?;
        assert_eq!(change(&retired, "role").0.or(change(&retired, "role").1), Some("night"));
        app.finish().await
    })
}

#[test]
fn second_invitation_is_told_without_its_link() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let invite = "mutation($i: InviteUserInput!) { inviteUser(input: $i) { user { id } } }";
        let input = json!({"idempotencyKey": "i", "email": "anna@example.com", "name": "Анна", "locale": "ru"});
        let anna = client.data(invite, json!({"i": input})).await?["inviteUser"]["user"]["id"].take();
        let first = app.mailed_token("anna@example.com").await?;
        done(
            &client,
            "reinviteUser",
            "ReinviteUserInput",
            json!({"idempotencyKey": "r", "userId": anna}),
        )
        .await?;
        let entry = newest(&client, "user.reinvited", 1).await?;
        assert_eq!((&entry["objectType"], &entry["objectId"]), (&json!("user"), &anna));
        let look = async || app.mailed_token("anna@example.com").await;
        let second = eventually(look, |it| *it != first).await?;
        let told = entry.to_string();
        ensure!(!told.contains(&first) && !told.contains(&second), "{told}");
        let follow = "mutation($i: FollowLinkInput!) { followLink(input: $i) { userErrors { code } } }";
        for (token, codes) in [(&first, json!([{"code": "LINK_INVALID"}])), (&second, json!([]))] {
            let input = json!({"token": token, "password": PASSWORD});
            let told = app.client.anonymous().data(follow, json!({"i": input})).await?;
            assert_eq!(told["followLink"]["userErrors"], codes);
        }
        app.finish().await
    })
}

#[test]
fn second_factor_is_switched_off_by_who_knows_the_password() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let draft = client
            .data("mutation { prepareTwoFactor { secret } }", json!({}))
            .await?;
        let secret = draft["prepareTwoFactor"]["secret"].as_str().context("no secret")?;
        let enable = "mutation($s: String!, $c: String!, $p: String!) {
            enableTwoFactor(secret: $s, code: $c, password: $p) { userErrors { code } } }";
        let code = one_time_password(secret)?;
        client
            .data(enable, json!({"s": secret, "c": code, "p": PASSWORD}))
            .await?;
        let disable = "mutation($p: String!) { disableTwoFactor(password: $p) { done userErrors { code } } }";
        let refused = client.data(disable, json!({"p": "не тот пароль"})).await?;
        assert_eq!(
            refused["disableTwoFactor"]["userErrors"][0]["code"],
            "CREDENTIALS_WRONG"
        );
        let told = client.data(disable, json!({"p": PASSWORD})).await?;
        assert_eq!(told["disableTwoFactor"], json!({"done": true, "userErrors": []}));
        for event_type in ["user.two_factor_enabled", "user.two_factor_disabled"] {
            let entry = newest(&client, event_type, 1).await?;
            assert_eq!(
                (&entry["objectType"], &entry["objectId"]),
                (&json!("user"), &json!(boss.user))
            );
            ensure!(!entry.to_string().contains(secret), "{entry}");
        }
        let sign_in = "mutation($i: SignInInput!) { signIn(input: $i) { userErrors { code } } }";
        let input = json!({"email": "boss@example.com", "password": PASSWORD});
        let told = app.client.anonymous().data(sign_in, json!({"i": input})).await?;
        assert_eq!(told["signIn"]["userErrors"], json!([]));
        app.finish().await
    })
}
