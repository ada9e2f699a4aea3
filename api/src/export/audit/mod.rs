//! The audit as a file, with what proves its events.

mod book;
mod cover;
mod rows;
mod write;

use std::sync::Arc;

use event_store::SealRecord;
use event_store::inclusion::Inclusion;
use projections::audit_entry::{self, Wanted};
use serde_json::Value;
use tokio::{sync::mpsc, task};
use uuid::Uuid;

use self::{cover::Cover, write::write};
use super::{Built, Exports, joined, proof::Prover, settled};
use crate::{
    graphql::{Parts, PlainEntry},
    problem::{Language, Problem, internal},
};

/// Entries read at a time.
const PAGE: i64 = 500;

/// In which form entries are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text with commas; a row a change.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// A spreadsheet; a row a change.
    Xlsx,
}

impl Form {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Xlsx];

    /// As parameters and file names say it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }
}

/// Which entries are wanted, and how.
#[derive(Debug, Clone)]
pub(crate) struct AuditWish {
    /// Which.
    pub(crate) wanted: Wanted,
    /// How.
    pub(crate) form: Form,
    /// The parameters as they are put on record: without texts that were looked for.
    pub(crate) filters: Value,
    /// Of what was done, in words.
    pub(crate) language: Language,
}

impl AuditWish {
    /// The things and persons that it is about.
    pub(crate) fn about(&self) -> Vec<Uuid> {
        self.wanted.about.clone()
    }
}

/// An entry and what proves it.
type Line = (PlainEntry, Inclusion);

/// What goes to the thread that writes.
enum Piece {
    /// More entries, and the seals that they are the first to need.
    Page(Vec<Line>, Vec<SealRecord>),
    /// That was all.
    End,
}

impl Exports {
    /// The package, and how many entries are in it.
    ///
    /// # Errors
    /// When Postgres, the log or the disk fails, or the audit does not show what was done a moment ago.
    pub(crate) async fn audit(&self, parts: &Parts, wish: AuditWish) -> Result<(Built, u64), Problem> {
        let head = parts.log.head().await.map_err(|_away| crate::problem::unavailable())?;
        settled(parts, &[audit_entry::MODEL]).await?;
        let cover = Cover::new(&wish, head, parts.handler.now());
        let (sender, pieces) = mpsc::channel(1);
        let (folder, keys) = (Arc::clone(&self.folder), Arc::clone(&self.keys));
        let form = wish.form;
        // When this is dropped, the channel closes without an end, and the thread leaves nothing behind.
        let writing = task::spawn_blocking(move || write(&folder, &keys, form, cover, pieces));
        let gathered = gather(parts, &wish, head.0, &sender).await;
        drop(sender);
        let written = writing.await;
        let count = gathered?;
        Ok((joined(written)?, count))
    }
}

async fn gather(parts: &Parts, wish: &AuditWish, head: u64, to: &mpsc::Sender<Piece>) -> Result<u64, Problem> {
    let mut prover = Prover::new(parts.log.clone());
    let (mut after, mut count) = (0, 0);
    loop {
        let page = audit_entry::in_order(&parts.pool, &wish.wanted, (after, head.cast_signed()), PAGE).await;
        let page = page.map_err(|it| internal(&it))?;
        let Some(last) = page.last() else { break };
        after = last.position;
        let (mut lines, mut seals) = (Vec::with_capacity(page.len()), Vec::new());
        for entry in page {
            let shown = prover.prove(entry.position.cast_unsigned()).await?;
            seals.extend(shown.seal);
            let entry = PlainEntry::new(entry, shown.inclusion.id, shown.stream, wish.language);
            lines.push((entry, shown.inclusion));
        }
        count += lines.len() as u64;
        if to.send(Piece::Page(lines, seals)).await.is_err() {
            // Why it ended, its own answer tells.
            return Ok(count);
        }
    }
    drop(to.send(Piece::End).await);
    Ok(count)
}
