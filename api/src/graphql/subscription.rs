use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, ID, Result, SimpleObject, Subscription as GraphqlSubscription};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use projections::ticket_history::Told;

use super::{
    builds::{self, Projection},
    bulk::{self, BulkOperation},
    conversation::{self, MessageChange},
    filter::{TicketFilter, condition},
    ids::LogPosition,
    life::me,
    parts, problem,
    sight::{Sight, sight},
    ticket::Ticket,
    views::{self, ViewCountsChange},
    what_if::{self, WhatIf},
};
use crate::{
    problem::{Problem, internal, unavailable},
    watch::{Changes, Wish},
};

/// A change of a ticket.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketChange {
    /// Place of the event in the log, of one that was parked since when it shows: give it back as `after` to go on behind
    /// it.
    position: LogPosition,
    /// Stored type of the event, such as `ticket.resolved`.
    #[graphql(name = "type")]
    event_type: String,
    /// When it was decided; for an import, when it happened there.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`.
    actor: String,
    /// The ticket as the event left it; as it was before, when it is `gone`.
    ticket: Ticket,
    /// The ticket as it was before; null when the event opened it, or when you were not to see it.
    previous: Option<Ticket>,
    /// Whether the event took the ticket to where you may not see it.
    gone: bool,
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

    /// Everything that happens to the messages under a ticket, each once, in the order of the log. Without `after` from now
    /// on; with it, first everything since. Customers are told of what they may see alone.
    async fn message_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] ticket_id: ID,
        #[graphql(desc = "Position of the last change you have seen.")] after: Option<LogPosition>,
    ) -> Result<impl Stream<Item = Result<MessageChange>> + use<>> {
        conversation::changes(ctx, &ticket_id, after).await
    }

    /// A change of many tickets: as it is now, and whenever it goes on.
    async fn bulk_operation_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the operation.")] id: ID,
    ) -> Result<impl Stream<Item = Result<BulkOperation>> + use<>> {
        bulk::changes(ctx, &id).await
    }

    /// A replay of a period under other rules: as it is now, and whenever it goes on.
    async fn what_if_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the run.")] id: ID,
    ) -> Result<impl Stream<Item = Result<WhatIf>> + use<>> {
        what_if::changes(ctx, &id).await
    }

    /// How many tickets these views show, of those that you may see: now, and whenever that changes, a few times a second
    /// at most. Counts do not follow a view that is revised meanwhile: subscribe again then. At most 50 views.
    async fn view_counts_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids of the views.")] view_ids: Vec<ID>,
    ) -> Result<impl Stream<Item = Result<ViewCountsChange>> + use<>> {
        views::changes(ctx, &view_ids).await
    }

    /// Every change of tickets, each once, in the order of the log; one that was parked when it begins to show.
    ///
    /// Without `after` from now on; with it, first everything since. A change passes the filter when the ticket passes
    /// before it or after it, so that a list sees tickets leave too.
    async fn ticket_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Position of the last change you have seen.")] after: Option<LogPosition>,
        #[graphql(desc = "Which tickets; all by default.")] filter: Option<TicketFilter>,
    ) -> Result<impl Stream<Item = Result<TicketChange>> + use<>> {
        let seen = sight(ctx)?;
        let mut filter = filter;
        if filter.as_mut().is_some_and(TicketFilter::asks_for_answers) {
            let (russian, english) = (
                "всё, кроме needsAnswer и needsAnswerSince: о них говорит viewCountsChanged",
                "all but needsAnswer and needsAnswerSince: viewCountsChanged tells of these",
            );
            return Err(problem(
                ctx,
                Problem::bad_input("filter", "needsAnswer", russian, english),
            ));
        }
        let condition = seen.narrow(condition(filter, me(&super::caller(ctx)?.viewer)).map_err(|it| problem(ctx, it))?);
        let language = super::caller(ctx)?.language;
        let changes = if let Some(source) = ctx.data_opt::<Source>() {
            source.take()
        } else {
            let after = match after {
                Some(after) => reached(ctx, after).await?.0,
                None => parts(ctx)?.live.end(),
            };
            ctx.data::<Arc<Entrance>>()?.enter(Wish { after, condition });
            stream::empty().boxed()
        };
        Ok(changes.map(move |change| match change {
            Ok(change) => Ok(TicketChange::seen(&change, &seen)),
            Err(error) => Err(internal(&error).into_error(language)),
        }))
    }
}

/// The place after which a subscription goes on. One that the log has not come to yet would wait for what may never come.
async fn reached(ctx: &Context<'_>, after: LogPosition) -> Result<LogPosition> {
    let parts = parts(ctx)?;
    if after.0 <= parts.live.end() {
        return Ok(after);
    }
    let head = parts.log.head().await.map_err(|_away| problem(ctx, unavailable()))?;
    if after.0.shown_at() <= head {
        return Ok(after);
    }
    let (russian, english) = (
        format!("место до {head}, которым журнал кончается сейчас"),
        format!("a place up to {head}, where the log ends now"),
    );
    let given = after.0.shown_at().to_string();
    Err(problem(ctx, Problem::bad_input("after", &given, &russian, &english)))
}

/// Where a subscription begins: it goes with the request, the resolver says here what is wished, and yields nothing.
///
/// What then comes is worked out once for all who ask the same; see [`Source`].
#[derive(Debug, Default)]
pub(crate) struct Entrance(Mutex<Vec<Wish>>);

impl Entrance {
    fn enter(&self, wish: Wish) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(wish);
    }

    /// One for each field that watches.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Changes to be turned into responses, one each and in their order; goes with the request.
pub(crate) struct Source(Mutex<Option<Changes>>);

impl Source {
    pub(crate) fn new(changes: Changes) -> Self {
        Self(Mutex::new(Some(changes)))
    }

    fn take(&self) -> Changes {
        let changes = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        changes.unwrap_or_else(|| stream::empty().boxed())
    }
}

impl TicketChange {
    /// A change as somebody sees it who may see some tickets only. It concerns one of these, before or after.
    fn seen(change: &Told, sight: &Sight) -> Self {
        let before = change.before.as_ref().filter(|it| sight.holds(it));
        let after = &change.happening.ticket;
        let gone = !sight.holds(after);
        let shown = if gone { before.unwrap_or(after) } else { after };
        Self {
            position: LogPosition(change.turn),
            event_type: change.happening.event_type.clone(),
            at: change.happening.at,
            actor: change.happening.actor.clone(),
            ticket: shown.clone().into(),
            previous: before.cloned().map(Ticket::from),
            gone,
        }
    }
}
