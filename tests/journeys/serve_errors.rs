//! What can be wrong around the program: each is told in one line that says what to do, and nothing is lost.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tests::{App, Cluster, Program, poll, run};

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Says `words` in one line that begins with `letopis: `, the last, and ends with a code other than 0.
fn fails(output: &Output, words: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "it ended well:\n{said}");
    ensure!(output.status.code().is_some(), "a signal ended it:\n{said}");
    let lines = said.lines().filter(|it| it.starts_with("letopis: ")).count();
    let last = said.lines().last().unwrap_or_default();
    ensure!(
        lines == 1 && last.starts_with("letopis: "),
        "not one line at the end:\n{said}"
    );
    for word in words {
        ensure!(last.contains(word), "{word:?} is not in {last}");
    }
    Ok(())
}

/// `letopis serve` on a free port with these further arguments, to its end.
async fn serve(arguments: &[&str]) -> Result<Output> {
    Program::output(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()).await
}

#[test]
fn port_in_use_is_named() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let taken = TcpListener::bind(("127.0.0.1", 0))?;
        let address = taken.local_addr()?.to_string();
        let output = Program::output(&["serve", "--listen", &address, "--data", text(data.path())?]).await?;
        fails(&output, &[&address, "--listen", "in use"])
    })
}

#[test]
fn data_directory_of_another_version_is_left_alone() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        std::fs::write(data.path().join("VERSION"), "99\n")?;
        let output = serve(&["--data", text(data.path())?]).await?;
        fails(&output, &[text(data.path())?, "\"99\"", "--data"])?;
        ensure!(std::fs::read_to_string(data.path().join("VERSION"))? == "99\n");
        ensure!(!data.path().join("log").exists() && !data.path().join("postgres").exists());
        Ok(())
    })
}

#[test]
fn data_directory_that_cannot_be_made_is_named() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let file = data.path().join("file");
        std::fs::write(&file, "")?;
        for path in [file.clone(), file.join("below")] {
            fails(&serve(&["--data", text(&path)?]).await?, &[text(&path)?, "--data"])?;
        }
        fails(
            &serve(&["--data", "/proc/letopis"]).await?,
            &["/proc/letopis", "--data"],
        )
    })
}

#[test]
fn second_server_on_a_data_directory_is_refused_and_the_first_goes_on() -> Result<()> {
    run(async {
        let app = App::start().await?;
        app.client.open("k", "Один").await?;
        let output = serve(&["--data", text(app.data.path())?]).await?;
        let process = format!("process {}", std::process::id());
        fails(&output, &[text(app.data.path())?, &process, "--data"])?;
        assert_eq!(app.client.count(&json!({})).await?, 1);
        app.finish().await
    })
}

/// A data folder and a database that a killed server has left, with three tickets.
async fn left_behind() -> Result<(TempDir, String)> {
    let data = tempfile::tempdir()?;
    let database = Cluster::shared().await?.database().await?;
    let arguments = ["--data", text(data.path())?, "--database-url", &database];
    let program = Program::serve(&arguments).await?;
    for key in ["1", "2", "3"] {
        program.client.ticket(key, &json!({})).await?;
    }
    program.kill().await?;
    Ok((data, database))
}

/// Position of the first ticket's event, its payload, and the file it is in.
fn first_ticket(data: &Path) -> Result<(i64, Vec<u8>, PathBuf)> {
    let file = data.join("log/events.db");
    let sql = "SELECT pos, data FROM events JOIN types ON types.id = type_id WHERE name = 'ticket.opened' ORDER BY pos LIMIT 1";
    let (position, payload) = Connection::open(&file)?.query_one(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((position, payload, file))
}

fn overwrite(file: &Path, position: i64, payload: &[u8]) -> Result<()> {
    let changed = Connection::open(file)?.execute(
        "UPDATE events SET data = ?1 WHERE pos = ?2",
        rusqlite::params![payload, position],
    )?;
    ensure!(changed == 1);
    Ok(())
}

#[test]
fn damaged_event_ends_the_server_and_nothing_else_is_lost() -> Result<()> {
    run(async {
        let (data, database) = left_behind().await?;
        let arguments = ["--data", text(data.path())?, "--database-url", &database];
        let (position, payload, file) = first_ticket(data.path())?;
        let mut damaged = payload.clone();
        damaged[12] ^= 1;
        overwrite(&file, position, &damaged)?;
        let output = serve(&arguments).await?;
        fails(
            &output,
            &[&format!("position {position}"), text(&file)?, "restore", "backup"],
        )?;
        // Nor does it come to the reader's tables.
        let empty = Cluster::shared().await?.database().await?;
        let output = serve(&["--data", text(data.path())?, "--database-url", &empty]).await?;
        fails(&output, &[&format!("position {position}")])?;
        overwrite(&file, position, &payload)?;
        let program = Program::serve(&arguments).await?;
        assert_eq!(program.client.count(&json!({})).await?, 3);
        program.client.ticket("4", &json!({})).await?;
        ensure!(program.terminate().await?.success());
        tests::assert_replay_equals_live(data.path(), &database).await
    })
}

#[test]
fn database_of_a_newer_program_is_left_alone() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let pool = PgPool::connect(&database).await?;
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', TRUE, '\\x00', 0)",
        )
        .execute(&pool)
        .await?;
        for command in ["serve", "migrate"] {
            let output = Program::output(&[
                command,
                "--listen",
                "127.0.0.1:0",
                "--data",
                text(data.path())?,
                "--database-url",
                &database,
            ])
            .await?;
            fails(&output, &["9999", "newer Letopis"])?;
        }
        Ok(())
    })
}

