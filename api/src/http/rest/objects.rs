//! What comes back: the same words as in GraphQL, without its edges and nodes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::graphql::{Hold, Resolution, Sort, Status, Urgency};

/// The fields of [`Ticket`] in a document.
macro_rules! ticket {
    () => {
        "id number version type subject status priority categoryId subcategoryId assignee: assigneeId contactId inboxId branchId teamId holdReason \
         holdUntil resolutionReason resolutionNote reopenCount channel externalId openedAt updatedAt resolvedAt closedAt"
    };
}

/// A mutation of a ticket, and the fields of [`Changed`] in its answer.
macro_rules! change {
    ($mutation:literal, $input:literal) => {
        concat!(
            "mutation($input: ",
            $input,
            "!) { answer: ",
            $mutation,
            "(input: $input) { ticket { ",
            $crate::http::rest::objects::ticket!(),
            " } position stale userErrors { code message field } } }"
        )
    };
}

/// A page of tickets.
pub(super) const TICKETS: &str = concat!(
    "query($first: Int, $after: String, $filter: TicketFilter, $orderBy: [TicketOrder!], $minPosition: Position) { \
     answer: tickets(first: $first, after: $after, filter: $filter, orderBy: $orderBy, minPosition: $minPosition) { \
     items: nodes { ",
    ticket!(),
    " } pageInfo { hasNextPage endCursor } stale } }"
);

pub(super) use change;
pub(super) use ticket;

/// A piece of work for the support team.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ticket {
    /// Opaque id.
    #[schema(example = "VGlja2V0OjZmMWEyZDllLTVjMWItNGI3ZS05ZjQzLTBkOGYzZjRiMmExMA")]
    id: String,
    /// Number for people, unique; gaps are normal.
    #[schema(example = 1042)]
    number: i64,
    /// How many events it has: give it back as `expectedVersion`.
    version: i64,
    /// What sort of request it is.
    #[serde(rename = "type")]
    sort: Sort,
    /// What it is about; null when the customer's personal data was erased.
    #[schema(required)]
    subject: Option<String>,
    /// Where it stands in its life.
    status: Status,
    /// How urgent it is.
    priority: Urgency,
    /// Key of its category.
    #[schema(required)]
    category_id: Option<String>,
    /// Key of a finer category under it.
    #[schema(required)]
    subcategory_id: Option<String>,
    /// Id of the agent who owns it.
    #[schema(required)]
    assignee: Option<String>,
    /// Id of the customer.
    #[schema(required)]
    contact_id: Option<String>,
    /// Id of the inbox it came through.
    #[schema(required)]
    inbox_id: Option<String>,
    /// Id of the branch that answers for it.
    #[schema(required)]
    branch_id: Option<String>,
    /// Id of the team that works on it.
    #[schema(required)]
    team_id: Option<String>,
    /// What it waits for, while PENDING or ON_HOLD.
    #[schema(required)]
    hold_reason: Option<Hold>,
    /// Until when it waits at most.
    #[schema(required)]
    hold_until: Option<DateTime<Utc>>,
    /// How it ended; null while work goes on.
    #[schema(required)]
    resolution_reason: Option<Resolution>,
    /// More about how it ended.
    #[schema(required)]
    resolution_note: Option<String>,
    /// How many times it was reopened.
    reopen_count: i32,
    /// Where it came from: `api`, or the name of another system.
    channel: String,
    /// Its own name there.
    #[schema(required)]
    external_id: Option<String>,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it was last resolved; null while work goes on.
    #[schema(required)]
    resolved_at: Option<DateTime<Utc>>,
    /// When it was last closed; null while it is not closed.
    #[schema(required)]
    closed_at: Option<DateTime<Utc>>,
}

/// A ticket that was changed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    /// The ticket as it is now; null for those who may not see any.
    #[schema(required)]
    pub(super) ticket: Option<Ticket>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    #[schema(required, example = "42")]
    position: Option<String>,
    /// Whether lists do not show the change yet; `ticket` shows it all the same.
    stale: bool,
}

impl Changed {
    pub(super) fn id(&self) -> Option<&str> {
        self.ticket.as_ref().map(|it| it.id.as_str())
    }
}

/// A page of tickets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TicketPage {
    /// The tickets.
    items: Vec<Ticket>,
    /// Give it back as `after` for the next page; null on the last.
    #[schema(required)]
    next: Option<String>,
    /// Whether the list does not show `minPosition` yet.
    stale: bool,
}

/// Something that happened to a ticket.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Happening {
    /// Stored type of the event.
    #[serde(rename = "type")]
    #[schema(example = "ticket.resolved")]
    event_type: String,
    /// When it was decided.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`.
    actor: String,
    /// Place of the event in the log.
    #[schema(example = "42")]
    position: String,
    /// The ticket as the event left it.
    ticket: Ticket,
}

/// A page of a ticket's history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryPage {
    /// What happened.
    items: Vec<Happening>,
    /// Give it back as `after` for the next page; null on the last.
    #[schema(required)]
    next: Option<String>,
}

/// A page as a document has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<T> {
    items: Vec<T>,
    page_info: PageInfo,
    #[serde(default)]
    stale: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

impl From<Listed<Ticket>> for TicketPage {
    fn from(page: Listed<Ticket>) -> Self {
        Self {
            items: page.items,
            next: page.page_info.next(),
            stale: page.stale,
        }
    }
}

impl From<Listed<Happening>> for HistoryPage {
    fn from(page: Listed<Happening>) -> Self {
        Self {
            items: page.items,
            next: page.page_info.next(),
        }
    }
}

/// A ticket as a document has it whose history alone is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct WithHistory {
    pub(super) history: Listed<Happening>,
}

/// How many tickets stand so.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusCount {
    /// Where they stand.
    status: Status,
    /// How many they are.
    count: i64,
}

/// How many tickets are so urgent.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PriorityCount {
    /// How urgent they are.
    priority: Urgency,
    /// How many they are.
    count: i64,
}

/// How many tickets are in a category.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CategoryCount {
    /// Key of the category, as the tickets have it; null for those in none.
    #[schema(required)]
    category_id: Option<String>,
    /// How many they are.
    count: i64,
}

/// Tickets counted by what they share.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    /// How many there are in all.
    total: i64,
    /// By status, in the order of a ticket's life.
    by_status: Vec<StatusCount>,
    /// By priority, in rising order.
    by_priority: Vec<PriorityCount>,
    /// By category, the most frequent first, 100 at most.
    by_category: Vec<CategoryCount>,
    /// Whether the counts do not show `minPosition` yet.
    stale: bool,
}
