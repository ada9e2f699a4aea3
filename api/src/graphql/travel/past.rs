//! Things as they were at an instant, each read from the log once for all of an answer.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, Result};
use chrono::{DateTime, Utc};
use domain::{
    assignment::Assignment,
    conversation,
    decider::Decider,
    event::DomainEvent,
    ids::{ConversationId, TicketId},
    ticket::Ticket,
};
use event_store::Recorded;
use projections::{
    TicketRow, from_events,
    message::{self, Conversation, Segment, Thread, Wanted},
    past::until,
    ticket_history::{self, Happening},
    ticket_list,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    moment::no_version,
    stream::{Events, forgotten, open, read, read_apart, unfit},
};

/// Type of the event of a ticket into which another was merged.
const ABSORBED: &str = "ticket.absorbed";

/// Steps of a chain of merges that are followed at most, as where tables are read.
const STEPS: usize = 64;

/// A ticket as it was.
#[derive(Debug)]
pub(in crate::graphql) struct TicketPast {
    /// What had happened to it, in the order of the log.
    pub(in crate::graphql) events: Vec<Recorded<DomainEvent>>,
    /// How that left it; `None` when it did not exist.
    pub(in crate::graphql) row: Option<TicketRow>,
    /// The tickets that were merged into it at any time.
    pub(super) absorbed: Vec<TicketId>,
}

/// The conversation under a ticket as it was.
#[derive(Debug)]
struct ConversationPast {
    events: Vec<Recorded<DomainEvent>>,
    conversation: Arc<Conversation>,
}

/// What was read, by id; whoever asks first reads it for all.
type Shelf<T> = Mutex<HashMap<Uuid, Arc<OnceCell<Arc<T>>>>>;

fn slot<T>(shelf: &Shelf<T>, id: Uuid) -> Arc<OnceCell<Arc<T>>> {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(shelf.entry(id).or_default())
}

/// An instant of the past, and what was read of it for an answer.
#[derive(Debug)]
pub(in crate::graphql) struct Past {
    at: DateTime<Utc>,
    tickets: Shelf<TicketPast>,
    conversations: Shelf<ConversationPast>,
    threads: Shelf<Thread>,
}

impl Past {
    pub(in crate::graphql) fn at(at: DateTime<Utc>) -> Self {
        Self {
            at,
            tickets: Shelf::default(),
            conversations: Shelf::default(),
            threads: Shelf::default(),
        }
    }

    /// The past in which a ticket had so many events: the instant of the newest of them.
    pub(in crate::graphql) async fn at_version(
        ctx: &Context<'_>,
        path: &[&str],
        ticket: Uuid,
        version: i64,
    ) -> Result<Self> {
        let (own, owners) = streams(ctx, ticket).await?;
        let absorbed = message::ever_absorbed(own.iter());
        let mut events = in_order(own, owners);
        let last = events.len();
        let count = usize::try_from(version).ok().filter(|it| (1..=last).contains(it));
        events.truncate(count.ok_or_else(|| no_version(ctx, path, version, last))?);
        let it = told(ctx, events, absorbed).await?;
        let newest = it.events.iter().map(|it| it.metadata.at).max();
        let past = Self::at(newest.unwrap_or_default());
        drop(slot(&past.tickets, ticket).set(Arc::new(it)));
        Ok(past)
    }

    pub(in crate::graphql) fn instant(&self) -> DateTime<Utc> {
        self.at
    }

    /// A ticket as it was.
    pub(in crate::graphql) async fn ticket(&self, ctx: &Context<'_>, id: Uuid) -> Result<Arc<TicketPast>> {
        let make = || async {
            let ((own, later), (owners, _)) = tokio::try_join!(
                read_apart(ctx, (Ticket::CATEGORY, id), self.at, Some(ABSORBED)),
                read_apart(ctx, (Assignment::CATEGORY, id), self.at, None)
            )?;
            let absorbed = message::ever_absorbed(own.iter().chain(&later));
            Ok(Arc::new(told(ctx, in_order(own, owners), absorbed).await?))
        };
        slot(&self.tickets, id).get_or_try_init(make).await.cloned()
    }

    /// What had happened to a ticket, each time with the ticket as it was left.
    pub(in crate::graphql) async fn happenings(&self, ctx: &Context<'_>, id: Uuid) -> Result<Vec<Happening>> {
        let it = self.ticket(ctx, id).await?;
        let mut all = ticket_history::from_events(&it.events).map_err(|it| unfit(ctx, &it))?;
        let erased = forgotten(ctx, all.iter().filter_map(|it| it.ticket.data_subject)).await?;
        for it in &mut all {
            forget(&mut it.ticket, &erased);
        }
        Ok(all)
    }

