use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    bulk::Step,
    organisation::Kind as ItemKind,
    values::{Priority, ResolutionReason},
};
use event_store::Position;
use projections::{
    bulk_operation::{BulkItemRow, BulkRow, ItemPage, NAME, items},
    ticket_list,
};
use uuid::Uuid;

use crate::{
    graphql::{
        caller,
        connection::{Edge, PageArgs, PageInfo, cost},
        cursor::Numbered,
        ids::{Kind, LogPosition, global},
        parts, postgres, problem, related,
        sight::sight,
        ticket::Ticket,
        words::{Resolution, Urgency},
    },
    problem::{Language, internal},
};

/// What an operation does to each ticket.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum BulkActionKind {
    /// Makes an agent the owner.
    Assign,
    /// Leaves them without an owner.
    Unassign,
    /// Declares their work done.
    Resolve,
    /// Declares that nothing more will be done.
    Close,
    /// Declares that there is work again.
    Reopen,
    /// Lets them wait again.
    Hold,
    /// Puts them out of sight again.
    Snooze,
    /// Gives them a priority.
    Priority,
    /// Marks them with tags.
    Tag,
    /// Takes tags off.
    Untag,
    /// Puts them in a category.
    Category,
    /// Chooses a word for their status.
    StatusLabel,
}

/// What an operation does to each ticket; what the kind does not have is null or empty.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct BulkAction {
    /// What it does.
    kind: BulkActionKind,
    /// Id of the agent.
    agent_id: Option<ID>,
    /// How work ended.
    reason: Option<Resolution>,
    /// The priority.
    priority: Option<Urgency>,
    /// Ids of the tags.
    tag_ids: Vec<ID>,
    /// Key of the category.
    category_id: Option<String>,
    /// Key of a finer category under it.
    subcategory_id: Option<String>,
    /// Id of the word for the status.
    status_label_id: Option<ID>,
}

/// Where an operation stands.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum BulkState {
    /// Its tickets are being named; nothing is changed yet.
    Choosing,
    /// Tickets are changed.
    Running,
    /// It was cancelled; what it changed stays, unless it is undone.
    Cancelled,
    /// Something became of every ticket.
    Finished,
    /// What it changed is being undone.
    Undoing,
    /// Nothing is left to be undone.
    Undone,
}

/// What became of a ticket.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum BulkOutcome {
    /// Nothing yet; in a cancelled operation, nothing ever.
    Pending,
    /// It was changed.
    Done,
    /// It was so already.
    Unchanged,
    /// A rule or a missing right forbade it.
    Refused,
    /// It is as it was.
    Undone,
    /// It was changed and left so when the operation was undone.
    Kept,
}

impl BulkOutcome {
    fn stored(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Undone => "undone",
            Self::Kept => "kept",
        }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct BulkReason {
    /// Stable, for programs, such as `FORBIDDEN`, `NOT_FOUND` or `CHANGED_SINCE`.
    code: String,
    /// For people, in the language of `Accept-Language`.
    message: String,
}

/// A ticket of an operation.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct BulkItem {
    /// Id of the ticket.
    ticket_id: ID,
    /// The ticket as it is now; null when you may not see it, or there is none.
    ticket: Option<Ticket>,
    /// What became of it.
    outcome: BulkOutcome,
    /// Why it was refused.
    refusal: Option<BulkReason>,
    /// What became of it when the operation was undone: `UNDONE` or `KEPT`; null while nothing has.
    undo: Option<BulkOutcome>,
    /// Why it was kept.
    kept: Option<BulkReason>,
}

