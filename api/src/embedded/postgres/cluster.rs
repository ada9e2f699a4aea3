//! The cluster's files: made once, handed to their owner, never half-made.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::PostgresError;
use super::USER;
use super::account::Account;
use super::binaries::Binaries;
use super::server_log::meaningful;

/// Major version the cluster was made by; `None` when there is no cluster yet.
pub(super) fn major(dir: &Path) -> Result<Option<u32>, PostgresError> {
    let file = dir.join("PG_VERSION");
    let not_a_cluster = || PostgresError::NotACluster { dir: dir.to_owned() };
    match fs::read_to_string(&file) {
        Ok(version) => version.trim().parse().ok().map(Some).ok_or_else(not_a_cluster),
        Err(error) if error.kind() == ErrorKind::NotFound && is_empty(dir)? => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(not_a_cluster()),
        Err(source) => Err(PostgresError::file(&file)(source)),
    }
}

/// A missing directory is empty, too.
fn is_empty(dir: &Path) -> Result<bool, PostgresError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(source) => Err(PostgresError::file(dir)(source)),
    }
}

/// Makes the cluster under another name first: what carries the real name is whole, whenever we are killed.
pub(super) async fn create(dir: &Path, binaries: &Binaries, account: &Account) -> Result<(), PostgresError> {
    sweep(dir);
    // An initdb that outlived a killed start may still write: each process has a draft of its own.
    let draft = dir.with_added_extension(format!("new-{}", std::process::id()));
    let mut line = String::new();
    for locale in locales(binaries.major()) {
        empty(&draft, account)?;
        let mut initdb = account.command(&binaries.program("initdb"));
        initdb
            .arg("-D")
            .arg(&draft)
            .args(["-U", USER, "-E", "UTF8", "--no-instructions"]);
        // Trust is enough: the only way in is a socket inside a directory that is closed to others.
        initdb.args(["--auth-local=trust", "--auth-host=reject"]).args(*locale);
        let answer = initdb
            .output()
            .await
            .map_err(PostgresError::file(&binaries.program("initdb")))?;
        if answer.status.success() {
            fs::rename(&draft, dir).map_err(PostgresError::file(dir))?;
            let parent = dir.parent().unwrap_or(dir);
            return File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(PostgresError::file(parent));
        }
        line = meaningful(&String::from_utf8_lossy(&answer.stderr));
    }
    Err(PostgresError::Init {
        dir: dir.to_owned(),
        line,
    })
}

/// Hands a cluster that root has copied or restored back to the account.
pub(super) fn adopt(dir: &Path, account: &Account) -> Result<(), PostgresError> {
    let owner = fs::metadata(dir).map_err(PostgresError::file(dir))?.uid();
    if owner == account.uid() {
        return Ok(());
    }
    account.own_tree(dir).map_err(PostgresError::file(dir))
}

/// Locales to try, the best first: lower-casing Cyrillic needs one that knows UTF-8, plain `C` does not.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    const BUILTIN: &[&str] = &["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
    const SYSTEM: &[&str] = &["--locale=C.UTF-8"];
    const PLAIN: &[&str] = &["--locale=C"];
    if major >= 17 {
        &[BUILTIN, PLAIN]
    } else {
        &[SYSTEM, PLAIN]
    }
}

/// Removes the drafts of starts that were killed. One that is still written to stays until the next start.
fn sweep(dir: &Path) {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let entries = dir
        .parent()
        .and_then(|it| fs::read_dir(it).ok())
        .into_iter()
        .flatten()
        .flatten();
    for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(&format!("{name}.new"))) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::debug!(%error, draft = %entry.path().display(), "a draft of a cluster stays for now");
        }
    }
}

/// An empty directory of the account's, whatever an interrupted start has left there.
fn empty(dir: &Path, account: &Account) -> Result<(), PostgresError> {
    let failed = PostgresError::file(dir);
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    DirBuilder::new().mode(0o700).create(dir).map_err(&failed)?;
    account.own(dir).map_err(failed)
}
