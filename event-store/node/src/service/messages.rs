//! The body of a read: pages taken apart into messages.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::Status;

use super::status;
use crate::proto::streams::ReadResp;

pub(crate) enum Part {
    Page(Vec<ReadResp>),
    Failed(Status),
    /// Only this makes the body end with OK.
    End,
}

/// Ends with UNAVAILABLE when its source goes away without [`Part::End`]: the official client takes an OK at the
/// end of a subscription for an empty message and asks again for ever, and half a read must not look whole.
pub(crate) struct Messages {
    parts: mpsc::Receiver<Part>,
    page: std::vec::IntoIter<ReadResp>,
    ended: bool,
}

impl Messages {
    /// Waits for the first part: a client learns from the call itself, not from its body, that there is nothing to
    /// read.
    pub(crate) async fn begin(mut parts: mpsc::Receiver<Part>) -> Result<Self, Status> {
        let (page, ended) = match parts.recv().await {
            Some(Part::Page(page)) => (page, false),
            Some(Part::End) => (Vec::new(), true),
            Some(Part::Failed(status)) => return Err(status),
            None => return Err(status::stopping()),
        };
        Ok(Self {
            parts,
            page: page.into_iter(),
            ended,
        })
    }
}

impl Stream for Messages {
    type Item = Result<ReadResp, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.page.next() {
                return Poll::Ready(Some(Ok(message)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(self.parts.poll_recv(cx)) {
                Some(Part::Page(page)) => self.page = page.into_iter(),
                Some(Part::End) => self.ended = true,
                Some(Part::Failed(status)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(status)));
                }
                None => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(status::stopping())));
                }
            }
        }
    }
}
