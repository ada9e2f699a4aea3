//! One page of the log as messages.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::messages::Part;
use super::request::Form;
use super::{answer, status};
use crate::proto::streams::ReadResp;
use crate::storage::{Direction, Filter, Found, Page, Query, Scope, Span, Store};

/// What is read again and again until its span is empty.
pub(crate) struct Pages<'a> {
    pub(crate) store: &'a Store,
    pub(crate) scope: Scope,
    pub(crate) direction: Direction,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) form: Form,
}

impl Pages<'_> {
    /// # Errors
    /// What a damaged or unreadable log makes of the read.
    pub(crate) async fn page(&self, span: Span, limit: usize) -> Result<Page, Status> {
        let query = Query {
            scope: self.scope,
            direction: self.direction,
            span,
            filter: self.filter.clone(),
            resolve_links: self.form.resolve_links,
            limit,
        };
        self.store.page(query).await.map_err(|fault| status::of_fault(&fault))
    }

    pub(crate) fn messages(&self, page: &mut Page) -> Vec<ReadResp> {
        let events = std::mem::take(&mut page.events).into_iter();
        events.map(|event| answer::event(event, self.form.ids)).collect()
    }
}

/// What of a stream is shown; a tombstone ends the read.
pub(crate) async fn stream(store: &Store, name: &Arc<str>) -> Result<Option<(i64, Span)>, Status> {
    let found = store.stream(Arc::clone(name)).await;
    match found.map_err(|fault| status::of_fault(&fault))? {
        Found::Nothing => Ok(None),
        Found::Tombstoned => Err(status::stream_deleted(name)),
        Found::Stream { id, first, last } => Ok(Some((id, Span { first, last }))),
    }
}

/// Sends what there is, then what went wrong.
pub(crate) async fn send_page(parts: &Sender<Part>, messages: Vec<ReadResp>, page: &Page) -> Result<(), Status> {
    if !messages.is_empty() {
        send(parts, Part::Page(messages)).await?;
    }
    match &page.gave_up {
        Some(gave_up) => Err(status::filter_gave_up(gave_up)),
        None => Ok(()),
    }
}

/// A client that has gone ends the task from outside, so the error of a closed channel is of no use.
pub(crate) async fn send(parts: &Sender<Part>, part: Part) -> Result<(), Status> {
    parts.send(part).await.map_err(|_gone| status::stopping())
}
