//! The whole way in a real browser, when there is one.

use anyhow::{Result, ensure};
use api::config::Config;
use tests::{App, Browser, installed_browser, run};

use super::{anna, issuer::Issuer};

/// A port that nobody listens on: the address must be known before the server starts.
async fn free_port() -> Result<u16> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    Ok(listener.local_addr()?.port())
}

#[expect(clippy::print_stdout, reason = "who runs the tests has to know that one did not run")]
#[test]
fn person_signs_in_by_the_page_with_an_account_elsewhere() -> Result<()> {
    let Some(program) = installed_browser() else {
        println!("skipped: no browser is on PATH");
        return Ok(());
    };
    run(async {
        let issuer = Issuer::start().await?;
        let port = free_port().await?;
        let settings = format!(
            "public_url = \"http://127.0.0.1:{port}\"\n[[oidc]]\nname = \"office\"\nissuer = {:?}\n\
             client_id = \"desk\"\nallow_new = true",
            issuer.base()
        );
        let settings = Config::from_toml(&settings)?;
        let app = App::start_with(|it| Config {
            listen: ([127, 0, 0, 1], port).into(),
            public_url: settings.public_url,
            oidc: settings.oidc,
            ..it
        })
        .await?;
        let mut browser = Browser::start(&program, "ru").await?;
        let shows = |text: &str| format!("document.body.innerText.includes({text:?})");
        issuer.seat(anna());
        browser.go(&format!("{}/welcome", app.client.base)).await?;
        browser.wait(&shows("Войти через office")).await?;
        browser.submit("providers").await?;
        browser.wait(&shows("Вы вошли: Анна, anna@example.com")).await?;
        ensure!(
            browser.run("location.hash").await? == "",
            "the code stays in the address"
        );
        // A link that somebody else prepared signs nobody in.
        browser.go(&format!("{}/welcome#sign-in=AAAA", app.client.base)).await?;
        browser.wait(&shows("начните вход снова")).await?;
        app.finish().await
    })
}
