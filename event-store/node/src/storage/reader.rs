//! Pages of the log, each event checked against its checksum.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::checksum::{Parts, checksum};
use super::generations::Generations;
use super::schema;
use crate::NodeError;

/// A page ends at the first of these.
pub(crate) const PAGE_EVENTS: usize = 256;
const PAGE_BYTES: usize = 1 << 20;
const PAGE_CONSIDERED: usize = 4096;
const NAMES_REMEMBERED: usize = 16 * 1024;

const COLUMNS: &str = "SELECT pos, sid, rev, type_id, id, created, is_json, crc, meta, data FROM events";
const FIND_STREAM: &str =
    "SELECT id, (SELECT max(rev) FROM events WHERE sid = streams.id) FROM streams WHERE name = ?1";

/// An event as it lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) stream: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) id: [u8; 16],
    pub(crate) created: i64,
    pub(crate) is_json: bool,
    pub(crate) meta: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forwards,
    Backwards,
}

/// Positions of `$all` or revisions of one stream, both ends included. Every one of them must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Span {
    pub(crate) fn is_empty(self) -> bool {
        self.first > self.last
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    /// By row id.
    Stream(i64),
}

/// Which events of `$all` are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) field: Field,
    pub(crate) rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    StreamName,
    EventType,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Any of them.
    Prefixes(Vec<String>),
    /// The client's "exclude system events".
    NoSystemNames,
}

impl Filter {
    fn wants(&self, stream: &str, kind: &str) -> bool {
        let name = match self.field {
            Field::StreamName => stream,
            Field::EventType => kind,
        };
        match &self.rule {
            Rule::Prefixes(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())),
            Rule::NoSystemNames => !name.is_empty() && !name.starts_with('$'),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) scope: Scope,
    pub(crate) direction: Direction,
    pub(crate) span: Span,
    pub(crate) filter: Option<Arc<Filter>>,
    /// At most so many events; a page never has more than [`PAGE_EVENTS`].
    pub(crate) limit: usize,
}

#[derive(Debug)]
pub(crate) struct Page {
    /// In reading order.
    pub(crate) events: Vec<Recorded>,
    /// Not yet considered.
    pub(crate) rest: Span,
}

/// One read-only connection. A page is one statement, so no read transaction outlives it and checkpoints are never
/// held up.
pub(crate) struct Reader {
    connection: Connection,
    path: Arc<Path>,
    streams: Generations<i64, Arc<str>>,
    types: Generations<i64, Arc<str>>,
}

impl Reader {
    pub(crate) fn open(path: Arc<Path>) -> Result<Self, NodeError> {
        Ok(Self {
            connection: schema::open_reader(&path)?,
            path,
            streams: Generations::new(NAMES_REMEMBERED),
            types: Generations::new(NAMES_REMEMBERED),
        })
    }

    /// Row id and last revision.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Option<(i64, i64)>, NodeError> {
        let find = || -> rusqlite::Result<Option<(i64, i64)>> {
            let mut find = self.connection.prepare_cached(FIND_STREAM)?;
            find.query_one([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        };
        find().map_err(|error| schema::read_fault(&self.path, &error))
    }

    /// As many events as fit into a page, from the near end of the span on.
    pub(crate) fn page(&mut self, query: &Query) -> Result<Page, NodeError> {
        let mut scan = Scan::new(query);
        if scan.rest.is_empty() || query.limit == 0 {
            return Ok(Page {
                events: Vec::new(),
                rest: query.span,
            });
        }
        let path = Arc::clone(&self.path);
        match self.fill(query, &mut scan) {
            Ok(None) => Ok(Page {
                events: scan.events,
                rest: scan.rest,
            }),
            Ok(Some(what)) => Err(NodeError::Damaged {
                path: path.display().to_string(),
                what,
            }),
            Err(error) => Err(schema::read_fault(&path, &error)),
        }
    }

    /// `Some` tells which damage was found.
    fn fill(&mut self, query: &Query, scan: &mut Scan) -> rusqlite::Result<Option<String>> {
        let Self {
            connection,
            streams,
            types,
            ..
        } = self;
        let mut select = connection.prepare_cached(&sql(query.scope, query.direction))?;
        let mut rows = match query.scope {
            Scope::All => select.query((query.span.first, query.span.last))?,
            Scope::Stream(id) => select.query((query.span.first, query.span.last, id))?,
        };
        while !scan.is_full() {
            let expected = scan.next_key();
            let Some(row) = rows.next()? else {
                return Ok(Some(missing(query.scope, expected)));
            };
            let key: i64 = row.get(if query.scope == Scope::All { 0 } else { 2 })?;
            if key != expected {
                return Ok(Some(missing(query.scope, expected)));
            }
            let stream = name(
                connection,
                streams,
                "SELECT name FROM streams WHERE id = ?1",
                row.get(1)?,
            )?;
            let kind = name(connection, types, "SELECT name FROM types WHERE id = ?1", row.get(3)?)?;
            let (Some(stream), Some(kind)) = (stream, kind) else {
                return Ok(Some(format!(
                    "event at position {} has lost its stream name or its type",
                    position(row)?
                )));
            };
            if query.filter.as_ref().is_none_or(|filter| filter.wants(&stream, &kind)) {
                match recorded(row, stream, kind)? {
                    Ok(event) => scan.events.push(event),
                    Err(what) => return Ok(Some(what)),
                }
            }
            scan.considered();
        }
        Ok(None)
    }
}

/// How far a page has come.
struct Scan {
    events: Vec<Recorded>,
    rest: Span,
    direction: Direction,
    limit: usize,
    considered: usize,
    bytes: usize,
    counted: usize,
}

impl Scan {
    fn new(query: &Query) -> Self {
        let limit = query.limit.min(PAGE_EVENTS);
        Self {
            events: Vec::new(),
            rest: query.span,
            direction: query.direction,
            limit,
            considered: 0,
            bytes: 0,
            counted: 0,
        }
    }

