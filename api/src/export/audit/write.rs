//! Writes the package as entries come; in a thread that may block.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use event_store::{
    PublicKey,
    inclusion::{PROOFS, PUBLIC_KEY, SEALS},
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    Form, Line, Piece,
    book::Book,
    cover::Cover,
    rows::{COLUMNS, guarded, rows},
};
use crate::export::package::{Built, Package};

/// What spreadsheets know UTF-8 by.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Lines of JSON on the disk until their place in the package comes.
struct Aside(BufWriter<File>);

impl Aside {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(tempfile::tempfile_in(folder)?)))
    }

    fn add(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    fn into(self, package: &mut Package, name: &str) -> io::Result<()> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        package.copy(name, &mut file)
    }
}

/// Entries in one of the forms.
enum Entries {
    Csv,
    Ndjson,
    Xlsx(Box<Book>),
}

impl Entries {
    fn begin(form: Form, package: &mut Package, folder: &Path) -> io::Result<Self> {
        match form {
            Form::Csv => {
                package.begin(&name(form))?;
                package.write_all(BOM)?;
                let mut text = Vec::new();
                to_csv(&mut text).write_record(COLUMNS)?;
                package.write_all(&text)?;
                Ok(Self::Csv)
            }
            Form::Ndjson => {
                package.begin(&name(form))?;
                Ok(Self::Ndjson)
            }
            Form::Xlsx => Ok(Self::Xlsx(Box::new(Book::new(folder)?))),
        }
    }

    fn add(&mut self, lines: &[Line], package: &mut Package) -> io::Result<()> {
        let mut text = Vec::new();
        match self {
            Self::Csv => {
                let mut to = to_csv(&mut text);
                for row in lines.iter().flat_map(|(entry, _)| rows(entry)) {
                    to.write_record(row.each_ref().map(|it| guarded(it)).iter().map(|it| it.as_bytes()))?;
                }
                drop(to);
            }
            Self::Ndjson => {
                for (entry, _) in lines {
                    serde_json::to_writer(&mut text, entry)?;
                    text.push(b'\n');
                }
            }
            Self::Xlsx(book) => {
                for row in lines.iter().flat_map(|(entry, _)| rows(entry)) {
                    book.add(&row)?;
                }
            }
        }
        package.write_all(&text)
    }

    fn end(self, package: &mut Package) -> io::Result<()> {
        match self {
            Self::Csv | Self::Ndjson => Ok(()),
            Self::Xlsx(book) => {
                package.begin(&name(Form::Xlsx))?;
                book.save(package)
            }
        }
    }
}

fn name(form: Form) -> String {
    format!("entries.{}", form.as_str())
}

fn to_csv(text: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(text)
}

/// The whole package, when the end of what comes is said; else nothing.
pub(super) fn write(
    folder: &Path,
    keys: &[PublicKey],
    form: Form,
    mut cover: Cover,
    mut pieces: mpsc::Receiver<Piece>,
) -> io::Result<Built> {
    let mut package = Package::new(folder)?;
    let (mut proofs, mut seals) = (Aside::new(folder)?, Aside::new(folder)?);
    let mut entries = Entries::begin(form, &mut package, folder)?;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Page(lines, newly)) => {
                entries.add(&lines, &mut package)?;
                for (_, inclusion) in &lines {
                    cover.count(inclusion);
                    proofs.add(inclusion)?;
                }
                newly.iter().try_for_each(|it| seals.add(it))?;
            }
            Some(Piece::End) => break,
            None => return Err(io::ErrorKind::Interrupted.into()),
        }
    }
    entries.end(&mut package)?;
    proofs.into(&mut package, PROOFS)?;
    seals.into(&mut package, SEALS)?;
    for (number, key) in (1..).zip(unlike(keys)) {
        package.put(&format!("{PUBLIC_KEY}-{number}.pem"), key.to_pem().as_bytes())?;
    }
    package.put("README.md", cover.text().as_bytes())?;
    package.end()
}

/// Each key once.
fn unlike(keys: &[PublicKey]) -> Vec<PublicKey> {
    let mut unlike: Vec<PublicKey> = Vec::new();
    for key in keys {
        if !unlike.contains(key) {
            unlike.push(*key);
        }
    }
    unlike
}
