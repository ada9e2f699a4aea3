//! Live and rebuilt compared: what somebody changed by hand is found, and nothing else is.

use anyhow::{Result, ensure};
use projections::registry;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgPool};
use tests::{App, Program, assert_replay_equals_live, poll, run};

use super::{builds, hold_next, replay, said, text, tickets, well};

#[test]
fn row_that_was_changed_by_hand_is_found_column_by_column() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ids = tickets(&app, 6).await?;
        app.client.must("startTicket", "s", &ids[0], &json!({})).await?;
        let told = well(&["diff"], &app).await?;
        ensure!(
            told.matches("live and rebuilt are equal").count() == registry().len(),
            "{told}"
        );
        let pool = PgPool::connect(&app.database_url).await?;
        pool.execute("UPDATE read_ticket_list_v7.ticket_list SET priority = 4, category_id = 'x' WHERE number = 2")
            .await?;
        pool.execute("DELETE FROM read_ticket_list_v7.ticket_list WHERE number = 3")
            .await?;
        pool.execute(
            "UPDATE read_ticket_list_v7.ticket_list SET ticket_id = '00000000-0000-4000-8000-000000000009'
             WHERE number = 4",
        )
        .await?;
        let output = replay(&["diff", "ticket_list"], app.data.path(), &app.database_url).await?;
        let told = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.code() == Some(1), "{told}");
        for word in [
            "1 rows changed, 1 only live, 2 only rebuilt",
            "priority: live 4, rebuilt 2",
            "category_id: live \"x\", rebuilt null",
            "ticket_id=00000000-0000-4000-8000-000000000009: only live",
        ] {
            ensure!(told.contains(word), "{word:?} is not in {told}");
        }
        ensure!(!told.contains("subject:"), "{told}");
        let output = replay(&["diff", "ticket_list", "--json"], app.data.path(), &app.database_url).await?;
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(answer[0]["equal"] == false, "{answer}");
        // The first table is that of links.
        ensure!(
            answer[0]["report"]["tables"][1]["rows"].as_array().map(Vec::len) == Some(4),
            "{answer}"
        );
        ensure!(well(&["diff", "ticket_history"], &app).await?.contains("equal"));
        ensure!(builds(&app.database_url, "ticket_list").await?.len() == 1);
        let lies = app.finish().await;
        ensure!(lies.is_err_and(|it| it.to_string().contains("priority")));
        Ok(())
    })
}

#[test]
fn stopped_server_is_compared_too() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 3).await?;
        let (data, database_url) = app.stop().await?;
        let told = said(&replay(&["diff", "all"], data.path(), &database_url).await?)?;
        ensure!(told.contains("3 rows, equal"), "{told}");
        Ok(())
    })
}

#[test]
fn build_of_a_comparison_that_was_killed_keeps_nobody_from_anything() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 3).await?;
        let (data, url) = app.stop().await?;
        let (holder, id) = hold_next(&url).await?;
        let words = [
            "diff",
            "ticket_list",
            "--data",
            text(data.path())?,
            "--database-url",
            &url,
        ];
        let mut killed = Program::replay_command(&words)?.spawn()?;
        poll("no build is made", async || {
            builds(&url, "ticket_list")
                .await
                .is_ok_and(|all| all.iter().any(|it| it.id == id))
        })
        .await?;
        killed.kill().await?;
        holder.close().await?;
        ensure!(
            builds(&url, "ticket_list")
                .await?
                .iter()
                .any(|it| it.id == id && it.scratch)
        );
        let told = said(&replay(&["rebuild", "ticket_list"], data.path(), &url).await?)?;
        ensure!(
            !told.contains("going on") && !told.contains(&format!("generation {id} ")),
            "{told}"
        );
        let told = said(&replay(&["diff", "ticket_list"], data.path(), &url).await?)?;
        ensure!(told.contains("3 rows, equal"), "{told}");
        ensure!(builds(&url, "ticket_list").await?.iter().all(|it| !it.scratch));
        assert_replay_equals_live(data.path(), &url).await
    })
}
