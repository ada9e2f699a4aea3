//! What tickets point at, read for all tickets of an answer at once.
//!
//! Tickets of one page share a [`Related`]: it knows what all of them point at, and whoever first asks for one of those
//! things reads all of that sort in one statement. A resolver of a list that sees by look-ahead that they will be asked
//! for reads them beforehand ([`Related::prefetch`]), so that no ticket waits for another; where nobody looked ahead
//! (a change, a history), it is still one statement for all. To add a sort of thing: a [`Sort`] of its own in
//! [`Related`], its ids in [`Related::of`], its fields in [`Related::prefetch`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, Lookahead, Result};
use domain::{
    access::Place,
    organisation::{self, Definition},
    ticket::StatusCategory,
};
use projections::{
    TicketRow,
    organisation::{ItemRow, by_ids, by_ids_at},
    resolution_estimate::{self, EstimateRow},
    ticket_decision,
    ticket_history::{self, Happening, HistoryPage},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    contacts::{self, Contact},
    conversation::Cache,
    life::{self, Neighbours},
    organisation::{Category, StatusLabel, Thing, from_row_at},
    parts,
    people::{self, User},
    postgres,
    reasons::Decisions,
    ticket::Ticket,
    travel::{self, Past, Seen},
};

/// Things of one sort that some tickets point at.
#[derive(Debug)]
struct Sort<T> {
    ids: Vec<Uuid>,
    found: OnceCell<HashMap<Uuid, T>>,
}

impl<T> Sort<T> {
    fn of(ids: impl Iterator<Item = Uuid>) -> Self {
        Self {
            ids: distinct(ids),
            found: OnceCell::new(),
        }
    }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Each ticket once, with where it belongs now.
fn places_of<'r>(rows: impl Iterator<Item = &'r TicketRow>, seen: Option<&Seen>) -> Vec<(Uuid, Place)> {
    let place = |it: &TicketRow| seen.map_or_else(|| it.place(), |seen| seen.place(it));
    let places: HashMap<Uuid, Place> = rows.map(|it| (it.ticket_id, place(it))).collect();
    places.into_iter().collect()
}

/// What some tickets point at.
#[derive(Debug)]
pub(super) struct Related {
    tickets: Vec<Uuid>,
    contacts: Sort<Arc<Contact>>,
    agents: Sort<User>,
    /// Categories, inboxes, branches, teams.
    items: Sort<ItemRow>,
    histories: Mutex<HashMap<HistoryPage, Arc<OnceCell<Arc<Histories>>>>>,
    happenings: OnceCell<HashMap<Uuid, i64>>,
    /// The conversations under them.
    pub(super) threads: Cache,
    /// Tickets they were split from.
    origins: Vec<Uuid>,
    neighbours: OnceCell<Neighbours>,
    labels: OnceCell<Vec<ItemRow>>,
    decisions: OnceCell<Decisions>,
    estimates: OnceCell<HashMap<Uuid, EstimateRow>>,
    /// The past in which they are seen; `None` when as they are now.
    seen: Option<Seen>,
}

/// The same part of the histories of some tickets.
#[derive(Debug)]
pub(super) struct Histories {
    of: HashMap<Uuid, Vec<Happening>>,
    /// What the tickets in them point at.
    pub(super) related: Arc<Related>,
}

impl Histories {
    /// That of one ticket, the oldest happening first.
    pub(super) fn of(&self, ticket_id: Uuid) -> Vec<Happening> {
        self.of.get(&ticket_id).cloned().unwrap_or_default()
    }
}

