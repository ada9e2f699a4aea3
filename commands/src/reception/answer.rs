//! What a customer is told right after opening a ticket: number, priority, and when there will be an answer.

use chrono::TimeDelta;
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    conversation::{Body, ConversationCommand, NewMessage, Via, Visibility},
    ids::{CommandId, ConversationId, MessageId, TicketId},
    organisation::{AutoReply, Inbox, filled},
    ticket::{ReplyPromise, Status, TicketCommand},
};
use uuid::Uuid;

use super::Newcomer;
use crate::{Command, CommandError, Handler, Outcome, Request};

/// Name of the process that answers.
const ANSWERER: &str = "auto_reply";
/// How old a ticket may be to be answered of itself: whoever waited longer is not told that their request just arrived.
const FRESH: TimeDelta = TimeDelta::hours(24);

impl Handler {
    /// Answers whoever opened a ticket, once, in the words of its inbox; `None` when nothing is to be said.
    ///
    /// The promise comes first: what is said of it is what is in the log.
    ///
    /// # Errors
    /// [`CommandError`]; the same call may succeed later.
    pub async fn answer_opening(&self, id: TicketId) -> Result<Option<Outcome>, CommandError> {
        let Some(newcomer) = self.newcomer(id).await? else {
            return Ok(None);
        };
        let Some((inbox_id, words)) = self.words_for(&newcomer).await? else {
            return Ok(None);
        };
        let conversation = ConversationId::of_ticket(id);
        let actor = Actor::new(ActorKind::System, ANSWERER);
        let message_id = MessageId::named_by(conversation, &actor.to_string(), ANSWERER);
        let promise = promise(&newcomer, &words, message_id, self.now());
        let promised = request(
            &actor,
            "promise",
            id,
            Command::Ticket(id, TicketCommand::Promise(promise)),
        );
        if told(self.execute(&Rights::all(), &promised).await)?.is_none() {
            return Ok(None);
        }
        let Some(newcomer) = self.newcomer(id).await?.filter(|it| it.ticket.promise.is_some()) else {
            return Ok(None);
        };
        let russian = self.is_russian(&newcomer.ticket).await?;
        let values = self.values(id, &newcomer, &actor, russian).await?;
        let text = filled(words.body.text(russian), |name| values.get(name));
        let Ok(body) = Body::try_new(&text) else {
            return Ok(None);
        };
        let command = ConversationCommand::Post {
            thread: None,
            message: NewMessage {
                message_id,
                client_message_id: None,
                body,
                attachments: Vec::new(),
                in_reply_to: None,
            },
            visibility: Visibility::Public,
            mentions: Vec::new(),
            via: Via::AutoReply { inbox_id },
        };
        let said = request(&actor, "answer", id, Command::Conversation(id, command));
        told(self.execute(&Rights::all(), &said).await)
    }

    /// What is to be said, and by which inbox. Never to programs, who might answer, nor to whoever is not heard.
    async fn words_for(&self, newcomer: &Newcomer) -> Result<Option<(Uuid, AutoReply)>, CommandError> {
        let ticket = &newcomer.ticket;
        let by_program = matches!(
            newcomer.opener.kind,
            ActorKind::Bot | ActorKind::System | ActorKind::Import
        );
        let over = matches!(ticket.status, Status::Resolved(_) | Status::Closed) || ticket.merged_into.is_some();
        let stale = self.now() - newcomer.opened_at > FRESH;
        if by_program || over || stale || !newcomer.is_new() {
            return Ok(None);
        }
        let Some(inbox_id) = ticket.place.inbox_id else {
            return Ok(None);
        };
        if self.customer(ticket).await?.is_some_and(|it| it.blocked) {
            return Ok(None);
        }
        let inbox = self.glance::<Inbox>(inbox_id).await?.state.filter(|it| !it.retired);
        let words = inbox.and_then(|it| it.definition.auto_reply).filter(|it| it.enabled);
        Ok(words.map(|it| (inbox_id, it)))
    }
}

fn promise(
    newcomer: &Newcomer,
    words: &AutoReply,
    message_id: MessageId,
    now: chrono::DateTime<chrono::Utc>,
) -> ReplyPromise {
    let priority = newcomer.ticket.priority;
    let promised = words.promises.of(priority);
    let within_s = u64::from(promised.within_min) * 60;
    // From the opening on: that is when the customer began to wait.
    let due_at = newcomer.opened_at + TimeDelta::minutes(promised.within_min.into());
    ReplyPromise {
        message_id,
        priority,
        from_s: u64::from(promised.from_min) * 60,
        within_s,
        due_at: due_at.max(now),
    }
}

fn request(actor: &Actor, operation: &str, id: TicketId, command: Command) -> Request {
    Request {
        command_id: CommandId::of_request(&actor.to_string(), operation, &id.to_string(), ""),
        command,
        actor: actor.clone(),
        expected_version: None,
        traceparent: None,
    }
}

/// A ticket that takes nothing more is not answered, and what was said in other words stands.
fn told(answer: Result<Outcome, CommandError>) -> Result<Option<Outcome>, CommandError> {
    match answer {
        Ok(outcome) => Ok(Some(outcome)),
        Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(None),
        Err(error) => Err(error),
    }
}
