//! An export as a Parquet table, for analysis: an event a row, columns with types.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use serde::Deserialize;

use super::{
    ExportError, Exported, each_event,
    line::{FORM, Header},
};
use crate::{Event, Scope, Source, walk::Watch};

/// `decided` and `actor` are of the metadata; what is no text stands in the columns of bytes.
const COLUMNS: &str = "message event {
    required int64 position (INTEGER(64, false));
    required binary stream (STRING);
    required int64 revision (INTEGER(64, false));
    required fixed_len_byte_array(16) id (UUID);
    required binary type (STRING);
    required int64 recorded (TIMESTAMP(MICROS, true));
    optional int64 decided (TIMESTAMP(MICROS, true));
    optional binary actor (STRING);
    optional binary metadata (STRING);
    optional binary metadata_bytes;
    optional binary payload (STRING);
    optional binary payload_bytes;
}";

/// A group of rows ends at the first of these.
const ROWS: usize = 1 << 16;
const BYTES: u64 = 64 << 20;

/// What names the export in the file's own metadata.
const KEY: &str = "letopis_export";

/// Writes the table under another name and gives it its own when it is complete; what is left of one that was broken
/// off is removed. It holds customers' data: it is made for this user alone.
///
/// # Errors
/// [`ExportError`]; nothing is left then.
pub fn to_table(source: &Source, scope: &Scope, path: &Path, watch: Watch<'_>) -> Result<Exported, ExportError> {
    source.end()?;
    if path.exists() {
        return Err(ExportError::Exists(path.to_owned()));
    }
    let draft = draft(path);
    let written = write(source, scope, &draft, watch);
    let named = written.and_then(|exported| {
        if exported.complete {
            fs::rename(&draft, path).map_err(ExportError::of_file(path))?;
        }
        Ok(exported)
    });
    if !named.as_ref().is_ok_and(|it| it.complete) {
        // What cannot be removed bears a name that says what it is.
        drop(fs::remove_file(&draft));
    }
    named
}

fn draft(path: &Path) -> PathBuf {
    path.with_added_extension("unfinished")
}

fn write(source: &Source, scope: &Scope, draft: &Path, watch: Watch<'_>) -> Result<Exported, ExportError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(draft);
    let file = file.map_err(ExportError::of_file(draft))?;
    let failed = |source| ExportError::Table {
        path: draft.to_owned(),
        source,
    };
    let header = Header {
        form: FORM,
        log: source.identity()?.map(|it| it.to_string()),
        asked: scope.clone(),
    };
    let mut table = Table::begin(file, &header).map_err(failed)?;
    let mut exported = Exported::default();
    exported.complete = each_event(source, scope, 0, watch, &mut |event| {
        exported.events += 1;
        exported.written += 1;
        exported.position = event.leaf.position;
        table.push(event).map_err(failed)
    })?;
    let file = table.end().map_err(failed)?;
    file.sync_all().map_err(ExportError::of_file(draft))?;
    exported.bytes = file.metadata().map_err(ExportError::of_file(draft))?.len();
    Ok(exported)
}

struct Table {
    writer: SerializedFileWriter<File>,
    rows: Rows,
}

impl Table {
    fn begin(file: File, header: &Header) -> Result<Self, ParquetError> {
        let said = serde_json::to_string(header).map_err(|it| ParquetError::External(Box::new(it)))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), said)]))
            .build();
        let schema = Arc::new(parse_message_type(COLUMNS)?);
        Ok(Self {
            writer: SerializedFileWriter::new(file, schema, Arc::new(properties))?,
            rows: Rows::default(),
        })
    }

    fn push(&mut self, event: &Event<'_>) -> Result<(), ParquetError> {
        self.rows.push(event);
        if self.rows.positions.len() >= ROWS || self.rows.bytes >= BYTES {
            self.group()?;
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        rows.write(&mut group)?;
        group.close()?;
        Ok(())
    }

    fn end(mut self) -> Result<File, ParquetError> {
        if !self.rows.positions.is_empty() {
            self.group()?;
        }
        self.writer.into_inner()
    }
}

/// A column in which some rows have nothing.
#[derive(Default)]
struct Optional<T> {
    values: Vec<T>,
    /// 1 for each row that has something.
    levels: Vec<i16>,
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

#[derive(Default)]
struct Rows {
    positions: Vec<i64>,
    streams: Vec<ByteArray>,
    revisions: Vec<i64>,
    ids: Vec<FixedLenByteArray>,
    types: Vec<ByteArray>,
    recorded: Vec<i64>,
    decided: Optional<i64>,
    actors: Optional<ByteArray>,
    metadata: [Optional<ByteArray>; 2],
    payloads: [Optional<ByteArray>; 2],
    bytes: u64,
}

impl Rows {
    fn push(&mut self, event: &Event<'_>) {
        #[derive(Deserialize)]
        struct Known<'a> {
            at: DateTime<Utc>,
            actor: std::borrow::Cow<'a, str>,
        }
        let leaf = &event.leaf;
        let known = serde_json::from_slice::<Known<'_>>(leaf.metadata).ok();
        self.positions.push(leaf.position.cast_signed());
        self.streams.push(leaf.stream.into());
        self.revisions.push(leaf.revision.cast_signed());
        self.ids.push(leaf.id.as_bytes().to_vec().into());
        self.types.push(leaf.event_type.into());
        self.recorded.push(event.recorded.timestamp_micros());
        self.decided.push(known.as_ref().map(|it| it.at.timestamp_micros()));
        self.actors.push(known.map(|it| (&*it.actor).into()));
        for ([text, bytes], stored) in [(&mut self.metadata, leaf.metadata), (&mut self.payloads, leaf.payload)] {
            let is_text = std::str::from_utf8(stored).is_ok();
            text.push(is_text.then(|| stored.to_vec().into()));
            bytes.push((!is_text).then(|| stored.to_vec().into()));
        }
        self.bytes += event.size();
    }

    /// Columns in the order of the schema.
    fn write(&self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), ParquetError> {
        column::<Int64Type>(group, &self.positions, None)?;
        column::<ByteArrayType>(group, &self.streams, None)?;
        column::<Int64Type>(group, &self.revisions, None)?;
        column::<FixedLenByteArrayType>(group, &self.ids, None)?;
        column::<ByteArrayType>(group, &self.types, None)?;
        column::<Int64Type>(group, &self.recorded, None)?;
        column::<Int64Type>(group, &self.decided.values, Some(&self.decided.levels))?;
        let texts = std::iter::once(&self.actors)
            .chain(&self.metadata)
            .chain(&self.payloads);
        for it in texts {
            column::<ByteArrayType>(group, &it.values, Some(&it.levels))?;
        }
        Ok(())
    }
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "the schema has fewer columns than a row".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
