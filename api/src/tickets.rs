//! Single tickets, read many at a time: requests that come while a query runs share the next one.
//!
//! A batching loader without a timer: a lone request is not kept waiting, and under load one query serves them all.

use std::collections::HashMap;

use projections::{TicketRow, ticket_list};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

/// Tickets of one query.
const MOST: usize = 500;

/// Postgres did not answer; the reason is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tables cannot be read")]
pub struct Unreadable;

type Wanted = (Uuid, oneshot::Sender<Result<Option<TicketRow>, Unreadable>>);

/// Reads single tickets.
#[derive(Debug, Clone)]
pub struct Tickets {
    wanted: mpsc::Sender<Wanted>,
}

impl Tickets {
    /// Begins to serve; ends when cancelled.
    pub fn start(pool: PgPool, cancelled: CancellationToken) -> Self {
        let (wanted, requests) = mpsc::channel(MOST);
        tokio::spawn(cancelled.run_until_cancelled_owned(serve(pool, requests)));
        Self { wanted }
    }

    /// The ticket with this id as the tables show it now.
    ///
    /// # Errors
    /// [`Unreadable`] when Postgres does not answer.
    pub async fn by_id(&self, id: Uuid) -> Result<Option<TicketRow>, Unreadable> {
        let (reply, answer) = oneshot::channel();
        self.wanted.send((id, reply)).await.map_err(|_ended| Unreadable)?;
        answer.await.map_err(|_ended| Unreadable)?
    }
}

async fn serve(pool: PgPool, mut requests: mpsc::Receiver<Wanted>) {
    let mut batch = Vec::with_capacity(MOST);
    while requests.recv_many(&mut batch, MOST).await > 0 {
        let ids: Vec<Uuid> = batch.iter().map(|(id, _)| *id).collect();
        let found = ticket_list::by_ids(&pool, &ids).await;
        if let Err(error) = &found {
            warn!(%error, "tickets cannot be read");
        }
        let found: Result<HashMap<Uuid, TicketRow>, Unreadable> = found
            .map(|rows| rows.into_iter().map(|it| (it.ticket_id, it)).collect())
            .map_err(|_logged| Unreadable);
        for (id, reply) in batch.drain(..) {
            // Whoever asked may have gone away.
            drop(reply.send(found.as_ref().map(|it| it.get(&id).cloned()).map_err(|it| *it)));
        }
    }
}
