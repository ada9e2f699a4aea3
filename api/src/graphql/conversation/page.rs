//! Pages of conversations, and how they stand; for all tickets of an answer at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    access,
    actor::Actor,
    ids::{ConversationId, TicketId},
};
use projections::message::{self, MessageRow, Thread, ThreadPage, ThreadRow, Wanted};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{Message, message::Related, wanted};
use crate::graphql::{
    connection::{Edge, PageArgs, PageInfo},
    cursor::Numbered,
    files::{Attachment, Wait, attachments},
    parts, postgres, problem,
    sight::sight,
    travel::Past,
};

/// Files of one ticket that are shown.
const MOST_FILES: i64 = 200;

/// A ticket and where it belongs.
pub(in crate::graphql) type Place = (Uuid, access::Place);

/// A page of the thread under a ticket, in the order of arrival; messages of tickets that were merged into it, or of the
/// part it was split from, are among them.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct MessageConnection {
    /// The messages with their cursors.
    edges: Vec<Edge<Message>>,
    /// The messages alone.
    nodes: Vec<Message>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many messages there are in all that you may see.
    total_count: i64,
}

/// How the conversation under a ticket stands.
#[derive(Debug, Default, SimpleObject)]
#[graphql(name = "TicketThread")]
pub(in crate::graphql) struct Standing {
    /// When the customer wrote the oldest message that nobody has answered, here or in a ticket that was merged into this or
    /// that this was split from; null when the team was last to speak.
    needs_answer_since: Option<DateTime<Utc>>,
    /// When the newest message between customer and team arrived.
    last_message_at: Option<DateTime<Utc>>,
    /// When the customer last wrote.
    last_received_at: Option<DateTime<Utc>>,
    /// When the team last answered.
    last_answer_at: Option<DateTime<Utc>>,
    /// When the team first answered.
    first_answer_at: Option<DateTime<Utc>>,
    /// Place of the last message that the customer's device has; 0 when it has none.
    delivered_up_to: i32,
    /// Place of the last message that the customer has read; 0 when they have read none.
    read_up_to: i32,
}

impl From<&ThreadRow> for Standing {
    fn from(row: &ThreadRow) -> Self {
        Self {
            needs_answer_since: row.needs_answer_since,
            last_message_at: row.last_public_at,
            last_received_at: row.last_received_at,
            last_answer_at: row.last_answer_at,
            first_answer_at: row.first_answer_at,
            delivered_up_to: row.delivered_up_to,
            read_up_to: row.contact_read_up_to,
        }
    }
}

/// The same part of some conversations.
#[derive(Debug)]
struct Pages {
    of: HashMap<Uuid, Vec<MessageRow>>,
    related: Arc<Related>,
}

/// What was read of the conversations under the tickets of an answer.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Cache {
    tickets: Vec<Place>,
    pages: Mutex<HashMap<ThreadPage, Arc<OnceCell<Pages>>>>,
    counts: OnceCell<HashMap<Uuid, i64>>,
    threads: OnceCell<HashMap<Uuid, ThreadRow>>,
    files: OnceCell<Files>,
    /// The past in which they are seen; `None` when as they are now.
    past: Option<Arc<Past>>,
}

/// The files of some conversations.
#[derive(Debug)]
struct Files {
    of: HashMap<Uuid, Vec<Uuid>>,
    known: HashMap<Uuid, Attachment>,
}

impl Cache {
    /// `tickets` with where they belong now.
    pub(in crate::graphql) fn of(tickets: Vec<Place>, past: Option<Arc<Past>>) -> Self {
        Self {
            tickets,
            past,
            ..Self::default()
        }
    }

    /// The conversations of those tickets that the caller may see.
    fn wanted(&self, ctx: &Context<'_>) -> Result<Vec<Wanted>> {
        let seen = sight(ctx)?;
        let shown = self.tickets.iter().filter(|it| seen.reaches(&it.1));
        shown.map(|(id, place)| wanted(ctx, &seen, *id, place)).collect()
    }

