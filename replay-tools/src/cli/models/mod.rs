//! The commands about read models: rebuilt, swapped, compared; what waits is tried again or left out.

pub(super) mod decision;
pub(super) mod diff;
pub(super) mod erase;
pub(super) mod parked;
pub(super) mod reach;
pub(super) mod rebuild;
pub(super) mod status;
pub(super) mod swap;
mod watch;

use std::time::Duration;

use anyhow::{Result, bail};
use projections::{Model, registry};
use reach::{Reach, Target};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

/// How often Postgres is asked how things are.
const LOOK: Duration = Duration::from_millis(100);

/// The word for every read model.
const ALL: &str = "all";

/// The model with this name.
fn named(name: &str) -> Result<Model> {
    match registry().into_iter().find(|it| it.name == name) {
        Some(model) => Ok(model),
        None => bail!("there is no read model {name:?}: give one of {}", names()),
    }
}

/// The model with this name, or all of them.
fn chosen(name: &str) -> Result<Vec<Model>> {
    if name == ALL {
        return Ok(registry());
    }
    match named(name) {
        Ok(model) => Ok(vec![model]),
        Err(error) => bail!("{error}, or {ALL}"),
    }
}

fn names() -> String {
    registry().iter().map(|it| it.name).collect::<Vec<_>>().join(", ")
}

pub(super) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    Runtime::new()?.block_on(work)
}

/// Ends when somebody asks the program to stop.
async fn interrupted() -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
