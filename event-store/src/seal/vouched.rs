//! Whether a key that one trusts has signed a seal.

use domain::log_seal::Sealed;

use super::{MalformedSeal, PublicKey, Statement, statement};
use crate::Digest;

/// A seal, and the key that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// What was signed.
    pub statement: Statement,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// Whose signature it is.
    pub key: PublicKey,
}

/// Why nobody vouches for a seal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unvouched {
    /// It does not read.
    #[error("does not read: {0}")]
    Malformed(#[from] MalformedSeal),
    /// None of the keys has this fingerprint.
    #[error("is signed with unknown key {0}, or --public-key is missing")]
    Unknown(Digest),
    /// The signature is not of the key that it names.
    #[error("has a signature of another key than {0}, or says something else than what was signed")]
    Forged(Digest),
}

/// What a seal says, when one of these keys has signed it.
///
/// # Errors
/// [`Unvouched`].
pub fn vouched(sealed: &Sealed, keys: &[PublicKey]) -> Result<Vouched, Unvouched> {
    let (statement, signature) = statement(sealed)?;
    let key = keys.iter().find(|it| it.fingerprint() == statement.key);
    let key = *key.ok_or(Unvouched::Unknown(statement.key))?;
    if !key.verifies(statement.to_string().as_bytes(), &signature) {
        return Err(Unvouched::Forged(statement.key));
    }
    Ok(Vouched {
        statement,
        signature,
        key,
    })
}
