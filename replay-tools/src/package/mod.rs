//! Whether an exported package is what was given out, and what the seals of the log vouch for in it.
//!
//! It needs no server and no database: the package, and the public key as its owner publishes it.

mod entries;
mod faults;
mod open;
mod proofs;
mod seals;
mod sums;

use std::path::Path;

use event_store::{Digest, PublicKey};
use serde::Serialize;

pub use self::faults::Fault;
use self::{faults::Faults, open::Package};

/// Problems that are told; all are counted.
const TOLD: usize = 20;

/// What the reader trusts, learnt in another way than through the package; nothing, when both are empty.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Public keys.
    pub keys: Vec<PublicKey>,
    /// Fingerprints of public keys.
    pub fingerprints: Vec<Digest>,
}

impl Trust {
    fn is_nothing(&self) -> bool {
        self.keys.is_empty() && self.fingerprints.is_empty()
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// BLAKE3 of the package as a file, which `reading.exported` in the log names; `None` of a folder.
    pub digest: Option<String>,
    /// Fingerprints of the keys in it.
    pub keys: Vec<String>,
    /// Whether the keys that signed were compared with what the reader trusts.
    pub trusted: bool,
    /// Seals in it.
    pub seals: u64,
    /// Events that seals vouch for.
    pub proven: u64,
    /// Events that no seal vouches for yet.
    pub unsealed: u64,
    /// Events whose bytes are not given out.
    pub withheld: u64,
    /// Entries that were compared with their events; `None` when their form is compared by its checksum alone.
    pub compared: Option<u64>,
    /// How many problems there are.
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<Fault>,
}

/// Looks through a package: a ZIP, or a folder that it was unpacked to.
///
/// # Errors
/// When there is no such file or folder; whatever is wrong inside is among the findings.
pub fn verify_package(path: &Path, trust: &Trust) -> std::io::Result<Findings> {
    let mut faults = Faults::new(TOLD);
    let mut findings = Findings {
        digest: open::digest(path)?,
        trusted: !trust.is_nothing(),
        ..Findings::default()
    };
    match Package::open(path)? {
        Ok(mut package) => look(path, &mut package, trust, &mut findings, &mut faults),
        Err(reason) => faults.add(&path.display().to_string(), None, format!("is no whole ZIP: {reason}")),
    }
    (findings.problem_count, findings.problems) = faults.end();
    Ok(findings)
}

fn look(path: &Path, package: &mut Package, trust: &Trust, findings: &mut Findings, faults: &mut Faults) {
    sums::check(package, faults);
    let keys = seals::keys(package, faults);
    findings.keys = keys.iter().map(|it| it.fingerprint().to_string()).collect();
    let seals = seals::read(package, &keys, trust, faults);
    findings.seals = seals.len() as u64;
    // Entries are read beside the proofs, so from another opening of the package.
    match Package::open(path) {
        Ok(Ok(mut other)) => {
            let mut entries = entries::Entries::open(&mut other, faults);
            proofs::check(package, &seals, &mut entries, findings, faults);
        }
        Ok(Err(reason)) => faults.add(&path.display().to_string(), None, reason),
        Err(error) => faults.add(&path.display().to_string(), None, error.to_string()),
    }
}
