//! The key that signs seals: Ed25519, in files that `openssl` reads as well.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use tracing::warn;

use crate::{Digest, regular::read_regular};

/// DER of an Ed25519 public key up to its 32 bytes (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// Why a key cannot be had. One line each.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error("key file {} cannot be read or written ({source}): make it a file of this user", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its content.
    #[error(
        "{} holds no Ed25519 {kind} ({reason}): {}", path.display(), advice(kind)
    )]
    Malformed {
        /// Where.
        path: PathBuf,
        /// Which sort of key was looked for.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The cryptographic library refuses.
    #[error("the system makes no Ed25519 key or signature; start again")]
    Unusable,
}

/// The private key.
pub struct SealKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl SealKey {
    /// The key in this file, made when the file is missing; the public key is put beside it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        let is_new = !path.try_exists().map_err(failed)?;
        if is_new {
            make(path)?;
        }
        let key = Self::load(path)?;
        let beside = public_key_file(path);
        let pem = key.public.to_pem();
        if read_regular(&beside).ok().as_deref() != Some(&pem) {
            if let Some(kept) = keep(&beside)? {
                let made = if is_new {
                    "is missing and was made anew"
                } else {
                    "is another than before"
                };
                warn!(
                    "the signing key {} {made}: publish the fingerprint of the new one, {}, and keep {}, without which \
                     older seals prove nothing",
                    path.display(),
                    key.public.fingerprint(),
                    kept.display()
                );
            }
            write_new(&beside, &pem, 0o644).map_err(|source| KeyError::File { path: beside, source })?;
        }
        Ok(key)
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let der = read_pem(path, PRIVATE)?;
        let malformed = |reason: String| KeyError::Malformed {
            path: path.to_owned(),
            kind: PRIVATE,
            reason,
        };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|error| malformed(error.to_string()))?;
        let bytes = <[u8; 32]>::try_from(pair.public_key().as_ref());
        let public = PublicKey(bytes.map_err(|error| malformed(error.to_string()))?);
        Ok(Self { pair, public })
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.try_sign(message).map_err(|_unspecified| KeyError::Unusable)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// The public half of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key in a PEM file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let der = read_pem(path, PUBLIC)?;
        let bytes = der.strip_prefix(&SPKI).and_then(|it| it.try_into().ok());
        bytes.map(Self).ok_or_else(|| KeyError::Malformed {
            path: path.to_owned(),
            kind: PUBLIC,
            reason: "it is a key of another kind".to_owned(),
        })
    }

    /// The key in the text of a PEM file.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_pem(text: &str) -> Result<Self, &'static str> {
        let der = block(text, PUBLIC)?;
        let bytes = der.strip_prefix(&SPKI).and_then(|it| it.try_into().ok());
        bytes.map(Self).ok_or("it is a key of another kind")
    }

    /// All that read among the `*.pub.pem` of the folder in which this private key lies.
    pub fn beside(private: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder(private)).into_iter().flatten().flatten();
        entries
            .map(|it| it.path())
            .filter(|it| it.to_string_lossy().ends_with(".pub.pem"))
            .filter_map(|it| Self::load(&it).ok())
            .collect()
    }

    /// SHA-256 of its DER form: what `openssl pkey -pubin -outform DER | sha256sum` prints.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&[&SPKI, &self.0])
    }

    /// As a PEM file.
    pub fn to_pem(&self) -> String {
        pem(PUBLIC, &[&SPKI[..], &self.0].concat())
    }

    /// Whether the signature of this message is of this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(message, signature)
            .is_ok()
    }
}

/// A private key may be made anew; a public one must be that of the key which signed.
fn advice(kind: &str) -> &'static str {
    if kind == PRIVATE {
        "make one with `openssl genpkey -algorithm ed25519`, or move the file away to have a new key made"
    } else {
        "give the public half of the key that signed, as its owner publishes it or as \
         `openssl pkey -in PRIVATE_KEY_FILE -pubout` prints it"
    }
}

/// Where the public key of a private one lies: `log-seal.pem` has `log-seal.pub.pem` beside it.
pub fn public_key_file(private: &Path) -> PathBuf {
    private.with_extension("pub.pem")
}

