//! The whole file before anything of it is written.

use std::{collections::HashMap, path::Path};

use event_store::Chain;

use super::{ImportError, Plan, file::Lines};
use crate::{
    export::line::{END, Footer, Line, Total},
    verify::{TOMBSTONE, is_chained},
    walk::{Watch, pace},
};

/// What a file holds that fits together.
#[derive(Debug, Default)]
pub(super) struct Checked {
    total: Total,
    /// Events that belong into the log.
    pub(super) to_write: u64,
    pub(super) streams: u64,
    pub(super) chains: u64,
    pub(super) seals: u64,
    /// Left out, because they are the store's own.
    pub(super) store_events: u64,
    /// The first event whose position is not the number of those written up to it, and that number.
    pub(super) gap: Option<(u64, u64)>,
    known: HashMap<String, Stream>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    next: u64,
    /// `None` when its events form no chain.
    chain: Option<Chain>,
}

/// Looks at all lines; `None` when somebody asked to stop.
///
/// # Errors
/// The first line that does not fit, with the field.
pub(super) fn check(path: &Path, plan: &Plan<'_>, watch: Watch<'_>) -> Result<Option<Checked>, ImportError> {
    let mut lines = Lines::open(path)?;
    let mut checked = Checked::default();
    while lines.next()? {
        if !lines.text().ends_with(b"\n") {
            return Err(lines.cut(lines.number() - 1));
        }
        if lines.text().starts_with(END) {
            checked.end(&mut lines)?;
            return Ok(Some(checked));
        }
        checked.line(&lines, plan)?;
        if pace(watch, checked.total.events, lines.bytes()).is_break() {
            return Ok(None);
        }
    }
    Err(lines.cut(lines.number()))
}

impl Checked {
    fn line(&mut self, lines: &Lines, plan: &Plan<'_>) -> Result<(), ImportError> {
        let line = Line::read(lines.text()).map_err(|it| lines.wrong("(which one is not known)", it.to_string()))?;
        if line.position <= self.total.position {
            let reason = format!("{} follows {}", line.position, self.total.position);
            return Err(lines.wrong("position", reason));
        }
        self.stream(&line, lines)?;
        // Last, since the others say more.
        if !line.is_whole {
            let reason = "the line is not what was exported: another field, such as recorded, was changed, or this one";
            return Err(lines.wrong("crc", reason));
        }
        if plan.takes(&line) {
            plan.target
                .can_take(&line)
                .map_err(|(field, reason)| lines.wrong(field, reason))?;
            self.to_write += 1;
            if line.position != self.to_write {
                self.gap.get_or_insert((line.position, self.to_write));
            }
        }
        self.seals += u64::from(line.stream == plan.seal_stream);
        self.store_events += u64::from(!plan.target.takes_store_events() && !line.event().leaf.is_sealed());
        self.total.events += 1;
        self.total.position = line.position;
        Ok(())
    }

    /// Revisions without gaps, and the hash chain.
    fn stream(&mut self, line: &Line<'_>, lines: &Lines) -> Result<(), ImportError> {
        if !self.known.contains_key(&*line.stream) {
            let chain = is_chained(&line.metadata).then(|| Chain::genesis(&line.stream));
            self.streams += 1;
            self.chains += u64::from(chain.is_some());
            self.known.insert(line.stream.to_string(), Stream { next: 0, chain });
        }
        let Some(stream) = self.known.get_mut(&*line.stream) else {
            return Ok(());
        };
        let ends = line.revision == TOMBSTONE && stream.next <= TOMBSTONE;
        if line.revision != stream.next && !ends {
            let reason = format!(
                "{} of stream {} follows where {} should",
                line.revision, line.stream, stream.next
            );
            return Err(lines.wrong("revision", reason));
        }
        stream.next = line.revision + 1;
        let Some(chain) = stream.chain.filter(|_| !ends) else {
            return Ok(());
        };
        let followed = chain.follow(
            line.id,
            &line.event_type,
            &line.metadata,
            &line.payload,
            &mut self.buffer,
        );
        let next = followed.map_err(|it| {
            let reason = format!(
                "the event breaks the hash chain of stream {} ({it}): one of these was changed",
                line.stream
            );
            lines.wrong("stream, id, type, metadata or payload", reason)
        })?;
        stream.chain = Some(next);
        Ok(())
    }

    fn end(&self, lines: &mut Lines) -> Result<(), ImportError> {
        let footer: Footer = serde_json::from_slice(lines.text()).map_err(|it| lines.wrong("end", it.to_string()))?;
        let (said, found) = (footer.end, self.total);
        if said != found {
            let reason = format!(
                "it counts {} events up to position {}, the file has {} up to {}: lines are missing",
                said.events, said.position, found.events, found.position
            );
            return Err(lines.wrong("end", reason));
        }
        if lines.next()? {
            return Err(lines.wrong("end", "something follows it"));
        }
        Ok(())
    }
}
