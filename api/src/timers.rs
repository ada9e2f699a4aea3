//! Ends snoozes and holds when their time has come.
//!
//! What is due is asked of `ticket_list`, which follows from the log: so nothing is kept that could be lost, and what fell
//! due while no server ran is ended by the next one. Several servers may do this at once: the command's id follows from the
//! ticket and the instant, so that the second of them finds it done.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use commands::{Clock, Command, CommandError, Handler, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    ticket::{Pause, TicketCommand},
};
use projections::ticket_list;
use sqlx::PgPool;
use tracing::warn;
use uuid::Uuid;

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(1);
/// Tickets of one look.
const MOST: i64 = 500;

/// Ends what is due for ever.
pub(crate) async fn follow(handler: Arc<Handler>, pool: PgPool, clock: Clock) {
    let (rights, actor) = (Rights::all(), Actor::new(ActorKind::System, "timers"));
    // The newest of what was done; the tables may show it as due for a while longer.
    let mut done: Vec<(Uuid, DateTime<Utc>)> = Vec::new();
    loop {
        match ticket_list::due(&pool, clock.now(), MOST).await {
            Ok(due) => {
                let mut kept = Vec::new();
                for it in due {
                    if done.contains(&it) || end(&handler, &rights, &actor, it).await {
                        kept.push(it);
                    }
                }
                done = kept;
            }
            Err(error) => warn!(%error, "snoozes and holds are not ended for now"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether nothing is left to be done.
async fn end(handler: &Handler, rights: &Rights, actor: &Actor, (ticket, due): (Uuid, DateTime<Utc>)) -> bool {
    let at = due.to_rfc3339_opts(SecondsFormat::Micros, true);
    let request = Request {
        command_id: CommandId::of_request(&actor.to_string(), "endDue", &ticket.to_string(), &at),
        command: Command::Ticket(TicketId(ticket), TicketCommand::Pause(Pause::EndDue)),
        actor: actor.clone(),
        expected_version: None,
        traceparent: None,
    };
    match handler.execute(rights, &request).await {
        Ok(_) | Err(CommandError::Refused(_)) => true,
        Err(error) => {
            warn!(%error, %ticket, "a snooze or a hold could not be ended; trying again");
            false
        }
    }
}
