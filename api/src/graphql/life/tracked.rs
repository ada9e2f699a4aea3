//! A ticket as whoever has its tracking token sees it, without signing in; and what they may say of it.

use std::collections::HashMap;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::{Command, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::{CommandId, TicketId},
    ticket::{LEVELS, StatusCategory, Ticket, TicketCommand, Verdict},
    values::CloseCause,
};
use event_store::Position;
use projections::{
    TicketRow, message,
    organisation::{ItemRow, by_ids},
    ticket_history,
};

use super::label::{default_labels, definition, stands_for};
use crate::{
    auth::{hash_of, ticket_of},
    graphql::{
        Caller, caller,
        conversation::{Asker, Message, newest, of_customer},
        idempotency, parts,
        payload::UserError,
        postgres, problem,
        words::Status,
    },
    problem::{Answer, Language, Problem, internal},
};

/// Steps that are shown at most, the oldest first.
const MOST: i64 = 500;
/// Messages that are shown at most, the newest.
const MOST_MESSAGES: i64 = 100;

/// A ticket as its customer sees it by a tracking link.
#[derive(Debug, SimpleObject)]
pub(super) struct TrackedTicket {
    /// Number for people.
    number: i64,
    /// What it is about; null when the customer's personal data was erased.
    subject: Option<String>,
    /// Where it stands in its life.
    status: Status,
    /// The organisation's word for that, in the language of `Accept-Language`; null when it has none.
    status_label: Option<String>,
    /// Every status it had, the oldest first.
    history: Vec<TrackedStatus>,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// When it was last resolved; null while work goes on.
    resolved_at: Option<DateTime<Utc>>,
    /// When it was last closed; null while it is not closed.
    closed_at: Option<DateTime<Utc>>,
    /// When it will be resolved, as it was last worked out; null when it never was, or work is done.
    eta: Option<DateTime<Utc>>,
    /// The same in words, in the language of `Accept-Language`: by when, or that it takes longer than usual.
    estimate: Option<String>,
    /// Until when the link counts.
    link_expires_at: DateTime<Utc>,
    /// What customer and team wrote, in the order of arrival: the newest 100.
    messages: Vec<Message>,
}

/// A status that a ticket had.
#[derive(Debug, SimpleObject)]
pub(super) struct TrackedStatus {
    /// Where it stood.
    status: Status,
    /// The organisation's word for that; null when it has none.
    status_label: Option<String>,
    /// Since when.
    at: DateTime<Utc>,
}

/// What whoever has a tracking link says of the ticket.
#[derive(Debug, InputObject)]
pub(super) struct TrackedTicketInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// The token of the link.
    token: String,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// What whoever has a tracking link writes to the team.
#[derive(Debug, InputObject)]
pub(super) struct AnswerTrackedTicketInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// The token of the link.
    token: String,
    /// What is said, in Markdown: 1 to 100,000 characters.
    body: String,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// What comes of it.
#[derive(Debug, SimpleObject)]
pub(super) struct TrackedTicketPayload {
    /// The ticket as it is now; null when the link does not count.
    ticket: Option<TrackedTicket>,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What is asked by tracking link. Needs no credential.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct TrackedQuery;

/// What is asked by tracking link. Needs no credential.
#[Object]
impl TrackedQuery {
    /// The ticket that a tracking link shows; null when the link does not count: it was revoked, replaced or has run out,
    /// or never was. Needs no credential.
    #[graphql(complexity = "20 + child_complexity")]
    async fn tracked_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token of the link.")] token: String,
    ) -> Result<Option<TrackedTicket>> {
        match opened(ctx, &token).await? {
            Some(link) => look(ctx, link).await,
            None => Ok(None),
        }
    }
}

/// What is told by tracking link. Needs no credential.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct TrackedMutation;

