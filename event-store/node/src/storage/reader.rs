//! Pages of the log, each event checked against its checksum.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::checksum::{Parts, checksum};
use super::filter::{Filter, GaveUp};
use super::generations::Generations;
use super::lookup::{self, Found, KnownMetadata, LINK_TYPE, METADATA_REMEMBERED, Target};
use super::schema;
use crate::NodeError;

/// A page ends at the first of these.
pub(crate) const PAGE_EVENTS: usize = 256;
const PAGE_BYTES: usize = 1 << 20;
const PAGE_CONSIDERED: usize = 4096;
/// For filters that take their time: a reader is lent to others as well.
const PAGE_TIME: Duration = Duration::from_millis(50);
const NAMES_REMEMBERED: usize = 16 * 1024;

const COLUMNS: &str = "SELECT pos, sid, rev, type_id, id, created, is_json, crc, meta, data FROM events";

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
    /// Only of a link in a page that resolves them.
    pub(crate) target: Option<Target>,
}

impl Recorded {
    fn bytes(&self) -> usize {
        let target = match &self.target {
            Some(Target::Event(event)) => event.bytes(),
            Some(Target::Gone) | None => 0,
        };
        self.meta.len() + self.data.len() + target
    }
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

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) scope: Scope,
    pub(crate) direction: Direction,
    pub(crate) span: Span,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) resolve_links: bool,
    /// At most so many events; a page never has more than [`PAGE_EVENTS`].
    pub(crate) limit: usize,
}

#[derive(Debug)]
pub(crate) struct Page {
    /// In reading order.
    pub(crate) events: Vec<Recorded>,
    /// Not yet considered.
    pub(crate) rest: Span,
    /// Why the first event of `rest` could not be considered.
    pub(crate) gave_up: Option<GaveUp>,
}

/// Why something could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    /// What was found.
    Damaged(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// One read-only connection. A page is one statement, so no read transaction outlives it and checkpoints are never
/// held up.
pub(crate) struct Reader {
    connection: Connection,
    path: Arc<Path>,
    known: Known,
}

/// What need not be asked again.
pub(crate) struct Known {
    streams: Generations<i64, Arc<str>>,
    types: Generations<i64, Arc<str>>,
    pub(super) metadata: KnownMetadata,
}

impl Reader {
    pub(crate) fn open(path: Arc<Path>) -> Result<Self, NodeError> {
        Ok(Self {
            connection: schema::open_reader(&path)?,
            path,
            known: Known {
                streams: Generations::new(NAMES_REMEMBERED),
                types: Generations::new(NAMES_REMEMBERED),
                metadata: Generations::new(METADATA_REMEMBERED),
            },
        })
    }

    /// What of a stream is shown now.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Found, NodeError> {
        lookup::find(&self.connection, &mut self.known, name).map_err(|fault| self.fault(fault))
    }

    /// As many events as fit into a page, from the near end of the span on.
    pub(crate) fn page(&mut self, query: &Query) -> Result<Page, NodeError> {
        let mut scan = Scan::new(query);
        let gave_up = if scan.rest.is_empty() || query.limit == 0 {
            None
        } else {
            self.fill(query, &mut scan).map_err(|fault| self.fault(fault))?
        };
        Ok(Page {
            events: scan.events,
            rest: scan.rest,
            gave_up,
        })
    }

    fn fault(&self, fault: Fault) -> NodeError {
        match fault {
            Fault::Sqlite(error) => schema::read_fault(&self.path, &error),
            Fault::Damaged(what) => NodeError::Damaged {
                path: self.path.display().to_string(),
                what,
            },
        }
    }

    fn fill(&mut self, query: &Query, scan: &mut Scan) -> Result<Option<GaveUp>, Fault> {
        let Self { connection, known, .. } = self;
        let mut select = connection.prepare_cached(&sql(query.scope, query.direction))?;
        let mut rows = match query.scope {
            Scope::All => select.query((query.span.first, query.span.last))?,
            Scope::Stream(id) => select.query((query.span.first, query.span.last, id))?,
        };
        while !scan.is_full() {
            let expected = scan.next_key();
            let row = rows
                .next()?
                .ok_or_else(|| Fault::Damaged(missing(query.scope, expected)))?;
            let key: i64 = row.get(if query.scope == Scope::All { 0 } else { 2 })?;
            if key != expected {
                return Err(Fault::Damaged(missing(query.scope, expected)));
            }
            let names = names(connection, known, row)?;
            let wanted = query
                .filter
                .as_ref()
                .map_or(Ok(true), |filter| filter.wants(&names.0, &names.1));
            match wanted {
                Ok(true) => {
                    let mut event = recorded(row, names)?;
                    if query.resolve_links && &*event.kind == LINK_TYPE {
                        event.target = Some(lookup::follow(connection, known, &event.data)?);
                    }
                    scan.take(event);
                }
                Ok(false) => {}
                Err(gave_up) => return Ok(Some(gave_up)),
            }
            scan.considered();
        }
        Ok(None)
    }
}