#[test]
fn unreachable_postgres_is_waited_for_with_a_visible_reason() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let arguments = [
            "--data",
            text(data.path())?,
            "--database-url",
            "postgres://nobody@127.0.0.1:1/x",
        ];
        waits(&arguments, "Postgres does not answer").await
    })
}

#[test]
fn unreachable_event_store_is_waited_for_with_a_visible_reason() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let arguments = [
            "--data",
            text(data.path())?,
            "--database-url",
            &database,
            "--event-store-url",
            "esdb://127.0.0.1:1?tls=false",
        ];
        waits(&arguments, "event store does not answer").await
    })
}

/// It lives, says why it is not ready, refuses requests with a code, and stops when told to.
async fn waits(arguments: &[&str], reason: &str) -> Result<()> {
    let program = Program::unready(arguments).await?;
    let client = &program.client;
    poll("the reason is not told", async || {
        let answer = client.get("/health/ready").await;
        answer.is_ok_and(|(status, body)| status == 503 && body.contains(reason))
    })
    .await?;
    assert_eq!(client.get("/health/live").await?.0, 200);
    let response = client.post(r#"{"query": "{ tickets { totalCount } }"}"#).await?;
    assert_eq!(response.status(), 503);
    let body: Value = response.json().await?;
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    ensure!(program.terminate().await?.success(), "it did not end well");
    Ok(())
}

#[test]
fn malformed_setting_is_named_with_what_is_accepted() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let data = ["--data", text(data.path())?];
        let url = ["--database-url", "nonsense"];
        fails(
            &serve(&[&data[..], &url].concat()).await?,
            &["DATABASE_URL", "postgres://"],
        )?;
        let url = ["--event-store-url", "nonsense"];
        fails(
            &serve(&[&data[..], &url].concat()).await?,
            &["EVENT_STORE_URL", "nonsense", "esdb://"],
        )?;
        fails(
            &serve(&[&data[..], &["--config", "nowhere.toml"]].concat()).await?,
            &["nowhere.toml", "--config"],
        )?;
        fails(
            &Program::output(&["serve", "--listen", "here"]).await?,
            &["listen", "\"here\"", "ADDRESS:PORT"],
        )?;
        let mut command = Program::command(&["serve", data[0], data[1]])?;
        command.env("LETOPIS_LISTEN", "here");
        fails(&Program::ended(command).await?, &["listen", "ADDRESS:PORT"])?;
        let mut command = Program::command(&["serve", data[0], data[1]])?;
        command.env("LETOPIS_PUBLIC_URL", "desk.example.com");
        fails(
            &Program::ended(command).await?,
            &["public_url", "desk.example.com", "https://"],
        )
    })
}

#[test]
fn pipe_as_a_key_file_is_refused_and_not_waited_for() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let pipe = data.path().join("pipe");
        ensure!(std::process::Command::new("mkfifo").arg(&pipe).status()?.success());
        for variable in ["LETOPIS_MASTER_KEY_FILE", "LETOPIS_SEAL_KEY_FILE"] {
            let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", text(data.path())?];
            let mut command = Program::command(&[&arguments[..], &["--database-url", &database]].concat())?;
            command.env(variable, &pipe);
            fails(
                &Program::ended(command).await?,
                &[text(&pipe)?, "a pipe, not a regular file"],
            )?;
        }
        Ok(())
    })
}

#[test]
fn log_settings_that_do_not_read_are_refused() -> Result<()> {
    run(async {
        for (variable, value, accepted) in [
            ("RUST_LOG", "debgu", "trace"),
            ("RUST_LOG", "info,api=loud", "trace"),
            ("LETOPIS_LOG_FORMAT", "yaml", "json"),
        ] {
            let mut command = Program::command(&["schema"])?;
            command.env(variable, value);
            fails(&Program::ended(command).await?, &[variable, value, accepted])?;
        }
        let mut command = Program::replay_command(&["log", "verify", "--data", "/nowhere"])?;
        command.env("RUST_LOG", "info,api=loud");
        let said = String::from_utf8(Program::ended(command).await?.stderr)?;
        ensure!(said.contains("RUST_LOG \"info,api=loud\""), "{said}");
        Ok(())
    })
}

#[test]
fn key_that_everybody_could_guess_is_refused() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        for key in ["", "  ", "short"] {
            let mut command = Program::command(&["serve", "--listen", "127.0.0.1:0", "--data", text(data.path())?])?;
            command.env("LETOPIS_BOOTSTRAP_API_KEY", key);
            fails(&Program::ended(command).await?, &["LETOPIS_BOOTSTRAP_API_KEY"])?;
        }
        Ok(())
    })
}
