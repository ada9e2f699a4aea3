//! What goes on with tickets by itself: each process is watched, and begun again if it should end.

use std::sync::Arc;

use commands::{Clock, Handler, processes::MacroRuns};
use event_store::EventLog;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    estimates::Estimates,
    following::{Duty, PAUSE, Place, follow, measure, tend},
    reception::Reception,
    replies::Replies,
    timers,
};

/// What the processes work with.
#[derive(Clone)]
pub(crate) struct Desk {
    /// What they follow.
    pub(crate) log: EventLog,
    /// Where the read models are, and how far the processes came.
    pub(crate) pool: PgPool,
    /// Carries out what they command.
    pub(crate) handler: Arc<Handler>,
    /// The time.
    pub(crate) clock: Clock,
    /// When it is over.
    pub(crate) working: CancellationToken,
}

impl Desk {
    /// Starts them all.
    pub(crate) fn start(&self) {
        self.tend("timers", Self::end_pauses);
        self.tend(Replies::NAME, Self::finish_replies);
        self.tend(MacroRuns::NAME, Self::finish_runs);
        self.tend(Reception::NAME, Self::receive);
        self.tend(Estimates::NAME, Self::estimate);
        self.tend("measure", Self::measure);
    }

    fn tend<F>(&self, name: &'static str, begin: impl Fn(Self) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let desk = self.clone();
        tend(name, &self.working, move || begin(desk.clone()));
    }

    async fn end_pauses(self) {
        timers::follow(self.handler, self.pool, self.clock).await;
    }

    async fn finish_replies(self) {
        Box::pin(follow(Replies::new(self.handler), self.log, self.pool)).await;
    }

    async fn receive(self) {
        let reception = Reception::new(self.handler, self.pool.clone());
        Box::pin(follow(reception, self.log, self.pool)).await;
    }

    async fn estimate(self) {
        let estimates = Estimates::new(self.handler, self.pool.clone());
        Box::pin(follow(estimates, self.log, self.pool)).await;
    }

    async fn finish_runs(self) {
        let place = Place::of(MacroRuns::NAME, &self.pool);
        let known = loop {
            match place.known().await {
                Ok(known) => break known,
                Err(error) => warn!(%error, "runs of macros are not finished for now"),
            }
            sleep(PAUSE).await;
        };
        let runs = MacroRuns::new(self.log, self.handler, self.clock, known);
        let mut finished = runs.finished();
        let keeping = async {
            while finished.changed().await.is_ok() {
                let position = *finished.borrow_and_update();
                if let Err(error) = place.keep(position).await {
                    warn!(%error, "it is not kept how far runs of macros are finished");
                }
            }
        };
        tokio::join!(runs.run(self.working), keeping);
    }

    async fn measure(self) {
        let processes = [
            (Reception::NAME, Reception::TYPES),
            (Estimates::NAME, Estimates::TYPES),
            (Replies::NAME, Replies::TYPES),
            (MacroRuns::NAME, MacroRuns::TYPES),
        ];
        measure(self.log, self.pool, &processes).await;
    }
}
