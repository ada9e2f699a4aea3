//! Keys of data subjects, and what is sealed under them: XChaCha20-Poly1305 with random nonces of 192 bits.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::personal::{DataSubject, PersonalField};
use rand::Rng;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

const NONCE: usize = 24;
/// First byte of everything sealed: how the rest is to be read.
const FORM: u8 = 1;

/// A key of 256 bits. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

/// What is not what the key sealed: another key, another place, or damaged bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open: another key sealed them, they belong elsewhere, or they are damaged")]
pub struct DoesNotOpen;

/// Beyond the 256 GiB that one nonce may seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too long to be sealed at once")]
pub struct TooLong;

impl Key {
    /// A new random key.
    pub fn random() -> Self {
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        Self(key)
    }

    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be wrapped or written to a key file.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Names the key without telling it: 16 hex digits of its hash.
    pub fn fingerprint(&self) -> String {
        hex(&blake3::derive_key("letopis 2026 key fingerprint", &self.0)[..8])
    }

    /// Form, nonce and ciphertext. `place` must be given again to open it: bytes moved elsewhere do not open.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: place };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_only_reason| TooLong)?;
        let mut bytes = Vec::with_capacity(1 + NONCE + sealed.len());
        bytes.push(FORM);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`DoesNotOpen`].
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (form, rest) = sealed.split_first().ok_or(DoesNotOpen)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(DoesNotOpen)?;
        if *form != FORM {
            return Err(DoesNotOpen);
        }
        let payload = Payload { msg: text, aad: place };
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), payload);
        opened.map_err(|_tells_nothing| DoesNotOpen)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

/// What is known of one data subject's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectKey {
    /// It opens.
    Known(Key),
    /// It was destroyed; what it sealed is forgotten.
    Destroyed,
}

/// Keys for a batch of events.
#[derive(Debug, Clone, Default)]
pub struct Keys(HashMap<DataSubject, SubjectKey>);

impl FromIterator<(DataSubject, SubjectKey)> for Keys {
    fn from_iter<I: IntoIterator<Item = (DataSubject, SubjectKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// Why personal data can be neither sealed nor opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Nothing more is recorded of somebody who is forgotten.
    #[error("the key of data subject {0} was destroyed: nothing can be sealed under it")]
    Forgotten(DataSubject),
    /// The vault has no such key and never had: it is older than the log.
    #[error("the vault has no key of data subject {0}: restore the vault's newest backup")]
    NoKey(DataSubject),
    /// The bytes are not what the key sealed.
    #[error("field {field} of event {event}: {reason}")]
    Damaged {
        /// Id of the event.
        event: Uuid,
        /// Name of the field.
        field: &'static str,
        /// What does not fit.
        reason: String,
    },
}

impl Keys {
    /// Adds the key of a subject.
    pub fn put(&mut self, subject: DataSubject, key: SubjectKey) {
        self.0.insert(subject, key);
    }

    /// The key of a subject, if it is among these.
    pub fn get(&self, subject: DataSubject) -> Option<&SubjectKey> {
        self.0.get(&subject)
    }

    /// Seals a field of the event with this id.
    ///
    /// # Errors
    /// [`SealError::Forgotten`] and [`SealError::NoKey`].
    pub(crate) fn seal(&self, event: Uuid, name: &'static str, field: &mut dyn PersonalField) -> Result<(), SealError> {
        let subject = field.subject();
        let Some(plain) = field.plain() else { return Ok(()) };
        let plain = plain.map_err(|error| damaged(event, name, &error))?;
        match self.get(subject) {
            Some(SubjectKey::Known(key)) => {
                let sealed = key.seal(&place(event, name, subject), &plain);
                let sealed = sealed.map_err(|error| damaged(event, name, &error))?;
                field.seal(STANDARD.encode(sealed));
                Ok(())
            }
            Some(SubjectKey::Destroyed) => Err(SealError::Forgotten(subject)),
            None => Err(SealError::NoKey(subject)),
        }
    }

    /// Opens a field of the event with this id, or forgets it when its key was destroyed.
    ///
    /// # Errors
    /// [`SealError::NoKey`] and [`SealError::Damaged`].
    pub(crate) fn open(&self, event: Uuid, name: &'static str, field: &mut dyn PersonalField) -> Result<(), SealError> {
        let subject = field.subject();
        let Some(sealed) = field.sealed() else { return Ok(()) };
        match self.get(subject) {
            Some(SubjectKey::Known(key)) => {
                let sealed = STANDARD.decode(sealed).map_err(|error| damaged(event, name, &error))?;
                let opened = key.open(&place(event, name, subject), &sealed);
                let plain = opened.map_err(|error| damaged(event, name, &error))?;
                field.open(&plain).map_err(|error| damaged(event, name, &error))
            }
            Some(SubjectKey::Destroyed) => {
                field.forget();
                Ok(())
            }
            None => Err(SealError::NoKey(subject)),
        }
    }
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect::<Vec<_>>().concat()
}

fn damaged(event: Uuid, field: &'static str, reason: &dyn std::fmt::Display) -> SealError {
    SealError::Damaged {
        event,
        field,
        reason: reason.to_string(),
    }
}

/// Event id, field and subject: sealed bytes open only where they were put.
fn place(event: Uuid, field: &str, subject: DataSubject) -> Vec<u8> {
    [event.as_bytes(), field.as_bytes(), subject.0.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::{DoesNotOpen, Key};

    #[test]
    fn sealed_bytes_open_with_their_key_in_their_place_only() {
        let (key, other) = (Key::from_bytes([7; 32]), Key::random());
        let sealed = key.seal(b"here", "Мария".as_bytes()).unwrap();
        assert_eq!(key.open(b"here", &sealed), Ok("Мария".as_bytes().to_vec()));
        assert_eq!(key.open(b"there", &sealed), Err(DoesNotOpen));
        assert_eq!(other.open(b"here", &sealed), Err(DoesNotOpen));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"here", &changed), Err(DoesNotOpen), "byte {at}");
            assert_eq!(key.open(b"here", &sealed[..at]), Err(DoesNotOpen), "cut at {at}");
        }
    }

    #[test]
    fn same_text_is_never_sealed_twice_alike() {
        let key = Key::random();
        assert_ne!(key.seal(b"", b"text"), key.seal(b"", b"text"));
    }

    #[test]
    fn debug_shows_no_key() {
        let key = Key::from_bytes([0xab; 32]);
        assert_eq!(format!("{key:?}"), format!("Key({})", key.fingerprint()));
        assert!(!key.fingerprint().contains("abab"));
    }
}
