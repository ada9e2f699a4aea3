//! What can be wrong with a command about read models: told in one line, and nothing is half done.

use anyhow::{Result, ensure};
use event_store::Position;
use projections::{generation, ticket_list};
use sqlx::{Connection, PgPool};
use tests::{App, Cluster, Program, run};

use super::{builds, hold_next, refused, replay, text, tickets};

#[test]
fn read_model_that_is_not_there_is_answered_with_those_that_are() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let nowhere = "postgres://nobody@127.0.0.1:1/x";
        for words in [
            &["rebuild", "tikets"][..],
            &["diff", "tikets"],
            &["release", "tikets"],
            &["swap", "tikets", "--to", "1"],
            &["parked", "list", "tikets"],
            &["parked", "retry", "tikets", "--reason", "x"],
        ] {
            let output = replay(words, data.path(), nowhere).await?;
            refused(&output, &["\"tikets\"", "ticket_list", "ticket_history"])?;
        }
        Ok(())
    })
}

#[test]
fn places_that_do_not_answer_are_named() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let folder = text(data.path())?;
        let output = Program::replay(&["projections", "--data", folder]).await?;
        refused(&output, &[folder, "--database-url"])?;
        let output = replay(&["projections"], data.path(), "postgres://nobody@127.0.0.1:1/x").await?;
        refused(&output, &["Postgres does not answer"])?;
        let output = replay(&["projections"], data.path(), "mysql://x").await?;
        refused(&output, &["postgres://user"])?;
        let database = Cluster::shared().await?.database().await?;
        let output = replay(&["rebuild", "all"], data.path(), &database).await?;
        refused(&output, &["keys/master.key", "--master-key-file"])
    })
}

#[test]
fn database_of_a_newer_program_is_left_alone() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let pool = PgPool::connect(&database).await?;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', TRUE, '\\x00', 0)";
        sqlx::query(newer).execute(&pool).await?;
        let before = generation::all(&pool).await?;
        for words in [
            &["rebuild", "all"][..],
            &["projections"],
            &["diff"],
            &["release", "ticket_list"],
        ] {
            refused(
                &replay(words, data.path(), &database).await?,
                &["9999", "newer Letopis"],
            )?;
        }
        ensure!(generation::all(&pool).await? == before);
        Ok(())
    })
}

#[test]
fn rebuild_under_way_is_not_begun_twice() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 2).await?;
        let (holder, id) = hold_next(&app.database_url).await?;
        let pool = PgPool::connect(&app.database_url).await?;
        // The server's worker keeps it.
        generation::begin(&pool, &ticket_list::MODEL, 1, Position(1), true).await?;
        let again = replay(&["rebuild", "ticket_list"], app.data.path(), &app.database_url).await?;
        refused(
            &again,
            &["already", &format!("generation {id}"), "by worker", "position"],
        )?;
        let compared = replay(&["diff", "ticket_list"], app.data.path(), &app.database_url).await?;
        refused(&compared, &["being built", &format!("generation {id}")])?;
        ensure!(builds(&app.database_url, "ticket_list").await?.len() == 2);
        holder.close().await?;
        app.finish().await
    })
}

#[test]
fn build_that_cannot_serve_is_not_swapped_and_nothing_to_do_is_said() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let (data, url) = (app.data.path(), app.database_url.as_str());
        let output = replay(&["swap", "ticket_list", "--to", "99"], data, url).await?;
        refused(&output, &["no generation 99", "following"])?;
        refused(
            &replay(&["release", "ticket_list"], data, url).await?,
            &["no build to remove"],
        )?;
        let output = replay(&["rebuild", "ticket_list", "--abandon"], data, url).await?;
        refused(&output, &["nothing to abandon"])?;
        app.finish().await
    })
}
