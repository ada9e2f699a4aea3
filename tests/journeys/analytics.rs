//! What analysts are given: documents that do not lie, views that stay, and nothing else.

use anyhow::{Context, Result, ensure};
use domain::{
    actor::ActorKind,
    ticket::StatusCategory,
    values::{HoldReason, Priority, ResolutionReason, TicketType},
};
use projections::{Worker, catalogue, generation, registry, ticket_list};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgConnectOptions};
use tests::{App, Cluster, open_log, open_vault, run};

/// A login role that is granted `letopis_analyst`, as `docs/operations.md` tells operators to make one.
async fn analyst(database_url: &str) -> Result<PgConnection> {
    let mut admin = PgConnection::connect(database_url).await?;
    admin
        .execute(
            "DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst_of_tests') THEN
                    CREATE ROLE analyst_of_tests LOGIN IN ROLE letopis_analyst;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$",
        )
        .await?;
    let options: PgConnectOptions = database_url.parse()?;
    Ok(PgConnection::connect_with(&options.username("analyst_of_tests")).await?)
}

async fn views(database_url: &str) -> Result<Vec<String>> {
    let views = "SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = 'analytics' ORDER BY 1";
    let mut admin = PgConnection::connect(database_url).await?;
    Ok(sqlx::query_scalar(views).fetch_all(&mut admin).await?)
}

#[test]
fn document_on_read_models_is_the_one_the_database_tells_and_lacks_no_word() -> Result<()> {
    run(async {
        let pool = PgPool::connect(&Cluster::shared().await?.database().await?).await?;
        let told = catalogue::document(&pool, &registry()).await?;
        for line in told.lines() {
            ensure!(
                !line.contains(catalogue::MISSING),
                "a comment is missing:\n{line}\n{told}"
            );
        }
        let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/read-models.md"))
            .context("run `make read-models`: docs/read-models.md is not there")?;
        if let Some((kept, told)) = kept.lines().zip(told.lines()).find(|(kept, told)| kept != told) {
            anyhow::bail!("run `make read-models`: docs/read-models.md has\n{kept}\nand the database\n{told}");
        }
        ensure!(
            kept == told,
            "run `make read-models`: docs/read-models.md ends differently"
        );
        Ok(())
    })
}

#[test]
fn document_is_the_same_before_anything_is_built() -> Result<()> {
    run(async {
        let built = PgPool::connect(&Cluster::shared().await?.database().await?).await?;
        let bare = PgPool::connect(&Cluster::shared().await?.database().await?).await?;
        for model in registry() {
            let remove = format!("DROP SCHEMA {} CASCADE", model.schema());
            bare.execute(AssertSqlSafe(remove)).await?;
        }
        bare.execute("DELETE FROM ops.generation").await?;
        let models = registry();
        assert_eq!(
            catalogue::document(&bare, &models).await?,
            catalogue::document(&built, &models).await?
        );
        ensure!(generation::all(&bare).await?.is_empty());
        Ok(())
    })
}

#[test]
fn comments_name_every_word_that_a_column_may_hold() -> Result<()> {
    run(async {
        let pool = PgPool::connect(&Cluster::shared().await?.database().await?).await?;
        let words: [(&str, Vec<&str>); 6] = [
            ("ticket_type", TicketType::ALL.iter().map(|it| it.as_str()).collect()),
            ("status", StatusCategory::ALL.iter().map(|it| it.as_str()).collect()),
            ("priority", Priority::ALL.iter().map(|it| it.as_str()).collect()),
            ("hold_reason", HoldReason::ALL.iter().map(|it| it.as_str()).collect()),
            (
                "resolution_reason",
                ResolutionReason::ALL.iter().map(|it| it.as_str()).collect(),
            ),
            ("actor", ActorKind::ALL.iter().map(|it| it.as_str()).collect()),
        ];
        let comments = "SELECT format('%s.%I', it.attrelid::regclass, it.attname), col_description(it.attrelid, it.attnum)
            FROM pg_attribute AS it JOIN pg_class AS of ON of.oid = it.attrelid
            JOIN pg_namespace AS lies ON lies.oid = of.relnamespace
            WHERE it.attname = $1 AND (lies.nspname = 'analytics' OR lies.nspname LIKE 'read\\_%') AND of.relkind IN ('r', 'v')";
        for (column, words) in words {
            let told: Vec<(String, String)> = sqlx::query_as(comments).bind(column).fetch_all(&pool).await?;
            ensure!(told.len() >= 2, "{column}: {told:?}");
            for (place, comment) in told {
                for word in &words {
                    ensure!(
                        comment.contains(word),
                        "{place} may be {word:?}, and its comment says: {comment}"
                    );
                }
            }
        }
        Ok(())
    })
}

