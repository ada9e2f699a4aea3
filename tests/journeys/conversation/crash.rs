//! A crash between the two appends of a reply: whoever comes next finishes it, once.

use anyhow::{Context, Result, ensure};
use commands::{Clock, Command, Handler, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    conversation::{Body, Conversation, ConversationCommand, NewMessage},
    decider::Decider,
    ids::{CommandId, ConversationId, MessageId, TicketId, stream_name},
    ticket::{Join, Ticket, TicketCommand, TicketPlace, TicketSource},
    values::{CloseCause, Priority, ResolutionReason, Subject, TicketType},
};
use event_store::{EventLog, Expected, NewEvent, Vault};
use serde_json::json;
use tests::{App, Cluster, open_log, open_vault, run};

use super::{read, texts};

const KEY: &str = "t";

fn request(key: &str, command: Command) -> Request {
    Request {
        command_id: CommandId::of_request("api_key:test", "message", "", key),
        command,
        actor: Actor::new(ActorKind::ApiKey, "test"),
        expected_version: None,
        traceparent: None,
    }
}

fn ticket_id() -> TicketId {
    TicketId::opened_by(CommandId::of_request("api_key:test", "message", "", KEY))
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
    Ok(request(KEY, Command::Ticket(ticket_id(), command)))
}

fn close() -> Request {
    let command = TicketCommand::Close {
        cause: CloseCause::Agent,
        reason: Some(ResolutionReason::Solved),
    };
    request("close", Command::Ticket(ticket_id(), command))
}

fn reply() -> Result<Request> {
    let conversation = ConversationId::of_ticket(ticket_id());
    let message = NewMessage {
        message_id: MessageId::named_by(conversation, "api_key:test", "m"),
        client_message_id: Some("m".to_owned()),
        body: Body::try_new("Опять не приходит")?,
        attachments: vec![],
        in_reply_to: None,
    };
    let command = ConversationCommand::Receive {
        thread: None,
        message,
        external_id: None,
        sent_at: None,
    };
    Ok(request("m", Command::Conversation(ticket_id(), command)))
}

/// The events of a stream, as they are appended.
async fn events(log: &EventLog, stream: &str) -> Result<Vec<NewEvent>> {
    let raws = log.read_stream(stream, 0).await?;
    let again = raws.into_iter().map(|it| NewEvent {
        id: it.id,
        event_type: it.event_type,
        payload: it.payload.to_vec(),
        metadata: it.metadata.to_vec(),
    });
    Ok(again.collect())
}

/// A log in which the message is and what it means for its ticket is not: as a crash between the two leaves it.
async fn cut_off(whole: &EventLog, log: &EventLog) -> Result<()> {
    let ticket = stream_name(Ticket::CATEGORY, ticket_id().0);
    let conversation = stream_name(Conversation::CATEGORY, ConversationId::of_ticket(ticket_id()).0);
    let mut of_ticket = events(whole, &ticket).await?;
    let last = of_ticket.pop().context("no events")?;
    ensure!(last.event_type == "ticket.reopened", "{last:?}");
    log.append(&ticket, Expected::NoStream, &of_ticket).await?;
    let of_conversation = events(whole, &conversation).await?;
    log.append(&conversation, Expected::NoStream, &of_conversation).await?;
    Ok(())
}

/// Carries out everything in a log of its own, and cuts it off in the one at `data`.
async fn crash(data: &std::path::Path, database: &str) -> Result<()> {
    Box::pin(crash_before(data, database, 0)).await
}

/// The same, with so many events behind it, as an import of another system's history leaves them.
async fn crash_before(data: &std::path::Path, database: &str, more: usize) -> Result<()> {
    let other = tempfile::tempdir()?;
    let (node, whole) = open_log(other.path()).await?;
    let vault: Vault = open_vault(data, database).await?;
    let handler = Handler::new(whole.clone(), vault, Clock::System, Sharing::Alone).await?;
    let rights = Rights::all();
    for it in [open()?, close(), reply()?] {
        handler.execute(&rights, &it).await?;
    }
    let (mine, log) = open_log(data).await?;
    cut_off(&whole, &log).await?;
    if more > 0 {
        let other = changed_often(&handler, more).await?;
        log.append(&other, Expected::NoStream, &events(&whole, &other).await?)
            .await?;
    }
    node.stop().await?;
    Ok(mine.stop().await?)
}

#[test]
fn process_reopens_the_ticket_of_a_message_that_a_crash_cut_off() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        Box::pin(crash(data.path(), &database)).await?;
        let app = App::start_on(data, database).await?;
        let id = ticket_id().to_string();
        let open = async || app.client.look(&id).await.is_ok_and(|it| it["status"] == "OPEN");
        tests::poll("the ticket is not open again", open).await?;
        assert_eq!(texts(&read(&app.client, &id).await?), [Some("Опять не приходит")]);
        // An agent closes it; at the next start the same message opens nothing.
        app.client
            .must("closeTicket", "again", &id, &json!({"reason": "SOLVED"}))
            .await?;
        let (data, database) = app.stop().await?;
        let pool = sqlx::PgPool::connect(&database).await?;
        sqlx::query("DELETE FROM ops.process_cursor").execute(&pool).await?;
        let message = sqlx::query_scalar("SELECT MAX(position) FROM read_message_v2.message");
        let message: i64 = message.fetch_one(&pool).await?;
        let app = App::start_on(data, database).await?;
        came_to(&pool, message).await?;
        pool.close().await;
        assert_eq!(app.client.look(&id).await?["status"], "CLOSED");
        app.finish().await
    })
}

