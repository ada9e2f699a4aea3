//! The file: how it is locked, recognised, laid out and tuned.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::acknowledged::{self, Marker};
use super::log::Log;
use crate::NodeError;

/// "LTPN" in the header of the file tells it from any other program's database.
pub(crate) const APPLICATION_ID: i64 = 0x4c54_504e;
/// Goes up with every change of the files. Format 1 had the same tables, but no file with the acknowledged position.
pub(crate) const FORMAT: i64 = 2;

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

/// Opens the file for the one writer, makes it when there is none. Nothing changes before everything was recognised.
pub(crate) fn open_log(directory: &Path) -> Result<(Log, Marker), NodeError> {
    let path = &super::data_file(directory);
    // SQLite throws a write-ahead log away when the file beside it is empty.
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0
        && let Some(acknowledged) = acknowledged::read(directory)?
    {
        acknowledged::compare(directory, 0, acknowledged)?;
    }
    // SQLite gives its other files the same rights.
    let private = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    private.map_err(|error| cannot_open(path, &error))?;
    let connection = Connection::open(path).map_err(|error| cannot_open(path, &error))?;
    // A refused log keeps its write-ahead log as it is: somebody may want to look into it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|error| cannot_open(path, &error))?;
    let format = recognise(&connection, path)?;
    let head = head(&connection, format).map_err(|error| read_fault(path, &error))?;
    let marker = compare(directory, format, head)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .and_then(|_old| prepare(&connection, format))
        .and_then(|()| Log::new(connection))
        .map(|log| (log, marker))
        .map_err(|error| write_fault(path, &error))
}

/// Position of the last event, 0 when there is none.
pub(crate) fn head(connection: &Connection, format: i64) -> rusqlite::Result<i64> {
    if format == 0 {
        return Ok(0);
    }
    connection.query_one("SELECT coalesce(max(pos), 0) FROM events", [], |row| row.get(0))
}

/// The marker, made where none can be expected: a file of format 1, or a new one.
fn compare(directory: &Path, format: i64, head: i64) -> Result<Marker, NodeError> {
    match acknowledged::read(directory)? {
        Some(acknowledged) => {
            acknowledged::compare(directory, head, acknowledged)?;
            Marker::open(directory)
        }
        None if format < FORMAT => Marker::make(directory, head),
        None => Err(marker_missing(directory)),
    }
}

pub(crate) fn marker_missing(directory: &Path) -> NodeError {
    NodeError::MarkerMissing {
        path: acknowledged::file(directory).display().to_string(),
        log: super::data_file(directory).display().to_string(),
        data: directory.display().to_string(),
    }
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

/// More memory for a reader that goes through the whole file once.
pub(crate) fn for_whole_reads(connection: &Connection, path: &Path) -> Result<(), NodeError> {
    let larger = connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB);
    larger.map_err(|error| read_fault(path, &error))
}

/// A new file to copy into.
pub(crate) fn create(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A copy has a marker, so it must not have a format without one.
pub(crate) fn raise_format(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Leaves nothing but the file itself.
pub(crate) fn let_go(path: &Path) -> Result<(), NodeError> {
    let emptied = || Connection::open(path)?.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |_counts| Ok(()));
    emptied().map_err(|error| write_fault(path, &error))
}

/// The format of the file, 0 when there is nothing in it. Refuses a file that is not ours, or too new, before a single
/// byte of it changes.
pub(crate) fn recognise(connection: &Connection, path: &Path) -> Result<i64, NodeError> {
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
        Ok((0, 0, 0)) => Ok(0),
        Ok((APPLICATION_ID, found, _)) if found > FORMAT => Err(NodeError::Newer {
            path: path.display().to_string(),
            expected: FORMAT,
            found,
        }),
        Ok((APPLICATION_ID, found, _)) => known_tables(connection, found, path),
        Ok((found, _, _)) => Err(foreign(format!("{found:#010x}"))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("no SQLite database".to_owned()))
        }
        Err(error) => Err(read_fault(path, &error)),
    }
}

/// A changed definition of a table would make statements fail, or answer something else, later on.
fn known_tables(connection: &Connection, format: i64, path: &Path) -> Result<i64, NodeError> {
    let definition = |connection: &Connection| -> rusqlite::Result<Vec<[Option<String>; 4]>> {
        let mut select = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")?;
        let rows = select.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
        rows.collect()
    };
    let expected = || -> rusqlite::Result<Vec<[Option<String>; 4]>> {
        let model = Connection::open_in_memory()?;
        model.execute_batch(TABLES)?;
        definition(&model)
    };
    let same = definition(connection).and_then(|found| Ok(found == expected()?));
    if format >= 1 && same.map_err(|error| read_fault(path, &error))? {
        return Ok(format);
    }
    Err(NodeError::Damaged {
        path: path.display().to_string(),
        what: format!("the format {format} or the definition of the tables is not one this program ever wrote"),
    })
}

fn prepare(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    connection.query_one("PRAGMA journal_mode = WAL", [], |_mode| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // 16 MiB of log between checkpoints: often enough for a quick start, seldom enough for a steady pace.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 4096, |_pages| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_bytes| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(32);
    if format == 0 {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
    } else if format < FORMAT {
        raise_format(connection)?;
    }
    Ok(())
}

pub(crate) fn cannot_open(path: &Path, error: &dyn std::error::Error) -> NodeError {
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
        None => cannot_write(path, error),
    }
}

/// What a failed write to another file than the log's means.
pub(crate) fn cannot_write(path: String, error: &dyn std::error::Error) -> NodeError {
    NodeError::CannotWrite {
        path,
        reason: error.to_string(),
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

/// What is wrong with the data, when that and not the disk is the reason.
pub(crate) fn malformed(error: &rusqlite::Error) -> Option<String> {
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