#[test]
fn analyst_reads_every_view_and_nothing_else() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ticket = app.client.ticket("1", &json!({"priority": "HIGH"})).await?;
        let words = "mutation($i: ReceiveMessageInput!) { receiveMessage(input: $i) { stale userErrors { code } } }";
        let input = json!({"ticketId": ticket, "clientMessageId": "m", "body": "Не приходит письмо"});
        let told = app.client.data(words, json!({"i": input})).await?;
        ensure!(told["receiveMessage"]["stale"] == false, "{told}");
        let tag = r#"mutation { createTag(input: {idempotencyKey: "t", definition: {name: "vip"}}) { stale } }"#;
        let told = app.client.data(tag, json!({})).await?;
        ensure!(told["createTag"]["stale"] == false, "{told}");
        let others = "mutation { createContact(input: {idempotencyKey: \"c\", name: \"Мария\"}) { stale }
            createOrganization(input: {idempotencyKey: \"o\", name: \"Ромашка\"}) { stale }
            createView(input: {idempotencyKey: \"v\", definition: {name: \"Все\", audience: SHARED, filter: {}}}) { stale }
            bulkUpdateTickets(input: {idempotencyKey: \"b\", filter: {}, action: {priority: HIGH}}) { stale } }";
        app.client.data(others, json!({})).await?;
        let pool = PgPool::connect(&app.database_url).await?;
        // As where the operator made the role after the views: a start of the server gives it its rights.
        pool.execute("REVOKE ALL ON ALL TABLES IN SCHEMA analytics FROM letopis_analyst")
            .await?;
        generation::ensure(&pool, &registry(), event_store::Position::START).await?;
        pool.close().await;
        let mut analyst = analyst(&app.database_url).await?;
        let priority: i16 = sqlx::query_scalar("SELECT priority FROM analytics.ticket")
            .fetch_one(&mut analyst)
            .await?;
        assert_eq!(priority, 3);
        for view in views(&app.database_url).await? {
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {view}")))
                .fetch_one(&mut analyst)
                .await?;
            // Nobody works here yet, nothing is linked, nobody has brought a file, no macro was run, nobody is
            // to be forgotten, and no other rules were tried.
            let empty = [
                "analytics.agent",
                "analytics.ticket_link",
                "analytics.attachment",
                "analytics.attachment_download",
                "analytics.macro_run",
                "analytics.person_privacy",
                "analytics.what_if_run",
            ];
            // One row an event, of which there are many.
            if view == "analytics.audit_entry" {
                assert!(rows > 10, "{view}: {rows}");
                continue;
            }
            let empty = empty.contains(&view.as_str());
            assert_eq!(rows, i64::from(!empty), "{view}");
        }
        for statement in [
            "SELECT * FROM read_ticket_list_v7.ticket_list",
            "SELECT * FROM read_ticket_history_v5.ticket_history",
            "SELECT * FROM read_organisation_v1.organisation_item",
            "SELECT * FROM read_message_v2.message",
            "SELECT * FROM read_attachment_v1.attachment_download",
            "SELECT * FROM read_people_v2.user_account",
            "SELECT * FROM read_people_v2.api_key",
            "SELECT * FROM ops.session",
            "SELECT * FROM ops.generation",
            "SELECT * FROM ops.parked",
            "SELECT * FROM vault.subject_key",
            "SELECT * FROM vault.master_key",
            "SELECT * FROM public._sqlx_migrations",
            "DELETE FROM analytics.ticket",
            "UPDATE analytics.ticket SET subject = NULL",
            "INSERT INTO analytics.ticket (number) VALUES (1)",
            "CREATE VIEW analytics.mine AS SELECT 1",
            "CREATE TABLE public.mine (id integer)",
            "DROP VIEW analytics.ticket",
            "NOTIFY letopis_projections, 'x'; SET ROLE letopis",
        ] {
            let refused = analyst.execute(statement).await.err().context(statement)?;
            let code = refused
                .as_database_error()
                .and_then(|it| it.code().map(|it| it.to_string()));
            assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
        }
        analyst.close().await?;
        app.finish().await
    })
}

#[test]
fn views_outlive_a_swap_with_all_that_hangs_on_them_and_wait_for_their_readers() -> Result<()> {
    run(async {
        let app = App::start().await?;
        app.client.ticket("1", &json!({})).await?;
        let (data, database_url) = app.stop().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database_url).await?;
        let pool = PgPool::connect(&database_url).await?;
        pool.execute("CREATE VIEW public.report AS SELECT count(*) AS tickets FROM analytics.ticket")
            .await?;
        let head = log.head().await?;
        let worker = || anyhow::Ok(Worker::new(log.clone(), vault.clone(), database_url.parse()?));
        worker()?.catch_up(head).await?;
        let model = ticket_list::MODEL;
        let id = generation::begin(&pool, &model, 1, head, false).await?;
        worker()?.of_generation(id).catch_up(head).await?;

        let mut analyst = analyst(&database_url).await?;
        analyst.execute("BEGIN; SELECT * FROM analytics.ticket").await?;
        let refused = generation::swap(&pool, &model, id)
            .await
            .err()
            .context("swapped under a reader")?;
        ensure!(refused.to_string().contains("being read by analysts"), "{refused}");
        analyst.execute("COMMIT").await?;
        generation::swap(&pool, &model, id).await?;

        let all = generation::all(&pool).await?;
        let swapped = all.iter().find(|it| it.id == id).context("it is gone")?;
        ensure!(swapped.serving && swapped.current, "{all:?}");
        generation::release(&pool, &model).await?;
        for count in [
            "SELECT count(*) FROM analytics.ticket",
            "SELECT tickets FROM public.report",
        ] {
            let connection = if count.contains("report") {
                None
            } else {
                Some(&mut analyst)
            };
            let rows: i64 = match connection {
                Some(analyst) => sqlx::query_scalar(count).fetch_one(analyst).await?,
                None => sqlx::query_scalar(count).fetch_one(&pool).await?,
            };
            assert_eq!(rows, 1, "{count}");
        }
        let told = catalogue::document(&pool, &registry()).await?;
        ensure!(!told.contains(catalogue::MISSING), "{told}");
        analyst.close().await?;
        node.stop().await?;
        Ok(())
    })
}
