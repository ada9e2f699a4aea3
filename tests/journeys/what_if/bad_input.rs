//! Files that say nothing that can be tried.

use std::fs;

use anyhow::{Context, Result, ensure};
use tests::{App, Program, run};

use super::{schemas, tickets};

const LEVELS: &str = "[priority]\nmedium_from = 0\nhigh_from = 30\nurgent_from = 60\n";
const RULE: &str = "[[rules]]\nname = { en = \"a\" }\nwords = [\"b\"]\n";

/// One line on standard error with these words, and nothing told.
async fn refused(app: &App, file: &str, words: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rules.toml");
    fs::write(&path, file)?;
    let (path, data) = (
        path.to_str().context("no path")?,
        app.data.path().to_str().context("no path")?,
    );
    let output = Program::replay(&["what-if", path, "--data", data, "--database-url", &app.database_url]).await?;
    let error = String::from_utf8(output.stderr)?;
    ensure!(
        output.status.code() == Some(2) && output.stdout.is_empty(),
        "{file}: {error}"
    );
    ensure!(error.trim_end().lines().count() == 1, "{file}: {error}");
    for word in words {
        ensure!(error.contains(word), "{word:?} is not in: {error}");
    }
    Ok(())
}

#[test]
fn bad_file_is_refused_by_name() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let output = Program::replay(&["what-if", "/nowhere/rules.toml", "--database-url", &app.database_url]).await?;
        let error = String::from_utf8(output.stderr)?;
        ensure!(
            output.status.code() == Some(2) && error.contains("/nowhere/rules.toml: No such file"),
            "{error}"
        );
        let long_ago = format!("from = 2001-01-01\nuntil = 2002-01-01\n{LEVELS}");
        refused(&app, &long_ago, &["the log has no tickets"]).await?;
        tickets(&app.client).await?;
        for (file, words) in [
            (
                "fro = 1".to_owned(),
                &["rules.toml: line 1: unknown field `fro`", "`from`, `until`, `priority`"][..],
            ),
            (LEVELS.to_owned(), &["missing field `from`"]),
            ("from = 2026-01-01".to_owned(), &["nothing is changed: give [priority]"]),
            (
                format!("from = \"soon\"\n{LEVELS}"),
                &["from: \"soon\" is not accepted", "2026-03-01T00:00:00Z"],
            ),
            (
                format!("from = 2026-02-01\nuntil = 2026-01-01\n{LEVELS}"),
                &["until 2026-01-01", "nothing lies between"],
            ),
            (
                format!("from = 2026-02-01\nuntil = 2999-01-01\n{LEVELS}"),
                &["until 2999-01-01", "has not come yet"],
            ),
            (long_ago, &["the period ends before the first ticket"]),
            (
                format!("from = 2026-01-01\n{LEVELS}{RULE}category_key = \"nowhere\""),
                &["there is no category \"nowhere\""],
            ),
            (
                format!("from = 2026-01-01\n{LEVELS}{RULE}"),
                &["rules.0.category_key: \"\" is not accepted"],
            ),
            (
                format!("from = 2026-01-01\n{LEVELS}{RULE}points = 1000"),
                &["rules.0.points: \"1000\"", "-100 to 100"],
            ),
            (
                "from = 2026-01-01\n[classifier]\nversion = 7\nthreshold = 0.5".to_owned(),
                &["there is no version 7"],
            ),
        ] {
            refused(&app, &file, words).await?;
        }
        ensure!(schemas(&app).await?.is_empty());
        app.finish().await
    })
}
