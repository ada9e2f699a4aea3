//! What a customer is told right after opening a ticket: number, priority, and when there will be an answer.

use chrono::TimeDelta;
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    conversation::{Body, ConversationCommand, NewMessage, Via, Visibility},
    ids::{CommandId, ConversationId, MessageId, TicketId},
    organisation::{AutoReply, Inbox, filled},
    ticket::{ReplyPromise, Status, Ticket, TicketCommand},
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
    /// The promise comes first: what is said of it is what is in the log. It is given only when there are words to tell it,
    /// and a promise that nobody was told of, since a crash came between, is told however late.
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
        let promised = match newcomer.ticket.promise {
            Some(_) => Some(newcomer),
            None => self.promised(id, newcomer, &words, message_id).await?,
        };
        let Some(newcomer) = promised else {
            return Ok(None);
        };
        let Some(body) = self.filled_in(id, &newcomer, &words).await? else {
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

    /// The ticket with the promise that it was given; `None` when there are no words to tell one, or it takes none.
    async fn promised(
        &self,
        id: TicketId,
        newcomer: Newcomer,
        words: &AutoReply,
        message_id: MessageId,
    ) -> Result<Option<Newcomer>, CommandError> {
        let instants = (newcomer.opened_at, self.now());
        let promise = ReplyPromise::to(message_id, newcomer.ticket.priority, &words.promises, instants);
        if self
            .filled_in(id, &promising(newcomer, promise), words)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let actor = Actor::new(ActorKind::System, ANSWERER);
        let command = Command::Ticket(id, TicketCommand::Promise(promise));
        let request = request(&actor, "promise", id, command);
        if told(self.execute(&Rights::all(), &request).await)?.is_none() {
            return Ok(None);
        }
        Ok(self.newcomer(id).await?.filter(|it| it.ticket.promise.is_some()))
    }

    /// The words with what is known of a ticket; `None` when they are no message then.
    async fn filled_in(
        &self,
        id: TicketId,
        newcomer: &Newcomer,
        words: &AutoReply,
    ) -> Result<Option<Body>, CommandError> {
        let actor = Actor::new(ActorKind::System, ANSWERER);
        let russian = self.is_russian(&newcomer.ticket).await?;
        let values = self.values(id, newcomer, &actor, russian).await?;
        let text = filled(words.body.text(russian), |name| values.get(name));
        Ok(Body::try_new(&text).ok())
    }

    /// What is to be said, and by which inbox. Never to programs, who might answer, nor to whoever is not heard.
    ///
    /// An API key is no program in this: it stands for the customer of a shop, an application or a form on a page.
    async fn words_for(&self, newcomer: &Newcomer) -> Result<Option<(Uuid, AutoReply)>, CommandError> {
        let ticket = &newcomer.ticket;
        let by_program = matches!(
            newcomer.opener.kind,
            ActorKind::Bot | ActorKind::System | ActorKind::Import
        );
        let over = matches!(ticket.status, Status::Resolved(_) | Status::Closed) || ticket.merged_into.is_some();
        if by_program || over || !newcomer.is_new() {
            return Ok(None);
        }
        // What was promised is to be told, whatever was switched off or went by meanwhile.
        let promised = ticket.promise.is_some();
        if !promised && self.now() - newcomer.opened_at > FRESH {
            return Ok(None);
        }
        let Some(inbox_id) = ticket.place.inbox_id else {
            return Ok(None);
        };
        if self.customer(ticket).await?.is_some_and(|it| it.blocked) {
            return Ok(None);
        }
        let inbox = self.glance::<Inbox>(inbox_id).await?.state;
        let inbox = inbox.filter(|it| promised || !it.retired);
        let words = inbox.and_then(|it| it.definition.auto_reply);
        let words = words.filter(|it| promised || it.enabled);
        Ok(words.map(|it| (inbox_id, it)))
    }
}

fn promising(newcomer: Newcomer, promise: ReplyPromise) -> Newcomer {
    Newcomer {
        ticket: Ticket {
            promise: Some(promise),
            ..newcomer.ticket
        },
        ..newcomer
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
