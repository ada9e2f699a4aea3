//! Sealed bytes, opened: as a stream, chunk by chunk, or as something to read and seek in.

use std::{
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use bytes::Bytes;
use event_store::Key;
use futures_util::{Stream, StreamExt, stream};
use tokio::runtime::Handle;

use super::{
    seal::{CHUNK, Opener, SEALED, sealed_size},
    store::{Store, StoreError},
};

/// One object and what opens it.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) store: Store,
    pub(super) blob: String,
    pub(super) key: Key,
    /// Bytes that it holds.
    pub(super) size: u64,
}

/// The way through an object.
struct Way<S> {
    sealed: S,
    /// What came and does not make a chunk yet.
    rest: Vec<u8>,
    opener: Opener,
    index: u64,
    /// What is wanted and has not been given.
    left: Range<u64>,
    ended: bool,
}

impl Sealed {
    fn opener(&self) -> Opener {
        Opener::new(&self.key, self.size)
    }

    /// Bytes of a range that lies in the object, as they come.
    pub(super) async fn stream(
        &self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, StoreError> {
        let first = range.start / CHUNK;
        let end = (range.end.div_ceil(CHUNK) * SEALED).min(sealed_size(self.size));
        let way = Way {
            sealed: self.store.read(&self.blob, first * SEALED..end).await?,
            rest: Vec::new(),
            opener: self.opener(),
            index: first,
            left: range,
            ended: false,
        };
        Ok(stream::try_unfold(way, |mut way| async move {
            Ok(way.next().await?.map(|bytes| (bytes, way)))
        }))
    }

    /// A chunk.
    async fn chunk(&self, index: u64) -> io::Result<Vec<u8>> {
        let end = ((index + 1) * SEALED).min(sealed_size(self.size));
        let sealed = self.store.part(&self.blob, index * SEALED..end).await;
        let sealed = sealed.map_err(io::Error::other)?;
        self.opener().open(index, &sealed).map_err(io::Error::other)
    }

    /// Something to read and seek in, from a thread that may block.
    pub(super) fn reader(&self, runtime: Handle) -> Reader {
        Reader {
            object: self.clone(),
            runtime,
            position: 0,
            held: None,
        }
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Way<S> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let whole = usize::try_from(SEALED).unwrap_or(usize::MAX);
        while self.rest.len() < whole && !self.ended {
            match self.sealed.next().await {
                Some(more) => self.rest.extend_from_slice(&more?),
                None => self.ended = true,
            }
        }
        let later = self.rest.split_off(self.rest.len().min(whole));
        let sealed = std::mem::replace(&mut self.rest, later);
        let opened = self.opener.open(self.index, &sealed).map_err(io::Error::other)?;
        let begins = self.index * CHUNK;
        let from = usize::try_from(self.left.start - begins).unwrap_or(usize::MAX);
        let until = usize::try_from(self.left.end - begins)
            .unwrap_or(usize::MAX)
            .min(opened.len());
        let wanted = opened.get(from..until).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.left.start += wanted.len() as u64;
        self.index += 1;
        Ok(Some(Bytes::copy_from_slice(wanted)))
    }
}

/// Whether what failed to read the bytes of a file says something of them, and so says it again next time; what the
/// storage says comes wrapped.
pub(super) fn speaks_of_bytes(error: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::InvalidData,
        io::ErrorKind::InvalidInput,
        io::ErrorKind::UnexpectedEof,
    ];
    kinds.contains(&error.kind())
}

/// Reads an object wherever it is asked to; a chunk at a time.
pub(super) struct Reader {
    object: Sealed,
    runtime: Handle,
    position: u64,
    /// The chunk at hand.
    held: Option<(u64, Vec<u8>)>,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.object.size || into.is_empty() {
            return Ok(0);
        }
        let index = self.position / CHUNK;
        if self.held.as_ref().is_none_or(|it| it.0 != index) {
            self.held = Some((index, self.runtime.block_on(self.object.chunk(index))?));
        }
        let chunk = self.held.as_ref().map_or(&[][..], |it| &it.1);
        let from = usize::try_from(self.position % CHUNK).unwrap_or(usize::MAX);
        let there = chunk.get(from..).unwrap_or_default();
        let count = there.len().min(into.len());
        into[..count].copy_from_slice(&there[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(it) => Some(it),
            SeekFrom::End(it) => self.object.size.checked_add_signed(it),
            SeekFrom::Current(it) => self.position.checked_add_signed(it),
        };
        self.position = wanted.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
