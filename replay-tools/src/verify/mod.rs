//! Whether a log is what was written: places, hash chains, seals, the copy of the seals.
//!
//! One pass, with memory for each stream and not for each event; the reader has a thread of its own.

mod problems;
mod seals;
mod streams;

use std::{ops::ControlFlow, sync::mpsc::sync_channel, thread};

use domain::{
    decider::Decider,
    ids::{singleton, stream_name},
    log_seal::LogSeal,
};
use event_store::{Chain, Digest, Leaf, PublicKey, SealCopy};
pub use problems::Problem;
use problems::Problems;
use seals::Ranges;
pub use seals::{Known, known_seals};
use serde::Serialize;
use streams::Streams;
pub(crate) use streams::{TOMBSTONE, is_chained};

use crate::{Source, SourceError, batch::Batch};

/// Batches read ahead.
const AHEAD: usize = 8;

/// What a log is compared with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Keys that may have signed seals.
    pub keys: Vec<PublicKey>,
    /// Seals as they were copied out of the log.
    pub copies: Option<SealCopy>,
    /// How many problems are told.
    pub problems: usize,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events looked at.
    pub events: u64,
    /// Streams with events.
    pub streams: u64,
    /// Streams whose events form a hash chain.
    pub chains: u64,
    /// Seals in the log.
    pub seals: u64,
    /// Up to which position the log is sealed.
    pub sealed_up_to: u64,
    /// Events behind the last seal, seals aside.
    pub unsealed: u64,
    /// Whether seals were compared with a copy outside of the log: one without any seal compares nothing.
    pub compared_with_copy: bool,
    /// With how many seals of the copy.
    pub compared_seals: u64,
    /// Up to which position these seal the log.
    pub compared_up_to: u64,
    /// Number of the copy's last line, when only a part of it is there; it was not compared.
    pub copy_cut_at_line: Option<usize>,
    /// Whether the whole log was looked at, which too many problems prevent.
    pub whole: bool,
    /// How many problems there are.
    pub problem_count: u64,
    /// The first of them, in the order of the log.
    pub problems: Vec<Problem>,
}

/// The name of the stream of seals.
pub fn seal_stream() -> String {
    stream_name(LogSeal::CATEGORY, singleton(LogSeal::CATEGORY))
}

/// Looks at the whole log. `progress` gets the position reached.
///
/// # Errors
/// When it cannot be read at all; damage is in the report.
pub fn verify(source: &Source, settings: &Settings, progress: &mut dyn FnMut(u64)) -> Result<Report, SourceError> {
    let mut problems = Problems::new(settings.problems);
    if let Err(fault) = source.end() {
        let (position, what) = fault.damage(0).ok_or(fault)?;
        problems.add_lost_end((position > 0).then_some(position), what);
    }
    let (seals, readable) = match known_seals(source) {
        Ok(seals) => (seals, true),
        Err(fault) => match fault.damage(0) {
            // What can be said of the place is said by the pass below.
            Some(_) => (Vec::new(), false),
            None => return Err(fault),
        },
    };
    let mut pass = Pass {
        dense: source.is_dense(),
        position: 0,
        events: 0,
        streams: Streams::default(),
        ranges: Ranges::new(&seals, &settings.keys, seal_stream()),
    };
    let whole = pass.all(source, &mut problems, progress)?;
    pass.ranges.finish(pass.position, whole, &mut problems);
    let copy = settings.copies.as_ref().filter(|_| whole && readable);
    let compared = copy.map_or(&[][..], |it| &it.records);
    seals::compare(&seals, compared, pass.position, &mut problems);
    let (problem_count, problems) = problems.sorted();
    Ok(Report {
        events: pass.events,
        streams: pass.streams.count(),
        chains: pass.streams.chains(),
        seals: seals.len() as u64,
        sealed_up_to: seals.last().map_or(0, |it| it.seal.last),
        unsealed: pass.ranges.unsealed(),
        compared_with_copy: !compared.is_empty(),
        compared_seals: compared.len() as u64,
        compared_up_to: compared.iter().map(|it| it.seal.last).max().unwrap_or(0),
        copy_cut_at_line: settings.copies.as_ref().and_then(|it| it.cut),
        whole,
        problem_count,
        problems,
    })
}

