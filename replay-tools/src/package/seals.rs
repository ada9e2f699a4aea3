//! The keys and the seals of a package.

use std::{collections::BTreeMap, io::Read};

use event_store::{
    Digest, PublicKey, SealRecord, Statement, Unvouched,
    inclusion::{PUBLIC_KEY, SEALS},
    vouched,
};

use super::{Trust, faults::Faults, open::Package};

/// Statements by the revision of their seal.
pub(super) type Seals = BTreeMap<u64, Statement>;

/// The public keys in the package.
pub(super) fn keys(package: &mut Package, faults: &mut Faults) -> Vec<PublicKey> {
    let names = package.names().unwrap_or_default();
    let mut keys = Vec::new();
    for name in names.iter().filter(|it| it.starts_with(PUBLIC_KEY)) {
        let mut text = String::new();
        let read = match package.read(name) {
            Ok(Some(reader)) => reader.take(64 * 1024).read_to_string(&mut text).map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        match read {
            Ok(()) => match PublicKey::from_pem(&text) {
                Ok(key) if key.to_pem() == text => keys.push(key),
                Ok(_) => faults.add(name, None, "is not written as a key is"),
                Err(reason) => faults.add(name, None, format!("is no public key: {reason}")),
            },
            Err(error) => faults.add(name, None, format!("cannot be read: {error}")),
        }
    }
    keys
}

/// The seals that a key vouches for which the reader trusts, or one of the package when they named none.
pub(super) fn read(package: &mut Package, own: &[PublicKey], trust: &Trust, faults: &mut Faults) -> Seals {
    let mut keys = trust.keys.clone();
    let is_trusted = |it: &&PublicKey| trust.is_nothing() || trust.fingerprints.contains(&it.fingerprint());
    keys.extend(own.iter().filter(is_trusted));
    for given in &trust.fingerprints {
        if !own.iter().any(|it| it.fingerprint() == *given) {
            faults.add(
                PUBLIC_KEY,
                None,
                format!("no key here has the fingerprint {given} that you gave"),
            );
        }
    }
    let mut seals = Seals::new();
    package.lines(
        SEALS,
        faults,
        &mut |line, text, faults| match seal(text, &keys, trust) {
            Ok((revision, statement)) => {
                follows(&seals, revision, &statement, line, faults);
                seals.insert(revision, statement);
            }
            Err(what) => faults.add(SEALS, Some(line), what),
        },
    );
    seals
}

fn seal(text: &[u8], keys: &[PublicKey], trust: &Trust) -> Result<(u64, Statement), String> {
    let record: SealRecord = serde_json::from_slice(text).map_err(|it| format!("is no seal: {it}"))?;
    let again = serde_json::to_vec(&record).map_err(|it| it.to_string())?;
    if again != text {
        return Err("is not written as a seal is".to_owned());
    }
    let named = format!("the seal of positions {} to {}", record.seal.first, record.seal.last);
    match vouched(&record.seal, keys) {
        Ok(it) => Ok((record.revision, it.statement)),
        Err(Unvouched::Unknown(key)) if !trust.is_nothing() => {
            let given = trust
                .keys
                .iter()
                .map(PublicKey::fingerprint)
                .chain(trust.fingerprints.iter().copied());
            let given: Vec<String> = given.map(|it: Digest| it.to_string()).collect();
            Err(format!(
                "{named} is signed with key {key}, which is not the one you gave: {}",
                given.join(", ")
            ))
        }
        Err(reason) => Err(format!("{named} {reason}")),
    }
}

fn follows(seals: &Seals, revision: u64, statement: &Statement, line: u64, faults: &mut Faults) {
    if seals.last_key_value().is_some_and(|(last, _)| *last >= revision) {
        return faults.add(SEALS, Some(line), "stands out of order");
    }
    let before = revision.checked_sub(1).and_then(|it| seals.get(&it));
    if before.is_some_and(|it| statement.previous != Some(it.digest())) {
        faults.add(SEALS, Some(line), "does not name the seal before it");
    }
}