/// A page of an operation's tickets.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct BulkItemConnection {
    /// The tickets with their cursors.
    edges: Vec<Edge<BulkItem>>,
    /// The tickets alone.
    nodes: Vec<BulkItem>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// One change of many tickets.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct BulkOperation {
    /// Opaque global id.
    pub(in crate::graphql) id: ID,
    /// As of this place of the log: give it as `minPosition` to see in lists what it has changed.
    position: LogPosition,
    /// Where it stands.
    state: BulkState,
    /// What it does to each ticket.
    action: BulkAction,
    /// How many tickets it is about: those that were chosen when it began.
    total: i32,
    /// How many it changed.
    done: i32,
    /// How many were so already.
    unchanged: i32,
    /// How many it was not allowed to change.
    refused: i32,
    /// How many are as they were.
    undone: i32,
    /// How many were left when it was undone.
    kept: i32,
    /// Who asked for it: `kind:id`. Their rights count.
    asked_by: String,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it was finished or cancelled.
    ended_at: Option<DateTime<Utc>>,
    /// When nothing was left to be undone.
    undone_at: Option<DateTime<Utc>>,
    #[graphql(skip)]
    uuid: Uuid,
    #[graphql(skip)]
    version: i64,
}

impl BulkOperation {
    pub(in crate::graphql) fn uuid(&self) -> Uuid {
        self.uuid
    }

    pub(super) fn version(&self) -> i64 {
        self.version
    }
}

impl BulkOperation {
    /// The operation in a row that shows everything up to a position.
    pub(super) fn of(row: BulkRow, position: Position) -> Result<Self, serde_json::Error> {
        let step: Step = serde_json::from_str(&row.action)?;
        Ok(Self {
            id: global(Kind::Bulk, row.bulk_id),
            position: position.into(),
            state: match row.state.as_str() {
                "choosing" => BulkState::Choosing,
                "running" => BulkState::Running,
                "cancelled" => BulkState::Cancelled,
                "finished" => BulkState::Finished,
                "undoing" => BulkState::Undoing,
                _ => BulkState::Undone,
            },
            action: BulkAction::from(step),
            total: row.total,
            done: row.done,
            unchanged: row.unchanged,
            refused: row.refused,
            undone: row.undone,
            kept: row.kept,
            asked_by: row.asked_by,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            undone_at: row.undone_at,
            uuid: row.bulk_id,
            version: row.version,
        })
    }
}

impl BulkAction {
    fn of(kind: BulkActionKind) -> Self {
        Self {
            kind,
            agent_id: None,
            reason: None,
            priority: None,
            tag_ids: Vec::new(),
            category_id: None,
            subcategory_id: None,
            status_label_id: None,
        }
    }
}

impl From<Step> for BulkAction {
    fn from(step: Step) -> Self {
        let tags = |ids: Vec<Uuid>| {
            ids.into_iter()
                .map(|it| global(Kind::Item(ItemKind::Tag), it))
                .collect()
        };
        let reason = |it: ResolutionReason| Resolution::from(it);
        let priority = |it: Priority| Urgency::from(it);
        match step {
            Step::Assign { agent_id } => Self {
                agent_id: Some(global(Kind::Agent, agent_id.0)),
                ..Self::of(BulkActionKind::Assign)
            },
            Step::Unassign => Self::of(BulkActionKind::Unassign),
            Step::Resolve { reason: it } => Self {
                reason: Some(reason(it)),
                ..Self::of(BulkActionKind::Resolve)
            },
            Step::Close { reason: it } => Self {
                reason: it.map(reason),
                ..Self::of(BulkActionKind::Close)
            },
            Step::Reopen => Self::of(BulkActionKind::Reopen),
            Step::Hold { .. } => Self::of(BulkActionKind::Hold),
            Step::Snooze { .. } => Self::of(BulkActionKind::Snooze),
            Step::Prioritize { priority: it } => Self {
                priority: Some(priority(it)),
                ..Self::of(BulkActionKind::Priority)
            },
            Step::Tag { tag_ids } => Self {
                tag_ids: tags(tag_ids),
                ..Self::of(BulkActionKind::Tag)
            },
            Step::Untag { tag_ids } => Self {
                tag_ids: tags(tag_ids),
                ..Self::of(BulkActionKind::Untag)
            },
            Step::Categorize {
                category_id,
                subcategory_id,
            } => Self {
                category_id,
                subcategory_id,
                ..Self::of(BulkActionKind::Category)
            },
            Step::Label { status_id } => Self {
                status_label_id: status_id.map(|it| global(Kind::Item(ItemKind::StatusLabel), it)),
                ..Self::of(BulkActionKind::StatusLabel)
            },
        }
    }
}

