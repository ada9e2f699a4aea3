//! A run that was cut off is finished by the next server, once.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, anyhow};
use commands::{Clock, Command, Handler, MacroWish, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    organisation::{Checked, ItemCommand, Label, Macro, MacroStep, OrganisationCommand, Template, starter::Languages},
    personal::DataSubject,
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{Priority, Subject, TicketType},
};
use event_store::{EventLog, Expected, NewEvent, Position, decode};
use sqlx::PgPool;
use tests::{App, Cluster, open_log, open_vault, run};
use uuid::Uuid;

use crate::{
    conversation::{read, texts},
    read_models::log_of,
};

fn actor() -> Actor {
    Actor::new(ActorKind::ApiKey, "test")
}

fn command_id(name: &str) -> CommandId {
    CommandId::of_request(&actor().to_string(), "test", "", name)
}

fn ticket_id() -> TicketId {
    TicketId::opened_by(command_id("open"))
}

fn open() -> Result<Request> {
    let command = TicketCommand::Open {
        number: 0,
        ticket_type: TicketType::Question,
        subject: Subject::try_new("Не приходит письмо")?,
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
        command_id: command_id("open"),
        command: Command::Ticket(ticket_id(), command),
        actor: actor(),
        expected_version: None,
        traceparent: None,
    })
}

fn command(name: &str, command: Command) -> Request {
    Request {
        command_id: command_id(name),
        command,
        actor: actor(),
        expected_version: None,
        traceparent: None,
    }
}

/// A macro that does something, and then says something.
fn urgent() -> Result<(Uuid, Request)> {
    let definition = Macro {
        key: "urgent".to_owned(),
        name: Label {
            ru: Some("Срочно".to_owned()),
            en: None,
        },
        steps: vec![
            MacroStep::Prioritize {
                priority: Priority::Urgent,
            },
            MacroStep::Reply {
                body: Template {
                    ru: Some("Уже смотрим".to_owned()),
                    en: None,
                },
            },
        ],
        team_id: None,
    };
    let id = Uuid::from_u128(7);
    let definition = Checked::try_new(definition).map_err(|flaws| anyhow!("{flaws:?}"))?;
    let create = OrganisationCommand::from((id, ItemCommand::Create { definition }));
    Ok((id, command("macro", Command::Organisation(create))))
}

fn wish(macro_id: Uuid) -> MacroWish {
    MacroWish {
        command_id: command_id("run"),
        macro_id,
        ticket_id: ticket_id(),
        values: BTreeMap::new(),
        actor: actor(),
        traceparent: None,
    }
}

/// Runs a macro in a log of its own, and leaves in the one at `data` what was there before its second step.
async fn crash(data: &Path, database: &str) -> Result<()> {
    let other = tempfile::tempdir()?;
    let (node, whole) = open_log(other.path()).await?;
    let vault = open_vault(data, database).await?;
    let handler = Handler::new(whole.clone(), vault, Clock::System, Sharing::Alone).await?;
    let rights = Rights::all();
    let installed = handler
        .install_starter_scripts(&rights, &actor(), command_id("install"), Languages::BOTH)
        .await?;
    handler.execute(&rights, &open()?).await?;
    let wish = wish(*installed.macros.get(3).context("no closing with a solution")?);
    let report = handler.run_macro(&rights, &wish).await?;
    assert_eq!(report.run.ended, Some((3, None)));
    let (mine, log) = open_log(data).await?;
    cut_off(&whole, &log, "ticket.resolved").await?;
    node.stop().await?;
    Ok(mine.stop().await?)
}

/// Takes over what came before the first event of this type.
async fn cut_off(whole: &EventLog, log: &EventLog, before: &str) -> Result<()> {
    for raw in whole.read_unfiltered(Position::START, 10_000).await? {
        if raw.event_type == before {
            break;
        }
        let expected = Expected::after(raw.revision.checked_sub(1));
        let event = NewEvent {
            id: raw.id,
            event_type: raw.event_type,
            payload: raw.payload.to_vec(),
            metadata: raw.metadata.to_vec(),
        };
        log.append(&raw.stream, expected, &[event]).await?;
    }
    Ok(())
}

#[test]
fn next_server_takes_the_steps_that_are_left() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        Box::pin(crash(data.path(), &database)).await?;
        let app = App::start_on(data, database).await?;
        let id = ticket_id().to_string();
        let closed = async || app.client.look(&id).await.is_ok_and(|it| it["status"] == "CLOSED");
        tests::poll("the run is not finished", closed).await?;
        assert_eq!(
            texts(&read(&app.client, &id).await?).len(),
            1,
            "what was said is said once"
        );
        // How far they are finished is kept, however much comes behind it.
        let started = log_of(&app)?
            .read_all(Position::START, &["macro_run.started"], 1)
            .await?;
        let started = started.first().context("no run")?.position.0.cast_signed();
        let pool = PgPool::connect(&app.database_url).await?;
        let kept = async || {
            const KEPT: &str =
                "SELECT EXISTS (SELECT FROM ops.process_cursor WHERE process = 'macro_runs' AND position >= $1)";
            let kept = sqlx::query_scalar(KEPT).bind(started).fetch_one(&pool).await;
            kept.unwrap_or(false)
        };
        tests::poll("it is not kept how far runs are finished", kept).await?;
        pool.close().await;
        // Another start finds it finished.
        let app = app.restart().await?;
        let history = app.client.look(&id).await?;
        assert_eq!(history["history"]["totalCount"], 4);
        app.finish().await
    })
}

#[test]
fn words_that_are_forgotten_in_the_middle_stop_a_run_there() -> Result<()> {
    run(async {
        let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let database = Cluster::shared().await?.database().await?;
        let vault = open_vault(second.path(), &database).await?;
        let (node, whole) = open_log(first.path()).await?;
        let handler = Handler::new(whole.clone(), vault.clone(), Clock::System, Sharing::Alone).await?;
        let rights = Rights::all();
        let (script, made) = urgent()?;
        handler.execute(&rights, &made).await?;
        handler.execute(&rights, &open()?).await?;
        handler.run_macro(&rights, &wish(script)).await?;
        let (other, log) = open_log(second.path()).await?;
        cut_off(&whole, &log, "conversation.started").await?;
        node.stop().await?;
        vault.destroy(DataSubject(ticket_id().0)).await?;
        let handler = Handler::new(log.clone(), vault, Clock::System, Sharing::Alone).await?;
        let started = log.read_all(Position::START, &["macro_run.started"], 1).await?;
        let started = decode(started.first().context("no run")?)?;
        assert!(handler.finish_macro_run(&started).await?, "the run was not finished");
        let ended = handler.macro_run(started.stream_id).await?.and_then(|it| it.ended);
        let (done, stopped) = ended.context("it goes on")?;
        assert_eq!((done, stopped.map(|it| it.step)), (1, Some(1)), "what was done is said");
        Ok(other.stop().await?)
    })
}