    async fn talk(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Arc<ConversationPast>> {
        let make = || async {
            let id = ConversationId::of_ticket(TicketId(ticket)).0;
            let mut events = read(ctx, conversation::Conversation::CATEGORY, id).await?;
            let count = until(&events, self.at);
            open(ctx, events.get_mut(..count).unwrap_or_default()).await?;
            let conversation = message::from_events(&events, count).map_err(|it| unfit(ctx, &it))?;
            events.truncate(count);
            Ok(Arc::new(ConversationPast {
                events,
                conversation: Arc::new(conversation),
            }))
        };
        slot(&self.conversations, ticket).get_or_try_init(make).await.cloned()
    }

    /// The conversation under a ticket as it was, by itself.
    pub(in crate::graphql) async fn conversation(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Arc<Conversation>> {
        Ok(Arc::clone(&self.talk(ctx, ticket).await?.conversation))
    }

    /// Since when the customer of a ticket was waiting for an answer.
    pub(in crate::graphql) async fn waits_since(
        &self,
        ctx: &Context<'_>,
        ticket: Uuid,
    ) -> Result<Option<DateTime<Utc>>> {
        let (it, talk) = (self.ticket(ctx, ticket).await?, self.talk(ctx, ticket).await?);
        let events = in_order(it.events.clone(), talk.events.clone());
        ticket_list::waits_since(&events).map_err(|it| unfit(ctx, &it))
    }

    /// The thread of a ticket as it was, as far as it is to be read; asked for with the same rights each time.
    pub(in crate::graphql) async fn thread(&self, ctx: &Context<'_>, wanted: Wanted) -> Result<Arc<Thread>> {
        let make = || async {
            let segments = self.segments(ctx, wanted.ticket_id).await?;
            Ok(Arc::new(Thread::new(wanted, segments)))
        };
        slot(&self.threads, wanted.ticket_id)
            .get_or_try_init(make)
            .await
            .cloned()
    }

    /// The conversations of which a thread is made: its own, those of tickets that were merged into it by then, over all
    /// steps, and what these were split from.
    async fn segments(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Vec<Segment>> {
        let mut segments = Vec::new();
        let mut known = HashSet::from([ticket]);
        let mut shown = VecDeque::from([(ticket, 0)]);
        while let Some((ticket, steps)) = shown.pop_front() {
            segments.push(Segment {
                conversation: self.conversation(ctx, ticket).await?,
                from_seq: 1,
                before: None,
                whole: true,
            });
            let it = self.ticket(ctx, ticket).await?;
            for part in message::parts_from_events(&it.events).map_err(|it| unfit(ctx, &it))? {
                if !part.absorbed {
                    segments.push(Segment {
                        conversation: self.conversation(ctx, part.of_ticket).await?,
                        from_seq: part.from_seq,
                        before: part.before,
                        whole: false,
                    });
                } else if steps < STEPS && known.insert(part.of_ticket) {
                    shown.push_back((part.of_ticket, steps + 1));
                }
            }
        }
        Ok(segments)
    }
}

/// All that has happened to a ticket until now, in the order of the log.
pub(super) async fn events_of(ctx: &Context<'_>, ticket: Uuid) -> Result<Vec<Recorded<DomainEvent>>> {
    let (own, owners) = streams(ctx, ticket).await?;
    let mut events = in_order(own, owners);
    open(ctx, &mut events).await?;
    Ok(events)
}

/// The two streams that tell of a ticket.
async fn streams(ctx: &Context<'_>, ticket: Uuid) -> Result<(Events, Events)> {
    tokio::try_join!(
        read(ctx, Ticket::CATEGORY, ticket),
        read(ctx, Assignment::CATEGORY, ticket)
    )
}

fn in_order(mut events: Events, others: Events) -> Events {
    if others.is_empty() {
        return events;
    }
    events.extend(others);
    events.sort_by_key(|it| it.position);
    events
}

async fn told(ctx: &Context<'_>, mut events: Events, absorbed: Vec<TicketId>) -> Result<TicketPast> {
    open(ctx, &mut events).await?;
    let mut row = from_events(&events).map_err(|it| unfit(ctx, &it))?;
    if let Some(row) = &mut row {
        let erased = forgotten(ctx, row.data_subject.into_iter()).await?;
        forget(row, &erased);
    }
    Ok(TicketPast { events, row, absorbed })
}

fn forget(row: &mut TicketRow, erased: &HashSet<Uuid>) {
    if row.data_subject.is_some_and(|it| erased.contains(&it)) {
        row.forget();
    }
}