impl Related {
    fn of<'r>(rows: &(impl Iterator<Item = &'r TicketRow> + Clone), seen: Option<Seen>) -> Self {
        let keys = rows.clone().flat_map(|it| [&it.category_id, &it.subcategory_id]);
        let categories = keys.flatten().map(|it| organisation::Category::id_of(it));
        let places = rows.clone().flat_map(|it| [it.inbox_id, it.branch_id, it.team_id]);
        let marks = rows.clone().flat_map(|it| {
            let fields = it.fields.iter().map(|(id, _)| id);
            it.tag_ids.iter().copied().chain(it.status_label_id).chain(fields)
        });
        let agents = rows
            .clone()
            .flat_map(|it| it.follower_ids.iter().copied().chain(it.assignee_id));
        Self {
            tickets: distinct(rows.clone().map(|it| it.ticket_id)),
            contacts: Sort::of(rows.clone().filter_map(|it| it.contact_id)),
            agents: Sort::of(agents),
            items: Sort::of(categories.chain(places.flatten()).chain(marks)),
            histories: Mutex::default(),
            happenings: OnceCell::new(),
            threads: Cache::of(places_of(rows.clone(), seen.as_ref()), seen.as_ref().map(Seen::past)),
            origins: distinct(rows.clone().filter_map(|it| it.split_from)),
            neighbours: OnceCell::new(),
            labels: OnceCell::new(),
            decisions: OnceCell::new(),
            estimates: OnceCell::new(),
            seen,
        }
    }

    /// The past in which they are seen; `None` when as they are now.
    pub(super) fn past(&self) -> Option<&Arc<Past>> {
        self.seen.as_ref().map(|it| &it.past)
    }

    /// Where one of them belongs as rights see it: where it belongs now.
    pub(super) fn place(&self, row: &TicketRow) -> Place {
        self.seen.as_ref().map_or_else(|| row.place(), |it| it.place(row))
    }

    /// Reads what the fields of a ticket that are asked for need.
    async fn prefetch(&self, ctx: &Context<'_>, asked: &[Lookahead<'_>]) -> Result<()> {
        let asks = |field: &str| asked.iter().any(|it| it.field(field).exists());
        if [
            "category",
            "subcategory",
            "inbox",
            "branch",
            "team",
            "statusLabel",
            "tags",
        ]
        .into_iter()
        .any(asks)
        {
            self.items(ctx).await?;
        }
        if asks("assignee") || asks("followers") {
            self.agents(ctx).await?;
        }
        if asks("contact") {
            self.contacts(ctx).await?;
        }
        Ok(())
    }

    async fn contacts(&self, ctx: &Context<'_>) -> Result<&HashMap<Uuid, Arc<Contact>>> {
        let Sort { ids, found } = &self.contacts;
        found.get_or_try_init(|| contacts::shown(ctx, ids, self.past())).await
    }

    /// The contact with this id, as the one it is shown with; `None` when nobody created it here.
    pub(super) async fn contact(&self, ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Contact>> {
        let Some(id) = id else { return Ok(None) };
        let found = self.contacts(ctx).await?.get(&id);
        Ok(found.map(|it| (**it).clone()))
    }

    async fn items(&self, ctx: &Context<'_>) -> Result<&HashMap<Uuid, ItemRow>> {
        let Sort { ids, found } = &self.items;
        found
            .get_or_try_init(|| async {
                if ids.is_empty() {
                    return Ok(HashMap::new());
                }
                let pool = &parts(ctx)?.pool;
                let rows = match self.past() {
                    Some(past) => by_ids_at(pool, ids, past.instant()).await,
                    None => by_ids(pool, ids).await,
                };
                let rows = rows.map_err(|it| postgres(ctx, &it))?;
                Ok(rows.into_iter().map(|it| (it.id, it)).collect())
            })
            .await
    }

    /// The item of configuration with this id; `None` when there is none.
    pub(super) async fn item<T: Thing>(&self, ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<T>> {
        let Some(id) = id else { return Ok(None) };
        let row = self.items(ctx).await?.get(&id);
        let at = self.past().map(|it| it.instant());
        row.filter(|it| it.kind == T::Definition::KIND.as_str())
            .map(|it| from_row_at(ctx, it, at))
            .transpose()
    }

    /// The category with the key that a ticket carries; `None` when it carries none, or one that no category has.
    pub(super) async fn category(&self, ctx: &Context<'_>, key: Option<&str>) -> Result<Option<Category>> {
        self.item(ctx, key.map(organisation::Category::id_of)).await
    }

    /// The word that is meant when only the status is known; `None` when the organisation has none.
    pub(super) async fn usual_label(&self, ctx: &Context<'_>, status: StatusCategory) -> Result<Option<StatusLabel>> {
        let at = self.past().map(|it| it.instant());
        let labels = self.labels.get_or_try_init(|| life::default_labels(ctx, at)).await?;
        for row in labels {
            if life::stands_for(row) == Some(status) {
                return from_row_at(ctx, row, at).map(Some);
            }
        }
        Ok(None)
    }

    /// The tickets that these have to do with.
    pub(super) async fn neighbours(&self, ctx: &Context<'_>) -> Result<&Neighbours> {
        let read = || async {
            match &self.seen {
                Some(seen) => travel::neighbours(ctx, seen, &self.tickets, &self.origins).await,
                None => Neighbours::read(ctx, &self.tickets, &self.origins).await,
            }
        };
        self.neighbours.get_or_try_init(|| Box::pin(read())).await
    }

    /// Who chose their categories and priorities, and why.
    pub(super) async fn decisions(&self, ctx: &Context<'_>) -> Result<&Decisions> {
        let read = || async {
            if let Some(past) = self.past() {
                return Ok(Decisions::of(travel::decisions(ctx, past, &self.tickets).await?));
            }
            let rows = ticket_decision::newest(&parts(ctx)?.pool, &self.tickets).await;
            Ok(Decisions::of(rows.map_err(|it| postgres(ctx, &it))?))
        };
        self.decisions.get_or_try_init(read).await
    }

    /// What is known of when one of them will be resolved.
    pub(super) async fn estimate(&self, ctx: &Context<'_>, ticket: Uuid) -> Result<Option<&EstimateRow>> {
        let read = || async {
            if let Some(past) = self.past() {
                return travel::estimates(ctx, past, &self.tickets).await;
            }
            let rows = resolution_estimate::by_ids(&parts(ctx)?.pool, &self.tickets).await;
            let rows = rows.map_err(|it| postgres(ctx, &it))?;
            Ok::<_, async_graphql::Error>(rows.into_iter().map(|it| (it.ticket_id, it)).collect())
        };
        Ok(self.estimates.get_or_try_init(read).await?.get(&ticket))
    }

    async fn agents(&self, ctx: &Context<'_>) -> Result<&HashMap<Uuid, User>> {
        let Sort { ids, found } = &self.agents;
        let read = || async { Ok(people::users(ctx, ids).await?.into_iter().collect()) };
        found.get_or_try_init(read).await
    }

    /// The person with this id; `None` when nobody has it.
    pub(super) async fn agent(&self, ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<User>> {
        let Some(id) = id else { return Ok(None) };
        Ok(self.agents(ctx).await?.get(&id).cloned())
    }
}

impl Related {
    /// A part of the histories of all of them; whoever asks first reads it for all.
    pub(super) async fn histories(&self, ctx: &Context<'_>, page: HistoryPage) -> Result<Arc<Histories>> {
        let read = {
            let mut histories = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(histories.entry(page).or_default())
        };
        let histories = read.get_or_try_init(|| async {
            let of = if let Some(past) = self.past() {
                travel::histories(ctx, past, &self.tickets, page).await?
            } else {
                let of = ticket_history::of_tickets(&parts(ctx)?.pool, &self.tickets, page).await;
                of.map_err(|it| postgres(ctx, &it))?
            };
            let related = Self::of(&of.values().flatten().map(|it| &it.ticket), self.seen.clone());
            let related = Arc::new(related);
            Ok(Arc::new(Histories { of, related }))
        });
        histories.await.cloned()
    }

    /// How many things have happened to one of them.
    pub(super) async fn happenings(&self, ctx: &Context<'_>, ticket_id: Uuid) -> Result<i64> {
        if let Some(past) = self.past() {
            let told = past.ticket(ctx, ticket_id).await?;
            return Ok(told.row.as_ref().map_or(0, |it| it.version));
        }
        let read = || async {
            let counts = ticket_history::counts(&parts(ctx)?.pool, &self.tickets).await;
            counts.map_err(|it| postgres(ctx, &it))
        };
        let counts = self.happenings.get_or_try_init(read).await?;
        Ok(counts.get(&ticket_id).copied().unwrap_or_default())
    }
}

/// One ticket, by itself.
pub(super) fn alone(row: &TicketRow) -> Arc<Related> {
    Arc::new(Related::of(&std::iter::once(row), None))
}

/// The tickets of one answer, together; in the past in which they are `seen`, if they are.
pub(super) fn together(rows: Vec<TicketRow>, seen: Option<Seen>) -> Vec<Ticket> {
    let related = Arc::new(Related::of(&rows.iter(), seen));
    rows.into_iter()
        .map(|it| Ticket::with(it, Arc::clone(&related)))
        .collect()
}

/// The tickets of one answer, with what is asked for beneath these paths of the field that is resolved.
pub(super) async fn prefetched(ctx: &Context<'_>, rows: Vec<TicketRow>, paths: &[&[&str]]) -> Result<Vec<Ticket>> {
    prefetched_in(ctx, rows, None, paths).await
}

/// The same in the past in which they are `seen`.
pub(super) async fn prefetched_in(
    ctx: &Context<'_>,
    rows: Vec<TicketRow>,
    seen: Option<Seen>,
    paths: &[&[&str]],
) -> Result<Vec<Ticket>> {
    let tickets = together(rows, seen);
    if let Some(first) = tickets.first() {
        let look = |path: &&[&str]| path.iter().fold(ctx.look_ahead(), |look, field| look.field(field));
        let asked: Vec<Lookahead<'_>> = paths.iter().map(look).collect();
        first.related().prefetch(ctx, &asked).await?;
    }
    Ok(tickets)
}
