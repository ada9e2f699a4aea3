//! Everything that is kept of a person, as a file for programs, a page for people, and their files.

mod page;
mod sheet;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use domain::{actor::Actor, ids::AttachmentId};
use futures_util::StreamExt;
use projections::{
    Model,
    person_data::{self, ATTACHMENTS, Person, SECTIONS, Section},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task};
use uuid::Uuid;

use self::{sheet::Head, write::write};
use super::{Built, Exports, joined, settled};
use crate::{
    files::{Errand, Link},
    graphql::Parts,
    problem::{Language, Problem, internal},
};

/// Letters of a file's name that are kept.
const NAME: usize = 80;

/// What goes to the thread that writes.
enum Piece {
    /// Another part begins.
    Section(&'static Section),
    /// A row of it.
    Row(Value),
    /// The parts have ended.
    Files,
    /// A file of this name begins.
    File(String),
    /// More of its bytes.
    Bytes(Bytes),
    /// That was all.
    End,
}

type Sender = mpsc::Sender<Piece>;

/// What was put together of whom.
#[derive(Debug)]
pub(crate) struct PersonExport {
    /// The package.
    pub(crate) built: Built,
    /// Rows and files in it.
    pub(crate) count: u64,
    /// All ids of the person.
    pub(crate) ids: Vec<Uuid>,
}

impl Exports {
    /// The package of the person with this id; `None` when nobody was ever known under it.
    ///
    /// # Errors
    /// When Postgres, the log, the storage of files or the disk fails.
    pub(crate) async fn person(
        &self,
        parts: &Parts,
        (id, actor, language): (Uuid, &Actor, Language),
    ) -> Result<Option<PersonExport>, Problem> {
        settled(parts, &MODELS).await?;
        let found = person_data::find(&parts.pool, id).await;
        let Some(person) = found.map_err(|it| internal(&it))? else {
            return Ok(None);
        };
        let notes = person_data::internal_notes(&parts.pool, &person).await;
        let head = Head {
            id,
            ids: person.ids.clone(),
            erased: person.erased,
            at: parts.handler.now(),
            notes: notes.map_err(|it| internal(&it))?,
            language,
        };
        let (sender, pieces) = mpsc::channel(16);
        let folder = Arc::clone(&self.folder);
        // When the sender is dropped, the channel closes without an end, and the thread leaves nothing behind.
        let writing = task::spawn_blocking(move || write(&folder, &head, pieces));
        let gathered = gather(parts, &person, actor, &sender).await;
        drop(sender);
        let written = writing.await;
        let count = match gathered {
            Err(Stop::Failed(problem)) => return Err(problem),
            // Why the thread ended, its own answer tells.
            Err(Stop::Closed) => 0,
            Ok(count) => count,
        };
        Ok(Some(PersonExport {
            built: joined(written)?,
            count,
            ids: person.ids,
        }))
    }
}

/// The read models that are asked.
const MODELS: [Model; 9] = [
    projections::attachment::MODEL,
    projections::audit_entry::MODEL,
    projections::contact_card::MODEL,
    projections::message::MODEL,
    projections::organization::MODEL,
    projections::people::MODEL,
    projections::person_privacy::MODEL,
    projections::ticket_history::MODEL,
    projections::ticket_list::MODEL,
];

/// Why gathering ended early.
enum Stop {
    Failed(Problem),
    /// Nobody takes what is gathered.
    Closed,
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(internal(&error))
    }
}

async fn send(to: &Sender, piece: Piece) -> Result<(), Stop> {
    to.send(piece).await.map_err(|_closed| Stop::Closed)
}

async fn gather(parts: &Parts, person: &Person, actor: &Actor, to: &Sender) -> Result<u64, Stop> {
    let mut count = 0;
    let mut files = Vec::new();
    for section in SECTIONS {
        send(to, Piece::Section(section)).await?;
        let mut rows = person_data::rows(&parts.pool, section, person);
        while let Some(row) = rows.next().await {
            let mut row = row?;
            if section.name == ATTACHMENTS {
                files.extend(listed(parts, actor, &mut row, files.len() + 1).await?);
            }
            count += 1;
            send(to, Piece::Row(row)).await?;
        }
    }
    send(to, Piece::Files).await?;
    for (link, name) in files {
        give(parts, &link, name, to).await?;
        count += 1;
    }
    send(to, Piece::End).await?;
    Ok(count)
}

/// Says in a file's row where its bytes are, or why they are not given; what opens it, if it may be opened.
async fn listed(parts: &Parts, actor: &Actor, row: &mut Value, number: usize) -> Result<Option<(Link, String)>, Stop> {
    let id = row["id"].as_str().and_then(|it| it.parse().ok());
    let Some(id) = id else { return Ok(None) };
    let link = Link {
        errand: Errand::Read,
        file: AttachmentId(id),
        actor: actor.clone(),
        expires_at: parts.handler.now(),
    };
    match parts.files.readable(&link).await {
        Ok(_) => {
            let name = format!("files/{number:04}-{}", plain(row["name"].as_str().unwrap_or_default()));
            row["path"] = json!(name);
            row["leftOut"] = Value::Null;
            Ok(Some((link, name)))
        }
        // The storage or the log fails: a copy that lacks what is there would be no copy.
        Err(flaw) if flaw.status.is_server_error() => Err(Stop::Failed(flaw.problem)),
        Err(flaw) => {
            row["path"] = Value::Null;
            row["leftOut"] = json!(flaw.problem.code);
            Ok(None)
        }
    }
}

async fn give(parts: &Parts, link: &Link, name: String, to: &Sender) -> Result<(), Stop> {
    let failed = |it: crate::files::Flaw| Stop::Failed(it.problem);
    let file = parts.files.readable(link).await.map_err(failed)?;
    let mut bytes = Box::pin(file.bytes().await.map_err(failed)?);
    send(to, Piece::File(name)).await?;
    while let Some(more) = bytes.next().await {
        let more = more.map_err(|it| Stop::Failed(internal(&it)))?;
        send(to, Piece::Bytes(more)).await?;
    }
    Ok(())
}

/// A name that no system takes for a way elsewhere, and that reads as it is written.
fn plain(name: &str) -> String {
    let is_odd = |it: char| it.is_control() || "/\\:*?\"<>|".contains(it) || is_direction(it);
    let plain: String = name
        .chars()
        .map(|it| if is_odd(it) { '_' } else { it })
        .take(NAME)
        .collect();
    let plain = plain.trim_matches([' ', '.']);
    if plain.is_empty() {
        "file".to_owned()
    } else {
        plain.to_owned()
    }
}

/// Marks that turn the direction of writing: `exe.gpj` would read as `jpg.exe`.
fn is_direction(it: char) -> bool {
    matches!(it, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_lead_nowhere_and_read_as_they_are() {
        for (name, expected) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\a.exe", "C__a.exe"),
            ("a\u{202e}gpj.exe", "a_gpj.exe"),
            ("", "file"),
            ("...", "file"),
            ("Счёт №1.pdf", "Счёт №1.pdf"),
        ] {
            assert_eq!(plain(name), expected);
        }
        assert_eq!(plain(&"я".repeat(500)).chars().count(), 80);
    }
}
