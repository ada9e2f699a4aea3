//! The streams service: what a call may say, and how it is answered.

#![expect(clippy::result_large_err, reason = "the size of tonic's Status")]

mod answer;
mod append;
mod messages;
mod read;
mod request;
mod status;
mod subscribe;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use self::messages::{Messages, Part};
use self::request::Plan;
use crate::proto::streams::streams_server::Streams;
use crate::proto::streams::{
    AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq, TombstoneReq, TombstoneResp,
};
use crate::storage::{Store, derived_id};

pub(crate) use self::append::MAX_MESSAGE;

/// Pages on their way to one client: one being sent, one ready. A slow client holds up only itself.
const PAGES_AHEAD: usize = 1;

pub(crate) struct StreamsService {
    store: Arc<Store>,
    address: SocketAddr,
    stop: CancellationToken,
    subscriptions: AtomicU64,
}

impl StreamsService {
    pub(crate) fn new(store: Arc<Store>, address: SocketAddr, stop: CancellationToken) -> Self {
        Self {
            store,
            address,
            stop,
            subscriptions: AtomicU64::new(0),
        }
    }

    fn subscription_id(&self) -> String {
        let number = self.subscriptions.fetch_add(1, Ordering::Relaxed);
        derived_id(&format!("{}/subscriptions/{number}", self.address)).to_string()
    }
}

#[tonic::async_trait]
impl Streams for StreamsService {
    type ReadStream = Messages;
    type BatchAppendStream = tokio_stream::Empty<Result<BatchAppendResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Messages>, Status> {
        let plan = request::plan(request.into_inner())?;
        let (pages, messages) = mpsc::channel(PAGES_AHEAD);
        let (store, stop, id) = (Arc::clone(&self.store), self.stop.clone(), self.subscription_id());
        tokio::spawn(async move {
            let work = async {
                match plan {
                    Plan::Read(read) => read::run(&store, &read, &pages).await,
                    Plan::Subscribe(subscription) => subscribe::run(&store, &subscription, id, &pages).await,
                }
            };
            // When the node stops, `pages` is dropped without an end, which the client sees as UNAVAILABLE.
            tokio::select! {
                () = stop.cancelled() => {}
                () = pages.closed() => {}
                Err(status) = work => {
                    // An error here means that the client has gone.
                    pages.send(Part::Failed(status)).await.ok();
                }
            }
        });
        Ok(Response::new(Messages::new(messages)))
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        let append = append::receive(request.into_inner()).await?;
        if self.stop.is_cancelled() {
            return Err(status::stopping());
        }
        let expected = append.expected;
        let appended = self
            .store
            .append(append)
            .await
            .map_err(|fault| status::of_fault(&fault))?;
        Ok(Response::new(append::answer(expected, appended)))
    }

    async fn delete(&self, _request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        Err(status::absent("Delete"))
    }

    async fn tombstone(&self, _request: Request<TombstoneReq>) -> Result<Response<TombstoneResp>, Status> {
        Err(status::absent("Tombstone"))
    }

    async fn batch_append(
        &self,
        _request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        Err(status::absent("BatchAppend"))
    }
}
