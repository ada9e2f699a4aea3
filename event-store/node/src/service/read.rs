//! Reads that end.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::answer;
use super::messages::Part;
use super::pages::{self, Pages, send, send_page};
use super::request::{From, Read, Source};
use crate::storage::{Direction, Filter, Scope, Span, Store};

/// Sends all there is, then [`Part::End`].
///
/// # Errors
/// The stream has a tombstone, the filter needs too many steps, or what a damaged or unreadable log makes of the
/// read. A client that has gone is no error.
pub(crate) async fn run(store: &Store, read: &Read, parts: &Sender<Part>) -> Result<(), Status> {
    match &read.source {
        Source::All(filtered) => {
            let head = *store.head().borrow();
            let filter = filtered.as_ref().map(|filtered| Arc::clone(&filtered.filter));
            send_span(store, read, (Scope::All, all_span(read, head)), filter, parts).await?;
        }
        Source::Stream(name) => stream(store, read, name, parts).await?,
    }
    send(parts, Part::End).await
}

async fn stream(store: &Store, read: &Read, name: &Arc<str>, parts: &Sender<Part>) -> Result<(), Status> {
    let Some((id, shown)) = pages::stream(store, name).await? else {
        return send(parts, Part::Page(vec![answer::stream_not_found(name)])).await;
    };
    let span = stream_span(read, shown);
    send_span(store, read, (Scope::Stream(id), span), None, parts).await?;
    if !read.tell_ends {
        return Ok(());
    }
    let mut ends = Vec::new();
    if span.is_empty() || read.count == 0 {
        ends.push(answer::first_stream_position(shown.first));
    }
    ends.push(answer::last_stream_position(shown.last));
    send(parts, Part::Page(ends)).await
}

async fn send_span(
    store: &Store,
    read: &Read,
    (scope, mut span): (Scope, Span),
    filter: Option<Arc<Filter>>,
    parts: &Sender<Part>,
) -> Result<(), Status> {
    let pages = Pages {
        store,
        scope,
        direction: read.direction,
        filter,
        form: read.form,
    };
    let mut remaining = read.count;
    while remaining > 0 && !span.is_empty() {
        let limit = usize::try_from(remaining).unwrap_or(usize::MAX);
        let mut page = pages.page(span, limit).await?;
        span = page.rest;
        remaining = remaining.saturating_sub(page.events.len() as u64);
        let messages = pages.messages(&mut page);
        send_page(parts, messages, &page).await?;
    }
    Ok(())
}

/// Forwards from the position itself, backwards from the one before it.
fn all_span(read: &Read, head: i64) -> Span {
    match (read.direction, read.from) {
        (Direction::Forwards, From::Start) | (Direction::Backwards, From::End) => Span { first: 1, last: head },
        (Direction::Forwards, From::At(position)) => Span {
            first: position.max(1),
            last: head,
        },
        (Direction::Forwards, From::End) | (Direction::Backwards, From::Start) => Span { first: 1, last: 0 },
        (Direction::Backwards, From::At(position)) => Span {
            first: 1,
            last: head.min(position - 1),
        },
    }
}

/// Both directions include the revision they start from.
fn stream_span(read: &Read, Span { first, last }: Span) -> Span {
    match (read.direction, read.from) {
        (Direction::Forwards, From::Start) | (Direction::Backwards, From::End) => Span { first, last },
        (Direction::Forwards, From::At(revision)) => Span {
            first: revision.max(first),
            last,
        },
        (Direction::Forwards, From::End) => Span { first: 0, last: -1 },
        (Direction::Backwards, From::At(revision)) => Span {
            first,
            last: last.min(revision),
        },
        (Direction::Backwards, From::Start) => Span {
            first,
            last: last.min(0),
        },
    }
}
