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

/// Makes the folder, which holds a customer's data: for this user alone.
pub(super) fn make_empty(folder: &Path) -> Result<(), EvidenceError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let first = made.and_then(|()| fs::read_dir(folder)?.next().transpose());
    match first.map_err(|it| failed(folder, it))? {
        Some(_) => Err(EvidenceError::NotEmpty(folder.to_owned())),
        None => Ok(()),
    }
}

pub(super) fn write(folder: &Path, id: Uuid, exhibits: &[Exhibit<'_>], seals: &[Shown]) -> Result<(), EvidenceError> {
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
