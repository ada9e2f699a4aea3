use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject, Subscription as GraphqlSubscription};
use chrono::{DateTime, Utc};
use event_store::Position;
use futures_util::{Stream, stream};
use projections::{ticket_history, ticket_list::filter::Condition};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    builds::{self, Projection},
    filter::{TicketFilter, condition},
    ids::LogPosition,
    parts, problem,
    ticket::Ticket,
};
use crate::{
    live::{Change, Live, position_of},
    problem::{Language, internal},
};

/// A change of a ticket.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketChange {
    /// Place of the event in the log: give it back as `after` to go on behind it.
    position: LogPosition,
    /// Stored type of the event, such as `ticket.resolved`.
    #[graphql(name = "type")]
    event_type: String,
    /// When it was decided; for an import, when it happened there.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`.
    actor: String,
    /// The ticket as the event left it.
    ticket: Ticket,
    /// The ticket as it was before; null when the event opened it.
    previous: Option<Ticket>,
}

/// What can be watched.
#[derive(Debug, Clone, Copy)]
pub struct Subscription;

/// What can be watched.
#[GraphqlSubscription]
impl Subscription {
    /// How each build of each read model is doing: now, and whenever that changes, at most once a second. A mere sign of
    /// life is no change. Only for those who operate the system.
    #[expect(clippy::unused_async, reason = "the macro takes only async resolvers")]
    async fn projections_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Vec<Projection>>> + use<>> {
        builds::changes(ctx)
    }

    /// Every change of tickets, each once, in the order of the log.
    ///
    /// Without `after` from now on; with it, first everything since. A change passes the filter when the ticket passes
    /// before it or after it, so that a list sees tickets leave too.
    #[expect(clippy::unused_async, reason = "the macro takes only async resolvers")]
    async fn ticket_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Position of the last change you have seen.")] after: Option<LogPosition>,
        #[graphql(desc = "Which tickets; all by default.")] filter: Option<TicketFilter>,
    ) -> Result<impl Stream<Item = Result<TicketChange>> + use<>> {
        let condition = condition(filter).map_err(|it| problem(ctx, it))?;
        let language = super::caller(ctx)?.language;
        let live = parts(ctx)?.live.clone();
        let last = after.map_or_else(|| live.position(ticket_history::NAME), |it| it.0);
        let watch = Watch {
            changes: live.changes(),
            live,
            last,
            pending: Vec::new(),
            from_table: true,
            condition,
        };
        Ok(stream::unfold(watch, move |mut watch| async move {
            Some((watch.next(language).await?, watch))
        }))
    }
}

/// One subscriber's way through the changes: first from the table, then live, and back when it was too slow.
struct Watch {
    live: Live,
    changes: Receiver<Arc<Change>>,
    /// The last change delivered or passed over.
    last: Position,
    /// Read from the table and not delivered, newest first.
    pending: Vec<Change>,
    from_table: bool,
    condition: Condition,
}

impl Watch {
    async fn next(&mut self, language: Language) -> Option<Result<TicketChange>> {
        loop {
            if let Some(change) = self.pending.pop() {
                if let Some(change) = self.pass(&change) {
                    return Some(Ok(change));
                }
            } else if self.from_table {
                match self.live.since(self.last).await {
                    Ok(page) if page.is_empty() => self.from_table = false,
                    Ok(page) => self.pending = page.into_iter().rev().collect(),
                    Err(error) => return Some(Err(internal(&error).into_error(language))),
                }
            } else {
                match self.changes.recv().await {
                    Ok(change) => {
                        if let Some(change) = self.pass(&change) {
                            return Some(Ok(change));
                        }
                    }
                    Err(RecvError::Lagged(_)) => self.from_table = true,
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    }

    /// The change as it is delivered; `None` when it was before or does not concern this subscriber.
    fn pass(&mut self, change: &Change) -> Option<TicketChange> {
        let position = position_of(&change.happening);
        if position <= self.last {
            return None;
        }
        self.last = position;
        let now = self.condition.holds(&change.happening.ticket);
        let before = change.before.as_ref().is_some_and(|it| self.condition.holds(it));
        (now || before).then(|| TicketChange {
            position: LogPosition(position),
            event_type: change.happening.event_type.clone(),
            at: change.happening.at,
            actor: change.happening.actor.clone(),
            ticket: change.happening.ticket.clone().into(),
            previous: change.before.clone().map(Ticket::from),
        })
    }
}
