//! Tickets that are shown together read together: what one of them is asked for is read for all of them in one
//! statement, so that a page costs as many statements as it has kinds of things on it, not as it has tickets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use projections::ticket_history::{self, Happening, HistoryPage};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use uuid::Uuid;

type Histories = HashMap<Uuid, Vec<Happening>>;

/// The tickets of a page, and what was read for them.
#[derive(Debug)]
pub(super) struct Siblings {
    ids: Vec<Uuid>,
    histories: Mutex<HashMap<HistoryPage, Arc<OnceCell<Histories>>>>,
    counts: OnceCell<HashMap<Uuid, i64>>,
}

impl Siblings {
    pub(super) fn of(ids: Vec<Uuid>) -> Arc<Self> {
        Arc::new(Self {
            ids,
            histories: Mutex::default(),
            counts: OnceCell::new(),
        })
    }

    /// A part of the history of one of them; whoever asks first reads it for all.
    pub(super) async fn history(
        &self,
        pool: &PgPool,
        ticket_id: Uuid,
        page: HistoryPage,
    ) -> Result<Vec<Happening>, sqlx::Error> {
        let read = {
            let mut histories = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(histories.entry(page).or_default())
        };
        let histories = read.get_or_try_init(|| ticket_history::of_tickets(pool, &self.ids, page));
        Ok(histories.await?.get(&ticket_id).cloned().unwrap_or_default())
    }

    /// How many things have happened to one of them.
    pub(super) async fn count(&self, pool: &PgPool, ticket_id: Uuid) -> Result<i64, sqlx::Error> {
        let counts = self.counts.get_or_try_init(|| ticket_history::counts(pool, &self.ids));
        Ok(counts.await?.get(&ticket_id).copied().unwrap_or_default())
    }
}
