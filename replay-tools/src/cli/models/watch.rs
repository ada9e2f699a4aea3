//! A build on its way: kept by a worker of this process when no other keeps it, watched until it is there.

use std::{io::Write, time::Duration};

use anyhow::{Result, bail};
use event_store::Position;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use projections::{
    Model, ProjectError, Worker,
    generation::State,
    status::{self, Status},
};
use sqlx::PgPool;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{LOOK, Target};

/// How long Postgres may be away, and a fault may last, before the command gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);

/// A worker in this process.
#[derive(Debug)]
pub(super) struct Hand {
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectError>>,
}

impl Hand {
    /// Takes one build as far as nobody else keeps it.
    pub(super) fn on(target: &Target, model: &Model, id: i64) -> Self {
        Self::start(Self::worker(target).with_models(vec![*model]).of_generation(id))
    }

    /// Takes every build of a model.
    pub(super) fn on_all(target: &Target, model: &Model) -> Self {
        Self::start(Self::worker(target).with_models(vec![*model]))
    }

    fn worker(target: &Target) -> Worker {
        Worker::new(target.log.clone(), target.vault.clone(), target.database.clone())
    }

    fn start(worker: Worker) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker.run(stop.clone()));
        Self { stop, task }
    }

    /// Gives back what it keeps.
    pub(super) async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }

    /// Why it ended by itself; never when it works.
    pub(super) async fn fails(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(Ok(())) => anyhow::anyhow!("the worker ended by itself"),
            Ok(Err(error)) => error.into(),
            Err(panic) => panic.into(),
        }
    }
}

/// How a build stands, all its parts together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) serving: bool,
    pub(super) position: Position,
    pub(super) end: Position,
    pub(super) events: u64,
    pub(super) rate: f64,
    pub(super) seconds_left: Option<f64>,
    pub(super) fault: Option<String>,
    /// Who keeps it, if somebody keeps every part.
    pub(super) worker: Option<String>,
    pub(super) parked: i64,
}

impl Standing {
    /// Of the build with this id; `None` when there is none.
    pub(super) fn of(id: i64, all: &[Status]) -> Option<Self> {
        let parts: Vec<&Status> = all.iter().filter(|it| it.generation == id).collect();
        let slowest = parts.iter().min_by_key(|it| it.position)?;
        let mut slowest_left = parts
            .iter()
            .filter(|it| it.position < it.goal)
            .map(|it| it.seconds_left());
        let kept = parts.iter().all(|it| it.worker.is_some());
        Some(Self {
            state: slowest.state,
            serving: slowest.serving,
            position: slowest.position,
            end: slowest.goal.max(slowest.head),
            events: parts
                .iter()
                .map(|it| u64::try_from(it.events).unwrap_or_default())
                .sum(),
            rate: parts.iter().map(|it| it.rate).sum(),
            seconds_left: slowest_left.try_fold(0.0, |most: f64, it| Some(most.max(it?))),
            fault: parts.iter().find_map(|it| it.fault.clone()),
            worker: slowest.worker.clone().filter(|_| kept),
            parked: parts.iter().map(|it| it.parked_events).sum(),
        })
    }

    fn phase(&self) -> &'static str {
        match (self.state, self.serving) {
            (State::Filling, _) => "filling",
            (State::Indexing, _) => "indexing",
            (State::Following, false) => "complete",
            (State::Following, true) => "swapped",
        }
    }

    /// In words, for errors and lines.
    pub(super) fn in_words(&self) -> String {
        let left = self
            .seconds_left
            .map_or_else(|| "time left unknown".to_owned(), |it| format!("{it:.0} s left"));
        format!(
            "{}, position {} of {}, {:.0} events/s, {left}",
            self.phase(),
            self.position,
            self.end,
            self.rate
        )
    }
}

/// What a watcher shows: a bar on a terminal, a line now and then elsewhere.
struct Show {
    bar: ProgressBar,
    name: String,
    said: Option<(Instant, &'static str)>,
}

impl Show {
    fn of(model: &Model, id: i64) -> Self {
        let name = format!("{} generation {id}", model.name);
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix} {bar:30} {human_pos}/{human_len} {msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(name.clone());
        Self { bar, name, said: None }
    }

    fn tell(&mut self, standing: &Standing) {
        if !self.bar.is_hidden() {
            self.bar.set_length(standing.end.0);
            self.bar.set_position(standing.position.0);
            let left = standing
                .seconds_left
                .map_or(String::new(), |it| format!(", {it:.0} s left"));
            self.bar
                .set_message(format!("{} {:.0} events/s{left}", standing.phase(), standing.rate));
            return;
        }
        let phase = standing.phase();
        if self.said.is_none_or(|(at, said)| said != phase || at.elapsed() >= LINE) {
            self.said = Some((Instant::now(), phase));
            // Standard error may be closed, then nobody reads it.
            drop(writeln!(std::io::stderr(), "{}: {}", self.name, standing.in_words()));
        }
    }
}

/// Watches a build until it serves, or only until it is complete.
///
/// # Errors
/// When Postgres stays away, the build is gone, or a fault lasts.
pub(super) async fn watch(pool: &PgPool, model: &Model, id: i64, until_it_serves: bool) -> Result<Standing> {
    let mut show = Show::of(model, id);
    let mut trouble = Trouble::default();
    loop {
        match status::all(pool).await {
            Ok(all) => {
                let Some(standing) = Standing::of(id, &all) else {
                    bail!(
                        "generation {id} of {} is gone: it was abandoned or released meanwhile",
                        model.name
                    );
                };
                show.tell(&standing);
                if standing.state == State::Following && (standing.serving || !until_it_serves) {
                    show.bar.finish_and_clear();
                    return Ok(standing);
                }
                trouble.look(model, id, &standing)?;
            }
            Err(error) => trouble.away(&error, model, id)?,
        }
        sleep(LOOK).await;
    }
}

/// Since when something is wrong.
#[derive(Debug, Default)]
struct Trouble {
    away: Option<Instant>,
    stands: Option<(Instant, Position)>,
}

impl Trouble {
    fn away(&mut self, error: &sqlx::Error, model: &Model, id: i64) -> Result<()> {
        let since = self.away.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            bail!(
                "Postgres no longer answers ({error}): generation {id} of {} stays as it is, and the same command goes on \
                 with it when Postgres is back",
                model.name
            );
        }
        Ok(())
    }

    fn look(&mut self, model: &Model, id: i64, standing: &Standing) -> Result<()> {
        self.away = None;
        let Some(fault) = &standing.fault else {
            self.stands = None;
            return Ok(());
        };
        let now = (Instant::now(), standing.position);
        let (since, position) = *self.stands.get_or_insert(now);
        if position != standing.position {
            self.stands = Some(now);
        } else if since.elapsed() >= PATIENCE {
            bail!(
                "generation {id} of {} does not move from position {position}: {fault}; mend that (is the disk full?), and \
                 the same command goes on with it",
                model.name
            );
        }
        Ok(())
    }
}
