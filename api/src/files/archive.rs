//! Archives that would become something else when they are unpacked: by their directory, and by counting what comes out.
//!
//! Nothing is kept of what comes out, but of archives in archives, which are small or refused.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    time::Instant,
};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::bytes::speaks_of_bytes;

/// Entries of one archive.
const ENTRIES: usize = 10_000;
/// Bytes of its directory.
const DIRECTORY: u64 = 8 * 1024 * 1024;
/// Bytes that come out of it, however large it is.
const ALWAYS: u64 = 64 * 1024 * 1024;
/// Bytes that come out of it at most.
const NEVER: u64 = 1024 * 1024 * 1024;
/// How many times more may come out than went in.
const RATIO: u64 = 100;
/// Bytes that are counted at a time.
const PIECE: usize = 64 * 1024;
/// Archives in archives.
const DEPTH: u32 = 2;
/// Bytes of an archive in an archive.
const INNER: u64 = 16 * 1024 * 1024;

/// Why an archive is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Bomb {
    /// It has too many entries.
    #[error("it holds more than {ENTRIES} entries")]
    Entries,
    /// Too much comes out of it.
    #[error("far more comes out of it than went in")]
    Size,
    /// More comes out of an entry than its directory says.
    #[error("its directory says less than it holds")]
    Lies,
    /// Archives lie too deep in it, or are too large there.
    #[error("it holds archives in archives, too deep or too large")]
    Depth,
    /// It takes too long.
    #[error("it takes too long to look through it")]
    Slow,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The storage.
    #[error("{0}")]
    Unread(io::Error),
}

/// What an archive shows itself to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Gzip,
}

impl Form {
    /// Of what these first bytes begin.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if head.starts_with(&[0x1f, 0x8b]) {
            Some(Self::Gzip)
        } else {
            None
        }
    }
}

/// What may still be spent on an archive.
struct Budget {
    /// Bytes that may come out.
    left: u64,
    /// Until when.
    until: Instant,
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> Result<(), Bomb> {
        self.left = self.left.checked_sub(bytes).ok_or(Bomb::Size)?;
        Ok(())
    }

    fn check_time(&self) -> Result<(), Bomb> {
        if Instant::now() < self.until {
            Ok(())
        } else {
            Err(Bomb::Slow)
        }
    }

    /// How many bytes come.
    fn count(&self, mut from: impl Read) -> Result<u64, Bomb> {
        let mut piece = vec![0; PIECE];
        let mut came = 0;
        loop {
            self.check_time()?;
            match from.read(&mut piece) {
                Ok(0) => return Ok(came),
                Ok(count) => came += count as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(damaged(error)),
            }
        }
    }
}

/// Looks through an archive of so many bytes, `until` then at most; the type of document that a ZIP holds, if it is one.
pub(super) fn inspect(
    form: Form,
    reader: impl Read + Seek,
    size: u64,
    until: Instant,
) -> Result<Option<&'static str>, Bomb> {
    let left = size.saturating_mul(RATIO).clamp(ALWAYS, NEVER);
    let mut budget = Budget { left, until };
    match form {
        Form::Zip => zip(reader, &mut budget, DEPTH),
        Form::Gzip => gzip(reader, &mut budget, DEPTH).map(|()| None),
    }
}

fn zip(mut reader: impl Read + Seek, budget: &mut Budget, depth: u32) -> Result<Option<&'static str>, Bomb> {
    check_end(&mut reader)?;
    let mut archive = ZipArchive::new(reader).map_err(|it| Bomb::Damaged(it.to_string()))?;
    if archive.len() > ENTRIES {
        return Err(Bomb::Entries);
    }
    let mut said = 0_u64;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_data(index)
            .map_err(|it| Bomb::Damaged(it.to_string()))?;
        said = said.saturating_add(entry.size());
    }
    if said > budget.left {
        return Err(Bomb::Size);
    }
    for index in 0..archive.len() {
        // What this program cannot unpack, encrypted or otherwise, its directory alone speaks for.
        let Ok(entry) = archive.by_index(index) else { continue };
        let size = entry.size();
        entry_of(entry, size, budget, depth)?;
    }
    Ok(document(&archive))
}

/// Counts what comes out of an entry.
fn entry_of(mut entry: impl Read, size: u64, budget: &mut Budget, depth: u32) -> Result<(), Bomb> {
    budget.check_time()?;
    let mut head = Vec::new();
    take(&mut entry, 8, &mut head)?;
    let form = Form::of(&head);
    let mut came = head.len() as u64;
    match form {
        Some(_) if depth == 0 || size > INNER => return Err(Bomb::Depth),
        Some(form) => {
            take(&mut entry, INNER, &mut head)?;
            came = head.len() as u64;
            let inner = Cursor::new(head);
            match form {
                Form::Zip => drop(zip(inner, budget, depth - 1)?),
                Form::Gzip => gzip(inner, budget, depth - 1)?,
            }
        }
        None => came += budget.count(entry.by_ref().take(size.saturating_add(1)))?,
    }
    if came > size {
        return Err(Bomb::Lies);
    }
    budget.spend(came)
}

fn gzip(reader: impl Read, budget: &mut Budget, depth: u32) -> Result<(), Bomb> {
    let mut unpacked = MultiGzDecoder::new(reader);
    let mut head = Vec::new();
    take(&mut unpacked, 8, &mut head)?;
    if let Some(form) = Form::of(&head) {
        if depth == 0 {
            return Err(Bomb::Depth);
        }
        take(&mut unpacked, INNER + 1, &mut head)?;
        if head.len() as u64 > INNER {
            return Err(Bomb::Depth);
        }
        budget.spend(head.len() as u64)?;
        let inner = Cursor::new(head);
        return match form {
            Form::Zip => zip(inner, budget, depth - 1).map(|_document| ()),
            Form::Gzip => gzip(inner, budget, depth - 1),
        };
    }
    let came = head.len() as u64 + budget.count(unpacked.take(budget.left.saturating_add(1)))?;
    budget.spend(came)
}