/// What is told by tracking link. Needs no credential.
#[Object]
impl TrackedMutation {
    /// Says that the resolution helped, as the customer who has the link. Needs no credential.
    async fn confirm_tracked_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which link.")] input: TrackedTicketInput,
    ) -> Result<TrackedTicketPayload> {
        let command = TicketCommand::Judge(Verdict::Confirmed);
        tell(ctx, "confirmTrackedResolution", input, |asker| {
            Ok(Command::Ticket(asker.ticket_id, command))
        })
        .await
    }

    /// Says that the resolution did not help, which reopens the ticket, as the customer who has the link. Needs no
    /// credential.
    async fn reject_tracked_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which link.")] input: TrackedTicketInput,
    ) -> Result<TrackedTicketPayload> {
        let command = TicketCommand::Judge(Verdict::Rejected);
        tell(ctx, "rejectTrackedResolution", input, |asker| {
            Ok(Command::Ticket(asker.ticket_id, command))
        })
        .await
    }

    /// Writes to the team, as the customer who has the link: as `postMessage` of a customer it wakes a pending ticket and
    /// reopens one that is resolved or closed. Needs no credential.
    async fn answer_tracked_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which link, and what.")] input: AnswerTrackedTicketInput,
    ) -> Result<TrackedTicketPayload> {
        let AnswerTrackedTicketInput {
            idempotency_key,
            token,
            body,
            client_mutation_id,
        } = input;
        let input = TrackedTicketInput {
            idempotency_key,
            token,
            client_mutation_id,
        };
        tell(ctx, "answerTrackedTicket", input, |asker| {
            of_customer(asker, None, &body)
        })
        .await
    }

    /// Closes the ticket, as the customer who has the link. Needs no credential.
    async fn close_tracked_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which link.")] input: TrackedTicketInput,
    ) -> Result<TrackedTicketPayload> {
        let command = TicketCommand::Close {
            cause: CloseCause::Customer,
            reason: None,
        };
        tell(ctx, "closeTrackedTicket", input, |asker| {
            Ok(Command::Ticket(asker.ticket_id, command))
        })
        .await
    }
}

/// A link that counts.
#[derive(Debug, Clone, Copy)]
struct Link {
    ticket: TicketId,
    /// Whose ticket it is; the ticket's own id when nobody knows.
    customer: uuid::Uuid,
    expires_at: DateTime<Utc>,
}

impl Link {
    /// Whoever has the link.
    fn customer(&self) -> Actor {
        Actor::new(ActorKind::Contact, self.customer.to_string())
    }
}

/// What a token opens now; the log is asked, so that a link that was revoked a moment ago opens nothing.
async fn opened(ctx: &Context<'_>, token: &str) -> Result<Option<Link>> {
    let Some(id) = ticket_of(token).map(TicketId) else {
        return Ok(None);
    };
    let parts = parts(ctx)?;
    let ticket = parts.handler.ticket(id).await.map_err(|it| fault(ctx, it))?;
    let Some(ticket) = ticket else { return Ok(None) };
    let customer = ticket.contact_id.map_or(id.0, |it| it.0);
    let hash = hash_of(token.trim().as_bytes());
    // Who guesses learns nothing from the time a comparison of hashes takes.
    let counts = |it: &domain::ticket::TrackingLink| it.token_hash == hash && it.expires_at > parts.door.clock.now();
    let Some(link) = ticket.tracking.as_ref().filter(|it| counts(it)) else {
        return Ok(None);
    };
    Ok(Some(Link {
        ticket: shown_with(ctx, id, &ticket).await?,
        customer,
        expires_at: link.expires_at,
    }))
}

/// The ticket in which the same customer's ticket goes on: the team answers there.
async fn shown_with(ctx: &Context<'_>, id: TicketId, ticket: &Ticket) -> Result<TicketId> {
    let (mut shown, mut into) = (id, ticket.merged_into);
    for _ in 0..LEVELS {
        let Some(next) = into else { break };
        let other = parts(ctx)?.handler.ticket(next).await.map_err(|it| fault(ctx, it))?;
        let Some(other) = other.filter(|it| it.contact_id.is_some() && it.contact_id == ticket.contact_id) else {
            break;
        };
        (shown, into) = (next, other.merged_into);
    }
    Ok(shown)
}

