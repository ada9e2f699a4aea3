//! A ZIP on the disk, without a name, and the checksums of what is in it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Body;
use bytes::Bytes;
use event_store::inclusion::SUMS;
use futures_util::stream;
use tokio::io::AsyncReadExt;
use zip::{ZipWriter, write::SimpleFileOptions};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// A package that is being written, a file at a time.
pub(super) struct Package {
    zip: ZipWriter<File>,
    /// Name and SHA-256 of each file.
    sums: Vec<(String, String)>,
    at_hand: Option<(String, Context)>,
}

/// A package that is complete.
#[derive(Debug)]
pub(crate) struct Built {
    file: File,
    /// Bytes.
    pub(crate) size: u64,
    /// BLAKE3 of them, 64 hex digits.
    pub(crate) digest: String,
}

impl Package {
    /// An empty one, in a file of this folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            zip: ZipWriter::new(tempfile::tempfile_in(folder)?),
            sums: Vec::new(),
            at_hand: None,
        })
    }

    /// Ends the file at hand and begins another.
    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        self.close();
        let options = SimpleFileOptions::default().large_file(true);
        self.zip.start_file(name, options).map_err(io::Error::other)?;
        self.at_hand = Some((name.to_owned(), Context::new(&SHA256)));
        Ok(())
    }

    /// A file whose content is at hand.
    pub(super) fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.write_all(content)
    }

    /// A file whose content lies in another, from its beginning.
    pub(super) fn copy(&mut self, name: &str, from: &mut File) -> io::Result<()> {
        from.seek(SeekFrom::Start(0))?;
        self.begin(name)?;
        io::copy(from, self).map(drop)
    }

    fn close(&mut self) {
        if let Some((name, context)) = self.at_hand.take() {
            let hex: Vec<String> = context.finish().as_ref().iter().map(|it| format!("{it:02x}")).collect();
            self.sums.push((name, hex.concat()));
        }
    }

    /// The whole, with the list of checksums in it.
    pub(super) fn end(mut self) -> io::Result<Built> {
        self.close();
        let sums: Vec<String> = self.sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        self.put(SUMS, sums.concat().as_bytes())?;
        let mut file = self.zip.finish().map_err(io::Error::other)?;
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut size = 0;
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                break;
            }
            hasher.update(piece.get(..count).unwrap_or_default());
            size += count as u64;
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Built {
            file,
            size,
            digest: hasher.finalize().to_string(),
        })
    }
}

impl Write for Package {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.zip.write(bytes)?;
        if let Some((_, context)) = &mut self.at_hand {
            context.update(bytes.get(..count).unwrap_or_default());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

impl Built {
    /// Its bytes, as they are taken.
    pub(crate) fn body(self) -> Body {
        let file = tokio::fs::File::from_std(self.file);
        Body::from_stream(stream::try_unfold(file, |mut file| async move {
            let mut piece = vec![0; PIECE];
            let count = file.read(&mut piece).await?;
            piece.truncate(count);
            Ok::<_, io::Error>((count > 0).then(|| (Bytes::from(piece), file)))
        }))
    }
}
