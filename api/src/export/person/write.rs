//! Writes the package as rows and files come; in a thread that may block.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use tokio::sync::mpsc;

use super::{
    Piece,
    page::Page,
    sheet::{Head, Sheet},
};
use crate::export::package::{Built, Package};

/// The whole package, when the end of what comes is said; else nothing.
pub(super) fn write(folder: &Path, head: &Head, mut pieces: mpsc::Receiver<Piece>) -> io::Result<Built> {
    let mut package = Package::new(folder)?;
    // The page waits on the disk until the file before it is complete.
    let mut aside = BufWriter::new(tempfile::tempfile_in(folder)?);
    let mut sheet = Sheet::default();
    let mut page = Page::new(head.language);
    package.begin("person.json")?;
    Sheet::head(head, &mut package)?;
    page.head(head, &mut aside)?;
    loop {
        match next(&mut pieces)? {
            Piece::Section(section) => {
                sheet.section(section, &mut package)?;
                page.section(section, &mut aside)?;
            }
            Piece::Row(row) => {
                sheet.row(&row, &mut package)?;
                page.row(&row, &mut aside)?;
            }
            Piece::Files => break,
            Piece::File(_) | Piece::Bytes(_) | Piece::End => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    sheet.end(&mut package)?;
    page.end(&mut aside)?;
    let mut aside = aside.into_inner().map_err(io::IntoInnerError::into_error)?;
    package.copy("index.html", &mut aside)?;
    loop {
        match next(&mut pieces)? {
            Piece::File(name) => package.begin(&name)?,
            Piece::Bytes(bytes) => package.write_all(&bytes)?,
            Piece::End => return package.end(),
            Piece::Section(_) | Piece::Row(_) | Piece::Files => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Fails when whoever sends has gone without an end.
fn next(pieces: &mut mpsc::Receiver<Piece>) -> io::Result<Piece> {
    pieces.blocking_recv().ok_or_else(|| io::ErrorKind::Interrupted.into())
}
