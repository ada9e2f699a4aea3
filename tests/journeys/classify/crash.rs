//! What was opened while nobody looked is classified and answered afterwards, once.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use commands::{Clock, Command, Handler, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, MessageId, TicketId},
    ticket::{ReplyPromise, TicketCommand, TicketPlace, TicketSource},
    values::{Priority, Subject, TicketType},
};
use serde_json::json;
use tests::{App, open_log, open_vault, run};

use super::{answer::inbox, becomes, history, prepare};
use crate::conversation::{read, texts};

fn open(name: &str, kind: ActorKind, inbox: Option<uuid::Uuid>) -> Result<Request> {
    let actor = Actor::new(kind, "test");
    let command_id = CommandId::of_request(&actor.to_string(), "openTicket", "", name);
    let command = TicketCommand::Open {
        number: 0,
        ticket_type: TicketType::Question,
        subject: Subject::try_new("Верните деньги")?,
        contact_id: None,
        category: None,
        priority: Priority::Medium,
        priority_chosen: false,
        source: TicketSource {
            channel: "api".to_owned(),
            external_id: None,
        },
        place: TicketPlace {
            inbox_id: inbox,
            ..TicketPlace::default()
        },
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
fn tickets_of_the_time_without_a_server_are_classified_once_and_imports_never() -> Result<()> {
    run(async {
        let app = App::start().await?;
        prepare(&app.client).await?;
        let (inbox, id) = inbox(&app.client, json!({})).await?;
        let (data, database) = app.stop().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let handler = Handler::new(log, vault, Clock::System, Sharing::Alone).await?;
        let new = open("new", ActorKind::ApiKey, Some(id))?;
        let imported = open("imported", ActorKind::Import, Some(id))?;
        for it in [&imported, &new] {
            handler.execute(&Rights::all(), it).await?;
        }
        // As a crash right after the first of the steps leaves it.
        let ticket = TicketId::opened_by(new.command_id);
        let raws = node_events(&handler, ticket).await?;
        handler.classify(ticket, raws).await?.context("not classified")?;
        drop(handler);
        node.stop().await?;
        let app = App::start_on(data, database).await?;
        let client = &app.client;
        let ticket = ticket.to_string();
        becomes(client, &ticket, "payment", "HIGH").await?;
        let answered = async || read(client, &ticket).await.is_ok_and(|it| texts(&it).len() == 1);
        tests::poll("nobody is answered", answered).await?;
        let expected = [
            "ticket.opened",
            "ticket.categorized",
            "ticket.prioritized",
            "ticket.reply_promised",
        ];
        assert_eq!(history(client, &ticket).await?, expected);
        // Everything is looked at again: as when the place of the process is lost.
        let app = app.restart().await?;
        let client = &app.client;
        let last = client
            .ticket("last", &json!({"subject": "Возврат", "inboxId": inbox}))
            .await?;
        becomes(client, &last, "payment", "HIGH").await?;
        assert_eq!(history(client, &ticket).await?, expected);
        assert_eq!(texts(&read(client, &ticket).await?).len(), 1);
        let imported = TicketId::opened_by(imported.command_id).to_string();
        assert_eq!(history(client, &imported).await?, ["ticket.opened"]);
        assert!(texts(&read(client, &imported).await?).is_empty());
        app.finish().await
    })
}

#[test]
fn promise_that_nobody_was_told_is_told_however_late() -> Result<()> {
    run(async {
        let app = App::start().await?;
        prepare(&app.client).await?;
        let (inbox, id) = inbox(&app.client, json!({})).await?;
        let (data, database) = app.stop().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let long_ago = Clock::System.now() - TimeDelta::days(3);
        let handler = Handler::new(log, vault, Clock::manual(long_ago), Sharing::Alone).await?;
        let (promised, other) = (
            open("new", ActorKind::ApiKey, Some(id))?,
            open("other", ActorKind::ApiKey, Some(id))?,
        );
        for it in [&promised, &other] {
            handler.execute(&Rights::all(), it).await?;
        }
        let (ticket, other) = (
            TicketId::opened_by(promised.command_id),
            TicketId::opened_by(other.command_id),
        );
        // As a crash before the message leaves it.
        let promise = TicketCommand::Promise(ReplyPromise {
            message_id: MessageId(uuid::Uuid::from_u128(1)),
            priority: Priority::Medium,
            from_s: 0,
            within_s: 5400,
            due_at: long_ago + TimeDelta::minutes(90),
        });
        let promising = Request {
            command_id: CommandId(uuid::Uuid::from_u128(2)),
            command: Command::Ticket(ticket, promise),
            actor: Actor::new(ActorKind::System, "auto_reply"),
            expected_version: None,
            traceparent: None,
        };
        handler.execute(&Rights::all(), &promising).await?;
        drop(handler);
        node.stop().await?;
        let app = App::start_on(data, database).await?;
        let client = &app.client;
        let said = async |ticket: &str| read(client, ticket).await.map(|it| texts(&it).len());
        let ticket = ticket.to_string();
        let told = async || said(&ticket).await.is_ok_and(|it| it == 1);
        tests::poll("the promise is not told", told).await?;
        let last = client
            .ticket("last", &json!({"subject": "Возврат", "inboxId": inbox}))
            .await?;
        let told = async || said(&last).await.is_ok_and(|it| it == 1);
        tests::poll("nobody is answered", told).await?;
        assert_eq!(said(&other.to_string()).await?, 0, "that was too long ago");
        let first = read(client, &ticket).await?;
        let first = texts(&first)[0].unwrap_or_default().to_owned();
        assert!(first.contains("90 минут"), "{first}");
        app.finish().await
    })
}

/// Id of the event that opened a ticket.
async fn node_events(handler: &Handler, ticket: TicketId) -> Result<uuid::Uuid> {
    handler.ticket(ticket).await?.context("no ticket")?;
    let actor = Actor::new(ActorKind::ApiKey, "test");
    let command = CommandId::of_request(&actor.to_string(), "openTicket", "", "new");
    Ok(command.event_id(0))
}
