//! How bytes are sealed: in chunks, each by itself, so that any part can be read without the rest.
//!
//! After the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, 2015): the nonce of a chunk is its number and
//! whether it is the last one, so that none can be left out, moved or cut off. A key seals one file and nothing else,
//! hence the nonce needs nothing random.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use event_store::Key;

/// Bytes of a chunk before it is sealed; the last one may be shorter.
pub(super) const CHUNK: u64 = 64 * 1024;
/// Bytes that sealing adds to each.
const TAG: u64 = 16;
/// Bytes of a sealed chunk.
pub(super) const SEALED: u64 = CHUNK + TAG;
/// What stands for the form in every chunk.
const FORM: &[u8] = b"letopis file 1";

/// A chunk that does not open, or cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("chunk {0} of a file does not open: it is damaged, or belongs elsewhere")]
pub(super) struct Broken(u64);

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.as_bytes()).into())
}

fn nonce(index: u64, last: bool) -> XNonce {
    let mut bytes = [0; 24];
    bytes[15..23].copy_from_slice(&index.to_be_bytes());
    bytes[23] = u8::from(last);
    XNonce::from(bytes)
}

/// How many bytes so many are when they are sealed.
pub(super) fn sealed_size(size: u64) -> u64 {
    size + chunks(size) * TAG
}

/// How many chunks so many bytes are.
pub(super) fn chunks(size: u64) -> u64 {
    size.div_ceil(CHUNK).max(1)
}

/// Seals bytes as they come.
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    index: u64,
    open: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(key: &Key) -> Self {
        Self {
            cipher: cipher(key),
            index: 0,
            open: Vec::new(),
        }
    }

    /// Takes more bytes; the chunks that are full and not the last.
    ///
    /// # Errors
    /// [`Broken`], which a chunk is too small to cause.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Broken> {
        let most = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let mut sealed = Vec::new();
        while !bytes.is_empty() {
            // Only when more comes it is known that a full chunk is not the last.
            if self.open.len() == most {
                sealed.extend(self.seal(false)?);
            }
            let (now, later) = bytes.split_at(bytes.len().min(most - self.open.len()));
            self.open.extend_from_slice(now);
            bytes = later;
        }
        Ok(sealed)
    }

    /// The last chunk.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Broken> {
        self.seal(true)
    }

    fn seal(&mut self, last: bool) -> Result<Vec<u8>, Broken> {
        let payload = Payload {
            msg: &self.open,
            aad: FORM,
        };
        let sealed = self.cipher.encrypt(&nonce(self.index, last), payload);
        let sealed = sealed.map_err(|_only_reason| Broken(self.index))?;
        self.index += 1;
        self.open.clear();
        Ok(sealed)
    }
}

/// Opens the chunks of a file.
#[derive(Clone)]
pub(super) struct Opener {
    cipher: XChaCha20Poly1305,
    chunks: u64,
}

impl Opener {
    /// Of a file of that many bytes.
    pub(super) fn new(key: &Key, size: u64) -> Self {
        Self {
            cipher: cipher(key),
            chunks: chunks(size),
        }
    }

    /// What a chunk holds.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn open(&self, index: u64, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        let payload = Payload { msg: sealed, aad: FORM };
        let opened = self.cipher.decrypt(&nonce(index, index + 1 == self.chunks), payload);
        opened.map_err(|_tells_nothing| Broken(index))
    }
}

#[cfg(test)]
mod tests {
    use event_store::Key;

    use super::{CHUNK, Opener, SEALED, Sealer, chunks, sealed_size};

    fn sealed(key: &Key, bytes: &[u8], step: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(key);
        let mut all = Vec::new();
        for part in bytes.chunks(step) {
            all.extend(sealer.push(part).unwrap());
        }
        all.extend(sealer.finish().unwrap());
        all
    }

    #[test]
    fn every_chunk_opens_by_itself_and_only_in_its_place() {
        let key = Key::random();
        let step = usize::try_from(SEALED).unwrap();
        for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Vec<u8> = (0..=250).cycle().take(usize::try_from(size).unwrap()).collect();
            let all = sealed(&key, &bytes, 10_000);
            assert_eq!(all.len() as u64, sealed_size(size));
            let opener = Opener::new(&key, size);
            let mut plain = Vec::new();
            for (index, chunk) in (0..).zip(all.chunks(step)) {
                plain.extend(opener.open(index, chunk).unwrap());
                assert!(opener.open(index + 1, chunk).is_err());
            }
            assert!(plain == bytes && chunks(size) == all.chunks(step).count() as u64);
            let last_but_one = all.chunks(step).rev().nth(1);
            if let Some(chunk) = last_but_one {
                let shorter = Opener::new(&key, size - CHUNK);
                assert!(shorter.open(chunks(size) - 2, chunk).is_err(), "what is cut off shows");
            }
        }
    }

    #[test]
    fn damage_and_other_keys_show() {
        let key = Key::random();
        let mut all = sealed(&key, b"secret", 3);
        assert!(!all.windows(6).any(|it| it == b"secret"));
        assert!(Opener::new(&Key::random(), 6).open(0, &all).is_err());
        all[2] ^= 1;
        assert!(Opener::new(&key, 6).open(0, &all).is_err());
    }
}
