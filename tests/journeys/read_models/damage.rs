//! What somebody does to the tables by hand: a comparison finds it, a rebuild mends it.

use anyhow::{Result, ensure};
use projections::registry;
use serde_json::json;
use sqlx::{Executor, PgPool};
use tests::{App, run};

use super::{builds, replay, serving, tickets, well};

#[test]
fn whatever_is_done_to_the_tables_is_found_and_mended_by_a_rebuild() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 4).await?;
        let pool = PgPool::connect(&app.database_url).await?;
        for (damage, leaves_a_way_back) in [
            (
                "UPDATE read_ticket_list_v7.ticket_list SET priority = 4 WHERE number = 2",
                true,
            ),
            ("TRUNCATE read_ticket_list_v7.ticket_list", true),
            ("DROP TABLE read_ticket_list_v7.ticket_list CASCADE", false),
            ("DROP SCHEMA read_ticket_list_v7 CASCADE", false),
        ] {
            let old = serving(&app.database_url, "ticket_list").await?;
            pool.execute(damage).await?;
            let output = replay(&["diff", "ticket_list"], app.data.path(), &app.database_url).await?;
            let told = String::from_utf8_lossy(&output.stdout);
            ensure!(
                output.status.code() == Some(1) && told.contains("DIFFERENT"),
                "{damage}: {told}"
            );
            let told = well(&["rebuild", "ticket_list"], &app).await?;
            ensure!(
                told.contains("swap ticket_list --to") == leaves_a_way_back,
                "{damage}: {told}"
            );
            let left = builds(&app.database_url, "ticket_list").await?;
            ensure!(
                left.iter().any(|it| it.id == old) == leaves_a_way_back,
                "{damage}: {left:?}"
            );
            let told = well(&["diff"], &app).await?;
            ensure!(
                told.matches("live and rebuilt are equal").count() == registry().len(),
                "{damage}: {told}"
            );
            let shown: i64 = sqlx::query_scalar("SELECT count(*) FROM analytics.ticket")
                .fetch_one(&pool)
                .await?;
            ensure!(shown == app.client.count(&json!({})).await?, "{damage}: {shown}");
            app.client.ticket(damage, &json!({})).await?;
        }
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn way_back_from_tables_that_are_gone_is_not_released() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app, 2).await?;
        let old = serving(&app.database_url, "ticket_list").await?;
        well(&["rebuild", "ticket_list"], &app).await?;
        let pool = PgPool::connect(&app.database_url).await?;
        pool.execute("DROP SCHEMA read_ticket_list_v7 CASCADE").await?;
        pool.close().await;
        let output = replay(&["release", "ticket_list"], app.data.path(), &app.database_url).await?;
        super::refused(&output, &["the way back from tables that are gone"])?;
        let told = well(&["swap", "ticket_list", "--to", &old.to_string()], &app).await?;
        ensure!(!told.contains("back with"), "{told}");
        ensure!(app.client.count(&json!({})).await? == 2);
        app.finish().await
    })
}
