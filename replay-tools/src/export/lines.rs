//! An export as lines of JSON.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{
    ExportError, Exported, each_event,
    line::{FORM, Footer, Header, Total, write},
    resume::{self, Begun},
};
use crate::{Scope, Source, walk::Watch};

/// Bytes handed to the system at a time.
const BUFFER: usize = 1 << 20;

/// Writes the lines to a new file, or goes on behind the last whole line of one that is there. The file holds customers'
/// data: it is made for this user alone.
///
/// # Errors
/// [`ExportError`]; what was written until then stays, and can be gone on with.
pub fn to_file(
    source: &Source,
    scope: &Scope,
    path: &Path,
    resume: bool,
    watch: Watch<'_>,
) -> Result<Exported, ExportError> {
    source.end()?;
    let header = header(source, scope)?;
    let begun = if resume {
        resume::begun(source, path, &header)?.unwrap_or_default()
    } else {
        Begun::default()
    };
    let failed = |source| ExportError::of_file(path)(source);
    let mut file = open(path, resume)?;
    file.set_len(begun.end).map_err(failed)?;
    file.seek(SeekFrom::Start(begun.end)).map_err(failed)?;
    let mut exported = Exported {
        events: begun.total.events,
        position: begun.total.position,
        cut_line: begun.cut_line,
        resumed_after: begun.is_headed.then_some(begun.total.position),
        ..Exported::default()
    };
    let mut out = BufWriter::with_capacity(BUFFER, file);
    let mut lines = Lines {
        out: &mut out,
        failed: &failed,
    };
    let header = (!begun.is_headed).then_some(&header);
    lines.all(source, scope, header, &mut exported, watch)?;
    let file = out.into_inner().map_err(|it| failed(it.into_error()))?;
    file.sync_all().map_err(failed)?;
    exported.bytes = file.metadata().map_err(failed)?.len();
    Ok(exported)
}

/// Writes the lines to a stream.
///
/// # Errors
/// [`ExportError`].
pub fn to_stream(
    source: &Source,
    scope: &Scope,
    out: &mut dyn Write,
    watch: Watch<'_>,
) -> Result<Exported, ExportError> {
    source.end()?;
    let header = header(source, scope)?;
    let mut exported = Exported::default();
    let mut counted = Counted { out, bytes: 0 };
    let mut buffered = BufWriter::with_capacity(BUFFER, &mut counted);
    let mut lines = Lines {
        out: &mut buffered,
        failed: &ExportError::Stream,
    };
    lines.all(source, scope, Some(&header), &mut exported, watch)?;
    drop(buffered);
    exported.bytes = counted.bytes;
    Ok(exported)
}

fn header(source: &Source, scope: &Scope) -> Result<Header, ExportError> {
    Ok(Header {
        form: FORM,
        log: source.identity()?.map(|it| it.to_string()),
        asked: scope.clone(),
    })
}

fn open(path: &Path, resume: bool) -> Result<File, ExportError> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    // Nothing is overwritten: what a resumed one has beyond its last whole line is cut off by its length.
    let opened = if resume {
        options.create(true).truncate(false).open(path)
    } else {
        options.create_new(true).open(path)
    };
    opened.map_err(|source| {
        if source.kind() == ErrorKind::AlreadyExists {
            ExportError::Exists(path.to_owned())
        } else {
            ExportError::of_file(path)(source)
        }
    })
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    failed: &'a dyn Fn(io::Error) -> ExportError,
}

impl Lines<'_> {
    /// Header, events behind those that are there, footer; the last only when the end was reached.
    fn all(
        &mut self,
        source: &Source,
        scope: &Scope,
        header: Option<&Header>,
        exported: &mut Exported,
        watch: Watch<'_>,
    ) -> Result<(), ExportError> {
        if let Some(header) = header {
            self.json(header)?;
        }
        let (mut buffer, after) = (Vec::new(), exported.position);
        exported.complete = each_event(source, scope, after, watch, &mut |event| {
            let position = event.leaf.position;
            write(event, &mut buffer).map_err(|source| ExportError::Event { position, source })?;
            self.out.write_all(&buffer).map_err(self.failed)?;
            exported.position = position;
            exported.events += 1;
            exported.written += 1;
            Ok(())
        })?;
        if exported.complete {
            let (events, position) = (exported.events, exported.position);
            self.json(&Footer {
                end: Total { events, position },
            })?;
        }
        self.out.flush().map_err(self.failed)
    }

    fn json(&mut self, line: &impl serde::Serialize) -> Result<(), ExportError> {
        let written = serde_json::to_writer(&mut *self.out, line).map_err(io::Error::from);
        written.and_then(|()| self.out.write_all(b"\n")).map_err(self.failed)
    }
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
