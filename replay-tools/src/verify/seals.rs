//! Seals: by whom they are signed, whether they follow each other, and whether the events are those that were sealed.

use domain::event::DomainEvent;
use domain::log_seal::{LogSealEvent, Sealed};
use event_store::{Digest, Leaf, PublicKey, SealRecord, Statement, merkle::Tree, statement};

use super::{problems::Problems, seal_stream};
use crate::{Source, SourceError};

/// A seal of the log, and where its event stands.
pub type Known = SealRecord;

/// All seals of a log, oldest first; events of that stream that are none are passed over.
///
/// # Errors
/// [`SourceError`].
pub fn known_seals(source: &Source) -> Result<Vec<Known>, SourceError> {
    let batch = source.stream(&seal_stream())?;
    let seals = batch.iter().filter_map(|(leaf, ..)| {
        let event = DomainEvent::from_stored(leaf.event_type, leaf.payload).ok()?;
        let LogSealEvent::Sealed(seal) = event.try_into().ok()?;
        Some(SealRecord {
            revision: leaf.revision,
            position: leaf.position,
            seal,
        })
    });
    Ok(seals.collect())
}

/// The ranges of all seals, filled one after the other.
#[derive(Debug)]
pub(super) struct Ranges<'a> {
    seals: &'a [Known],
    stream: String,
    current: usize,
    tree: Tree,
    unsealed: u64,
    /// What is wrong with the seals themselves: told last, since it says nothing on the events in their ranges.
    about_seals: Vec<(u64, String)>,
}

impl<'a> Ranges<'a> {
    /// Looks at the seals themselves.
    pub(super) fn new(seals: &'a [Known], keys: &[PublicKey], stream: String) -> Self {
        let (mut before, mut about_seals) = (None, Vec::new());
        for known in seals {
            before = Some(look(known, before, keys, &mut about_seals));
        }
        Self {
            seals,
            stream,
            current: 0,
            tree: Tree::default(),
            unsealed: 0,
            about_seals,
        }
    }

    pub(super) fn unsealed(&self) -> u64 {
        self.unsealed
    }

    pub(super) fn event(&mut self, leaf: &Leaf<'_>, digest: Option<Digest>, problems: &mut Problems) {
        while let Some(known) = self.seals.get(self.current)
            && leaf.position > known.seal.last
        {
            self.close(known, problems);
        }
        let Some(digest) = digest else { return };
        if self.current < self.seals.len() {
            self.tree.push(digest);
        } else {
            self.unsealed += u64::from(leaf.stream != self.stream);
        }
    }

    /// The log ends at `head`.
    pub(super) fn finish(&mut self, head: u64, whole: bool, problems: &mut Problems) {
        if whole {
            self.close_all(head, problems);
        }
        for (position, what) in std::mem::take(&mut self.about_seals) {
            problems.add(Some(position), what);
        }
    }

    fn close_all(&mut self, head: u64, problems: &mut Problems) {
        while let Some(known) = self.seals.get(self.current) {
            if known.seal.last > head {
                let Sealed { first, last, .. } = known.seal;
                let what = format!("the log ends at position {head}, but positions {first} to {last} are sealed");
                problems.add_lost_end(Some(head + 1), what);
                return;
            }
            self.close(known, problems);
        }
    }

    fn close(&mut self, known: &Known, problems: &mut Problems) {
        let tree = std::mem::take(&mut self.tree);
        self.current += 1;
        let Sealed { first, last, count, .. } = known.seal;
        let fits = tree.count() == count && tree.root().to_string() == known.seal.root;
        // A place that is known better says the same more exactly.
        if fits || problems.any_in(&(first..=last)) {
            return;
        }
        let what = format!(
            "positions {first} to {last} are not what was sealed at position {}: {} events with root {}, sealed were \
             {count} with root {}",
            known.position,
            tree.count(),
            tree.root(),
            known.seal.root
        );
        problems.add(Some(first), what);
    }
}

/// What the seal after this one must name and where it must begin.
type Before = (u64, Option<Digest>);

fn look(known: &Known, before: Option<Before>, keys: &[PublicKey], about: &mut Vec<(u64, String)>) -> Before {
    let seal = &known.seal;
    let mut wrong = |what: String| {
        let what = format!("the seal of positions {} to {} {what}", seal.first, seal.last);
        about.push((known.position, what));
    };
    let expected = before.map_or(0, |(last, _)| last).saturating_add(1);
    if seal.first != expected {
        wrong(format!("does not follow the one before: it should begin at {expected}"));
    }
    if seal.last >= known.position || seal.last < seal.first {
        wrong("does not end between its beginning and its own position".to_owned());
    }
    let (statement, signature) = match statement(seal) {
        Ok(read) => read,
        Err(malformed) => {
            wrong(format!("does not read: {malformed}"));
            return (seal.last, None);
        }
    };
    if before.is_none_or(|(_, digest)| digest.is_some()) && statement.previous != before.and_then(|(_, digest)| digest)
    {
        wrong("does not name the one before".to_owned());
    }
    match keys.iter().find(|it| it.fingerprint() == statement.key) {
        None => wrong(format!(
            "is signed with an unknown key {}: give its public half with --public-key if it is trusted",
            statement.key
        )),
        Some(key) if !key.verifies(statement.to_string().as_bytes(), &signature) => {
            wrong(format!("has a signature that is not of key {}", statement.key));
        }
        Some(_) => {}
    }
    (seal.last, Some(Statement::digest(&statement)))
}

/// Whether the log has every seal of which there is a copy.
pub(super) fn compare(seals: &[Known], copies: &[SealRecord], head: u64, problems: &mut Problems) {
    for copy in copies {
        let Sealed { first, last, .. } = copy.seal;
        match seals
            .binary_search_by_key(&copy.revision, |it| it.revision)
            .ok()
            .and_then(|at| seals.get(at))
        {
            Some(known) if known == copy => {}
            Some(known) => problems.add(
                Some(known.position.min(copy.position)),
                format!("the seal of positions {first} to {last} is another than its copy outside of the log"),
            ),
            None => {
                let what = format!(
                    "the seal of positions {first} to {last} is in the copy outside of the log and not in the log: its \
                     end was lost"
                );
                problems.add_lost_end(Some(copy.position.min(head + 1)), what);
                return;
            }
        }
    }
}
