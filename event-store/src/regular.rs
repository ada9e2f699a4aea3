//! Files that are read whole, such as keys: regular files and nothing else.

use std::{
    fs::{self, File, FileType},
    io,
    os::unix::fs::FileTypeExt,
    path::Path,
};

/// Opens a regular file for reading, also behind links.
///
/// # Errors
/// What the system says; and what the path is instead, when it is a folder, a pipe, a device or a socket: opening a
/// pipe would wait for its writer, and no signal would end that.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return File::open(path);
    }
    let said = format!("it is {}, not a regular file", name(kind));
    Err(io::Error::new(io::ErrorKind::InvalidInput, said))
}

/// The text of a regular file.
///
/// # Errors
/// As for [`open_regular`]; and when it is no UTF-8.
pub(crate) fn read_regular(path: &Path) -> io::Result<String> {
    io::read_to_string(open_regular(path)?)
}

fn name(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::open_regular;

    #[test]
    fn what_is_no_regular_file_is_told_and_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let cases = [
            (folder.path(), "a folder"),
            (&pipe, "a pipe"),
            (&socket, "a socket"),
            (Path::new("/dev/null"), "a device"),
        ];
        for (path, expected) in cases {
            let said = open_regular(path).unwrap_err().to_string();
            assert_eq!(said, format!("it is {expected}, not a regular file"));
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(super::read_regular(&link).unwrap(), "text");
    }
}
