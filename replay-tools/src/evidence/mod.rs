//! An evidence package: a folder about one ticket that others can check with standard tools.

mod files;
mod proofs;
mod story;

use std::path::{Path, PathBuf};

use domain::{assignment::Assignment, decider::Decider, ids::stream_name, ticket::Ticket};
use event_store::{Digest, Leaf, PublicKey};
use serde::Serialize;
use uuid::Uuid;

use crate::{Source, SourceError, batch::Batch, find_ticket, verify::known_seals};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// The ticket.
    pub ticket: Uuid,
    /// Events that seals vouch for.
    pub proven: usize,
    /// Events behind the last seal.
    pub unsealed: usize,
    /// Where the package is.
    pub folder: PathBuf,
}

/// Why there is no package. One line each.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The log.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The ticket.
    #[error("ticket {0:?} is not in this log: give its number, its uuid or its id in the API")]
    Unknown(String),
    /// The folder.
    #[error("{} is not empty: name an empty or new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A seal that cannot be shown.
    #[error("the seal of positions {first} to {last} {reason}: run `letopis-replay verify`")]
    Seal {
        /// First position of its range.
        first: u64,
        /// Last position of its range.
        last: u64,
        /// What is wrong.
        reason: String,
    },
}

/// An event of the ticket, and what vouches for it.
#[derive(Debug)]
struct Exhibit<'a> {
    leaf: Leaf<'a>,
    proof: Option<Proof>,
}

#[derive(Debug, Clone)]
struct Proof {
    /// Which of the shown seals.
    seal: usize,
    index: u64,
    path: Vec<Digest>,
}

/// Writes the package of a ticket.
///
/// # Errors
/// [`EvidenceError`]; nothing is left of what was written until then.
pub fn export(source: &Source, keys: &[PublicKey], ticket: &str, folder: &Path) -> Result<Package, EvidenceError> {
    files::check_empty(folder)?;
    source.end()?;
    let id = find_ticket(source, ticket)?.ok_or_else(|| EvidenceError::Unknown(ticket.to_owned()))?;
    let streams = [
        source.stream(&stream_name(Ticket::CATEGORY, id))?,
        source.stream(&stream_name(Assignment::CATEGORY, id))?,
    ];
    let mut leaves: Vec<Leaf<'_>> = streams.iter().flat_map(Batch::iter).map(|(leaf, ..)| leaf).collect();
    if leaves.is_empty() {
        return Err(EvidenceError::Unknown(ticket.to_owned()));
    }
    leaves.sort_by_key(|it| it.position);
    let seals = proofs::shown(&known_seals(source)?, keys, &leaves)?;
    let mut exhibits: Vec<Exhibit<'_>> = leaves.into_iter().map(|leaf| Exhibit { leaf, proof: None }).collect();
    for (at, seal) in seals.iter().enumerate() {
        proofs::prove(source, at, seal, &mut exhibits)?;
    }
    files::write(folder, id, &exhibits, &seals)?;
    let proven = exhibits.iter().filter(|it| it.proof.is_some()).count();
    Ok(Package {
        ticket: id,
        proven,
        unsealed: exhibits.len() - proven,
        folder: folder.to_owned(),
    })
}
