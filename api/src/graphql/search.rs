//! Search for tickets by words.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    access::Permission,
    actor::ActorKind,
    reading::Searched,
    text::{Piece, around_first, highlighted, words},
};
use projections::{
    TicketRow, message,
    search::{Found, Place, Readable, mentions, search},
    ticket_list::{self, filter::Condition},
};
use uuid::Uuid;

use super::{
    asked, caller,
    connection::{PageArgs, PageInfo, cost},
    filter::{TicketFilter, condition},
    ids::{self, Kind, LogPosition},
    life::me,
    parts, postgres, problem, related,
    sight::{Sight, sight},
    ticket::Ticket,
};
use crate::{looks::Shown, problem::Problem};

/// Characters of a query at most.
const LONGEST: usize = 200;
/// Characters that are shown before the first word found, and behind it.
const AROUND: usize = 160;
/// Whoever names a ticket by its number or id means this one.
const NAMED: i64 = i64::MAX;

/// A piece of a text.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct TextPiece {
    /// What it says; all pieces one after the other are the text.
    text: String,
    /// Whether it is a word that was looked for, in whatever form or spelling.
    found: bool,
}

/// A text in which something was found.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Highlight {
    /// Which text of the ticket it is: `subject`, `message` or `note`.
    field: String,
    /// Id of the message or the note; null for a subject.
    message_id: Option<ID>,
    /// The text; of a long message what stands around the first word that was found.
    pieces: Vec<TextPiece>,
}

/// A ticket that was found, and its place.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct TicketSearchEdge {
    /// Place of the ticket: give it back as `after`.
    cursor: String,
    /// The ticket.
    node: Ticket,
    /// Its texts, with the words that were looked for.
    highlights: Vec<Highlight>,
}

/// A page of tickets that were found, those that fit best first.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketSearchConnection {
    /// The tickets with their cursors and the words found.
    edges: Vec<TicketSearchEdge>,
    /// The tickets alone.
    nodes: Vec<Ticket>,
    /// Where the page stands.
    page_info: PageInfo,
    /// Whether newer changes than `minPosition` asks for are not searched yet.
    stale: bool,
}

/// What can be searched.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SearchQuery;

/// What can be searched.
#[Object]
impl SearchQuery {
    /// Tickets by number, id, words of their subjects, messages and notes, or the name or a handle of their customer or owner,
    /// as far as you may read those; those that fit best first. Russian and English words are found in every form, misspelt, and typed with the keyboard in the other language.
    /// Of words that stand nearly everywhere only the newest 1000 texts are looked at; at most some 500 tickets are found.
    #[graphql(complexity = "cost(first, None, child_complexity)")]
    async fn search_tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Words, a number or an id: 1 to 200 characters.")] text: String,
        #[graphql(desc = "How many at most, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which tickets; all by default.")] filter: Option<TicketFilter>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to here is searched.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<TicketSearchConnection> {
        let seen = sight(ctx)?;
        let args = PageArgs::try_new(first, after, None, None, true).map_err(|it| problem(ctx, it))?;
        let text = checked(&text).map_err(|it| problem(ctx, it))?;
        let behind = args
            .after
            .as_deref()
            .map(|it| place(it, text))
            .transpose()
            .map_err(|it| problem(ctx, it))?;
        let condition = seen.narrow(condition(filter, me(&caller(ctx)?.viewer)).map_err(|it| problem(ctx, it))?);
        let stale = match min_position {
            Some(LogPosition(turn)) => {
                let live = &parts(ctx)?.live;
                !live.reached(projections::search::NAME, turn.shown_at()).await
            }
            None => false,
        };
        let mut found = search(&parts(ctx)?.pool, text, &condition, readable(ctx, &seen)?)
            .await
            .map_err(|it| postgres(ctx, &it))?;
        if let Some(row) = named(ctx, text, &seen, &condition).await? {
            let ticket_id = row.ticket_id;
            found.retain(|it| it.ticket_id != ticket_id);
            let place = Place {
                score: NAMED,
                ticket_id,
            };
            found.insert(0, Found { ticket_id, place });
        }
        if let Some(shown) = ctx.data_opt::<Shown>() {
            let searched = Searched {
                fingerprint: parts(ctx)?.looks.fingerprint(text),
                found: u32::try_from(found.len()).unwrap_or(u32::MAX),
            };
            shown.note_search(searched, || asked(ctx));
        }
        found.retain(|it| behind.is_none_or(|behind| it.place < behind));
        let (found, more) = args.cut(found);
        connection(ctx, &args, (found, more), (text, &seen), stale).await
    }
}

async fn connection(
    ctx: &Context<'_>,
    args: &PageArgs,
    (found, more): (Vec<Found>, bool),
    (text, seen): (&str, &Sight),
    stale: bool,
) -> Result<TicketSearchConnection> {
    let ids: Vec<Uuid> = found.iter().map(|it| it.ticket_id).collect();
    let rows = ticket_list::by_ids(&parts(ctx)?.pool, &ids).await;
    let mut rows = rows.map_err(|it| postgres(ctx, &it))?;
    let place = |row: &TicketRow| ids.iter().position(|it| *it == row.ticket_id);
    rows.sort_by_key(place);
    let mut said = if ctx.look_ahead().field("edges").field("highlights").exists() {
        in_messages(ctx, text, &ids, reads_notes(ctx, seen)?).await?
    } else {
        HashMap::new()
    };
    let shown: Vec<(Place, Vec<Highlight>)> = rows
        .iter()
        .filter_map(|row| {
            let place = found.iter().find(|it| it.ticket_id == row.ticket_id)?.place;
            let mut highlights: Vec<Highlight> = in_subject(row, text).into_iter().collect();
            highlights.extend(said.remove(&row.ticket_id).unwrap_or_default());
            Some((place, highlights))
        })
        .collect();
    let tickets = related::prefetched(ctx, rows, &[&["nodes"], &["edges", "node"]]).await?;
    let edges: Vec<TicketSearchEdge> = shown
        .into_iter()
        .zip(tickets)
        .map(|((place, highlights), node)| TicketSearchEdge {
            cursor: cursor(place, text),
            node,
            highlights,
        })
        .collect();
    let ends = (edges.first(), edges.last());
    let page_info = args.info_between(
        ends.0.map(|it| it.cursor.clone()),
        ends.1.map(|it| it.cursor.clone()),
        more,
    );
    Ok(TicketSearchConnection {
        nodes: edges.iter().map(|it| it.node.clone()).collect(),
        edges,
        page_info,
        stale,
    })
}

