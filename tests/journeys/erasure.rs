//! Personal data: sealed in the log, forgotten with its key.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use commands::{Clock, Command, CommandError, Handler, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{Priority, Subject, TicketType},
};
use projections::Worker;
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Cluster, Program, open_log, open_vault, run};

use crate::vault::{close, reopen};

const MARK: &str = "Пятнышко на полях";

fn holds(folder: &Path, text: &str) -> Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(entry?.path())?;
        if bytes.windows(text.len()).any(|it| it == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn forget(app: &App, ticket: &str) -> Result<String> {
    forget_one(app, "--ticket", ticket).await
}

/// Forgets the person that `--contact`, or the ticket that `--ticket`, names.
pub(crate) async fn forget_one(app: &App, whom: &str, id: &str) -> Result<String> {
    let data = app.data.path().to_str().context("a path that is no text")?;
    let arguments = [
        "vault",
        "forget",
        whom,
        id,
        "--data",
        data,
        "--database-url",
        &app.database_url,
    ];
    let output = Program::output(&arguments).await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn forgetting_nobody_is_no_success() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let data = app.data.path().to_str().context("a path that is no text")?;
        let stranger = "00000000-0000-4000-8000-00000000abcd";
        let place = ["--data", data, "--database-url", &app.database_url];
        let arguments = [&["vault", "forget", "--contact", stranger][..], &place].concat();
        for _ in 0..2 {
            let output = Program::output(&arguments).await?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
            ensure!(said.contains("has no key of") && said.contains(stranger), "{said}");
        }
        let output = Program::output(&["vault", "forget"]).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            ["--contact", "--ticket", "--lost"].iter().all(|it| said.contains(it)),
            "{said}"
        );
        app.finish().await
    })
}

#[test]
fn log_holds_no_word_of_a_customer() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("a", &json!({"subject": MARK})).await?;
        app.client
            .must(
                "changeTicketSubject",
                "b",
                &id,
                &json!({"subject": format!("{MARK} ещё одно")}),
            )
            .await?;
        ensure!(app.client.look(&id).await?["subject"] == format!("{MARK} ещё одно"));
        ensure!(!holds(&app.data.path().join("log"), MARK)?, "while it runs");
        let app = app.restart().await?;
        ensure!(!holds(&app.data.path().join("log"), MARK)?, "when it was stopped");
        ensure!(app.client.look(&id).await?["subject"] == format!("{MARK} ещё одно"));
        app.finish().await
    })
}

#[test]
fn forgetting_one_takes_their_words_out_of_everything_and_no_one_elses() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(
                app.client
                    .ticket(&format!("t{number}"), &json!({"subject": format!("{MARK} {number}")}))
                    .await?,
            );
        }
        app.client
            .must(
                "changeTicketSubject",
                "c",
                &ids[1],
                &json!({"subject": format!("{MARK} опять")}),
            )
            .await?;
        let said = forget(&app, &ids[1]).await?;
        ensure!(said.contains("is destroyed"), "{said}");
        assert_eq!(forget(&app, &ids[1]).await?, said);
        let empty = async || {
            let look = app.client.look(&ids[1]).await;
            look.is_ok_and(|it| it["subject"].is_null())
        };
        tests::poll("the subject is still there", empty).await?;
        for number in [0, 2, 3] {
            let subject = app.client.look(&ids[number]).await?["subject"].clone();
            assert_eq!(subject, format!("{MARK} {number}"));
        }
        let refused = app
            .client
            .tell("changeTicketSubject", "d", &ids[1], &json!({"subject": "x"}))
            .await?;
        assert_eq!(refused["userErrors"][0]["code"], "DATA_SUBJECT_FORGOTTEN", "{refused}");
        app.client.must("startTicket", "e", &ids[1], &json!({})).await?;
        let app = app.restart().await?;
        ensure!(app.client.look(&ids[1]).await?["subject"] == Value::Null);
        app.finish().await
    })
}

fn open_ticket(key: &str) -> Result<Request> {
    let actor = Actor::new(ActorKind::ApiKey, "test");
    let command_id = CommandId::of_request(&actor.to_string(), "open", "", key);
    let command = TicketCommand::Open {
        number: 0,
        ticket_type: TicketType::Question,
        subject: Subject::try_new(MARK)?,
        contact_id: None,
        category: None,
        priority: Priority::Medium,
        priority_chosen: false,
        source: TicketSource {
            channel: "api".to_owned(),
            external_id: None,
        },
        place: TicketPlace::default(),
    };
    Ok(Request {
        command_id,
        command: Command::Ticket(TicketId::opened_by(command_id), command),
        actor,
        expected_version: None,
        traceparent: None,
    })
}

#[test]
fn nothing_is_appended_while_the_vault_is_away() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database)
            .await?
            .with_patience(Duration::from_millis(300));
        let handler = Handler::new(log.clone(), vault, Clock::System, Sharing::Alone).await?;
        handler.execute(&Rights::all(), &open_ticket("first")?).await?;
        let head = log.head().await?;
        let options = database.parse()?;
        let mut admin = close(&options).await?;
        let refused = handler.execute(&Rights::all(), &open_ticket("second")?).await;
        ensure!(matches!(refused, Err(CommandError::Vault(_))), "{refused:?}");
        assert_eq!(log.head().await?, head);
        reopen(&mut admin, &options).await?;
        let opened = handler.execute(&Rights::all(), &open_ticket("second")?).await?;
        ensure!(opened.changed && opened.position > head);
        Ok(node.stop().await?)
    })
}

#[test]
fn read_models_wait_for_the_vault() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let keys = Cluster::shared().await?.database().await?;
        let tables = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let handler = Handler::new(
            log.clone(),
            open_vault(data.path(), &keys).await?,
            Clock::System,
            Sharing::Alone,
        )
        .await?;
        handler.execute(&Rights::all(), &open_ticket("first")?).await?;
        // Another vault, which has no key in memory.
        let vault = open_vault(data.path(), &keys)
            .await?
            .with_patience(Duration::from_millis(100));
        let options = keys.parse()?;
        let mut admin = close(&options).await?;
        let head = log.head().await?;
        let worker = Worker::new(log.clone(), vault, tables.parse()?);
        let mut rebuild = std::pin::pin!(worker.catch_up(head));
        let early = tokio::time::timeout(Duration::from_secs(1), &mut rebuild).await;
        ensure!(early.is_err(), "it ended without the keys: {early:?}");
        let pool = PgPool::connect(&tables).await?;
        let rows = "SELECT count(*) FROM read_ticket_list_v7.ticket_list";
        ensure!(
            sqlx::query_scalar::<_, i64>(rows).fetch_one(&pool).await? == 0,
            "a row was written"
        );
        reopen(&mut admin, &options).await?;
        rebuild.await?;
        let subject = "SELECT subject FROM read_ticket_list_v7.ticket_list";
        let subject: Option<String> = sqlx::query_scalar(subject).fetch_one(&pool).await?;
        ensure!(subject.as_deref() == Some(MARK), "{subject:?}");
        Ok(node.stop().await?)
    })
}
