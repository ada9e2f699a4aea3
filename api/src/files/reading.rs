//! Gives the bytes of a file to whoever has a link.

use std::{io, ops::Range};

use axum::body::Body;
use bytes::Bytes;
use commands::File;
use domain::{
    attachment::{AttachmentCommand, AttachmentRefusal, Picture, Preview},
    ids::AttachmentId,
};
use event_store::Key;
use futures_util::Stream;

use super::{Errand, Files, Flaw, Link, bytes::Sealed};

/// What may be read.
pub(crate) struct Readable {
    sealed: Sealed,
    /// What it is called; a small picture has the name of its picture.
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    /// Names the bytes: others have another.
    pub(crate) etag: String,
}

impl Files {
    /// What a link opens now; the log is asked, so that what was taken away a moment ago is not given.
    ///
    /// # Errors
    /// Why it is not given.
    pub(crate) async fn readable(&self, link: &Link) -> Result<Readable, Flaw> {
        let file = self.inner.handler.file(link.file).await?;
        let file = file.ok_or(AttachmentRefusal::NotFound)?;
        file.state.may_be_read()?;
        // A crash may have come between a message that was withdrawn and its files.
        if let Some(attached) = &file.state.attached
            && self.inner.handler.is_withdrawn(attached).await?
        {
            return Err(AttachmentRefusal::Gone.into());
        }
        let sealed = self.sealed(&file, link.errand == Errand::Preview)?;
        let hash = file.state.stored.as_ref().map_or("", |it| it.sha256.as_str());
        let (content_type, small) = match (&file.state.preview, link.errand) {
            (Preview::Made(picture), Errand::Preview) => (picture.content_type.clone(), "-small"),
            (_, Errand::Upload | Errand::Read | Errand::Preview) => (file.state.content_type.clone(), ""),
        };
        Ok(Readable {
            name: file.name.clone().unwrap_or_default(),
            content_type,
            size: sealed.size,
            etag: format!("\"{}{small}\"", hash.get(..32).unwrap_or_default()),
            sealed,
        })
    }

    /// The object of a file or of its small picture, and what opens it.
    pub(super) fn sealed(&self, file: &File, preview: bool) -> Result<Sealed, Flaw> {
        let stored = file.state.stored.as_ref().ok_or(AttachmentRefusal::NotStored)?;
        let key = file.key.as_deref().ok_or(AttachmentRefusal::Gone)?;
        let key = key_of(key).ok_or_else(|| Flaw::fault(&"the key of a file does not read"))?;
        let (blob, key, size) = match (&file.state.preview, preview) {
            (_, false) => (&stored.blob, key, file.state.size),
            (Preview::Made(Picture { blob, size, .. }), true) => (blob, small(&key), *size),
            (Preview::Untried | Preview::Impossible, true) => return Err(AttachmentRefusal::NotFound.into()),
        };
        Ok(Sealed {
            store: self.inner.store.clone(),
            blob: blob.clone(),
            key,
            size,
        })
    }

    /// Puts on record that somebody reads a file: once for each link, however often and in how many parts it is read; of
    /// small pictures, which are shown whenever their message is, once for each reader.
    ///
    /// # Errors
    /// When it cannot be recorded: then nothing is given.
    pub(crate) async fn note_reading(&self, link: &Link, token: &str, address: &str) -> Result<(), Flaw> {
        let preview = link.errand == Errand::Preview;
        let wish = AttachmentCommand::NoteDownload {
            from: address.to_owned(),
            preview,
        };
        let key = if preview {
            "preview".to_owned()
        } else {
            blake3::hash(token.as_bytes()).to_string()
        };
        match self.tell(link, wish, &key).await {
            // From another address now.
            Err(flaw) if flaw.problem.code == "IDEMPOTENCY_KEY_REUSED" => Ok(()),
            told => told.map(drop),
        }
    }
}

impl Readable {
    /// All of its bytes, as they come.
    ///
    /// # Errors
    /// When the storage does not give them.
    pub(crate) async fn bytes(&self) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, Flaw> {
        Ok(self.sealed.stream(0..self.size).await?)
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// When the storage does not give them.
    pub(crate) async fn body(&self, range: Range<u64>) -> Result<Body, Flaw> {
        Ok(Body::from_stream(self.sealed.stream(range).await?))
    }
}

/// The key of a small picture, which follows from that of its picture: no key seals two things.
pub(super) fn small(key: &Key) -> Key {
    Key::from_bytes(blake3::derive_key(
        "letopis 2026 small picture of a file",
        key.as_bytes(),
    ))
}

/// A key written as 64 hex digits.
pub(super) fn key_of(hex: &str) -> Option<Key> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(Key::from_bytes(bytes))
}

/// Names a file in a line of the server's log.
pub(super) fn named(id: AttachmentId) -> String {
    id.to_string()
}
