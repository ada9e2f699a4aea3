//! A place in a log, as people name it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A place in a log, as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// That of an event.
    Position(u64),
    /// When the store took it, UTC.
    Instant(DateTime<Utc>),
}

/// A place that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no place in a log: give a position such as 4711, an instant such as 2026-03-01T09:30:00Z, or a day such as \
     2026-03-01, which is its beginning in UTC"
)]
pub struct NoBound(String);

impl FromStr for Bound {
    type Err = NoBound;

    fn from_str(text: &str) -> Result<Self, NoBound> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Instant(at.to_utc()));
        }
        match text.parse::<NaiveDate>() {
            Ok(day) => Ok(Self::Instant(day.and_time(NaiveTime::MIN).and_utc())),
            Err(_no_day) => Err(NoBound(text.to_owned())),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => write!(f, "position {position}"),
            Self::Instant(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        }
    }
}

impl TryFrom<String> for Bound {
    type Error = NoBound;

    fn try_from(text: String) -> Result<Self, NoBound> {
        text.trim_start_matches("position ").parse()
    }
}

impl Serialize for Bound {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

impl Bound {
    /// Whether it lies at this place or before it.
    pub fn is_reached(self, position: u64, recorded: DateTime<Utc>) -> bool {
        match self {
            Self::Position(from) => position >= from,
            Self::Instant(at) => recorded >= at,
        }
    }

    /// Whether it lies at this place or behind it.
    pub fn includes(self, position: u64, recorded: DateTime<Utc>) -> bool {
        match self {
            Self::Position(to) => position <= to,
            Self::Instant(at) => recorded <= at,
        }
    }

    /// Whether it lies behind another; a position and an instant cannot be compared.
    pub fn is_behind(self, other: Self) -> bool {
        match (self, other) {
            (Self::Position(one), Self::Position(two)) => one > two,
            (Self::Instant(one), Self::Instant(two)) => one > two,
            (Self::Position(_), Self::Instant(_)) | (Self::Instant(_), Self::Position(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bound;

    #[test]
    fn place_reads_as_position_instant_or_day_and_back() {
        for (text, same) in [
            ("17", "position 17"),
            ("2026-03-01", "2026-03-01T00:00:00Z"),
            ("2026-03-01T12:00:00.5+03:00", "2026-03-01T09:00:00.500Z"),
        ] {
            let bound: Bound = text.parse().unwrap();
            assert_eq!(bound.to_string(), same);
            let stored = serde_json::to_string(&bound).unwrap();
            assert_eq!(serde_json::from_str::<Bound>(&stored).unwrap(), bound);
        }
        for text in ["", "-1", "yesterday", "2026-02-30", "2026-03-01 09:00"] {
            let said = text.parse::<Bound>().unwrap_err().to_string();
            assert!(said.contains(&format!("{text:?}")) && said.contains("4711"), "{said}");
        }
    }
}