/// One event of a stream; `None` when the log has lost it.
pub(crate) fn by_revision(
    connection: &Connection,
    known: &mut Known,
    stream: i64,
    revision: i64,
) -> Result<Option<Recorded>, Fault> {
    const ONE: &str = "SELECT pos, sid, rev, type_id, id, created, is_json, crc, meta, data FROM events
        WHERE sid = ?1 AND rev = ?2";
    let mut select = connection.prepare_cached(ONE)?;
    let mut rows = select.query(params![stream, revision])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let names = names(connection, known, row)?;
    recorded(row, names).map(Some)
}

/// How far a page has come.
struct Scan {
    events: Vec<Recorded>,
    rest: Span,
    direction: Direction,
    limit: usize,
    considered: usize,
    bytes: usize,
    until: Option<Instant>,
}

impl Scan {
    fn new(query: &Query) -> Self {
        let is_slow = query.filter.as_ref().is_some_and(|filter| filter.is_slow());
        Self {
            events: Vec::new(),
            rest: query.span,
            direction: query.direction,
            limit: query.limit.min(PAGE_EVENTS),
            considered: 0,
            bytes: 0,
            until: is_slow.then(|| Instant::now() + PAGE_TIME),
        }
    }

    fn next_key(&self) -> i64 {
        match self.direction {
            Direction::Forwards => self.rest.first,
            Direction::Backwards => self.rest.last,
        }
    }

    fn take(&mut self, event: Recorded) {
        self.bytes += event.bytes();
        self.events.push(event);
    }

    fn considered(&mut self) {
        match self.direction {
            Direction::Forwards => self.rest.first += 1,
            Direction::Backwards => self.rest.last -= 1,
        }
        self.considered += 1;
    }

    fn is_full(&self) -> bool {
        self.rest.is_empty()
            || self.events.len() >= self.limit
            || self.bytes >= PAGE_BYTES
            || self.considered >= PAGE_CONSIDERED
            || self.considered > 0 && self.until.is_some_and(|until| Instant::now() >= until)
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

/// Names of the stream and the type of a row.
fn names(connection: &Connection, known: &mut Known, row: &Row<'_>) -> Result<(Arc<str>, Arc<str>), Fault> {
    const STREAM: &str = "SELECT name FROM streams WHERE id = ?1";
    const TYPE: &str = "SELECT name FROM types WHERE id = ?1";
    let stream = name(connection, &mut known.streams, STREAM, row.get(1)?)?;
    let kind = name(connection, &mut known.types, TYPE, row.get(3)?)?;
    stream.zip(kind).ok_or_else(|| match position(row) {
        Ok(position) => Fault::Damaged(format!(
            "event at position {position} has lost its stream name or its type"
        )),
        Err(error) => Fault::Sqlite(error),
    })
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

fn recorded(row: &Row<'_>, (stream, kind): (Arc<str>, Arc<str>)) -> Result<Recorded, Fault> {
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
        target: None,
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
        return Ok(event);
    }
    Err(Fault::Damaged(format!(
        "event at position {} of stream {:?} does not match its checksum (stored {stored:08x}, computed {computed:08x})",
        event.position, event.stream
    )))
}
