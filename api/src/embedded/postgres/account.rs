//! The user that Postgres runs as: Postgres refuses root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::{User, geteuid};
use tokio::process::Command;

use super::PostgresError;

/// Lets a process pass through directories closed to it, as root could; reading only.
const PASS: [&str; 3] = [
    "--clear-groups",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
];

/// Who owns the cluster and runs its programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    /// `None`: this process's own user.
    other: Option<(u32, u32)>,
    /// The way to the data is closed to that user and opened by `setpriv`.
    passes: bool,
}

impl Account {
    /// Ourselves; as root the owner of an existing cluster, else `postgres`, else `nobody`.
    pub(super) async fn choose(cluster: &Path, data: &Path) -> Result<Self, PostgresError> {
        let us = geteuid();
        let owner = fs::metadata(cluster).ok().map(|meta| (meta.uid(), meta.gid()));
        if !us.is_root() {
            return match owner {
                Some((owner, _)) if owner != us.as_raw() => Err(PostgresError::ForeignOwner {
                    dir: cluster.to_owned(),
                    owner,
                    us: us.as_raw(),
                }),
                Some(_) | None => Ok(Self {
                    other: None,
                    passes: false,
                }),
            };
        }
        let user = owner
            .filter(|(uid, _)| *uid != 0)
            .or_else(system_user)
            .ok_or(PostgresError::NoUser)?;
        let plain = Self {
            other: Some(user),
            passes: false,
        };
        if plain.reaches(data).await {
            return Ok(plain);
        }
        let passing = Self {
            other: Some(user),
            passes: true,
        };
        if cfg!(target_os = "linux") && passing.reaches(data).await {
            return Ok(passing);
        }
        Err(PostgresError::Unreachable {
            dir: plain.first_closed(data).await,
            uid: user.0,
        })
    }

    /// A command that runs as this account, with nothing of our environment that could change its answers.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match self.other {
            Some((uid, gid)) if self.passes => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={uid}"))
                    .arg(format!("--regid={gid}"))
                    .args(PASS)
                    .arg("--")
                    .arg(program);
                command
            }
            Some((uid, gid)) => {
                let mut command = Command::new(program);
                command.uid(uid).gid(gid);
                command
            }
            None => Command::new(program),
        };
        // On macOS a server without LC_ALL can refuse to start; our own folder may be closed to the account.
        command
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// Makes the account the owner of a file or folder.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        self.other
            .map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
    }

    /// Makes the account the owner of a tree that root has copied or restored.
    pub(super) fn own_tree(&self, path: &Path) -> io::Result<()> {
        let meta = fs::symlink_metadata(path)?;
        if meta.is_symlink() {
            return Ok(());
        }
        self.own(path)?;
        if meta.is_dir() {
            for entry in fs::read_dir(path)? {
                self.own_tree(&entry?.path())?;
            }
        }
        Ok(())
    }

    /// User id of the account.
    pub(super) fn uid(&self) -> u32 {
        self.other.map_or_else(|| geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Asked of the system itself: mode bits alone would miss ACLs, mounts and containers.
    async fn reaches(&self, dir: &Path) -> bool {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        probe.status().await.is_ok_and(|status| status.success())
    }

    async fn first_closed(&self, dir: &Path) -> PathBuf {
        let mut above: Vec<_> = dir.ancestors().collect();
        above.reverse();
        for step in above {
            if !self.reaches(step).await {
                return step.to_owned();
            }
        }
        dir.to_owned()
    }
}

fn system_user() -> Option<(u32, u32)> {
    let user = ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())?;
    Some((user.uid.as_raw(), user.gid.as_raw()))
}
