//! How far the log was acknowledged, in a small file beside it.
//!
//! SQLite takes a write-ahead log that was cut for one that was never longer. Only a second place that knows the last
//! acknowledged position can tell the two apart.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crc32c::crc32c;

use super::schema::cannot_open;
use crate::NodeError;

const NAME: &str = "acknowledged";
const MAGIC: [u8; 8] = *b"LTPNHEAD";
const FORMAT: u32 = 1;
/// Magic, format, position and checksum: one sector, written by one call, so never half.
const LENGTH: usize = 24;

/// The open file. Overwritten in place after each durable commit and never synced: the page cache outlives a killed
/// process, and after a power cut an older position is still a true one.
#[derive(Debug)]
pub(crate) struct Marker(File);

impl Marker {
    /// Makes the file anew, durably, with its name.
    pub(crate) fn make(directory: &Path, head: i64) -> Result<Self, NodeError> {
        let path = file(directory);
        let made = || -> io::Result<File> {
            let draft = directory.join(format!("{NAME}.new"));
            let mut options = File::options();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(&encode(head))?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)?;
            File::open(directory)?.sync_all()?;
            Ok(file)
        };
        made().map(Self).map_err(|error| cannot_open(&path, &error))
    }

    /// Opens the file for the writer.
    pub(crate) fn open(directory: &Path) -> Result<Self, NodeError> {
        let path = file(directory);
        let opened = File::options().write(true).open(&path);
        opened.map(Self).map_err(|error| cannot_open(&path, &error))
    }

    pub(crate) fn write(&self, head: i64) -> io::Result<()> {
        self.0.write_all_at(&encode(head), 0)
    }
}

pub(crate) fn file(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// The position, `None` when there is no such file.
pub(crate) fn read(directory: &Path) -> Result<Option<i64>, NodeError> {
    let path = file(directory);
    let mut bytes = Vec::with_capacity(LENGTH);
    // One byte more than right, to see that there is no more.
    let read = File::open(&path).and_then(|file| file.take(LENGTH as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_length) => decode(&bytes).map(Some).ok_or_else(|| NodeError::MarkerDamaged {
            path: path.display().to_string(),
            data: directory.display().to_string(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_open(&path, &error)),
    }
}

/// Refuses a log that ends before the position that was acknowledged.
pub(crate) fn compare(directory: &Path, head: i64, acknowledged: i64) -> Result<(), NodeError> {
    if head >= acknowledged {
        return Ok(());
    }
    Err(NodeError::Behind {
        path: super::data_file(directory).display().to_string(),
        marker: file(directory).display().to_string(),
        data: directory.display().to_string(),
        head,
        acknowledged,
    })
}

fn encode(head: i64) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..20].copy_from_slice(&head.to_le_bytes());
    let crc = crc32c(&bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<i64> {
    let head = i64::from_le_bytes(bytes.get(12..20)?.try_into().ok()?);
    (head >= 0 && bytes == encode(head)).then_some(head)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{LENGTH, Marker, compare, decode, encode, file, read};
    use crate::NodeError;

    #[test]
    fn position_survives_and_is_overwritten_in_place() {
        let directory = TempDir::new().unwrap();
        assert_eq!(read(directory.path()), Ok(None));
        Marker::make(directory.path(), 7).unwrap().write(8).unwrap();
        assert_eq!(read(directory.path()), Ok(Some(8)));
        Marker::open(directory.path()).unwrap().write(9).unwrap();
        assert_eq!(read(directory.path()), Ok(Some(9)));
        assert_eq!(std::fs::metadata(file(directory.path())).unwrap().len(), LENGTH as u64);
    }

    #[test]
    fn any_changed_bit_and_any_other_length_is_damage() {
        let whole = encode(123_456_789);
        for bit in 0..LENGTH * 8 {
            let mut bytes = whole;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bytes), None, "bit {bit}");
        }
        for length in 0..LENGTH {
            assert_eq!(decode(&whole[..length]), None);
        }
        let directory = TempDir::new().unwrap();
        std::fs::write(file(directory.path()), [&whole[..], &[0]].concat()).unwrap();
        let refusal = read(directory.path()).unwrap_err();
        assert!(matches!(refusal, NodeError::MarkerDamaged { .. }), "{refusal}");
    }

    #[test]
    fn log_may_be_ahead_but_never_behind() {
        let directory = TempDir::new().unwrap();
        assert_eq!(compare(directory.path(), 5, 5), Ok(()));
        assert_eq!(compare(directory.path(), 6, 5), Ok(()));
        let refusal = compare(directory.path(), 4, 5).unwrap_err().to_string();
        for part in ["events.db", "acknowledged", "position 4", "position 5", "backup"] {
            assert!(refusal.contains(part), "{refusal}");
        }
    }
}
