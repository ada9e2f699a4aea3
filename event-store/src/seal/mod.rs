//! Seals: what is signed of a range of the log, with which key, and the copy that lies outside of the log.

mod file;
mod key;
mod vouched;

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::log_seal::Sealed;
pub use file::{SealCopy, SealFile, SealFileError, SealRecord};
pub use key::{KeyError, PublicKey, SealKey, public_key_file};
pub use vouched::{Unvouched, Vouched, vouched};

use crate::Digest;

/// What is signed of a range: a short text, line by line.
///
/// ```text
/// letopis log seal 1
/// first 1
/// last 40
/// count 40
/// root <64 hex digits>
/// previous <64 hex digits, the SHA-256 of the statement before, or none>
/// key <64 hex digits>
/// ```
///
/// The form is signed, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// First position of the range.
    pub first: u64,
    /// Last position of the range.
    pub last: u64,
    /// Events in it.
    pub count: u64,
    /// Merkle root over their leaves.
    pub root: Digest,
    /// SHA-256 of the statement before.
    pub previous: Option<Digest>,
    /// Fingerprint of the public key.
    pub key: Digest,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            first,
            last,
            count,
            root,
            previous,
            key,
        } = self;
        writeln!(
            f,
            "letopis log seal 1\nfirst {first}\nlast {last}\ncount {count}\nroot {root}"
        )?;
        match previous {
            Some(previous) => writeln!(f, "previous {previous}")?,
            None => writeln!(f, "previous none")?,
        }
        writeln!(f, "key {key}")
    }
}

impl Statement {
    /// What the next statement names as `previous`.
    pub fn digest(&self) -> Digest {
        Digest::of(&[self.to_string().as_bytes()])
    }

    /// The signed statement.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when the key does not sign.
    pub fn seal(&self, key: &SealKey) -> Result<Sealed, KeyError> {
        let signature = key.sign(self.to_string().as_bytes())?;
        Ok(Sealed {
            first: self.first,
            last: self.last,
            count: self.count,
            root: self.root.to_string(),
            previous: self.previous.map(|it| it.to_string()),
            key: self.key.to_string(),
            signature: STANDARD.encode(signature),
        })
    }
}

/// A seal whose fields do not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {value:?} of the seal does not read")]
pub struct MalformedSeal {
    /// Which field.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// What was signed, and the signature.
///
/// # Errors
/// [`MalformedSeal`].
pub fn statement(sealed: &Sealed) -> Result<(Statement, Vec<u8>), MalformedSeal> {
    let digest = |field, text: &str| {
        text.parse::<Digest>().map_err(|_unreadable| MalformedSeal {
            field,
            value: text.to_owned(),
        })
    };
    let signature = STANDARD
        .decode(&sealed.signature)
        .map_err(|_unreadable| MalformedSeal {
            field: "signature",
            value: sealed.signature.clone(),
        })?;
    let statement = Statement {
        first: sealed.first,
        last: sealed.last,
        count: sealed.count,
        root: digest("root", &sealed.root)?,
        previous: sealed
            .previous
            .as_deref()
            .map(|it| digest("previous", it))
            .transpose()?,
        key: digest("key", &sealed.key)?,
    };
    Ok((statement, signature))
}

#[cfg(test)]
mod tests {
    use super::{SealKey, Statement, statement};
    use crate::Digest;

    fn example(key: &SealKey) -> Statement {
        Statement {
            first: 1,
            last: 40,
            count: 39,
            root: Digest([0xab; 32]),
            previous: None,
            key: key.public().fingerprint(),
        }
    }

    #[test]
    fn signed_form_is_stable() {
        let statement = Statement {
            first: 41,
            last: 50,
            count: 9,
            root: Digest([0xab; 32]),
            previous: Some(Digest([1; 32])),
            key: Digest([2; 32]),
        };
        let (root, previous, key) = ("ab".repeat(32), "01".repeat(32), "02".repeat(32));
        let expected =
            format!("letopis log seal 1\nfirst 41\nlast 50\ncount 9\nroot {root}\nprevious {previous}\nkey {key}\n");
        assert_eq!(statement.to_string(), expected);
        let first = Statement {
            previous: None,
            ..statement
        };
        assert!(first.to_string().contains("\nprevious none\nkey "));
    }

    #[test]
    fn only_the_key_that_signed_verifies_and_only_what_it_signed() {
        let folder = tempfile::tempdir().unwrap();
        let key = SealKey::load_or_make(&folder.path().join("one.pem")).unwrap();
        let other = SealKey::load_or_make(&folder.path().join("two.pem")).unwrap();
        let sealed = example(&key).seal(&key).unwrap();
        let (read, signature) = statement(&sealed).unwrap();
        assert_eq!(read, example(&key));
        assert!(key.public().verifies(read.to_string().as_bytes(), &signature));
        assert!(!other.public().verifies(read.to_string().as_bytes(), &signature));
        let changed = Statement { last: 41, ..read };
        assert!(!key.public().verifies(changed.to_string().as_bytes(), &signature));
    }

    #[test]
    fn unreadable_field_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = SealKey::load_or_make(&folder.path().join("one.pem")).unwrap();
        let mut sealed = example(&key).seal(&key).unwrap();
        sealed.root.push('0');
        assert_eq!(statement(&sealed).unwrap_err().field, "root");
    }
}
