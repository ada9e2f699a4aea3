//! The index by stream and revision against the rows.

use super::Found;
use super::rows::{Rows, Stored};

const PAGE: u32 = 4096;
/// Positions whose sums are kept together: a difference is then sought among so many.
const BUCKET: i64 = 4096;
/// Revision of the event that ends a stream for good; no others lead up to it.
const TOMBSTONE: i64 = i64::MAX;

const ENTRIES: &str = "SELECT sid, rev, pos FROM events INDEXED BY sqlite_autoindex_events_1
    WHERE (sid, rev) > (?1, ?2) ORDER BY sid, rev LIMIT ?3";

/// Rows come in one order, entries in another. Adding a hash of each row and taking away that of each entry leaves
/// nothing exactly when both are the same, with a few bytes of memory for thousands of them.
#[derive(Debug)]
pub(super) struct Index {
    head: i64,
    sums: Vec<u64>,
    last: (i64, i64),
    newest: i64,
    walked: i64,
    streams: u64,
}

impl Index {
    pub(super) fn new(head: i64) -> Self {
        let buckets = usize::try_from(head / BUCKET).unwrap_or_default() + 1;
        Self {
            head,
            sums: vec![0; buckets],
            last: (i64::MIN, TOMBSTONE),
            newest: 0,
            walked: 0,
            streams: 0,
        }
    }

    pub(super) fn walked(&self) -> i64 {
        self.walked
    }

    pub(super) fn streams(&self) -> u64 {
        self.streams
    }

    /// A row that must have its entry.
    pub(super) fn expect(&mut self, row: &Stored<'_>) {
        let hash = mix(row.sid, row.parts.revision, row.parts.position);
        if let Some(sum) = self.bucket(row.parts.position) {
            *sum = sum.wrapping_add(hash);
        }
    }

    /// The next entries; true when there are no more and all is well.
    pub(super) fn step(&mut self, rows: &mut Rows) -> Result<bool, Found> {
        let mut select = rows.connection().prepare_cached(ENTRIES)?;
        let mut entries = select.query((self.last.0, self.last.1, PAGE))?;
        let mut count = 0;
        loop {
            let after = self.last;
            let place = || {
                format!(
                    "the index entry after revision {} of the stream with row id {}",
                    after.1, after.0
                )
            };
            let Some(entry) = entries.next().map_err(|error| Found::at(error, place))? else {
                break;
            };
            let entry = (|| Ok((entry.get(0)?, entry.get(1)?, entry.get(2)?)))();
            let (sid, revision, position) = entry.map_err(|error| Found::at(error, place))?;
            self.follow(sid, revision)?;
            self.take(sid, revision, position);
            count += 1;
        }
        drop(entries);
        drop(select);
        if count == PAGE {
            return Ok(false);
        }
        self.finish(rows)?;
        Ok(true)
    }

    /// Revisions of a stream start at 0 and have no gap.
    fn follow(&mut self, sid: i64, revision: i64) -> Result<(), Found> {
        let (last_sid, last_revision) = self.last;
        let expected = if sid == last_sid {
            last_revision.checked_add(1)
        } else {
            self.streams += 1;
            Some(0)
        };
        let fits = (sid, revision) > self.last && (expected == Some(revision) || revision == TOMBSTONE);
        self.last = (sid, revision);
        if fits {
            return Ok(());
        }
        Err(Found::Damage(format!(
            "the index finds revision {revision} of the stream with row id {sid} where revision {} should be",
            expected.unwrap_or(last_revision)
        )))
    }

    fn take(&mut self, sid: i64, revision: i64, position: i64) {
        self.walked += 1;
        self.newest = self.newest.max(position);
        if let Some(sum) = self.bucket(position) {
            *sum = sum.wrapping_sub(mix(sid, revision, position));
        }
    }

    /// None beyond the head of the check: such an event came later.
    fn bucket(&mut self, position: i64) -> Option<&mut u64> {
        let known = (1..=self.head).contains(&position);
        let bucket = usize::try_from(position / BUCKET).ok()?;
        self.sums.get_mut(bucket).filter(|_| known)
    }

    fn finish(&self, rows: &mut Rows) -> Result<(), Found> {
        let head: Option<i64> = rows
            .connection()
            .query_one("SELECT max(pos) FROM events", [], |row| row.get(0))?;
        if self.newest > head.unwrap_or_default() {
            let newest = self.newest;
            return Err(Found::Damage(format!(
                "the index knows an event at position {newest} that is missing"
            )));
        }
        let Some(bucket) = self.sums.iter().position(|sum| *sum != 0) else {
            return Ok(());
        };
        let first = (i64::try_from(bucket).unwrap_or_default() * BUCKET).max(1);
        let last = (first + BUCKET).min(self.head);
        rows.look_up(first, last)?;
        Err(Found::Damage(format!(
            "the index has an entry of no event for a position from {first} to {last}"
        )))
    }
}

/// Spreads three numbers over 64 bits; one changed bit changes about half of them.
fn mix(sid: i64, revision: i64, position: i64) -> u64 {
    [sid, revision, position].into_iter().fold(0, |hash: u64, number| {
        let mut hash = (hash ^ number.cast_unsigned()).wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    })
}
