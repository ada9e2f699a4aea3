//! The files of a package.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use event_store::Statement;
use uuid::Uuid;

use super::{EvidenceError, Exhibit, Proof, proofs::Shown, story};
use crate::SourceError;

const INSTRUCTIONS: &str = include_str!("INSTRUCTIONS.md");
const SCRIPT: &str = include_str!("verify.sh");

/// Everything is written here first.
const DRAFT: &str = ".unfinished";

/// Whether nothing is in the folder, or it is not there yet.
pub(super) fn check_empty(folder: &Path) -> Result<(), EvidenceError> {
    let first = fs::read_dir(folder).and_then(|mut it| it.next().transpose());
    match first {
        Ok(Some(_)) => Err(EvidenceError::NotEmpty(folder.to_owned())),
        Ok(None) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(folder, error)),
    }
}

/// Writes everything under another name, and gives it its own when it is complete. The folder holds a customer's data:
/// it is for this user alone.
pub(super) fn write(folder: &Path, id: Uuid, exhibits: &[Exhibit<'_>], seals: &[Shown]) -> Result<(), EvidenceError> {
    let is_ours = !folder.exists();
    let draft = folder.join(DRAFT);
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&draft);
    let written = made.map_err(|it| failed(&draft, it)).and_then(|()| {
        put_all(&draft, id, exhibits, seals)?;
        name_all(&draft, folder)
    });
    if written.is_err() {
        // What cannot be removed bears a name that says what it is.
        drop(fs::remove_dir_all(&draft));
        if is_ours {
            drop(fs::remove_dir(folder));
        }
    }
    written
}

/// The script comes last: without it, nobody takes a part for the whole.
fn name_all(draft: &Path, folder: &Path) -> Result<(), EvidenceError> {
    let named = || -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(draft)? {
            names.push(entry?.file_name());
        }
        names.sort_by_key(|it| it == "verify.sh");
        for name in names {
            fs::rename(draft.join(&name), folder.join(&name))?;
        }
        fs::remove_dir(draft)
    };
    named().map_err(|it| failed(folder, it))
}

fn put_all(folder: &Path, id: Uuid, exhibits: &[Exhibit<'_>], seals: &[Shown]) -> Result<(), EvidenceError> {
    for (number, exhibit) in (1..).zip(exhibits) {
        let mut leaf = Vec::new();
        exhibit.leaf.write(&mut leaf);
        match &exhibit.proof {
            Some(proof) => {
                put(folder, &format!("events/{number:04}.leaf"), &leaf)?;
                put(
                    folder,
                    &format!("proofs/{number:04}.txt"),
                    text_of(proof, seals).as_bytes(),
                )?;
            }
            None => put(folder, &format!("unsealed/{number:04}.leaf"), &leaf)?,
        }
    }
    for seal in seals {
        let name = format!("seals/{:06}", seal.revision);
        put(
            folder,
            &format!("{name}.statement"),
            seal.statement.to_string().as_bytes(),
        )?;
        put(folder, &format!("{name}.sig"), &seal.signature)?;
    }
    let mut keys = Vec::new();
    for seal in seals.iter().rev() {
        if !keys.contains(&seal.key) {
            keys.push(seal.key);
        }
    }
    for (number, key) in (1..).zip(&keys) {
        let name = if number == 1 {
            "public-key.pem".to_owned()
        } else {
            format!("public-key-{number}.pem")
        };
        put(folder, &name, key.to_pem().as_bytes())?;
    }
    put(folder, "story.md", story::tell(id, exhibits).as_bytes())?;
    put(folder, "INSTRUCTIONS.md", INSTRUCTIONS.as_bytes())?;
    put(folder, "verify.sh", SCRIPT.as_bytes())?;
    let script = folder.join("verify.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(|it| failed(&script, it))
}

fn text_of(proof: &Proof, seals: &[Shown]) -> String {
    let head = seals.get(proof.seal).map(|seal| {
        let Statement { first, last, count, .. } = seal.statement;
        format!(
            "seal {:06}\nfirst {first}\nlast {last}\ncount {count}\nindex {}\n",
            seal.revision, proof.index
        )
    });
    let siblings = proof.path.iter().map(|it| format!("sibling {it}\n"));
    head.into_iter().chain(siblings).collect()
}

fn put(folder: &Path, name: &str, content: &[u8]) -> Result<(), EvidenceError> {
    let path: PathBuf = folder.join(name);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(&path, content))
        .map_err(|it| failed(&path, it))
}

fn failed(path: &Path, source: io::Error) -> EvidenceError {
    EvidenceError::Source(SourceError::File {
        path: path.to_owned(),
        source,
    })
}
