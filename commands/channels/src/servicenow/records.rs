//! CSV records with the physical line each begins in.
//!
//! The `csv` crate alone does not do: its position lies before the line feed of CRLF and before blank lines, and after
//! a quote that is never closed it takes the whole rest of the file for one field.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

use csv::ByteRecord;

/// Bytes of a record; what is longer is no row of an incident log.
const MAX_BYTES: usize = 1 << 20;
/// Lines of a record, for quoted fields with line breaks.
const MAX_LINES: usize = 1000;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What stands in one place of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Fields, unquoted.
    Fields { line: u64, fields: ByteRecord },
    /// One line that is no record.
    Broken {
        line: u64,
        text: Vec<u8>,
        reason: &'static str,
    },
}

/// Reads records one after the other.
pub(super) struct Records<R> {
    source: R,
    /// Lines read in search of a closing quote that did not come: they are read once more, each on its own.
    again: VecDeque<Vec<u8>>,
    /// Number of the last line taken.
    line: u64,
    bytes: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            again: VecDeque::new(),
            line: 0,
            bytes: 0,
        }
    }

    /// Bytes taken from the source so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next record; blank lines are skipped. `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        while let Some(text) = self.next_line()? {
            if text.len() > MAX_BYTES {
                let reason = "the line is longer than 1 MiB";
                return Ok(Some(Record::Broken {
                    line: self.line,
                    text,
                    reason,
                }));
            }
            if !bare(&text).trim_ascii().is_empty() {
                return self.record(text).map(Some);
            }
        }
        Ok(None)
    }

    /// The record that begins with the line just taken.
    fn record(&mut self, first: Vec<u8>) -> io::Result<Record> {
        let line = self.line;
        let mut quote = Quote::Begin.after(&first);
        let mut more: Vec<Vec<u8>> = Vec::new();
        let mut size = first.len();
        while quote == Quote::Inside {
            let next = self.next_line()?;
            size += next.as_ref().map_or(0, Vec::len);
            let ended = next.is_none();
            if let Some(next) = next {
                quote = quote.after(&next);
                more.push(next);
            }
            if ended || more.len() >= MAX_LINES || size > MAX_BYTES {
                for text in more.into_iter().rev() {
                    self.again.push_front(text);
                }
                self.line = line;
                let reason = "a quote is opened in this line and not closed";
                return Ok(Record::Broken {
                    line,
                    text: first,
                    reason,
                });
            }
        }
        let mut text = first;
        text.extend(more.into_iter().flatten());
        Ok(Record::Fields {
            line,
            fields: split(&text)?,
        })
    }

    /// The next line with its end. One that is too long is cut, but stays longer than allowed.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(text) = self.again.pop_front() {
            self.line += 1;
            return Ok(Some(text));
        }
        let mut text = Vec::with_capacity(256);
        let limit = MAX_BYTES as u64 + 1;
        self.bytes += self.source.by_ref().take(limit).read_until(b'\n', &mut text)? as u64;
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_BYTES && !text.ends_with(b"\n") {
            self.bytes += self.source.skip_until(b'\n')? as u64;
        }
        self.line += 1;
        if self.line == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Some(text))
    }
}

/// The line without its end.
fn bare(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// The fields of one record.
fn split(text: &[u8]) -> io::Result<ByteRecord> {
    if !text.contains(&b'"') {
        return Ok(bare(text).split(|it| *it == b',').collect());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len())
        .from_reader(text);
    let mut fields = ByteRecord::new();
    reader.read_byte_record(&mut fields)?;
    Ok(fields)
}

/// Where a reader of CSV stands with regard to quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// A field begins.
    Begin,
    /// In a field without quotes, where a quote means itself.
    Bare,
    /// In a quoted field.
    Inside,
    /// After a quote in a quoted field: the field's end, or the first half of a doubled quote.
    Half,
}

impl Quote {
    fn after(self, text: &[u8]) -> Self {
        text.iter().fold(self, |quote, byte| match (quote, *byte) {
            (Self::Inside, b'"') => Self::Half,
            (Self::Begin | Self::Half, b'"') | (Self::Inside, _) => Self::Inside,
            (Self::Begin | Self::Bare | Self::Half, b',') => Self::Begin,
            (Self::Begin | Self::Bare | Self::Half, _) => Self::Bare,
        })
    }
}