    /// The thread under one of the tickets as it was, as far as the caller may read it; `None` when they are seen as they
    /// are now.
    async fn then(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Option<Arc<Thread>>> {
        let Some(past) = &self.past else { return Ok(None) };
        let wanted = self.wanted(ctx)?.into_iter().find(|it| it.ticket_id == ticket);
        match wanted {
            Some(wanted) => past.thread(ctx, wanted).await.map(Some),
            None => Ok(Some(Arc::default())),
        }
    }

    async fn page(&self, ctx: &Context<'_>, page: ThreadPage, ticket: Uuid) -> Result<(Vec<MessageRow>, Arc<Related>)> {
        if let Some(thread) = self.then(ctx, ticket).await? {
            let rows = thread.page(page);
            let related = Related::of(rows.iter()).in_past(self.past.clone());
            return Ok((rows, Arc::new(related)));
        }
        let cell = {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(pages.entry(page).or_default())
        };
        let read = || async {
            let of = message::of_threads(&parts(ctx)?.pool, &self.wanted(ctx)?, page).await;
            let of = of.map_err(|it| postgres(ctx, &it))?;
            let related = Arc::new(Related::of(of.values().flatten()));
            Ok::<_, async_graphql::Error>(Pages { of, related })
        };
        let pages = cell.get_or_try_init(read).await?;
        let rows = pages.of.get(&conversation_of(ticket)).cloned().unwrap_or_default();
        Ok((rows, Arc::clone(&pages.related)))
    }

    async fn count(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<i64> {
        if let Some(thread) = self.then(ctx, ticket).await? {
            return Ok(i64::try_from(thread.messages.len()).unwrap_or(i64::MAX));
        }
        let read = || async {
            let counts = message::counts(&parts(ctx)?.pool, &self.wanted(ctx)?).await;
            counts.map_err(|it| postgres(ctx, &it))
        };
        let counts = self.counts.get_or_try_init(read).await?;
        Ok(counts.get(&conversation_of(ticket)).copied().unwrap_or_default())
    }

    /// The files of the messages under one of the tickets, in the order of the messages.
    pub(in crate::graphql) async fn attachments(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Vec<Attachment>> {
        if let Some(thread) = self.then(ctx, ticket).await? {
            let files = thread.files(usize::try_from(MOST_FILES).unwrap_or_default());
            let wanted: Vec<_> = files.iter().map(|it| (*it, Wait::Attached)).collect();
            let known = attachments(ctx, &wanted).await?;
            return Ok(files.iter().filter_map(|it| known.get(it).cloned()).collect());
        }
        let read = || async {
            let rows = message::files(&parts(ctx)?.pool, &self.wanted(ctx)?, MOST_FILES).await;
            let rows = rows.map_err(|it| postgres(ctx, &it))?;
            let wanted: Vec<_> = rows.iter().map(|it| (it.1, Wait::Attached)).collect();
            let mut of: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
            for (conversation, file) in rows {
                of.entry(conversation).or_default().push(file);
            }
            let known = attachments(ctx, &wanted).await?;
            Ok::<_, async_graphql::Error>(Files { of, known })
        };
        let files = self.files.get_or_try_init(read).await?;
        let of = files.of.get(&conversation_of(ticket)).into_iter().flatten();
        Ok(of.filter_map(|it| files.known.get(it).cloned()).collect())
    }

    /// How the conversation under one of the tickets stands; `None` before its first message. The team sees since when the
    /// ticket waits for an answer, as in lists; others only what they may read.
    pub(in crate::graphql) async fn standing(
        &self,
        ctx: &Context<'_>,
        ticket: Uuid,
        waits_since: Option<DateTime<Utc>>,
    ) -> Result<Option<Standing>> {
        let read = || async {
            let threads = message::standings(&parts(ctx)?.pool, &self.wanted(ctx)?).await;
            threads.map_err(|it| postgres(ctx, &it))
        };
        let standing = if let Some(thread) = self.then(ctx, ticket).await? {
            thread.standing.as_ref().map(Standing::from)
        } else {
            let threads = self.threads.get_or_try_init(read).await?;
            threads.get(&conversation_of(ticket)).map(Standing::from)
        };
        let team = self.wanted(ctx)?.iter().any(|it| it.ticket_id == ticket && it.team);
        if !team {
            return Ok(standing);
        }
        Ok(standing
            .or_else(|| waits_since.is_some().then(Standing::default))
            .map(|it| Standing {
                needs_answer_since: waits_since,
                ..it
            }))
    }
}

fn conversation_of(ticket: Uuid) -> Uuid {
    ConversationId::of_ticket(TicketId(ticket)).0
}

/// A page of the conversation under one of the tickets of an answer.
pub(in crate::graphql) async fn connection(
    ctx: &Context<'_>,
    cache: &Cache,
    ticket: Uuid,
    page: &PageArgs,
) -> Result<MessageConnection> {
    let said = Numbered::Thread(ticket);
    let bound = |cursor: Option<&String>, name, open: i64| match cursor {
        Some(text) => said.number(name, text),
        None => Ok(open),
    };
    let wanted = ThreadPage {
        after: bound(page.after.as_ref(), "after", -1).map_err(|it| problem(ctx, it))?,
        before: bound(page.before.as_ref(), "before", i64::MAX).map_err(|it| problem(ctx, it))?,
        limit: i64::from(page.count) + 1,
        from_end: page.from_end,
    };
    let (rows, related) = if page.count == 0 {
        (Vec::new(), Arc::default())
    } else {
        cache.page(ctx, wanted, ticket).await?
    };
    let (rows, more) = page.cut(rows);
    let total_count = if ctx.look_ahead().field("totalCount").exists() {
        cache.count(ctx, ticket).await?
    } else {
        0
    };
    let edges: Vec<_> = rows
        .into_iter()
        .map(|it| Edge {
            cursor: said.cursor(it.position),
            node: Message::with(it, Arc::clone(&related)),
        })
        .collect();
    Ok(MessageConnection {
        page_info: page.info(&edges, more),
        nodes: edges.iter().map(|it| it.node.clone()).collect(),
        edges,
        total_count,
    })
}

/// The newest messages of a thread as its customer sees them, in the order of arrival; `reader` is on record for the files
/// they read.
pub(in crate::graphql) async fn newest(
    ctx: &Context<'_>,
    (ticket, contact): (Uuid, Option<Uuid>),
    reader: Actor,
    limit: i64,
) -> Result<Vec<Message>> {
    let thread = Wanted {
        ticket_id: ticket,
        conversation_id: conversation_of(ticket),
        team: false,
        contact,
    };
    let page = ThreadPage {
        after: -1,
        before: i64::MAX,
        limit,
        from_end: true,
    };
    let found = message::of_threads(&parts(ctx)?.pool, &[thread], page).await;
    let mut found = found.map_err(|it| postgres(ctx, &it))?;
    let rows = found.remove(&thread.conversation_id).unwrap_or_default();
    let related = Arc::new(Related::of(rows.iter()).read_by(reader));
    Ok(rows
        .into_iter()
        .map(|it| Message::with(it, Arc::clone(&related)))
        .collect())
}
