//! Rebuilds beside what serves: under load, broken off, gone on with.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use event_store::{Expected, NewEvent};
use projections::{
    generation::State,
    status::{self, Status},
};
use serde_json::json;
use sqlx::{Connection, PgPool};
use tests::{App, Client, Program, assert_replay_equals_live, open_log, poll, run};
use tokio::{process::Child, process::Command, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{builds, hold_next, replay, said, serving, text, tickets, well};
use crate::vault::{close, reopen};

/// Opens a ticket and asks for all and for it, over and over; tells how often.
async fn load(client: Client, stop: CancellationToken) -> Result<usize> {
    for round in 0.. {
        if stop.is_cancelled() {
            return Ok(round);
        }
        let id = client.ticket(&format!("load{round}"), &json!({})).await?;
        let all = client
            .data("{ tickets(first: 5) { totalCount nodes { id } } }", json!({}))
            .await?;
        ensure!(
            all["tickets"]["totalCount"].as_u64() >= Some(20),
            "round {round}: {all}"
        );
        show(&client, &id).await?;
    }
    Ok(0)
}

/// A ticket shows; a reader may be told to ask again while a worker hands the read model on, and nothing else.
async fn show(client: &Client, id: &str) -> Result<()> {
    for _ in 0..10 {
        match client.look(id).await {
            Ok(look) if look["history"]["totalCount"] == 1 => return Ok(()),
            Ok(look) => anyhow::bail!("{look}"),
            Err(error) => ensure!(error.to_string().contains("STALE"), "{error}"),
        }
    }
    anyhow::bail!("ticket {id} does not show")
}

#[test]
fn rebuilt_swapped_back_and_forth_and_released_while_queries_are_answered() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 20).await?;
        let old = serving(&app.database_url, "ticket_list").await?;
        let stop = CancellationToken::new();
        let loaded = tokio::spawn(load(app.client.clone(), stop.clone()));
        let told = well(&["rebuild", "all", "--partitions", "2"], &app).await?;
        let new = serving(&app.database_url, "ticket_list").await?;
        ensure!(new > old, "{told}");
        ensure!(told.contains(&format!("swap ticket_list --to {old}")), "{told}");
        ensure!(told.contains("release ticket_history"), "{told}");
        for to in [old, new] {
            let told = well(&["swap", "ticket_list", "--to", &to.to_string()], &app).await?;
            ensure!(told.contains(&format!("generation {to} serves")), "{told}");
            ensure!(serving(&app.database_url, "ticket_list").await? == to);
        }
        let table = well(&["projections"], &app).await?;
        ensure!(
            table.contains("ticket_history") && table.contains("following"),
            "{table}"
        );
        let told = well(&["release", "ticket_list"], &app).await?;
        ensure!(told.contains(&old.to_string()), "{told}");
        ensure!(builds(&app.database_url, "ticket_list").await?.len() == 1);
        stop.cancel();
        ensure!(loaded.await?? > 0, "no load");
        app.finish().await
    })
}

/// `letopis-replay rebuild ticket_list`, on its way.
fn spawn(data: &Path, database_url: &str) -> Result<Child> {
    let arguments = [
        "rebuild",
        "ticket_list",
        "--data",
        text(data)?,
        "--database-url",
        database_url,
    ];
    Ok(Program::replay_command(&arguments)?.spawn()?)
}

/// Waits until a build that is kept from its indexes is filled, and its worker has said so.
async fn filled(database_url: &str, id: i64) -> Result<()> {
    let pool = PgPool::connect(database_url).await?;
    let is_filled = |it: &Status| it.generation == id && it.worker.is_some() && it.position >= it.goal;
    poll("the build is not filled", async || {
        status::all(&pool).await.is_ok_and(|all| all.iter().any(is_filled))
    })
    .await?;
    pool.close().await;
    Ok(())
}

#[test]
fn rebuild_that_is_killed_goes_on_and_serves() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 5).await?;
        let (data, database_url) = app.stop().await?;
        let (holder, id) = hold_next(&database_url).await?;
        let mut killed = spawn(data.path(), &database_url)?;
        filled(&database_url, id).await?;
        killed.kill().await?;
        holder.close().await?;
        let told = said(&replay(&["rebuild", "ticket_list"], data.path(), &database_url).await?)?;
        ensure!(told.contains(&format!("going on with generation {id}")), "{told}");
        ensure!(serving(&database_url, "ticket_list").await? == id, "{told}");
        assert_replay_equals_live(data.path(), &database_url).await
    })
}

