//! The streams service: what a call may say, and how it is answered.

#![expect(clippy::result_large_err, reason = "the size of tonic's Status")]

mod answer;
mod append;
mod batch;
mod batch_answer;
mod deadline;
mod delete;
mod events;
mod messages;
mod pages;
mod read;
mod request;
mod status;
mod subscribe;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use self::messages::{Messages, Part};
use self::request::Plan;
use crate::proto::streams::streams_server::Streams;
use crate::proto::streams::{
    AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq, TombstoneReq, TombstoneResp,
};
use crate::storage::{Appended, Delete, Store, derived_id};

/// What the official client may send in one message; a larger one never reaches the limit of an append.
pub(crate) const MAX_MESSAGE: usize = 17 << 20;

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

    async fn carry_out(&self, delete: Delete, call: &str) -> Result<Option<i64>, Status> {
        if self.stop.is_cancelled() {
            return Err(status::stopping());
        }
        let (stream, expected) = (Arc::clone(&delete.stream), delete.expected);
        let done = self.store.delete(delete).await;
        match done.map_err(|fault| status::of_fault(&fault))? {
            Appended::Success { position, .. } => Ok(position),
            Appended::WrongExpectedVersion { current } => Err(status::wrong_version(call, &stream, expected, current)),
            Appended::StreamDeleted => Err(status::stream_deleted(&stream)),
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
    type BatchAppendStream = ReceiverStream<Result<BatchAppendResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Messages>, Status> {
        let late = deadline::passed(request.metadata());
        let plan = plan(request.into_inner()).await?;
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
                () = late => {
                    pages.send(Part::Failed(status::too_late())).await.ok();
                }
                Err(status) = work => {
                    // An error here means that the client has gone.
                    pages.send(Part::Failed(status)).await.ok();
                }
            }
        });
        Messages::begin(messages).await.map(Response::new)
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        let append = append::receive(request.into_inner()).await?;
        if self.stop.is_cancelled() {
            return Err(status::stopping());
        }
        let (stream, expected) = (Arc::clone(&append.stream), append.expected);
        let appended = self
            .store
            .append(append)
            .await
            .map_err(|fault| status::of_fault(&fault))?;
        append::answer(&stream, expected, appended).map(Response::new)
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        let delete = delete::soft(request.into_inner())?;
        let position_option = self.carry_out(delete, "Delete").await?.map(delete::deleted);
        Ok(Response::new(DeleteResp { position_option }))
    }

    async fn tombstone(&self, request: Request<TombstoneReq>) -> Result<Response<TombstoneResp>, Status> {
        let delete = delete::tombstone(request.into_inner())?;
        let position_option = self.carry_out(delete, "Tombstone").await?.map(delete::tombstoned);
        Ok(Response::new(TombstoneResp { position_option }))
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        let (answers, messages) = mpsc::channel(batch::ANSWERS_AHEAD);
        let session = batch::Session::new(Arc::clone(&self.store), answers);
        tokio::spawn(session.run(request.into_inner(), self.stop.clone()));
        Ok(Response::new(ReceiverStream::new(messages)))
    }
}

/// A regular expression may take a while to compile.
async fn plan(request: ReadReq) -> Result<Plan, Status> {
    if !request::has_regex(&request) {
        return request::plan(request);
    }
    let plan = tokio::task::spawn_blocking(|| request::plan(request)).await;
    plan.unwrap_or_else(|_panic| Err(status::invalid("options.filter has a regex that cannot be compiled")))
}