/// Waits until the process that finishes messages has looked at everything up to that position, and says so.
async fn came_to(pool: &sqlx::PgPool, position: i64) -> Result<()> {
    const FURTHER: &str = "SELECT EXISTS (SELECT FROM ops.process_cursor WHERE process = 'replies' AND position >= $1)";
    let there = async || {
        let row = sqlx::query_scalar(FURTHER).bind(position).fetch_one(pool).await;
        row.unwrap_or(false)
    };
    tests::poll("its place is not kept", there).await
}

/// Opens another ticket.
async fn open_other(handler: &Handler) -> Result<TicketId> {
    let command_id = CommandId::of_request("api_key:test", "message", "", "other");
    let id = TicketId::opened_by(command_id);
    let mut opening = open()?;
    opening.command_id = command_id;
    if let Command::Ticket(ticket, _) = &mut opening.command {
        *ticket = id;
    }
    handler.execute(&Rights::all(), &opening).await?;
    Ok(id)
}

/// Another ticket with so many changes; its stream.
async fn changed_often(handler: &Handler, times: usize) -> Result<String> {
    let id = open_other(handler).await?;
    for time in 0..times {
        let subject = Subject::try_new(&format!("Тема {time}"))?;
        let command = Command::Ticket(id, TicketCommand::ChangeSubject { subject });
        handler
            .execute(&Rights::all(), &request(&format!("subject {time}"), command))
            .await?;
    }
    Ok(stream_name(Ticket::CATEGORY, id.0))
}

#[test]
fn message_is_finished_however_much_was_appended_since() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = sqlx::PgPool::connect(&app.database_url).await?;
        came_to(&pool, 0).await?;
        pool.close().await;
        let (data, database) = app.stop().await?;
        // More than are looked back at where no place is kept.
        Box::pin(crash_before(data.path(), &database, 1010)).await?;
        let app = App::start_on(data, database).await?;
        let id = ticket_id().to_string();
        let open = async || app.client.look(&id).await.is_ok_and(|it| it["status"] == "OPEN");
        tests::poll("the ticket is not open again", open).await?;
        app.finish().await
    })
}

/// A ticket in which a customer asked is merged into another, in a log of its own, and cut off before the other notes the
/// question; which the other is.
async fn crash_in_merge(data: &std::path::Path, database: &str) -> Result<TicketId> {
    let other = tempfile::tempdir()?;
    let (node, whole) = open_log(other.path()).await?;
    let vault: Vault = open_vault(data, database).await?;
    let handler = Handler::new(whole.clone(), vault, Clock::System, Sharing::Alone).await?;
    let into = open_other(&handler).await?;
    let merge = TicketCommand::Join(Join::MergeInto { into });
    for it in [open()?, reply()?, request("merge", Command::Ticket(ticket_id(), merge))] {
        handler.execute(&Rights::all(), &it).await?;
    }
    let (mine, log) = open_log(data).await?;
    let conversation = stream_name(Conversation::CATEGORY, ConversationId::of_ticket(ticket_id()).0);
    let merged = stream_name(Ticket::CATEGORY, ticket_id().0);
    let target = stream_name(Ticket::CATEGORY, into.0);
    let mut of_target = events(&whole, &target).await?;
    let last = of_target.pop().context("no events")?;
    ensure!(last.event_type == "ticket.question_carried", "{last:?}");
    log.append(&target, Expected::NoStream, &of_target).await?;
    for stream in [merged, conversation] {
        log.append(&stream, Expected::NoStream, &events(&whole, &stream).await?)
            .await?;
    }
    node.stop().await?;
    mine.stop().await?;
    Ok(into)
}

#[test]
fn process_notes_the_question_of_a_merge_that_a_crash_cut_off() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let into = Box::pin(crash_in_merge(data.path(), &database)).await?.to_string();
        let app = App::start_on(data, database).await?;
        let waits = async || {
            let thread = read(&app.client, &into).await;
            thread.is_ok_and(|it| it["thread"]["needsAnswerSince"].is_string())
        };
        tests::poll("nobody waits", waits).await?;
        app.finish().await
    })
}

#[test]
fn repeated_command_finds_both_done_or_does_the_second() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        Box::pin(crash(data.path(), &database)).await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let handler = Handler::new(log.clone(), vault, Clock::System, Sharing::Alone).await?;
        let stream = stream_name(Ticket::CATEGORY, ticket_id().0);
        let rights = Rights::all();
        let again = handler.execute(&rights, &reply()?).await?;
        ensure!(again.repeated, "{again:?}");
        let after = events(&log, &stream).await?;
        assert_eq!(after.last().map(|it| it.event_type.as_str()), Some("ticket.reopened"));
        handler.execute(&rights, &reply()?).await?;
        assert_eq!(events(&log, &stream).await?, after, "done once");
        let conversation = stream_name(Conversation::CATEGORY, ConversationId::of_ticket(ticket_id()).0);
        assert_eq!(events(&log, &conversation).await?.len(), 2);
        Ok(node.stop().await?)
    })
}
