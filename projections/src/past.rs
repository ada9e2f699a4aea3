//! Things as their own events leave them, for readers who look at the past, or cannot wait for the tables.
//!
//! What an event means stands with each read model; here is which events of a stream an instant has, and the ticket, which
//! two streams tell. Deliberately absent: where events come from, and who may read what of the past.

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;

use crate::{
    ProjectError, TicketRow,
    ticket_row::{Rows, fold},
};

/// How many of a stream's first events an instant has: all up to the first that was decided later. So it is as if the log
/// had been cut there, also where the clocks of several servers disagreed.
pub fn until(events: &[Recorded<DomainEvent>], at: DateTime<Utc>) -> usize {
    let later = events.iter().position(|it| it.metadata.at > at);
    later.unwrap_or(events.len())
}

/// A ticket as its own events leave it, given in the order of the log; `None` when none of them opens it. Since when it
/// waits for an answer is not in it: [`crate::ticket_list::waits_since`].
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<TicketRow>, ProjectError> {
    let mut rows = Rows::new();
    let mut last = None;
    for event in events {
        last = fold("ticket", &mut rows, event)?.map(|it| it.ticket_id).or(last);
    }
    Ok(last.and_then(|it| rows.remove(&it)))
}
