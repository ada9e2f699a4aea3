//! What a reader of the package reads first.

use chrono::{DateTime, SecondsFormat, Utc};
use event_store::{Position, inclusion::Inclusion};

use super::AuditWish;

const TEXT: &str = include_str!("README.md");

/// What the package is, and how much of it is proven.
#[derive(Debug)]
pub(super) struct Cover {
    at: DateTime<Utc>,
    head: Position,
    filters: String,
    form: &'static str,
    sealed: u64,
    unsealed: u64,
    withheld: u64,
}

impl Cover {
    pub(super) fn new(wish: &AuditWish, head: Position, at: DateTime<Utc>) -> Self {
        Self {
            at,
            head,
            filters: wish.filters.to_string(),
            form: wish.form.as_str(),
            sealed: 0,
            unsealed: 0,
            withheld: 0,
        }
    }

    pub(super) fn count(&mut self, line: &Inclusion) {
        match line.seal {
            Some(_) => self.sealed += 1,
            None => self.unsealed += 1,
        }
        self.withheld += u64::from(line.event.is_none());
    }

    pub(super) fn text(&self) -> String {
        TEXT.replace("{at}", &self.at.to_rfc3339_opts(SecondsFormat::Secs, true))
            .replace("{head}", &self.head.to_string())
            .replace("{form}", self.form)
            .replace("{all}", &(self.sealed + self.unsealed).to_string())
            .replace("{sealed}", &self.sealed.to_string())
            .replace("{unsealed}", &self.unsealed.to_string())
            .replace("{withheld}", &self.withheld.to_string())
            // The last, since it holds what somebody wrote.
            .replace("{filters}", &self.filters)
    }
}
