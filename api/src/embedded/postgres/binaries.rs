//! Finding a PostgreSQL installation on this machine.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::PostgresError;

/// The oldest major version the checked SQL is written for.
const OLDEST: u32 = 15;

/// Where packages put versions side by side: a folder, and how the names of its version folders begin.
const PLACES: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql"),
    ("/usr", "pgsql-"),
];

/// The programs of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The installation to use; exactly `cluster` when a cluster of that major version exists already.
    pub(super) async fn find(dir: &Path, cluster: Option<u32>) -> Result<Self, PostgresError> {
        choose(&installed(candidates()).await, dir, cluster)
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn major(&self) -> u32 {
        self.major
    }
}

/// The first good one, in the order of the search.
fn choose(found: &[Binaries], dir: &Path, cluster: Option<u32>) -> Result<Binaries, PostgresError> {
    let newest = found.iter().max_by_key(|one| one.major).cloned();
    let good = found
        .iter()
        .find(|one| one.major >= OLDEST && cluster.is_none_or(|major| major == one.major));
    match (good, newest, cluster) {
        (Some(good), _, _) => Ok(good.clone()),
        (None, None, _) => Err(PostgresError::Missing),
        (None, Some(_), Some(cluster)) => {
            let installed = found
                .iter()
                .map(|one| one.major.to_string())
                .collect::<Vec<_>>()
                .join(", ");
            Err(PostgresError::OtherMajor {
                dir: dir.to_owned(),
                cluster,
                installed,
            })
        }
        (None, Some(newest), None) => Err(PostgresError::TooOld {
            found: newest.major,
            dir: newest.dir,
        }),
    }
}

/// Those of `dirs` that hold all three programs, with their versions.
async fn installed(dirs: Vec<PathBuf>) -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    for dir in dirs {
        let whole = ["initdb", "postgres", "pg_ctl"]
            .iter()
            .all(|name| dir.join(name).is_file());
        if !whole || found.iter().any(|one| one.dir == dir) {
            continue;
        }
        if let Some(major) = major(&dir.join("postgres")).await {
            found.push(Binaries { dir, major });
        }
    }
    found
}

/// PATH first, because what the user put there is what the user wants.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for dir in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // A link on PATH may name one program only; its companions lie where it leads to.
        if let Ok(target) = fs::canonicalize(dir.join("postgres")) {
            dirs.extend(target.parent().map(Path::to_owned));
            dirs.extend(fs::canonicalize(&dir));
        }
    }
    for (place, prefix) in PLACES {
        dirs.extend(versions(Path::new(place), prefix));
    }
    dirs
}

/// `bin` of each version folder, the newest first.
fn versions(place: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.trim_start_matches('@');
            let version = version.split('.').next()?.parse::<u32>().ok()?;
            Some((Reverse(version), entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, bin)| bin).collect()
}

async fn major(postgres: &Path) -> Option<u32> {
    let answer = Command::new(postgres)
        .arg("--version")
        .current_dir("/")
        .output()
        .await
        .ok()?;
    parse_version(&String::from_utf8_lossy(&answer.stdout))
}

/// `postgres (PostgreSQL) 17.2 (Debian 17.2-1)` is 17; so is `17beta1`.
fn parse_version(line: &str) -> Option<u32> {
    let version = line.split("(PostgreSQL)").nth(1)?.trim_start();
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &str, major: u32) -> Binaries {
        Binaries { dir: dir.into(), major }
    }

    fn pick(found: &[Binaries], cluster: Option<u32>) -> Result<Binaries, String> {
        choose(found, Path::new("/data/postgres"), cluster).map_err(|error| error.to_string())
    }

    #[test]
    fn version_is_read_from_any_packager() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn newest_version_folder_comes_first() {
        let temp = tempfile::tempdir().unwrap();
        for name in [
            "postgresql@9.6",
            "postgresql@15",
            "postgresql@17",
            "postgresql",
            "nginx",
        ] {
            fs::create_dir_all(temp.path().join(name).join("bin")).unwrap();
        }
        let found = versions(temp.path(), "postgresql");
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(temp.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["postgresql@17/bin", "postgresql@15/bin", "postgresql@9.6/bin"]);
    }

    #[test]
    fn existing_cluster_keeps_its_major_version() {
        let both = [at("/17", 17), at("/15", 15)];
        assert_eq!(pick(&both, None), Ok(at("/17", 17)));
        assert_eq!(pick(&both, Some(15)), Ok(at("/15", 15)));
        let refusal = pick(&both, Some(16)).unwrap_err();
        assert!(
            refusal.contains("/data/postgres is of PostgreSQL 16, installed is 17, 15"),
            "{refusal}"
        );
    }

    #[test]
    fn missing_and_old_installations_say_what_to_install() {
        let missing = pick(&[], None).unwrap_err();
        assert!(
            missing.contains("apt-get install postgresql") && missing.contains("brew install"),
            "{missing}"
        );
        let old = pick(&[at("/usr/lib/postgresql/13/bin", 13)], None).unwrap_err();
        assert!(
            old.starts_with("PostgreSQL 13 in /usr/lib/postgresql/13/bin is too old"),
            "{old}"
        );
    }

    #[tokio::test]
    async fn companions_of_a_link_on_path_are_found() {
        let found = installed(candidates()).await;
        assert!(!found.is_empty(), "the tests need a PostgreSQL");
        assert!(found.iter().all(|one| one.program("initdb").is_file()));
    }
}
