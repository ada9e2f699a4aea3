//! The files of a package, be it a ZIP or a folder.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use super::faults::Faults;

/// Bytes of a line at most; no proof and no entry has as many.
const LONGEST: u64 = 64 * 1024 * 1024;

/// An open package.
pub(super) enum Package {
    Folder(PathBuf),
    Zip(ZipArchive<BufReader<File>>),
}

/// BLAKE3 of a file; `None` of a folder.
pub(super) fn digest(path: &Path) -> io::Result<Option<String>> {
    if path.is_dir() {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(Some(hasher.finalize().to_string()))
}

impl Package {
    /// Opens it; the inner error is of a file that is no ZIP.
    pub(super) fn open(path: &Path) -> io::Result<Result<Self, String>> {
        if path.is_dir() {
            return Ok(Ok(Self::Folder(path.to_owned())));
        }
        let file = BufReader::new(File::open(path)?);
        Ok(ZipArchive::new(file).map(Self::Zip).map_err(|it| it.to_string()))
    }

    /// Names of all files in it, in order.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = match self {
            Self::Zip(zip) => {
                let names = zip.file_names().map(|it| it.map(std::borrow::Cow::into_owned));
                names.collect::<Result<_, _>>().map_err(io::Error::other)?
            }
            Self::Folder(folder) => {
                let mut names = Vec::new();
                gather(folder, "", &mut names)?;
                names
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    /// A file; `None` when it is not there.
    pub(super) fn read(&mut self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        match self {
            Self::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Zip(zip) => match zip.by_name(name) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(zip::result::ZipError::FileNotFound) => Ok(None),
                Err(error) => Err(io::Error::other(error)),
            },
        }
    }

    /// Hands on each line of a file, numbered from 1, until it is told to stop; what cannot be read is a fault.
    pub(super) fn lines(&mut self, name: &str, faults: &mut Faults, each: &mut dyn FnMut(u64, &[u8], &mut Faults)) {
        let reader = match self.read(name) {
            Ok(Some(reader)) => reader,
            Ok(None) => return faults.add(name, None, "is missing"),
            Err(error) => return faults.add(name, None, format!("cannot be read: {error}")),
        };
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) if line.last() == Some(&b'\n') => {
                    line.pop();
                    each(number, &line, faults);
                }
                Ok(_) => return faults.add(name, Some(number), "is cut off"),
                Err(error) => return faults.add(name, Some(number), format!("cannot be read: {error}")),
            }
        }
    }
}

fn gather(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}
