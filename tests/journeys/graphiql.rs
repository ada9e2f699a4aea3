//! GraphiQL in a real browser, when there is one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::{App, HEADLESS, installed_browser, run};
use tokio::{process::Command, time::timeout};

#[expect(clippy::print_stdout, reason = "who runs the tests has to know that one did not run")]
#[test]
fn browser_shows_the_editor() -> Result<()> {
    let Some(browser) = installed_browser() else {
        println!("skipped: no chromium, chromium-browser or google-chrome is on PATH");
        return Ok(());
    };
    run(async {
        let app = App::start().await?;
        let profile = tempfile::tempdir()?;
        let mut command = Command::new(browser);
        command
            .args(HEADLESS)
            .args(["--virtual-time-budget=10000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("{}/graphiql", app.client.base))
            .kill_on_drop(true);
        let output = timeout(Duration::from_mins(1), command.output())
            .await
            .context("the browser does not end")??;
        let page = String::from_utf8_lossy(&output.stdout);
        for part in ["graphiql-container", "CodeMirror", "graphiql-execute-button"] {
            ensure!(page.contains(part), "{part} is not in the page:\n{page}");
        }
        app.finish().await
    })
}
