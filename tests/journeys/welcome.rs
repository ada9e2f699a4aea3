//! The page behind the links of mails, in a real browser when there is one.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{App, Browser, installed_browser, run};

const PASSWORD: &str = "длинный пароль";
const EMAIL: &str = "anna@example.com";

async fn invite(app: &App) -> Result<String> {
    let query = "mutation($i: InviteUserInput!) { inviteUser(input: $i) { user { id } userErrors { code } } }";
    let input = json!({"idempotencyKey": "1", "email": EMAIL, "name": "Анна", "locale": "ru"});
    let invited = app.client.data(query, json!({"i": input})).await?;
    ensure!(invited["inviteUser"]["userErrors"] == json!([]), "{invited}");
    app.mailed_token(EMAIL).await
}

async fn shown(browser: &mut Browser) -> Result<String> {
    let text = browser.run("document.querySelector('main').innerText").await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// Sets this password twice in the page.
async fn set_password(browser: &mut Browser, password: &str, repeated: &str) -> Result<()> {
    browser.type_into("new-password", password).await?;
    browser.type_into("repeated", repeated).await?;
    browser.submit("link-form").await
}

const HAS_ERROR: &str = "document.querySelectorAll('#errors li').length === 1";

#[expect(clippy::print_stdout, reason = "who runs the tests has to know that one did not run")]
#[test]
fn invited_person_sets_a_password_and_signs_in_without_any_frontend() -> Result<()> {
    let Some(program) = installed_browser() else {
        println!("skipped: no browser is on PATH");
        return Ok(());
    };
    run(async {
        let app = App::start().await?;
        let token = invite(&app).await?;
        let mut browser = Browser::start(&program, "ru-RU,ru").await?;
        let page = format!("{}/welcome#{token}", app.client.base);
        browser.go(&page).await?;
        ensure!(shown(&mut browser).await?.contains("Задать пароль"));
        set_password(&mut browser, PASSWORD, "другой пароль").await?;
        browser.wait(HAS_ERROR).await?;
        ensure!(shown(&mut browser).await?.contains("различаются"));
        // What the page lets through the server still refuses, in the reader's language.
        set_password(&mut browser, "aaaaaaaaaaaa", "aaaaaaaaaaaa").await?;
        browser
            .wait("document.getElementById('errors').innerText.includes('символ')")
            .await?;
        set_password(&mut browser, PASSWORD, PASSWORD).await?;
        browser.wait("!document.getElementById('sign-in-form').hidden").await?;
        let said = shown(&mut browser).await?;
        ensure!(
            said.contains("Пароль задан") && said.contains("Анна, anna@example.com"),
            "{said}"
        );
        ensure!(
            browser.run("location.hash").await? == "",
            "the token stays in the address"
        );
        browser.type_into("password", "не тот пароль").await?;
        browser.submit("sign-in-form").await?;
        browser.wait(HAS_ERROR).await?;
        browser.type_into("password", PASSWORD).await?;
        browser.submit("sign-in-form").await?;
        browser.wait("document.getElementById('sign-in-form').hidden").await?;
        let said = shown(&mut browser).await?;
        ensure!(said.contains("Вы вошли: Анна"), "{said}");
        app.finish().await
    })
}

#[expect(clippy::print_stdout, reason = "who runs the tests has to know that one did not run")]
#[test]
fn used_link_is_refused_in_the_language_of_the_browser() -> Result<()> {
    let Some(program) = installed_browser() else {
        println!("skipped: no browser is on PATH");
        return Ok(());
    };
    run(async {
        let app = App::start().await?;
        let mut browser = Browser::start(&program, "de,en").await?;
        browser.go(&format!("{}/welcome#AAAA", app.client.base)).await?;
        ensure!(shown(&mut browser).await?.contains("Set the password"));
        set_password(&mut browser, PASSWORD, PASSWORD).await?;
        browser.wait(HAS_ERROR).await?;
        let said = shown(&mut browser).await?;
        ensure!(said.contains("the link is not valid any more"), "{said}");
        app.finish().await
    })
}
