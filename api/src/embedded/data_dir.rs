//! The directory that holds everything of one installation, owned by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Layout of the directory that this program reads and writes.
const FORMAT: &str = "1";

const NODE_URL: &str = "node.url";
const DATABASE_URL: &str = "database.url";

/// A look at the lock by [`DataDir::running_node`] holds it for an instant, which must not stop a start.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An opened data directory; no other process can open it until this is dropped or the process dies.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    /// The lock belongs to the open file, so the kernel gives it up even after `kill -9`.
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The path is missing and cannot be made, is no directory, or refuses new files.
    #[error("data directory {} is not usable ({source}): make it a writable directory or choose another --data", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("data directory {} is in use by process {pid}: stop it or choose another --data", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Process id of the holder, `unknown` when it has not written it yet.
        pid: String,
    },
    /// It was written by another release.
    #[error("data directory {} has format {found:?}, this program understands {understood:?}: run the release that wrote it or choose another --data", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// What its `VERSION` says.
        found: String,
        /// The one format this program reads.
        understood: &'static str,
    },
    /// One of its files cannot be read or written.
    #[error("cannot use {} ({source}): check its owner, its permissions and the free space", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataDir {
    /// Opens the directory for this process alone, making it when it is missing.
    ///
    /// # Errors
    /// The directory is not writable, is in use, or has a format of another release.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            path: path.to_owned(),
            source,
        };
        // Others may pass through, not look around: Postgres runs as another user when root starts us.
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(path)
            .map_err(unusable)?;
        let root = fs::canonicalize(path).map_err(unusable)?;
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join("lock"));
        let lock = acquire(lock.map_err(unusable)?, &root)?;
        let dir = Self { root, _lock: lock };
        dir.check_format()?;
        // Another process's address must not be taken for ours before the node has started.
        remove_if_present(&dir.node_url_file())?;
        remove_if_present(&dir.root.join(DATABASE_URL))?;
        Ok(dir)
    }

    /// Address of the node that another process runs on this directory.
    ///
    /// `None` when nobody has the directory open, and when its holder has published no address (yet).
    ///
    /// # Errors
    /// The lock or the address cannot be read.
    pub fn running_node(path: &Path) -> Result<Option<String>, DataDirError> {
        Self::published(path, NODE_URL)
    }

    /// The same for its Postgres.
    ///
    /// # Errors
    /// The lock or the address cannot be read.
    pub fn running_database(path: &Path) -> Result<Option<String>, DataDirError> {
        Self::published(path, DATABASE_URL)
    }

    fn published(path: &Path, file_name: &str) -> Result<Option<String>, DataDirError> {
        let lock = path.join("lock");
        let file = match File::open(&lock) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(source) => return Err(DataDirError::File { path: lock, source }),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => read_if_present(&path.join(file_name)),
            Err(TryLockError::Error(source)) => Err(DataDirError::File { path: lock, source }),
        }
    }

    /// Tells other processes of this user where the node listens; whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish_node_url(&self, url: &str) -> Result<(), DataDirError> {
        write_whole(&self.node_url_file(), url)
    }

    /// Tells other processes of this user where the database is; whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish_database_url(&self, url: &str) -> Result<(), DataDirError> {
        write_whole(&self.root.join(DATABASE_URL), url)
    }

    /// The directory itself, as an absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the embedded node keeps the event log.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Where the key that signs the seals of the log lies, unless another is configured.
    pub fn seal_key(&self) -> PathBuf {
        self.root.join("keys").join("log-seal.pem")
    }

    /// Where exports are put together; their files have no names.
    pub fn exports(&self) -> PathBuf {
        self.root.join("exports")
    }

    /// Where every seal of the log is written once more.
    pub fn seals(&self) -> PathBuf {
        self.root.join("seals.ndjson")
    }

    /// Where the private Postgres cluster lies.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Where the running node's address is published.
    pub fn node_url_file(&self) -> PathBuf {
        self.root.join(NODE_URL)
    }

    fn check_format(&self) -> Result<(), DataDirError> {
        let version = self.root.join("VERSION");
        let Some(found) = read_if_present(&version)? else {
            return write_whole(&version, FORMAT);
        };
        if found != FORMAT {
            return Err(DataDirError::Format {
                path: self.root.clone(),
                found,
                understood: FORMAT,
            });
        }
        // The write above is the proof of a writable directory on the first start only.
        let probe = self.root.join(".writable");
        let unusable = |source| DataDirError::Unusable {
            path: self.root.clone(),
            source,
        };
        File::create(&probe).map_err(unusable)?;
        fs::remove_file(&probe).map_err(unusable)
    }
}

/// The lock file, locked and naming this process.
fn acquire(mut lock: File, root: &Path) -> Result<File, DataDirError> {
    let path = root.join("lock");
    let failed = |source| DataDirError::File {
        path: path.clone(),
        source,
    };
    for attempt in 1.. {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                let pid = read_if_present(&path)?
                    .filter(|pid| !pid.is_empty())
                    .unwrap_or_else(|| "unknown".to_owned());
                return Err(DataDirError::InUse {
                    path: root.to_owned(),
                    pid,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    lock.set_len(0).map_err(failed)?;
    writeln!(lock, "{}", std::process::id()).map_err(failed)?;
    Ok(lock)
}

/// Writes beside the file and renames, so that a reader and a crash see the old content or the new one.
fn write_whole(path: &Path, content: &str) -> Result<(), DataDirError> {
    let failed = |source| DataDirError::File {
        path: path.to_owned(),
        source,
    };
    let draft = path.with_added_extension("new");
    remove_if_present(&draft)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    writeln!(file, "{content}")
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)
}

/// Content without the line end; `None` when there is no such file.
fn read_if_present(path: &Path) -> Result<Option<String>, DataDirError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content).trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DataDirError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

fn remove_if_present(path: &Path) -> Result<(), DataDirError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(DataDirError::File {
            path: path.to_owned(),
            source,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}
