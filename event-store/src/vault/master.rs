//! The master key: 64 hex digits, usually in a file that only its owner reads.

use std::{
    fs::{self, DirBuilder},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use tracing::warn;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Key, keys::hex, regular::read_regular};

/// What the proof of a master key says when it opens.
const PROOF: &[u8] = b"letopis vault";

/// The key that all subject keys are wrapped under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKey(Key);

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// It cannot be read or written.
    #[error("master key file {} ({source}): check the path, its owner and its permissions", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds something else.
    #[error("master key file {} does not read: it must hold 64 hex digits and nothing else", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl MasterKey {
    /// The key in `path`; `None` when there is no such file.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn read(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let text = match read_regular(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(MasterKeyError::Malformed { path: path.to_owned() });
            }
            Err(source) => return Err(file(path, source)),
        };
        if others_may_read(path) {
            warn!("master key file {} can be read by others: chmod 600 it", path.display());
        }
        let malformed = || MasterKeyError::Malformed { path: path.to_owned() };
        Self::from_hex(&text).map(Some).ok_or_else(malformed)
    }

    /// The key that these 64 hex digits tell; `None` when they are something else. Blanks around them do not count.
    pub fn from_hex(text: &str) -> Option<Self> {
        parse(text.trim()).map(Self)
    }

    /// A new key, written to `path`, which must not exist.
    ///
    /// # Errors
    /// [`MasterKeyError::File`].
    pub fn make(path: &Path) -> Result<Self, MasterKeyError> {
        let key = Self(Key::random());
        key.write(path).map_err(|source| file(path, source))?;
        Ok(key)
    }

    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Key::from_bytes(bytes))
    }

    /// Names the key without telling it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    /// All of it at once, or none: a first start that is broken off leaves no half key behind.
    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = folder_of(path);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut draft = NamedTempFile::new_in(folder)?;
        let text = Zeroizing::new(hex(self.0.as_bytes()));
        writeln!(draft, "{}", text.as_str())?;
        draft.as_file().sync_all()?;
        draft.persist_noclobber(path)?;
        fs::File::open(folder)?.sync_all()
    }

    /// Something that only this key opens.
    pub(super) fn prove(&self) -> Vec<u8> {
        self.0.seal(PROOF, PROOF).unwrap_or_default()
    }

    pub(super) fn is_proven_by(&self, proof: &[u8]) -> bool {
        self.0.open(PROOF, proof).is_ok_and(|it| it == PROOF)
    }

    pub(super) fn wrap(&self, subject: Uuid, key: &Key) -> Vec<u8> {
        self.0.seal(subject.as_bytes(), key.as_bytes()).unwrap_or_default()
    }

    pub(super) fn unwrap(&self, subject: Uuid, wrapped: &[u8]) -> Option<Key> {
        let opened = Zeroizing::new(self.0.open(subject.as_bytes(), wrapped).ok()?);
        Some(Key::from_bytes(opened.as_slice().try_into().ok()?))
    }
}

/// A bare name lies in the working folder, which its parent, the empty path, does not name.
fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

fn file(path: &Path, source: io::Error) -> MasterKeyError {
    MasterKeyError::File {
        path: path.to_owned(),
        source,
    }
}

fn parse(text: &str) -> Option<Key> {
    let digits: Vec<u8> = text
        .chars()
        .map(|it| it.to_digit(16).and_then(|it| u8::try_from(it).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|it| it.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    (digits.len() == 64).then(|| bytes.try_into().ok().map(Key::from_bytes))?
}

#[cfg(test)]
mod tests {
    use super::{MasterKey, MasterKeyError, Path, PermissionsExt, folder_of, others_may_read};

    #[test]
    fn bare_file_name_lies_in_the_working_folder() {
        assert_eq!(folder_of(Path::new("master.key")), Path::new("."));
        assert_eq!(folder_of(Path::new("keys/master.key")), Path::new("keys"));
    }

    #[test]
    fn key_that_was_made_is_read_again_and_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.key");
        assert_eq!(MasterKey::read(&path).unwrap(), None);
        let made = MasterKey::make(&path).unwrap();
        assert_eq!(MasterKey::read(&path).unwrap(), Some(made));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!others_may_read(&path));
        assert!(matches!(MasterKey::make(&path), Err(MasterKeyError::File { .. })));
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "drafts are left: {left:?}");
    }

    #[test]
    fn file_that_others_may_read_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::make(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(others_may_read(&path));
    }

    #[test]
    fn pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let refused = MasterKey::read(&path).unwrap_err().to_string();
        assert!(
            refused.contains("master.key") && refused.contains("a pipe"),
            "{refused}"
        );
    }

    #[test]
    fn file_with_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for text in [
            "",
            "abc",
            &"0".repeat(63),
            &"0".repeat(65),
            &"x".repeat(64),
            &"ж".repeat(64),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = MasterKey::read(&path).unwrap_err().to_string();
            assert!(
                refused.contains("64 hex digits") && refused.contains("master.key"),
                "{refused}"
            );
        }
        std::fs::write(&path, format!("{}\n", "aF".repeat(32))).unwrap();
        assert_eq!(MasterKey::read(&path).unwrap(), Some(MasterKey::from_bytes([0xaf; 32])));
    }
}