/// What the caller may read counts for them: a word that finds tells that it is there.
fn readable(ctx: &Context<'_>, seen: &Sight) -> Result<Readable> {
    let rights = &caller(ctx)?.viewer.rights;
    Ok(Readable {
        notes: reads_notes(ctx, seen)?,
        contacts: rights.has(Permission::ContactsRead),
        addresses: rights.has(Permission::UsersRead),
    })
}

/// Whether the caller sees the notes of all tickets that they see.
fn reads_notes(ctx: &Context<'_>, seen: &Sight) -> Result<bool> {
    Ok(caller(ctx)?.viewer.actor.kind != ActorKind::Contact && seen.is_of_team())
}

fn in_subject(row: &TicketRow, text: &str) -> Option<Highlight> {
    let subject = row.subject.as_deref().unwrap_or_default();
    marked("subject", None, highlighted(subject, text))
}

fn marked(field: &str, message_id: Option<ID>, pieces: Vec<Piece>) -> Option<Highlight> {
    pieces.iter().any(|it| it.found).then(|| Highlight {
        field: field.to_owned(),
        message_id,
        pieces: pieces
            .into_iter()
            .map(|it| TextPiece {
                text: it.text,
                found: it.found,
            })
            .collect(),
    })
}

/// The messages of some tickets in which the words stand.
async fn in_messages(
    ctx: &Context<'_>,
    text: &str,
    tickets: &[Uuid],
    notes: bool,
) -> Result<HashMap<Uuid, Vec<Highlight>>> {
    let pool = &parts(ctx)?.pool;
    let found = mentions(pool, text, tickets, notes)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    let places: Vec<(Uuid, i32)> = found.iter().map(|it| (it.conversation_id, it.seq)).collect();
    let rows = message::at_places(pool, &places)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    let rows: HashMap<_, _> = rows.iter().map(|it| ((it.conversation_id, it.seq), it)).collect();
    let mut highlights: HashMap<Uuid, Vec<Highlight>> = HashMap::new();
    for it in found {
        let row = rows
            .get(&(it.conversation_id, it.seq))
            .filter(|row| notes || !row.is_note());
        let Some((row, body)) = row.and_then(|row| Some((row, row.body.as_deref()?))) else {
            continue;
        };
        let field = if row.is_note() { "note" } else { "message" };
        let id = ids::global(Kind::Message, row.message_id);
        let pieces = around_first(highlighted(body, text), AROUND);
        highlights
            .entry(it.ticket_id)
            .or_default()
            .extend(marked(field, Some(id), pieces));
    }
    Ok(highlights)
}

/// The ticket that a query names by its number or its id, if it is one of those.
async fn named(ctx: &Context<'_>, text: &str, seen: &Sight, condition: &Condition) -> Result<Option<TicketRow>> {
    let pool = &parts(ctx)?.pool;
    let number = text.trim_start_matches(['#', '№']).trim();
    let row = if let Ok(number) = number.parse::<i64>() {
        ticket_list::by_number(pool, number).await
    } else if let Some(id) = ids::local(Kind::Ticket, text) {
        ticket_list::by_ids(pool, &[id]).await.map(|it| it.into_iter().next())
    } else {
        Ok(None)
    };
    let row = row.map_err(|it| postgres(ctx, &it))?;
    Ok(row.filter(|it| seen.holds(it) && condition.holds(it)))
}

fn checked(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let says_something = words(text).next().is_some() || ids::local(Kind::Ticket, text).is_some();
    if text.chars().count() <= LONGEST && says_something {
        return Ok(text);
    }
    let (russian, english) = (
        "до 200 символов, хотя бы одно слово из букв и цифр, не длиннее 40; образцы и операторы не понимаются",
        "up to 200 characters with a word of letters and digits, at most 40; patterns and operators are not understood",
    );
    Err(Problem::bad_input("text", text, russian, english))
}

fn cursor(place: Place, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("s{}:{}:{}", mark(text), place.score, place.ticket_id))
}

/// Tells the cursors of one search from those of others.
fn mark(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..8].to_owned()
}

fn place(cursor: &str, text: &str) -> Result<Place, Problem> {
    let parse = || {
        let found = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?).ok()?;
        let (score, id) = found
            .strip_prefix('s')?
            .strip_prefix(&mark(text))?
            .strip_prefix(':')?
            .split_once(':')?;
        Some(Place {
            score: score.parse().ok()?,
            ticket_id: id.parse().ok()?,
        })
    };
    let (russian, english) = ("курсор этого же поиска", "a cursor of the same search");
    parse().ok_or_else(|| Problem::bad_input("after", cursor, russian, english))
}