fn take(from: &mut impl Read, most: u64, into: &mut Vec<u8>) -> Result<(), Bomb> {
    from.by_ref().take(most).read_to_end(into).map_err(damaged)?;
    Ok(())
}

/// What the decoder says, or the storage.
fn damaged(error: io::Error) -> Bomb {
    if speaks_of_bytes(&error) {
        Bomb::Damaged(error.to_string())
    } else {
        Bomb::Unread(error)
    }
}

/// Refuses a directory that would not fit into memory, before anybody reads it.
fn check_end(reader: &mut (impl Read + Seek)) -> Result<(), Bomb> {
    const LONGEST: u64 = 22 + 65_535;
    let size = reader.seek(SeekFrom::End(0)).map_err(Bomb::Unread)?;
    reader
        .seek(SeekFrom::Start(size.saturating_sub(LONGEST)))
        .map_err(Bomb::Unread)?;
    let mut end = Vec::new();
    reader.take(LONGEST).read_to_end(&mut end).map_err(Bomb::Unread)?;
    reader.seek(SeekFrom::Start(0)).map_err(Bomb::Unread)?;
    for (place, _) in end.windows(4).enumerate().filter(|(_, it)| *it == b"PK\x05\x06") {
        let (Some(entries), Some(directory)) = (number::<2>(&end, place + 10), number::<4>(&end, place + 12)) else {
            continue;
        };
        // All ones stand for a number that is written elsewhere, because it is too large for here.
        if entries > ENTRIES as u64 {
            return Err(Bomb::Entries);
        }
        if directory > DIRECTORY {
            return Err(Bomb::Size);
        }
    }
    Ok(())
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let part = bytes.get(at..at + N)?;
    Some(part.iter().rev().fold(0, |sum, it| (sum << 8) | u64::from(*it)))
}

/// Which document of an office program a ZIP is, by the names in it.
fn document<R: Read + Seek>(archive: &ZipArchive<R>) -> Option<&'static str> {
    let has = |beginning: &[u8]| archive.file_names_raw().any(|it| it.starts_with(beginning));
    if !has(b"[Content_Types].xml") {
        return None;
    }
    [
        (
            b"word/".as_slice(),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            b"xl/",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            b"ppt/",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
    ]
    .into_iter()
    .find(|(beginning, _)| has(beginning))
    .map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Cursor, Write},
        time::{Duration, Instant},
    };

    use flate2::{Compression, write::GzEncoder};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{ALWAYS, Bomb, Form, inspect};

    fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn look(bytes: &[u8]) -> Result<Option<&'static str>, Bomb> {
        until(bytes, Instant::now() + Duration::from_mins(5))
    }

    fn until(bytes: &[u8], until: Instant) -> Result<Option<&'static str>, Bomb> {
        inspect(Form::of(bytes).unwrap(), Cursor::new(bytes), bytes.len() as u64, until)
    }

    #[test]
    fn ordinary_archives_and_documents_pass() {
        assert_eq!(look(&zipped(&[("a.txt", b"text")])).unwrap(), None);
        let document = zipped(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<y/>")]);
        assert!(look(&document).unwrap().unwrap().ends_with("wordprocessingml.document"));
        let nested = zipped(&[("report.docx", &document), ("log.gz", &gzipped(b"log"))]);
        assert!(look(&nested).is_ok());
        assert!(look(&gzipped(b"log")).is_ok());
    }

    #[test]
    fn bombs_are_found_however_they_are_packed() {
        let zeros = vec![0; usize::try_from(ALWAYS).unwrap() + 1];
        assert!(matches!(look(&gzipped(&zeros)), Err(Bomb::Size)));
        let bomb = zipped(&[("zeros", &zeros)]);
        assert!(matches!(look(&bomb), Err(Bomb::Size)));
        assert!(matches!(look(&zipped(&[("a.zip", &bomb)])), Err(Bomb::Size)));
        let deep = zipped(&[("a", &zipped(&[("b", &zipped(&[("c", &zipped(&[("d", b"x")]))]))]))]);
        assert!(matches!(look(&deep), Err(Bomb::Depth)));
        // The directory says 7 bytes, and a million come.
        let mut liar = zipped(&[("zeros", &zeros[..1_000_000])]);
        let size = 1_000_000_u32.to_le_bytes();
        let places: Vec<_> = (0..liar.len() - 4).filter(|it| liar[*it..*it + 4] == size).collect();
        for place in places {
            liar[place..place + 4].copy_from_slice(&7_u32.to_le_bytes());
        }
        assert!(look(&liar).is_err());
        assert!(look(b"PK\x03\x04 and nothing more").is_err());
    }

    #[test]
    fn nobody_looks_longer_than_there_is_time() {
        for bytes in [zipped(&[("a.txt", b"text")]), gzipped(b"a longer text")] {
            assert!(matches!(until(&bytes, Instant::now()), Err(Bomb::Slow)));
        }
    }

    #[test]
    fn directory_that_is_too_large_is_not_read() {
        let names: Vec<String> = (0..10_001).map(|it| it.to_string()).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|it| (it.as_str(), b"".as_slice())).collect();
        assert!(matches!(look(&zipped(&entries)), Err(Bomb::Entries)));
    }
}