#[ComplexObject]
impl BulkOperation {
    /// Its tickets, in the order in which they were chosen. Give `first` or `last`, 1 to 100.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    async fn items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only those of which this has become; all by default.")] outcome: Option<BulkOutcome>,
    ) -> Result<BulkItemConnection> {
        let args = PageArgs::try_new(first, after, last, before, true).map_err(|it| problem(ctx, it))?;
        let numbered = Numbered::Bulk(self.uuid);
        let place = |field, cursor: Option<&String>, all: i32| match cursor {
            Some(cursor) => {
                let number = numbered.number(field, cursor).map_err(|it| problem(ctx, it))?;
                Ok::<_, async_graphql::Error>(i32::try_from(number).unwrap_or(all))
            }
            None => Ok(all),
        };
        let page = ItemPage {
            bulk_id: self.uuid,
            outcome: outcome.map(BulkOutcome::stored),
            after: place("after", args.after.as_ref(), 0)?,
            before: place("before", args.before.as_ref(), i32::MAX)?,
            limit: i64::from(args.count) + 1,
            from_end: args.from_end,
        };
        let rows = items(&parts(ctx)?.pool, &page).await.map_err(|it| postgres(ctx, &it))?;
        let (rows, more) = args.cut(rows);
        let cursors: Vec<String> = rows.iter().map(|it| numbered.cursor(i64::from(it.seq))).collect();
        let nodes = shown(ctx, rows).await?;
        let edges = cursors.into_iter().zip(nodes.iter().cloned());
        let edges: Vec<_> = edges.map(|(cursor, node)| Edge { cursor, node }).collect();
        Ok(BulkItemConnection {
            page_info: args.info(&edges, more),
            edges,
            nodes,
        })
    }
}

/// The rows as the caller sees them, with the tickets if they are asked for.
async fn shown(ctx: &Context<'_>, rows: Vec<BulkItemRow>) -> Result<Vec<BulkItem>> {
    let look = ctx.look_ahead();
    let wanted =
        look.field("nodes").field("ticket").exists() || look.field("edges").field("node").field("ticket").exists();
    let mut tickets = Vec::new();
    if wanted && !rows.is_empty() {
        let (seen, ids) = (sight(ctx)?, rows.iter().map(|it| it.ticket_id).collect::<Vec<_>>());
        let found = ticket_list::by_ids(&parts(ctx)?.pool, &ids).await;
        let mut found = found.map_err(|it| postgres(ctx, &it))?;
        found.retain(|it| seen.holds(it));
        tickets = related::prefetched(ctx, found, &[&["nodes", "ticket"], &["edges", "node", "ticket"]]).await?;
    }
    let language = caller(ctx)?.language;
    Ok(rows
        .into_iter()
        .map(|row| {
            let ticket = tickets.iter().find(|it| it.uuid() == row.ticket_id).cloned();
            item(row, ticket, language)
        })
        .collect())
}

fn item(row: BulkItemRow, ticket: Option<Ticket>, language: Language) -> BulkItem {
    let reason = |code: Option<String>, ru: Option<String>, en: Option<String>| {
        let message = match language {
            Language::Russian => ru,
            Language::English => en,
        };
        code.zip(message).map(|(code, message)| BulkReason { code, message })
    };
    BulkItem {
        ticket_id: global(Kind::Ticket, row.ticket_id),
        ticket,
        outcome: match row.outcome.as_deref() {
            Some("done") => BulkOutcome::Done,
            Some("unchanged") => BulkOutcome::Unchanged,
            Some("refused") => BulkOutcome::Refused,
            Some(_) | None => BulkOutcome::Pending,
        },
        refusal: reason(row.code, row.reason_ru, row.reason_en),
        undo: row.undo.map(|it| {
            if it == "undone" {
                BulkOutcome::Undone
            } else {
                BulkOutcome::Kept
            }
        }),
        kept: reason(row.undo_code, row.undo_ru, row.undo_en),
    }
}

/// An operation as it is shown.
pub(super) fn shown_of(ctx: &Context<'_>, row: BulkRow) -> Result<BulkOperation> {
    let position = parts(ctx)?.live.position(NAME);
    BulkOperation::of(row, position).map_err(|it| problem(ctx, internal(&it)))
}
