//! Somebody asks the program to stop.

use std::{ops::ControlFlow, thread};

use anyhow::Result;
use indicatif::ProgressBar;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// Known from the beginning of a command on; what goes on then ends where nothing is half done.
#[derive(Debug)]
pub(super) struct Stop(CancellationToken);

impl Stop {
    /// Listens to SIGINT and SIGTERM from now on.
    pub(super) fn listen() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(entered);
        let token = CancellationToken::new();
        let asked = token.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            asked.cancel();
        })?;
        Ok(Self(token))
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.0
    }

    /// Moves the bar, and breaks when somebody has asked.
    pub(super) fn watch(&self, bar: &ProgressBar) -> impl FnMut(u64) -> ControlFlow<()> {
        move |position| {
            bar.set_position(position);
            if self.0.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
}
