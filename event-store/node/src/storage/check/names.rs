//! Names of streams and types: each is found by its id and by its name.

use rusqlite::OptionalExtension;

use super::{Found, Rows};

const PAGE: u32 = 1024;

#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    Streams,
    Types,
}

/// First every row is looked up by name, then every entry of the index by id: neither has one the other lacks.
#[derive(Debug)]
pub(super) struct Names {
    table: Table,
    side: Side,
}

#[derive(Debug)]
enum Side {
    /// After this id.
    Rows(i64),
    /// After this name.
    Entries(Option<String>),
}

impl Table {
    fn pages(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => (
                "SELECT id, name FROM streams NOT INDEXED WHERE id > ?1 ORDER BY id LIMIT ?2",
                "SELECT id, name FROM streams INDEXED BY sqlite_autoindex_streams_1
                 WHERE name > ?1 ORDER BY name LIMIT ?2",
            ),
            Self::Types => (
                "SELECT id, name FROM types NOT INDEXED WHERE id > ?1 ORDER BY id LIMIT ?2",
                "SELECT id, name FROM types INDEXED BY sqlite_autoindex_types_1
                 WHERE name > ?1 ORDER BY name LIMIT ?2",
            ),
        }
    }

    fn lookups(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => (
                "SELECT id FROM streams WHERE name = ?1",
                "SELECT name FROM streams WHERE id = ?1",
            ),
            Self::Types => (
                "SELECT id FROM types WHERE name = ?1",
                "SELECT name FROM types WHERE id = ?1",
            ),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Streams => "stream",
            Self::Types => "event type",
        }
    }
}

impl Names {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            side: Side::Rows(i64::MIN),
        }
    }

    /// The next names; true when all were right.
    pub(super) fn step(&mut self, rows: &Rows) -> Result<bool, Found> {
        let (by_id, by_name) = self.table.pages();
        match &mut self.side {
            Side::Rows(last) => {
                let page = page(rows, by_id, *last, self.table)?;
                for (id, name) in &page {
                    if *id <= *last || look_up(rows, self.table.lookups().0, name)? != Some(*id) {
                        return Err(lost(self.table, name, "by its name"));
                    }
                    *last = *id;
                }
                if page.len() < PAGE as usize {
                    self.side = Side::Entries(None);
                }
                Ok(false)
            }
            Side::Entries(last) => {
                let page = page(rows, by_name, last.as_deref().unwrap_or_default(), self.table)?;
                for (id, name) in &page {
                    let found: Option<String> = look_up(rows, self.table.lookups().1, *id)?;
                    if last.as_ref().is_some_and(|last| last >= name) || found.as_ref() != Some(name) {
                        return Err(lost(self.table, name, "by its id"));
                    }
                    *last = Some(name.clone());
                }
                Ok(page.len() < PAGE as usize)
            }
        }
    }
}

fn page(
    rows: &Rows,
    sql: &'static str,
    after: impl rusqlite::ToSql,
    table: Table,
) -> Result<Vec<(i64, String)>, Found> {
    let read = || -> rusqlite::Result<Vec<(i64, String)>> {
        let mut select = rows.connection().prepare_cached(sql)?;
        select
            .query_map((after, PAGE), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    read().map_err(|error| Found::at(error, || format!("a {} name", table.name())))
}

fn look_up<T: rusqlite::types::FromSql>(
    rows: &Rows,
    sql: &'static str,
    key: impl rusqlite::ToSql,
) -> Result<Option<T>, Found> {
    let mut select = rows.connection().prepare_cached(sql)?;
    Ok(select.query_one([key], |row| row.get(0)).optional()?)
}

fn lost(table: Table, name: &str, way: &str) -> Found {
    Found::Damage(format!("{} {name:?} is not found {way}", table.name()))
}