    fn next_key(&self) -> i64 {
        match self.direction {
            Direction::Forwards => self.rest.first,
            Direction::Backwards => self.rest.last,
        }
    }

    fn considered(&mut self) {
        match self.direction {
            Direction::Forwards => self.rest.first += 1,
            Direction::Backwards => self.rest.last -= 1,
        }
        self.considered += 1;
        self.bytes += self.events[self.counted..]
            .iter()
            .map(|event| event.meta.len() + event.data.len())
            .sum::<usize>();
        self.counted = self.events.len();
    }

    fn is_full(&self) -> bool {
        self.rest.is_empty()
            || self.events.len() >= self.limit
            || self.bytes >= PAGE_BYTES
            || self.considered >= PAGE_CONSIDERED
    }
}

fn sql(scope: Scope, direction: Direction) -> String {
    let condition = match scope {
        Scope::All => "pos BETWEEN ?1 AND ?2 ORDER BY pos",
        Scope::Stream(_) => "sid = ?3 AND rev BETWEEN ?1 AND ?2 ORDER BY rev",
    };
    let order = match direction {
        Direction::Forwards => "ASC",
        Direction::Backwards => "DESC",
    };
    format!("{COLUMNS} WHERE {condition} {order}")
}

fn missing(scope: Scope, key: i64) -> String {
    match scope {
        Scope::All => format!("event at position {key} is missing"),
        Scope::Stream(id) => format!("event at revision {key} of the stream with row id {id} is missing"),
    }
}

fn position(row: &Row<'_>) -> rusqlite::Result<i64> {
    row.get(0)
}

fn name(
    connection: &Connection,
    known: &mut Generations<i64, Arc<str>>,
    sql: &'static str,
    id: i64,
) -> rusqlite::Result<Option<Arc<str>>> {
    if let Some(name) = known.get(&id) {
        return Ok(Some(name));
    }
    let found: Option<Arc<str>> = connection
        .prepare_cached(sql)?
        .query_one([id], |row| row.get(0))
        .optional()?;
    if let Some(name) = &found {
        known.insert(id, Arc::clone(name));
    }
    Ok(found)
}

/// The inner error tells which damage was found.
fn recorded(row: &Row<'_>, stream: Arc<str>, kind: Arc<str>) -> rusqlite::Result<Result<Recorded, String>> {
    let event = Recorded {
        position: position(row)?,
        revision: row.get(2)?,
        id: row.get(4)?,
        created: row.get(5)?,
        is_json: row.get(6)?,
        meta: row.get(8)?,
        data: row.get(9)?,
        stream,
        kind,
    };
    let stored: u32 = row.get(7)?;
    let computed = checksum(&Parts {
        position: event.position,
        revision: event.revision,
        created: event.created,
        is_json: event.is_json,
        id: &event.id,
        stream: &event.stream,
        kind: &event.kind,
        meta: &event.meta,
        data: &event.data,
    });
    if stored == computed {
        return Ok(Ok(event));
    }
    Ok(Err(format!(
        "event at position {} of stream {:?} does not match its checksum (stored {stored:08x}, computed {computed:08x})",
        event.position, event.stream
    )))
}
