//! Reads that go on with what is appended later.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tonic::Status;

use super::messages::Part;
use super::pages::{self, Pages, send, send_page};
use super::request::{Filtered, Form, From, Source, Subscription};
use super::{answer, status};
use crate::proto::streams::ReadResp;
use crate::storage::{Direction, Scope, Span, Store};

/// Never ends by itself.
///
/// # Errors
/// The stream has a tombstone, the filter needs too many steps, the node is stopping, or what a damaged or unreadable
/// log makes of the subscription.
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
                filtered: filtered.as_ref(),
                pages: Pages {
                    store,
                    scope: Scope::All,
                    direction: Direction::Forwards,
                    filter: filtered.as_ref().map(|filtered| Arc::clone(&filtered.filter)),
                    form: subscription.form,
                },
                parts,
                at,
                checkpoint: at,
            }
            .follow(head)
            .await
        }
        Source::Stream(name) => {
            let newest = pages::stream(store, name).await?.map_or(-1, |(_, shown)| shown.last);
            let at = start(subscription.after, -1, newest);
            send(parts, Part::Page(vec![answer::confirmation(id)])).await?;
            Stream {
                store,
                name,
                form: subscription.form,
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

async fn news(head: &mut watch::Receiver<i64>) -> Result<(), Status> {
    head.changed().await.map_err(|_writer_ended| status::stopping())
}

/// A subscription to `$all`.
struct All<'a> {
    pages: Pages<'a>,
    filtered: Option<&'a Filtered>,
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
            let mut page = self.pages.page(span, usize::MAX).await?;
            let considered = page.rest.first - 1;
            let mut messages = Vec::with_capacity(page.events.len());
            for event in std::mem::take(&mut page.events) {
                self.checkpoints_up_to(event.position - 1, &mut messages);
                messages.push(answer::event(event, self.pages.form.ids));
            }
            self.checkpoints_up_to(considered, &mut messages);
            self.at = considered;
            send_page(self.parts, messages, &page).await?;
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
    form: Form,
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
            if let Some((id, shown)) = pages::stream(self.store, self.name).await? {
                // What is truncated by now is passed over.
                self.at = self.at.max(shown.first.min(shown.last + 1) - 1);
                self.send_up_to(id, shown.last).await?;
            }
            if !live {
                live = true;
                send(self.parts, Part::Page(vec![answer::caught_up_with_stream(self.at)])).await?;
            }
            news(&mut head).await?;
        }
    }

    async fn send_up_to(&mut self, id: i64, last: i64) -> Result<(), Status> {
        let pages = Pages {
            store: self.store,
            scope: Scope::Stream(id),
            direction: Direction::Forwards,
            filter: None,
            form: self.form,
        };
        while self.at < last {
            let span = Span {
                first: self.at + 1,
                last,
            };
            let mut page = pages.page(span, usize::MAX).await?;
            self.at = page.rest.first - 1;
            let messages = pages.messages(&mut page);
            send_page(self.parts, messages, &page).await?;
        }
        Ok(())
    }
}
