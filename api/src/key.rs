//! The first administrator's API key: given by the environment, or made up once and kept in the data folder.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{config::Config, error::ServeError};

/// Where a key that was made up is kept, readable by its owner only.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("api-key")
}

/// The key: the configured one, or the kept one, or a new one.
///
/// # Errors
/// [`ServeError::Key`] when the file cannot be read or written.
pub(crate) fn bootstrap(config: &Config, data: &Path) -> Result<String, ServeError> {
    if let Some(key) = &config.bootstrap_api_key {
        return Ok(key.trim().to_owned());
    }
    let file = file(data);
    kept_or_new(&file).map_err(|source| ServeError::Key { file, source })
}

fn kept_or_new(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Ok(kept) if !kept.trim().is_empty() => return Ok(kept.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let mut random = [0_u8; 24];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let key = URL_SAFE_NO_PAD.encode(random);
    let mut opened = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    writeln!(opened, "{key}")?;
    opened.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::kept_or_new;

    #[test]
    fn key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        let key = kept_or_new(&file).unwrap();
        assert_eq!(key.len(), 32);
        assert_eq!(kept_or_new(&file).unwrap(), key);
    }
}
