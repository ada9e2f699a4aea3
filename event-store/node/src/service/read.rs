//! Reads that end.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::messages::Part;
use super::request::{From, Read, Source};
use super::{answer, status};
use crate::proto::streams::ReadResp;
use crate::storage::{Direction, Filter, Query, Scope, Span, Store};

/// Sends all there is, then [`Part::End`].
///
/// # Errors
/// What a damaged or unreadable log makes of the read. A client that has gone is no error.
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
    let found = store
        .stream(Arc::clone(name))
        .await
        .map_err(|fault| status::of_fault(&fault))?;
    let Some((id, last)) = found else {
        return send(parts, Part::Page(vec![answer::stream_not_found(name)])).await;
    };
    let span = stream_span(read, last);
    send_span(store, read, (Scope::Stream(id), span), None, parts).await?;
    if !read.tell_ends {
        return Ok(());
    }
    let mut ends = Vec::new();
    if span.is_empty() || read.count == 0 {
        ends.push(answer::first_stream_position(0));
    }
    ends.push(answer::last_stream_position(last));
    send(parts, Part::Page(ends)).await
}

async fn send_span(
    store: &Store,
    read: &Read,
    (scope, mut span): (Scope, Span),
    filter: Option<Arc<Filter>>,
    parts: &Sender<Part>,
) -> Result<(), Status> {
    let mut remaining = read.count;
    while remaining > 0 && !span.is_empty() {
        let limit = usize::try_from(remaining).unwrap_or(usize::MAX);
        let query = Query {
            scope,
            direction: read.direction,
            span,
            filter: filter.clone(),
            limit,
        };
        let page = store.page(query).await.map_err(|fault| status::of_fault(&fault))?;
        span = page.rest;
        remaining = remaining.saturating_sub(page.events.len() as u64);
        let messages: Vec<ReadResp> = page
            .events
            .into_iter()
            .map(|event| answer::event(event, read.ids))
            .collect();
        if !messages.is_empty() {
            send(parts, Part::Page(messages)).await?;
        }
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
fn stream_span(read: &Read, last: i64) -> Span {
    match (read.direction, read.from) {
        (Direction::Forwards, From::Start) | (Direction::Backwards, From::End) => Span { first: 0, last },
        (Direction::Forwards, From::At(revision)) => Span { first: revision, last },
        (Direction::Forwards, From::End) => Span { first: 0, last: -1 },
        (Direction::Backwards, From::At(revision)) => Span {
            first: 0,
            last: last.min(revision),
        },
        (Direction::Backwards, From::Start) => Span { first: 0, last: 0 },
    }
}

/// A client that has gone ends the task from outside, so the error of a closed channel is of no use.
pub(crate) async fn send(parts: &Sender<Part>, part: Part) -> Result<(), Status> {
    parts.send(part).await.map_err(|_gone| status::stopping())
}
