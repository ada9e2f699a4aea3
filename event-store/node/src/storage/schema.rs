//! The file: how it is locked, recognised, laid out and tuned.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::log::Log;
use crate::NodeError;

/// "LTPN" in the header of the file tells it from any other program's database.
pub(crate) const APPLICATION_ID: i64 = 0x4c54_504e;
/// Goes up with every change of the tables below or of the checksum.
pub(crate) const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE events (
        pos INTEGER PRIMARY KEY,
        sid INTEGER NOT NULL,
        rev INTEGER NOT NULL,
        type_id INTEGER NOT NULL,
        id BLOB NOT NULL,
        created INTEGER NOT NULL,
        is_json INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        meta BLOB NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (sid, rev)
    ) STRICT;
";

/// Readers meet a lock only while another process recovers the file.
const BUSY: Duration = Duration::from_secs(5);
const WRITER_CACHE_KIB: i64 = 32 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;

/// The lock lasts as long as the file is open; the system takes it away from a dead process.
pub(crate) fn lock(directory: &Path) -> Result<File, NodeError> {
    let path = directory.join("node.lock");
    // What customers write lies here: it is for this user alone.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| cannot_open(directory, &error))?;
    let file = File::create(&path).map_err(|error| cannot_open(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::InUse {
            path: directory.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(cannot_open(&path, &error)),
    }
}

/// Opens the file for the one writer, makes the tables when it is new.
pub(crate) fn open_log(path: &Path) -> Result<Log, NodeError> {
    // SQLite gives its other files the same rights.
    let private = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    private.map_err(|error| cannot_open(path, &error))?;
    let connection = Connection::open(path).map_err(|error| cannot_open(path, &error))?;
    recognise(&connection, path)?;
    prepare(&connection)
        .and_then(|()| Log::new(connection))
        .map_err(|error| write_fault(path, &error))
}

/// Opens the file for one reader.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, NodeError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.pragma_update(None, "mmap_size", 0)?;
        Ok(connection)
    };
    open().map_err(|error| read_fault(path, &error))
}

/// Refuses a file that is not ours, or too new, before a single byte of it changes.
fn recognise(connection: &Connection, path: &Path) -> Result<(), NodeError> {
    let ask = |sql: &str| connection.query_one(sql, [], |row| row.get::<_, i64>(0));
    let header = || -> rusqlite::Result<(i64, i64, i64)> {
        connection.busy_timeout(BUSY)?;
        let tables = ask("SELECT count(*) FROM sqlite_master")?;
        Ok((ask("PRAGMA application_id")?, ask("PRAGMA user_version")?, tables))
    };
    let foreign = |found: String| NodeError::Foreign {
        path: path.display().to_string(),
        expected: format!("application id {APPLICATION_ID:#010x}"),
        found,
    };
    match header() {
        Ok((0, 0, 0)) => Ok(()),
        Ok((APPLICATION_ID, found, _)) if found > FORMAT => Err(NodeError::Newer {
            path: path.display().to_string(),
            expected: FORMAT,
            found,
        }),
        Ok((APPLICATION_ID, _, _)) => Ok(()),
        Ok((found, _, _)) => Err(foreign(format!("{found:#010x}"))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("no SQLite database".to_owned()))
        }
        Err(error) => Err(read_fault(path, &error)),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_one("PRAGMA journal_mode = WAL", [], |_mode| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // 16 MiB of log between checkpoints: often enough for a quick start, seldom enough for a steady pace.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 4096, |_pages| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_bytes| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(32);
    let version: i64 = connection.query_one("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
    }
    Ok(())
}

fn cannot_open(path: &Path, error: &dyn std::error::Error) -> NodeError {
    NodeError::Open {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

/// What a failed write means for the node.
pub(crate) fn write_fault(path: &Path, error: &rusqlite::Error) -> NodeError {
    let path = path.display().to_string();
    match malformed(error) {
        Some(what) => NodeError::Damaged { path, what },
        None => NodeError::CannotWrite {
            path,
            reason: error.to_string(),
        },
    }
}

/// What a failed read means for the node.
pub(crate) fn read_fault(path: &Path, error: &rusqlite::Error) -> NodeError {
    let path = path.display().to_string();
    match malformed(error) {
        Some(what) => NodeError::Damaged { path, what },
        None => NodeError::CannotRead {
            path,
            reason: error.to_string(),
        },
    }
}

fn malformed(error: &rusqlite::Error) -> Option<String> {
    let wrong_form = matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    );
    let damaged = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    );
    (wrong_form || damaged).then(|| format!("damaged page or row ({error})"))
}