/// A public key that gives way to another still proves the seals of its time.
fn keep(public: &Path) -> Result<Option<PathBuf>, KeyError> {
    let Ok(old) = PublicKey::load(public) else {
        return Ok(None);
    };
    let name = old.fingerprint().to_string();
    let kept = public.with_file_name(format!("{}.pub.pem", name.get(..16).unwrap_or(&name)));
    match fs::rename(public, &kept) {
        Ok(()) => Ok(Some(kept)),
        Err(source) => Err(KeyError::File { path: kept, source }),
    }
}

/// The folder of a file; the working folder when the path names none.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    }
}

fn make(path: &Path) -> Result<(), KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_unspecified| KeyError::Unusable)?;
    let der = pair.to_pkcs8v1().map_err(|_unspecified| KeyError::Unusable)?;
    let made = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder(path))?;
        write_new(path, &pem(PRIVATE, der.as_ref()), 0o600)
    };
    made().map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })
}

/// Writes beside the file and renames: nobody sees half a key.
fn write_new(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    fs::File::open(folder(path))?.sync_all()
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .filter_map(|at| text.get(at..text.len().min(at + 64)))
        .collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

fn read_pem(path: &Path, kind: &'static str) -> Result<Vec<u8>, KeyError> {
    let malformed = |reason: &str| KeyError::Malformed {
        path: path.to_owned(),
        kind,
        reason: reason.to_owned(),
    };
    let text = read_regular(path).map_err(|source| {
        if source.kind() == io::ErrorKind::InvalidData {
            return malformed("it is no text");
        }
        KeyError::File {
            path: path.to_owned(),
            source,
        }
    })?;
    block(&text, kind).map_err(malformed)
}

/// What a PEM block of this kind holds.
fn block(text: &str, kind: &str) -> Result<Vec<u8>, &'static str> {
    let (_, rest) = text
        .split_once(&format!("-----BEGIN {kind}-----"))
        .ok_or("it has no such PEM block")?;
    let (body, _) = rest
        .split_once(&format!("-----END {kind}-----"))
        .ok_or("its PEM block has no end")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).map_err(|_error| "its PEM block is not base64")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{KeyError, PublicKey, SealKey, public_key_file};

    #[test]
    fn key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/log-seal.pem");
        let key = SealKey::load_or_make(&file).unwrap();
        assert_eq!(SealKey::load_or_make(&file).unwrap().public(), key.public());
        assert_eq!(PublicKey::load(&public_key_file(&file)).unwrap(), key.public());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn public_key_of_a_replaced_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log-seal.pem");
        let old = SealKey::load_or_make(&file).unwrap().public();
        std::fs::remove_file(&file).unwrap();
        let new = SealKey::load_or_make(&file).unwrap().public();
        let name = format!("{}.pub.pem", &old.fingerprint().to_string()[..16]);
        assert_eq!(PublicKey::load(&folder.path().join(name)).unwrap(), old);
        assert_eq!(PublicKey::load(&public_key_file(&file)).unwrap(), new);
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log-seal.pem");
        std::fs::write(&file, "secret").unwrap();
        let error = SealKey::load_or_make(&file).unwrap_err();
        assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("log-seal.pem"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "secret");
    }

    #[test]
    fn nobody_is_told_to_have_a_public_key_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log-seal.pub.pem");
        for content in [&b"nothing"[..], b"\xff\xfe"] {
            std::fs::write(&file, content).unwrap();
            let said = PublicKey::load(&file).unwrap_err().to_string();
            assert!(said.contains("log-seal.pub.pem") && said.contains("-pubout"), "{said}");
            assert!(!said.contains("made") && !said.contains("genpkey"), "{said}");
        }
    }

    #[test]
    fn key_file_that_is_no_regular_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.pem");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        for (path, what) in [(pipe.as_path(), "a pipe"), (folder.path(), "a folder")] {
            for error in [
                SealKey::load_or_make(path).unwrap_err(),
                PublicKey::load(path).unwrap_err(),
            ] {
                let said = error.to_string();
                assert!(said.contains(what) && said.contains(path.to_str().unwrap()), "{said}");
            }
        }
    }
}
