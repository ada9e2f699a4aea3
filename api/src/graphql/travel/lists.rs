//! Lists and counts of tickets as they were.

use async_graphql::{Context, Error, Result};
use chrono::{DateTime, Utc};
use projections::{
    TicketRow,
    list::page::{Order, PageRequest},
    ticket_history,
    ticket_list::{
        self, Past as Then, Tally,
        counter::Counted,
        filter::{Condition, OrderColumn, Tickets},
    },
};
use tokio::sync::Semaphore;

use crate::{
    graphql::{filter::TicketFilter, parts, postgres, problem, sight::Sight},
    problem::Problem,
};

/// Looks at a time, so that those that take long leave connections to everybody else.
static LOOKS: Semaphore = Semaphore::const_new(4);
/// The code of Postgres for a statement that took too long.
const TOO_LONG: &str = "57014";

/// The tickets at an instant that somebody may see as they are now.
fn then(seen: &Sight, at: DateTime<Utc>) -> Then {
    Then {
        at,
        within: seen.condition().unwrap_or(Condition::And(Vec::new())),
    }
}

/// Refuses what the history of tickets does not tell: since when customers waited for answers is in their conversations.
pub(in crate::graphql) fn answerable(
    filter: Option<&mut TicketFilter>,
    order: &[Order<Tickets>],
) -> Result<(), Problem> {
    let (russian, english) = (
        "для прошлого (asOf) - всё, кроме ожидания ответа, о котором история заявок не говорит",
        "of the past (asOf) all but waiting for an answer, of which the history of tickets does not tell",
    );
    if let Some((field, value)) = filter.and_then(TicketFilter::answer_field) {
        return Err(Problem::bad_input(field, &value, russian, english));
    }
    if order.iter().any(|it| it.column == OrderColumn::WaitingSince) {
        return Err(Problem::bad_input("orderBy", "WAITING_SINCE", russian, english));
    }
    Ok(())
}

/// The rows of one page as they were, and the same tickets as they are now.
pub(in crate::graphql) async fn listed_at(
    ctx: &Context<'_>,
    seen: &Sight,
    at: DateTime<Utc>,
    request: &PageRequest<Tickets>,
) -> Result<(Vec<TicketRow>, Vec<TicketRow>)> {
    let pool = &parts(ctx)?.pool;
    let _turn = LOOKS.acquire().await;
    let rows = ticket_list::page_at(pool, &then(seen, at), request).await;
    let rows = rows.map_err(|it| given_up(ctx, &it))?;
    let ids: Vec<_> = rows.iter().map(|it| it.ticket_id).collect();
    let now = ticket_list::by_ids(pool, &ids).await.map_err(|it| postgres(ctx, &it))?;
    Ok((rows, now))
}

/// How many tickets met each of these conditions.
pub(in crate::graphql) async fn counted(
    ctx: &Context<'_>,
    seen: &Sight,
    at: DateTime<Utc>,
    conditions: &[Condition],
) -> Result<Vec<Counted>> {
    let parts = parts(ctx)?;
    let position = parts.live.position(ticket_list::NAME);
    let position = position.min(parts.live.position(ticket_history::NAME));
    let _turn = LOOKS.acquire().await;
    let counts = ticket_list::counts_at(&parts.pool, &then(seen, at), conditions).await;
    let counts = counts.map_err(|it| given_up(ctx, &it))?;
    Ok(counts.into_iter().map(|value| Counted { value, position }).collect())
}

/// The tickets that met a condition, counted by what they shared.
pub(in crate::graphql) async fn tallied(
    ctx: &Context<'_>,
    seen: &Sight,
    at: DateTime<Utc>,
    condition: &Condition,
) -> Result<Tally> {
    let _turn = LOOKS.acquire().await;
    let tally = ticket_list::tally_at(&parts(ctx)?.pool, &then(seen, at), condition).await;
    tally.map_err(|it| given_up(ctx, &it))
}

fn given_up(ctx: &Context<'_>, error: &sqlx::Error) -> Error {
    let code = error
        .as_database_error()
        .and_then(|it| it.code().map(std::borrow::Cow::into_owned));
    if code.as_deref() != Some(TOO_LONG) {
        return postgres(ctx, error);
    }
    let late = Problem::new(
        "TIMED_OUT",
        "взгляд в прошлое длился дольше 10 с: возьмите более поздний момент",
        "the look at the past took longer than 10 s: take a later instant",
    );
    problem(ctx, late)
}
