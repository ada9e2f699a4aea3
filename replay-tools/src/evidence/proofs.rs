//! Inclusion proofs: which seal vouches for an event, and the way from the event to the seal's root.

use std::ops::ControlFlow;

use domain::log_seal::Sealed;
use event_store::{Digest, Leaf, PublicKey, SealRecord, Statement, merkle::Levels, vouched};

use super::{EvidenceError, Exhibit, Proof};
use crate::Source;

/// A seal that vouches for events of the ticket.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) revision: u64,
    pub(super) statement: Statement,
    pub(super) signature: Vec<u8>,
    pub(super) key: PublicKey,
}

fn wrong(seal: &Sealed, reason: &str) -> EvidenceError {
    EvidenceError::Seal {
        first: seal.first,
        last: seal.last,
        reason: reason.to_owned(),
    }
}

/// The seals in whose ranges these events lie.
pub(super) fn shown(
    seals: &[SealRecord],
    keys: &[PublicKey],
    leaves: &[Leaf<'_>],
) -> Result<Vec<Shown>, EvidenceError> {
    let concerns = |seal: &Sealed| leaves.iter().any(|it| (seal.first..=seal.last).contains(&it.position));
    let concerned = seals.iter().filter(|it| concerns(&it.seal));
    concerned
        .map(|known| {
            let it = vouched(&known.seal, keys).map_err(|it| wrong(&known.seal, &it.to_string()))?;
            Ok(Shown {
                revision: known.revision,
                statement: it.statement,
                signature: it.signature,
                key: it.key,
            })
        })
        .collect()
}

/// Proves the events in the range of one seal.
pub(super) fn prove(
    source: &Source,
    at: usize,
    seal: &Shown,
    exhibits: &mut [Exhibit<'_>],
) -> Result<(), EvidenceError> {
    let Statement {
        first,
        last,
        count,
        root,
        ..
    } = seal.statement;
    let (mut leaves, mut places) = (Vec::<Digest>::new(), Vec::<(u64, usize)>::new());
    let mut buffer = Vec::new();
    source.batches(first.saturating_sub(1), &mut |batch| {
        for (leaf, ..) in batch.iter().filter(|(leaf, ..)| leaf.is_sealed()) {
            if leaf.position > last || leaves.len() as u64 > count {
                return ControlFlow::Break(());
            }
            if exhibits.iter().any(|it| it.leaf.position == leaf.position) {
                places.push((leaf.position, leaves.len()));
            }
            leaves.push(leaf.digest(&mut buffer));
        }
        ControlFlow::Continue(())
    })?;
    let found = leaves.len() as u64;
    let levels = Levels::new(leaves);
    if levels.root() != root || found != count {
        return Err(EvidenceError::Seal {
            first,
            last,
            reason: "is of other events than the log has now".to_owned(),
        });
    }
    for (position, index) in places {
        for exhibit in exhibits.iter_mut().filter(|it| it.leaf.position == position) {
            exhibit.proof = Some(Proof {
                seal: at,
                index: index as u64,
                path: levels.path(index),
            });
        }
    }
    Ok(())
}
