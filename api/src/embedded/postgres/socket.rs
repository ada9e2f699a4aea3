//! Where the server's unix socket lies: closed to other users, short enough for the kernel.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::PostgresError;
use super::account::Account;

/// Names the socket; nothing listens on the port itself, so many clusters can have the same.
pub(super) const PORT: u16 = 5432;

/// macOS takes 103 bytes, Linux 107; the socket's own name and a slash need 15.
const LONGEST_DIR: usize = 85;

/// The socket directory of these data, made, closed to others, and free of an earlier server's socket.
///
/// The caller has made sure that no server runs on the data.
pub(super) fn prepare(data: &Path, account: &Account) -> Result<PathBuf, PostgresError> {
    let dir = place(data);
    close(&dir, account)?;
    // A lock left by a killed server would stop the next one if another process had its id by now.
    for name in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
        match fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(PostgresError::file(&dir)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(dir)
}

/// Makes the directory the account's own, closed to everybody else.
fn close(dir: &Path, account: &Account) -> Result<(), PostgresError> {
    let failed = PostgresError::file(dir);
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    // In the shared temporary folder anybody could have put something under our name.
    let meta = fs::symlink_metadata(dir).map_err(&failed)?;
    if !meta.is_dir() || ![0, account.uid()].contains(&meta.uid()) {
        return Err(PostgresError::ForeignSocketDir {
            dir: dir.to_owned(),
            uid: account.uid(),
        });
    }
    account.own(dir).map_err(&failed)?;
    fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed)
}

/// Beside the cluster when the path is short and can stand in a URL, else always the same one in the temporary folder.
fn place(data: &Path) -> PathBuf {
    let beside = data.join("postgres-run");
    if beside.to_str().is_some_and(|path| path.len() <= LONGEST_DIR) {
        return beside;
    }
    let hash = blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex();
    env::temp_dir().join(format!("letopis-{}", &hash[..16]))
}

/// How sqlx reaches a database of the cluster.
///
/// Port and TLS are spelt out, because `PGPORT` and `PGSSLMODE` would fill them in otherwise.
pub(super) fn url(dir: &Path, user: &str, database: &str) -> String {
    let host: String = dir
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| encoded(*byte))
        .collect();
    format!("postgres://{user}@localhost:{PORT}/{database}?host={host}&sslmode=disable")
}

/// RFC 3986: all but the unreserved characters.
fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// The directory as an element of the list that `unix_socket_directories` is.
pub(super) fn setting(dir: &Path) -> String {
    format!("\"{}\"", dir.display().to_string().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use sqlx::postgres::PgConnectOptions;

    use super::*;

    #[test]
    fn sqlx_reads_the_url_back() {
        for dir in ["/data/postgres-run", "/дом/a b,c&d=%20+\"?#/run"] {
            let options = PgConnectOptions::from_str(&url(Path::new(dir), "letopis", "letopis")).unwrap();
            assert_eq!(options.get_socket().unwrap(), Path::new(dir));
            assert_eq!(
                (options.get_username(), options.get_database()),
                ("letopis", Some("letopis"))
            );
            assert_eq!(options.get_port(), PORT);
        }
    }

    #[test]
    fn long_path_gets_a_stable_short_directory() {
        let long = Path::new("/data").join("d".repeat(100));
        assert_eq!(place(Path::new("/data")), Path::new("/data/postgres-run"));
        assert_eq!(place(&long), place(&long));
        assert_ne!(place(&long), place(&long.join("e")));
        assert!(place(&long).as_os_str().len() <= LONGEST_DIR);
    }
}
