//! Rows of one incident together.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, BufRead},
    path::Path,
};

use domain::{
    ids::{TicketId, foreign},
    values::Subject,
};

use super::{
    CHANNEL, ImportError,
    header::Columns,
    records::{Record, Records},
    rejects::{Reject, shown},
    row::{Fields, Row},
};

/// Rows of one incident that are kept: the events of more would not fit into one append.
const MAX_ROWS: usize = 2000;

/// An incident with all its rows that are good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Incident {
    /// Of its ticket.
    pub(super) ticket_id: TicketId,
    /// Its number in ServiceNow, which is a text.
    pub(super) number: String,
    pub(super) subject: Subject,
    /// Line of its first row, good or not.
    pub(super) line: u64,
    /// In the order of the file.
    pub(super) rows: Vec<Row>,
}

/// What is found in the file next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Incident(Incident),
    /// A row that cannot be placed.
    Reject(Reject),
}

/// Goes through a file.
pub(super) struct Incidents<R> {
    records: Records<R>,
    columns: Columns,
    /// The incident whose rows are being read.
    current: Option<Incident>,
    /// Found, but not fetched yet.
    ready: VecDeque<Found>,
    /// Line of the first row of each incident met, by the ticket's id, which is shorter than any number.
    seen: HashMap<TicketId, u64>,
}

impl<R: BufRead> Incidents<R> {
    /// Reads the header. The second value is what was understood in spite of it.
    pub(super) fn new(source: R, path: &Path) -> Result<(Self, Vec<String>), ImportError> {
        let mut records = Records::new(source);
        let header = match records.next().map_err(|source| ImportError::Unreadable {
            path: path.to_owned(),
            source,
        })? {
            Some(Record::Fields { fields, .. }) => fields,
            Some(Record::Broken { text, .. }) => [text.as_slice()].into_iter().collect(),
            None => csv::ByteRecord::new(),
        };
        let (columns, notes) = Columns::find(&header, path)?;
        Ok((
            Self {
                records,
                columns,
                current: None,
                ready: VecDeque::new(),
                seen: HashMap::new(),
            },
            notes,
        ))
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.records.bytes()
    }

    /// The next thing found; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            if let Some(found) = self.ready.pop_front() {
                return Ok(Some(found));
            }
            match self.records.next()? {
                Some(Record::Fields { line, fields }) => self.place(line, &fields),
                Some(Record::Broken { line, text, reason }) => {
                    let (number, value) = (String::new(), shown(&text));
                    let reject = Reject {
                        line,
                        number,
                        column: "",
                        value,
                        reason: reason.to_owned(),
                    };
                    self.ready.push_back(Found::Reject(reject));
                }
                None => return Ok(self.current.take().map(Found::Incident)),
            }
        }
    }

    /// Puts a row where it belongs. One that is rejected for its number, or because its incident has ended, does not
    /// end the incident around it.
    fn place(&mut self, line: u64, record: &csv::ByteRecord) {
        let fields = Fields {
            line,
            columns: &self.columns,
            record,
        };
        let added = fields.number().and_then(|(number, subject)| {
            if self.current.as_ref().is_none_or(|it| it.number != number) {
                let ticket_id = TicketId(foreign(CHANNEL, "incident", number));
                if let Some(first) = self.seen.get(&ticket_id) {
                    let reason = format!("rows of incident {number} do not stand together: first at line {first}");
                    return Err(fields.whole(reason));
                }
                self.seen.insert(ticket_id, line);
                let begun = Incident {
                    ticket_id,
                    number: number.to_owned(),
                    subject,
                    line,
                    rows: Vec::new(),
                };
                self.ready.extend(self.current.replace(begun).map(Found::Incident));
            }
            let row = fields.row()?;
            match &mut self.current {
                Some(current) if current.rows.len() < MAX_ROWS => {
                    current.rows.push(row);
                    Ok(())
                }
                Some(_) | None => Err(fields.whole(format!("incident {number} has more than {MAX_ROWS} rows"))),
            }
        });
        self.ready.extend(added.err().map(Found::Reject));
    }
}