async fn tell(
    ctx: &Context<'_>,
    operation: &str,
    input: TrackedTicketInput,
    command: impl FnOnce(&Asker<'_>) -> std::result::Result<Command, Problem>,
) -> Result<TrackedTicketPayload> {
    let caller = caller(ctx)?;
    let answer = |ticket, refusal: Option<Problem>| TrackedTicketPayload {
        ticket,
        user_errors: refusal
            .map(|it| UserError::new(it, caller.language))
            .into_iter()
            .collect(),
        client_mutation_id: input.client_mutation_id.clone(),
    };
    let key = match idempotency::key(ctx, input.idempotency_key.as_deref()) {
        Ok(key) => key,
        Err(refusal) => return Ok(answer(None, Some(refusal))),
    };
    let Some(link) = opened(ctx, &input.token).await? else {
        return Ok(answer(None, Some(lost())));
    };
    let actor = link.customer();
    let target = link.ticket.to_string();
    let asker = Asker {
        actor: &actor,
        ticket_id: link.ticket,
        key: key.as_str(),
    };
    let command = match command(&asker) {
        Ok(command) => command,
        Err(refusal) => return Ok(answer(look(ctx, link).await?, Some(refusal))),
    };
    let request = Request {
        command_id: CommandId::of_request(&actor.to_string(), operation, &target, key.as_str()),
        command,
        actor,
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    let parts = parts(ctx)?;
    // The token has proven whose ticket it is.
    let refusal = match parts.handler.execute(&Rights::all(), &request).await {
        Ok(outcome) => {
            shown(ctx, outcome.position).await?;
            None
        }
        Err(error) => match Answer::from(error) {
            Answer::Refused(refusal) => Some(refusal),
            Answer::Failed(fault) => return Err(problem(ctx, fault)),
        },
    };
    Ok(answer(look(ctx, link).await?, refusal))
}

/// Waits until the tables show it, or for a while.
async fn shown(ctx: &Context<'_>, position: Position) -> Result<()> {
    let live = &parts(ctx)?.live;
    tokio::join!(
        live.shows(position),
        live.reached(ticket_history::NAME, position),
        live.reached(message::NAME, position)
    );
    Ok(())
}

fn lost() -> Problem {
    let (russian, english) = (
        "ссылка больше не действует: попросите новую",
        "the link does not count any more: ask for another",
    );
    Problem::new("LINK_INVALID", russian, english).about("token")
}

fn fault(ctx: &Context<'_>, error: commands::CommandError) -> async_graphql::Error {
    let (Answer::Refused(fault) | Answer::Failed(fault)) = Answer::from(error);
    problem(ctx, fault)
}

async fn look(ctx: &Context<'_>, link: Link) -> Result<Option<TrackedTicket>> {
    let parts = parts(ctx)?;
    let row = parts.tickets.by_id(link.ticket.0).await;
    let Some(row) = row.map_err(|it| problem(ctx, internal(&it)))? else {
        return Ok(None);
    };
    let steps = ticket_history::statuses(&parts.pool, link.ticket.0, MOST).await;
    let steps = steps.map_err(|it| postgres(ctx, &it))?;
    let chosen: Vec<_> = steps
        .iter()
        .filter_map(|it| it.label)
        .chain(row.status_label_id)
        .collect();
    let known = by_ids(&parts.pool, &chosen).await.map_err(|it| postgres(ctx, &it))?;
    let words = Words {
        usual: default_labels(ctx, None).await?,
        chosen: known.into_iter().map(|it| (it.id, it)).collect(),
        caller: caller(ctx)?,
        now: parts.door.clock.now(),
    };
    let messages = newest(ctx, (row.ticket_id, row.contact_id), link.customer(), MOST_MESSAGES).await?;
    Ok(Some(tracked(row, (steps, messages), &words, link.expires_at)))
}

fn tracked(
    row: TicketRow,
    (steps, messages): (Vec<ticket_history::Step>, Vec<Message>),
    words: &Words<'_>,
    link_expires_at: DateTime<Utc>,
) -> TrackedTicket {
    let category = StatusCategory::parse(&row.status).unwrap_or(StatusCategory::New);
    let step = |it: ticket_history::Step| {
        let category = StatusCategory::parse(&it.status).unwrap_or(StatusCategory::New);
        TrackedStatus {
            status: category.into(),
            status_label: words.text(it.label, category),
            at: it.at,
        }
    };
    let eta = row.eta.filter(|_| row.resolved_at.is_none());
    TrackedTicket {
        number: row.number,
        status: category.into(),
        status_label: words.text(row.status_label_id, category),
        history: steps.into_iter().map(step).collect(),
        opened_at: row.opened_at,
        eta,
        estimate: eta.map(|it| words.by(it)),
        resolved_at: row.resolved_at,
        closed_at: row.closed_at,
        subject: row.subject,
        link_expires_at,
        messages,
    }
}

/// The organisation's words for statuses.
struct Words<'a> {
    usual: Vec<ItemRow>,
    chosen: HashMap<uuid::Uuid, ItemRow>,
    caller: &'a Caller,
    now: DateTime<Utc>,
}

impl Words<'_> {
    fn by(&self, eta: DateTime<Utc>) -> String {
        match self.caller.language {
            Language::Russian if eta <= self.now => "решаем дольше обычного".to_owned(),
            Language::English if eta <= self.now => "it takes longer than usual".to_owned(),
            Language::Russian => format!("скорее всего, решим до {}", eta.format("%d.%m.%Y %H:%M UTC")),
            Language::English => format!("most likely solved by {}", eta.format("%Y-%m-%d %H:%M UTC")),
        }
    }

    fn text(&self, label: Option<uuid::Uuid>, category: StatusCategory) -> Option<String> {
        let usual = || self.usual.iter().find(|it| stands_for(it) == Some(category));
        let row = label.and_then(|it| self.chosen.get(&it)).or_else(usual)?;
        let definition = definition(row)?;
        Some(
            definition
                .label
                .text(self.caller.language == Language::Russian)
                .to_owned(),
        )
    }
}
