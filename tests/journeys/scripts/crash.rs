//! A run that was cut off is finished by the next server, once.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use commands::{Clock, Command, Handler, MacroWish, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    organisation::starter::Languages,
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{Priority, Subject, TicketType},
};
use event_store::{EventLog, Expected, NewEvent, Position};
use tests::{App, Cluster, open_log, open_vault, run};

use crate::conversation::{read, texts};

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
    let wish = MacroWish {
        command_id: command_id("run"),
        macro_id: *installed.macros.get(3).context("no closing with a solution")?,
        ticket_id: ticket_id(),
        values: BTreeMap::new(),
        actor: actor(),
        traceparent: None,
    };
    let report = handler.run_macro(&rights, &wish).await?;
    assert_eq!(report.run.ended, Some((3, None)));
    let (mine, log) = open_log(data).await?;
    cut_off(&whole, &log).await?;
    node.stop().await?;
    Ok(mine.stop().await?)
}

async fn cut_off(whole: &EventLog, log: &EventLog) -> Result<()> {
    for raw in whole.read_unfiltered(Position::START, 10_000).await? {
        if raw.event_type == "ticket.resolved" {
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
        // Another start finds it finished.
        let app = app.restart().await?;
        let history = app.client.look(&id).await?;
        assert_eq!(history["history"]["totalCount"], 4);
        app.finish().await
    })
}