/// Looks at the hash chain of one stream; how many events it has, and the first that does not fit.
///
/// # Errors
/// When it cannot be read at all.
pub fn verify_stream(source: &Source, name: &str) -> Result<(u64, Option<Problem>), SourceError> {
    let batch = match source.stream(name) {
        Ok(batch) => batch,
        Err(fault) => {
            let (_, what) = fault.damage(0).ok_or(fault)?;
            return Ok((0, Some(Problem { position: None, what })));
        }
    };
    let mut chain = Chain::genesis(name);
    let mut buffer = Vec::new();
    for (expected, (leaf, _, _)) in (0..).zip(batch.iter()) {
        let problem = |what: String| {
            Some(Problem {
                position: Some(leaf.position),
                what,
            })
        };
        if leaf.revision != expected {
            return Ok((
                expected,
                problem(format!("revision {} follows where {expected} should", leaf.revision)),
            ));
        }
        match chain.follow(leaf.id, leaf.event_type, leaf.metadata, leaf.payload, &mut buffer) {
            Ok(next) => chain = next,
            Err(fault) => {
                return Ok((
                    expected,
                    problem(format!("event {expected} of {name} breaks the hash chain: {fault}")),
                ));
            }
        }
    }
    // A stream that fits may have gone on in the part that was lost.
    let lost = match source.end() {
        Ok(()) => None,
        Err(fault) => {
            let (position, what) = fault.damage(0).ok_or(fault)?;
            let position = (position > 0).then_some(position);
            Some(Problem { position, what })
        }
    };
    Ok((batch.len() as u64, lost))
}

struct Pass<'a> {
    dense: bool,
    position: u64,
    events: u64,
    streams: Streams,
    ranges: Ranges<'a>,
}

impl Pass<'_> {
    /// Reads everything, on behind single damaged events; whether the end was reached.
    fn all(
        &mut self,
        source: &Source,
        problems: &mut Problems,
        progress: &mut dyn FnMut(u64),
    ) -> Result<bool, SourceError> {
        loop {
            let Err(fault) = self.some(source, problems, progress) else {
                return Ok(true);
            };
            let Some((position, what)) = fault.damage(self.position) else {
                return Err(fault);
            };
            problems.add((position > 0).then_some(position), what);
            if !fault.is_local() || problems.is_full() {
                return Ok(false);
            }
            self.position = position;
        }
    }

    fn some(
        &mut self,
        source: &Source,
        problems: &mut Problems,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SourceError> {
        let after = self.position;
        let (sender, receiver) = sync_channel::<Batch>(AHEAD);
        thread::scope(|scope| {
            let reader = scope.spawn(move || {
                source.batches(after, &mut |batch| match sender.send(batch) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_nobody) => ControlFlow::Break(()),
                })
            });
            for batch in receiver {
                for (leaf, stream, digest) in batch.iter() {
                    self.event(&leaf, stream, digest, problems);
                }
                progress(self.position);
            }
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn event(
        &mut self,
        leaf: &Leaf<'_>,
        stream: &std::sync::Arc<str>,
        digest: Option<Digest>,
        problems: &mut Problems,
    ) {
        let follows = if self.dense {
            leaf.position == self.position + 1
        } else {
            leaf.position > self.position
        };
        if !follows {
            let what = format!("position {} follows position {}", leaf.position, self.position);
            problems.add(Some(leaf.position), what);
        }
        self.position = leaf.position;
        self.events += 1;
        self.streams.event(leaf, stream, problems);
        self.ranges.event(leaf, digest, problems);
    }
}