#[test]
fn rebuild_that_is_interrupted_says_so_and_can_be_given_up() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 2).await?;
        let (data, database_url) = app.stop().await?;
        let (holder, id) = hold_next(&database_url).await?;
        let child = spawn(data.path(), &database_url)?;
        filled(&database_url, id).await?;
        let process = child.id().context("it has ended")?.to_string();
        Command::new("kill").args(["-INT", &process]).status().await?;
        let output = timeout(Duration::from_secs(30), child.wait_with_output()).await??;
        let told = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.code() == Some(130), "{told}");
        ensure!(told.contains("interrupted") && told.contains("--abandon"), "{told}");
        let told = replay(&["rebuild", "ticket_list", "--abandon"], data.path(), &database_url).await?;
        ensure!(said(&told)?.contains("abandoned"));
        ensure!(builds(&database_url, "ticket_list").await?.len() == 1);
        holder.close().await?;
        assert_replay_equals_live(data.path(), &database_url).await
    })
}

#[test]
fn database_that_vanishes_in_the_middle_is_told_and_the_rebuild_goes_on_later() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 2).await?;
        let (data, database_url) = app.stop().await?;
        let (_holder, id) = hold_next(&database_url).await?;
        let child = spawn(data.path(), &database_url)?;
        filled(&database_url, id).await?;
        let options = database_url.parse()?;
        let mut admin = close(&options).await?;
        let output = timeout(Duration::from_mins(1), child.wait_with_output()).await??;
        super::refused(&output, &["Postgres no longer answers", &format!("generation {id}")])?;
        reopen(&mut admin, &options).await?;
        said(&replay(&["rebuild", "ticket_list"], data.path(), &database_url).await?)?;
        ensure!(serving(&database_url, "ticket_list").await? == id);
        assert_replay_equals_live(data.path(), &database_url).await
    })
}

#[test]
fn end_of_the_log_that_concerns_no_read_model_keeps_no_build_from_its_end() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 2).await?;
        let (data, database_url) = app.stop().await?;
        let (node, log) = open_log(data.path()).await?;
        let foreign = NewEvent {
            id: Uuid::from_u128(1),
            event_type: "other.happened".to_owned(),
            payload: b"{}".to_vec(),
            metadata: b"{}".to_vec(),
        };
        log.append("other-1", Expected::NoStream, &[foreign]).await?;
        node.stop().await?;
        let complete = replay(&["rebuild", "ticket_list", "--no-swap"], data.path(), &database_url).await?;
        let told = said(&complete)?;
        ensure!(told.contains("is complete"), "{told}");
        let all = builds(&database_url, "ticket_list").await?;
        let new = all.last().context("no build")?;
        ensure!(new.state == State::Following && !new.serving, "{new:?}");
        // Nobody else keeps it now.
        let swap = ["swap", "ticket_list", "--to", &new.id.to_string()];
        said(&replay(&swap, data.path(), &database_url).await?)?;
        ensure!(serving(&database_url, "ticket_list").await? == new.id);
        assert_replay_equals_live(data.path(), &database_url).await
    })
}

#[test]
fn server_with_a_postgres_of_its_own_is_found_by_its_folder() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let folder = text(data.path())?;
        let server = Program::serve(&["--data", folder]).await?;
        server.client.ticket("t", &json!({})).await?;
        let told = said(&Program::replay(&["rebuild", "all", "--data", folder]).await?)?;
        ensure!(told.matches(" serves: ").count() == 4, "{told}");
        let told = said(&Program::replay(&["diff", "--data", folder]).await?)?;
        ensure!(told.contains("ticket_list: 1 rows, equal"), "{told}");
        ensure!(server.terminate().await?.success());
        let gone = Program::replay(&["diff", "--data", folder]).await?;
        super::refused(&gone, &["no server with a Postgres of its own"])
    })
}

#[test]
fn emptied_read_models_come_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 3).await?;
        let (data, database_url) = app.stop().await?;
        let pool = PgPool::connect(&database_url).await?;
        // As the guide for operators has it.
        let guide = include_str!("../../../docs/operations.md");
        let (_, statement) = guide.split_once("```sql\n").context("no statement")?;
        let (statement, _) = statement.split_once("```").context("no end")?;
        sqlx::raw_sql(statement).execute(&pool).await?;
        pool.close().await;
        ensure!(builds(&database_url, "ticket_list").await?.is_empty());
        let app = App::start_on(data, database_url).await?;
        assert_eq!(app.client.count(&json!({})).await?, 3);
        app.finish().await
    })
}
