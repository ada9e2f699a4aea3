//! Reads that go on with what is appended later.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tonic::Status;

use super::messages::Part;
use super::read::send;
use super::request::{Filtered, From, Ids, Source, Subscription};
use super::{answer, status};
use crate::proto::streams::ReadResp;
use crate::storage::{Direction, Page, Query, Scope, Span, Store};

/// Never ends by itself.
///
/// # Errors
/// What a damaged or unreadable log makes of the subscription, or that the node is stopping.
pub(crate) async fn run(
    store: &Store,
    subscription: &Subscription,
    id: String,
    parts: &Sender<Part>,
) -> Result<(), Status> {
    let head = store.head();
    let newest = *head.borrow();
    match &subscription.source {
        Source::All(filtered) => {
            let at = start(subscription.after, 0, newest);
            send(parts, Part::Page(vec![answer::confirmation(id)])).await?;
            All {
                store,
                filtered: filtered.as_ref(),
                ids: subscription.ids,
                parts,
                at,
                checkpoint: at,
            }
            .follow(head)
            .await
        }
        Source::Stream(name) => {
            let last = last_revision(store, name).await?.map_or(-1, |(_, last)| last);
            let at = start(subscription.after, -1, last);
            send(parts, Part::Page(vec![answer::confirmation(id)])).await?;
            Stream {
                store,
                name,
                ids: subscription.ids,
                parts,
                at,
            }
            .follow(head)
            .await
        }
    }
}

/// The last event the subscriber already has.
fn start(after: From, before_first: i64, newest: i64) -> i64 {
    match after {
        From::Start => before_first,
        From::At(number) => number,
        From::End => newest,
    }
}

async fn last_revision(store: &Store, name: &Arc<str>) -> Result<Option<(i64, i64)>, Status> {
    store
        .stream(Arc::clone(name))
        .await
        .map_err(|fault| status::of_fault(&fault))
}

async fn page(store: &Store, scope: Scope, span: Span, filtered: Option<&Filtered>) -> Result<Page, Status> {
    let filter = filtered.map(|filtered| Arc::clone(&filtered.filter));
    let query = Query {
        scope,
        direction: Direction::Forwards,
        span,
        filter,
        limit: usize::MAX,
    };
    store.page(query).await.map_err(|fault| status::of_fault(&fault))
}

async fn news(head: &mut watch::Receiver<i64>) -> Result<(), Status> {
    head.changed().await.map_err(|_writer_ended| status::stopping())
}

/// A subscription to `$all`.
struct All<'a> {
    store: &'a Store,
    filtered: Option<&'a Filtered>,
    ids: Ids,
    parts: &'a Sender<Part>,
    /// Everything up to here has been considered and, if wanted, sent.
    at: i64,
    /// Position of the last checkpoint; positions are dense, so their difference counts the considered events.
    checkpoint: i64,
}

impl All<'_> {
    async fn follow(mut self, mut head: watch::Receiver<i64>) -> Result<(), Status> {
        let mut live = false;
        loop {
            let newest = *head.borrow_and_update();
            self.send_up_to(newest).await?;
            if !live && *head.borrow() <= self.at {
                live = true;
                self.caught_up().await?;
            }
            news(&mut head).await?;
        }
    }

    async fn send_up_to(&mut self, newest: i64) -> Result<(), Status> {
        while self.at < newest {
            let span = Span {
                first: self.at + 1,
                last: newest,
            };
            let page = page(self.store, Scope::All, span, self.filtered).await?;
            let considered = page.rest.first - 1;
            let mut messages = Vec::with_capacity(page.events.len());
            for event in page.events {
                self.checkpoints_up_to(event.position - 1, &mut messages);
                messages.push(answer::event(event, self.ids));
            }
            self.checkpoints_up_to(considered, &mut messages);
            self.at = considered;
            if !messages.is_empty() {
                send(self.parts, Part::Page(messages)).await?;
            }
        }
        Ok(())
    }

    fn checkpoints_up_to(&mut self, position: i64, messages: &mut Vec<ReadResp>) {
        let Some(filtered) = self.filtered else { return };
        while position - self.checkpoint >= filtered.window {
            self.checkpoint += filtered.window;
            messages.push(answer::checkpoint(self.checkpoint));
        }
    }

    async fn caught_up(&mut self) -> Result<(), Status> {
        let mut messages = Vec::with_capacity(2);
        if self.filtered.is_some() {
            self.checkpoint = self.at;
            messages.push(answer::checkpoint(self.at));
        }
        messages.push(answer::caught_up_with_all(self.at));
        send(self.parts, Part::Page(messages)).await
    }
}

/// A subscription to one stream, which need not exist yet.
struct Stream<'a> {
    store: &'a Store,
    name: &'a Arc<str>,
    ids: Ids,
    parts: &'a Sender<Part>,
    /// Revision of the last event sent, -1 before the first one.
    at: i64,
}

impl Stream<'_> {
    async fn follow(mut self, mut head: watch::Receiver<i64>) -> Result<(), Status> {
        let mut live = false;
        loop {
            // Seen before the stream is looked up: what is appended in between wakes us again.
            head.mark_unchanged();
            if let Some((id, last)) = last_revision(self.store, self.name).await? {
                self.send_up_to(id, last).await?;
            }
            if !live {
                live = true;
                send(self.parts, Part::Page(vec![answer::caught_up_with_stream(self.at)])).await?;
            }
            news(&mut head).await?;
        }
    }

    async fn send_up_to(&mut self, id: i64, last: i64) -> Result<(), Status> {
        while self.at < last {
            let span = Span {
                first: self.at + 1,
                last,
            };
            let page = page(self.store, Scope::Stream(id), span, None).await?;
            self.at = page.rest.first - 1;
            let messages = page
                .events
                .into_iter()
                .map(|event| answer::event(event, self.ids))
                .collect();
            send(self.parts, Part::Page(messages)).await?;
        }
        Ok(())
    }
}
