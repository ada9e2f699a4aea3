//! A vault or a log that was put back from an older backup: said at the start, before anything is written.

use std::{fs, path::Path, process::Output};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use tests::{App, Program, run};

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

async fn tell(words: &[&str], data: &Path, database: &str) -> Result<Output> {
    let place = ["--data", text(data)?, "--database-url", database];
    Program::output(&[words, &place].concat()).await
}

async fn serve(data: &Path, database: &str) -> Result<Output> {
    tell(&["serve", "--listen", "127.0.0.1:0"], data, database).await
}

fn complains(output: &Output, words: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "it went on: {said}");
    for word in words {
        ensure!(said.contains(word), "{said} does not mention {word}");
    }
    Ok(())
}

async fn execute(database: &str, statements: &[&str]) -> Result<()> {
    let pool = PgPool::connect(database).await?;
    for statement in statements {
        sqlx::query(AssertSqlSafe(*statement)).execute(&pool).await?;
    }
    pool.close().await;
    Ok(())
}

async fn with_tickets(app: &App, name: &str, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..count {
        let key = format!("{name}{number}");
        ids.push(app.client.ticket(&key, &json!({"subject": key.as_str()})).await?);
    }
    Ok(ids)
}

#[test]
fn emptied_vault_is_refused_until_its_people_are_recorded_as_forgotten() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ids = with_tickets(&app, "a", 3).await?;
        let (data, database) = app.stop().await?;
        execute(&database, &["DELETE FROM vault.subject_key", "DELETE FROM vault.mark"]).await?;
        complains(
            &serve(data.path(), &database).await?,
            &["vault", "lacks the key", "--lost"],
        )?;
        complains(&tell(&["vault", "check"], data.path(), &database).await?, &["3 others"])?;
        let forgotten = tell(&["vault", "forget", "--lost"], data.path(), &database).await?;
        let said = String::from_utf8_lossy(&forgotten.stdout);
        // Three customers, and the key that asked: where it asked from is sealed too.
        ensure!(said.starts_with("4 people"), "{said}");
        let again = tell(&["vault", "forget", "--lost"], data.path(), &database).await?;
        ensure!(String::from_utf8_lossy(&again.stdout).contains("nobody was forgotten"));
        let app = App::start_on(data, database).await?;
        for id in &ids {
            ensure!(
                app.client.look(id).await?["subject"].is_null(),
                "a subject outlived its key"
            );
        }
        app.finish().await
    })
}

#[test]
fn vault_of_an_older_backup_is_refused_and_the_right_one_taken() -> Result<()> {
    run(async {
        let app = App::start().await?;
        with_tickets(&app, "a", 2).await?;
        let app = app.restart().await?;
        execute(
            &app.database_url,
            &[
                "CREATE TABLE public.old_key AS TABLE vault.subject_key",
                "CREATE TABLE public.old_mark AS TABLE vault.mark",
            ],
        )
        .await?;
        let late = with_tickets(&app, "b", 1).await?;
        let (data, database) = app.restart().await?.stop().await?;
        execute(
            &database,
            &[
                "CREATE TABLE public.new_key AS TABLE vault.subject_key",
                "DELETE FROM vault.subject_key WHERE subject NOT IN (SELECT subject FROM public.old_key)",
                "UPDATE vault.mark SET position = it.position, event = it.event FROM public.old_mark AS it",
            ],
        )
        .await?;
        complains(
            &serve(data.path(), &database).await?,
            &["older than the log", "Restore"],
        )?;
        execute(
            &database,
            &["INSERT INTO vault.subject_key SELECT * FROM public.new_key ON CONFLICT DO NOTHING"],
        )
        .await?;
        let app = App::start_on(data, database).await?;
        ensure!(app.client.look(&late[0]).await?["subject"] == "b0");
        app.finish().await
    })
}

#[test]
fn older_log_that_has_grown_past_is_refused_and_accepted_only_when_told() -> Result<()> {
    run(async {
        let app = App::start().await?;
        with_tickets(&app, "a", 1).await?;
        let (data, database) = app.stop().await?;
        let older = tempfile::tempdir()?;
        for entry in fs::read_dir(data.path().join("log"))? {
            let entry = entry?;
            fs::copy(entry.path(), older.path().join(entry.file_name()))?;
        }
        let app = App::start_on(data, database).await?;
        with_tickets(&app, "b", 2).await?;
        let (data, database) = app.restart().await?.stop().await?;
        // Elsewhere the older copy was written to, and became longer than ours.
        let other = App::start().await?;
        let (elsewhere, other_database) = other.stop().await?;
        put(older.path(), elsewhere.path())?;
        let refused = serve(elsewhere.path(), &other_database).await?;
        complains(&refused, &["lacks the key"])?;
        tell(&["vault", "forget", "--lost"], elsewhere.path(), &other_database).await?;
        let other = App::start_on(elsewhere, other_database).await?;
        with_tickets(&other, "c", 8).await?;
        let (elsewhere, _) = other.stop().await?;
        put(&elsewhere.path().join("log"), data.path())?;
        complains(&serve(data.path(), &database).await?, &["not the one", "--accept-log"])?;
        complains(
            &tell(&["vault", "check"], data.path(), &database).await?,
            &["not the one"],
        )?;
        let accepted = tell(&["vault", "check", "--accept-log"], data.path(), &database).await?;
        complains(&accepted, &["lacks the key"])
    })
}

/// Puts the files of a log in the place of those in a data folder.
fn put(log: &Path, data: &Path) -> Result<()> {
    let place = data.join("log");
    fs::remove_dir_all(&place)?;
    fs::create_dir(&place)?;
    for entry in fs::read_dir(log)? {
        let entry = entry?;
        fs::copy(entry.path(), place.join(entry.file_name()))?;
    }
    Ok(())
}
