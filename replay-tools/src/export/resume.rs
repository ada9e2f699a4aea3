//! What an export that was broken off has already, and whether it is the one to go on with.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind},
    ops::ControlFlow,
    path::Path,
};

use super::{
    ExportError,
    line::{END, FORM, Footer, Header, Line, Total},
};
use crate::Source;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Begun {
    /// Whether it has its first line.
    pub(super) is_headed: bool,
    pub(super) total: Total,
    /// Where its last event ends, in bytes: what follows is to be written anew.
    pub(super) end: u64,
    /// Number of the last line, when only a part of it is there.
    pub(super) cut_line: Option<u64>,
}

/// Looks at a file; `None` when there is none, or nothing in it.
///
/// # Errors
/// It is no export, another one, or damaged.
pub(super) fn begun(source: &Source, path: &Path, header: &Header) -> Result<Option<Begun>, ExportError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ExportError::of_file(path)(error)),
    };
    let mut reading = Reading {
        reader: BufReader::with_capacity(1 << 20, file),
        path,
        number: 0,
        text: Vec::new(),
        last: None,
    };
    let mut begun = Begun::default();
    if !reading.next()? {
        return Ok(None);
    }
    if !reading.is_whole_line() {
        begun.cut_line = Some(1);
        return Ok(Some(begun));
    }
    reading.header(header)?;
    begun.is_headed = true;
    begun.end = reading.text.len() as u64;
    reading.events(&mut begun)?;
    reading.is_of(source)?;
    Ok(Some(begun))
}

struct Reading<'a> {
    reader: BufReader<File>,
    path: &'a Path,
    number: u64,
    /// The line, its end included.
    text: Vec<u8>,
    /// The last line of an event, and its number.
    last: Option<(u64, Vec<u8>)>,
}

impl Reading<'_> {
    /// Whether there is one more line, or a part of one.
    fn next(&mut self) -> Result<bool, ExportError> {
        self.text.clear();
        let read = self.reader.read_until(b'\n', &mut self.text);
        self.number += 1;
        Ok(read.map_err(ExportError::of_file(self.path))? > 0)
    }

    fn is_whole_line(&self) -> bool {
        self.text.ends_with(b"\n")
    }

    fn header(&self, asked: &Header) -> Result<(), ExportError> {
        let found: Header = serde_json::from_slice(&self.text).map_err(|it| ExportError::NoExport {
            path: self.path.to_owned(),
            reason: it.to_string(),
        })?;
        let reason = if found.form != FORM {
            format!("its form is {}, this program writes {FORM}", found.form)
        } else if found.log != asked.log {
            "it was made of another log".to_owned()
        } else if found.asked != asked.asked {
            format!("it holds {}, asked for is {}", found.asked, asked.asked)
        } else {
            return Ok(());
        };
        Err(self.other(reason))
    }

    fn events(&mut self, begun: &mut Begun) -> Result<(), ExportError> {
        while self.next()? {
            if !self.is_whole_line() {
                begun.cut_line = Some(self.number);
                return Ok(());
            }
            if self.text.starts_with(END) {
                return self.footer(begun.total);
            }
            let position = self.event(begun.total.position)?;
            begun.total.events += 1;
            begun.total.position = position;
            begun.end += self.text.len() as u64;
            self.last = Some((self.number, self.text.clone()));
        }
        Ok(())
    }

    fn event(&self, before: u64) -> Result<u64, ExportError> {
        let line = Line::read(&self.text).map_err(|it| self.wrong(it.to_string()))?;
        if !line.is_whole {
            return Err(self.wrong("does not match its checksum (field crc)".to_owned()));
        }
        if line.position <= before {
            let reason = format!("has position {}, which does not follow {before}", line.position);
            return Err(self.wrong(reason));
        }
        Ok(line.position)
    }

    fn footer(&mut self, total: Total) -> Result<(), ExportError> {
        let found: Footer = serde_json::from_slice(&self.text).map_err(|it| self.wrong(it.to_string()))?;
        if found.end != total {
            return Err(self.wrong("counts other events than there are before it".to_owned()));
        }
        if self.next()? {
            return Err(self.wrong("follows the end".to_owned()));
        }
        Ok(())
    }

    /// Whether the log has the last event as the file has it: two logs may have begun alike.
    fn is_of(&self, source: &Source) -> Result<(), ExportError> {
        let Some((number, text)) = &self.last else {
            return Ok(());
        };
        let line = Line::read(text).map_err(|it| self.wrong(it.to_string()))?;
        let mut is_there = false;
        source.visit_stream(&line.stream, &mut |event| {
            if event.leaf.revision < line.revision {
                return ControlFlow::Continue(());
            }
            is_there = event.leaf == line.event().leaf;
            ControlFlow::Break(())
        })?;
        if is_there {
            return Ok(());
        }
        let reason = format!(
            "its line {number} has position {}, event {} of stream {}, which this log does not have so",
            line.position, line.revision, line.stream
        );
        Err(self.other(reason))
    }

    fn other(&self, reason: String) -> ExportError {
        ExportError::Other {
            path: self.path.to_owned(),
            reason,
        }
    }

    fn wrong(&self, reason: String) -> ExportError {
        ExportError::Line {
            path: self.path.to_owned(),
            line: self.number,
            reason,
        }
    }
}
