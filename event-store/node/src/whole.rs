//! Requests that are given up are not taken for complete ones.
//!
//! hyper and tonic read the end of a cancelled request as if it were its regular end. For an append of several messages
//! that would make half of it an append of its own.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

/// Fails when its client gives up before the end.
pub(crate) struct Whole(Body);

impl Whole {
    pub(crate) fn new(body: Body) -> Self {
        Self(body)
    }
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        let given_up = match &frame {
            Some(Ok(_)) => false,
            Some(Err(status)) => status.code() == Code::Cancelled,
            None => !self.0.is_end_stream(),
        };
        // Not "cancelled": tonic would make a regular end of that.
        let refusal = || Some(Err(Status::aborted("the client gave up its request")));
        Poll::Ready(if given_up { refusal() } else { frame })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
