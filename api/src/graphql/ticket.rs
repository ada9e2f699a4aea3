//! A ticket and its history, as frontends see them.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::{Read, reads};
use domain::{
    access::Place,
    organisation::Kind as ItemKind,
    reading::Exposed,
    ticket::{StatusCategory, Verdict},
    values::{HoldReason, ResolutionReason, TicketType},
};
use projections::{Fields, TicketRow};

use super::{
    caller,
    connection::PageArgs,
    contacts::Contact,
    conversation::{self, MessageConnection, Standing},
    estimates::ResolutionEstimate,
    files::Attachment,
    history::{self, TicketHistoryConnection},
    ids,
    life::{Judgement, TicketFieldValue, TicketLink, values},
    organisation::{Branch, Category, Inbox, StatusLabel, Tag, Team},
    people::User,
    problem,
    related::{self, Related},
    shows,
    travel::{self, TicketExplanation},
    words::{Hold, Resolution, Sort, Status, Urgency, priority},
};

/// A piece of work for the support team.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Ticket {
    /// Opaque global id.
    pub(super) id: ID,
    /// Number for people, unique; gaps are normal.
    number: i64,
    /// How many events the ticket and its assignment have: give it back as `expectedVersion`.
    version: i64,
    /// What sort of request it is.
    #[graphql(name = "type")]
    sort: Sort,
    #[graphql(skip)]
    subject: Option<String>,
    /// Where it stands in its life.
    status: Status,
    /// How urgent it is.
    priority: Urgency,
    /// Key of its category: a text of its own when it came with an import, see `category`.
    category_id: Option<String>,
    /// Key of a finer category under it.
    subcategory_id: Option<String>,
    /// Id of the agent who owns it, as it was given.
    assignee_id: Option<ID>,
    /// Id of the customer, as it was given; a contact that was merged meanwhile keeps its id here.
    contact_id: Option<ID>,
    /// Id of the inbox it came through.
    inbox_id: Option<ID>,
    /// Id of the branch that answers for it.
    branch_id: Option<ID>,
    /// Id of the team that works on it.
    team_id: Option<ID>,
    /// What it waits for, while PENDING or ON_HOLD.
    hold_reason: Option<Hold>,
    /// Until when it waits at most.
    hold_until: Option<DateTime<Utc>>,
    /// How it ended; null while work goes on.
    resolution_reason: Option<Resolution>,
    /// How many times it was reopened.
    reopen_count: i32,
    /// Where it came from: `api`, or the name of another system.
    channel: String,
    /// Its own name there.
    external_id: Option<String>,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it was last resolved; null while work goes on.
    resolved_at: Option<DateTime<Utc>>,
    /// When it was last closed; null while it is not closed.
    closed_at: Option<DateTime<Utc>>,
    /// Id of the word that was chosen for its status; null for the usual one.
    status_label_id: Option<ID>,
    /// Ids of its tags.
    tag_ids: Vec<ID>,
    /// Ids of those who want to hear of it.
    follower_ids: Vec<ID>,
    /// Since when it is snoozed: nobody wants to see it for now. Null when it is not.
    snoozed_at: Option<DateTime<Utc>>,
    /// Until when it is snoozed; null when it is not, or until the customer writes.
    snoozed_until: Option<DateTime<Utc>>,
    /// What the customer said of the newest resolution; null when nothing.
    resolution_verdict: Option<Judgement>,
    /// Id of the ticket it was merged into, see `mergedInto`; null when it is by itself.
    merged_into_id: Option<ID>,
    /// Id of the ticket it was a part of; null when it was none.
    split_from_id: Option<ID>,
    /// When it was put away; null when it was not.
    archived_at: Option<DateTime<Utc>>,
    /// Until when its tracking link counts; null when it has none.
    tracked_until: Option<DateTime<Utc>>,
    /// When it will be resolved, as it was last worked out; null when it never was.
    eta: Option<DateTime<Utc>>,
    /// The instant at which it is seen, with all that it names but colleagues and files, who are as they are now; null when
    /// it is seen as it is now.
    as_of: Option<DateTime<Utc>>,
    #[graphql(skip)]
    marks: Arc<Marks>,
    #[graphql(skip)]
    uuid: uuid::Uuid,
    #[graphql(skip)]
    waits_since: Option<DateTime<Utc>>,
    #[graphql(skip)]
    resolution_note: Option<String>,
    #[graphql(skip)]
    assignee_uuid: Option<uuid::Uuid>,
    #[graphql(skip)]
    place: Place,
    /// Where it belongs now, by which rights go.
    #[graphql(skip)]
    allowed: Place,
    #[graphql(skip)]
    related: Arc<Related>,
}

/// What a ticket is marked with, as its row has it.
#[derive(Debug)]
struct Marks {
    label: Option<uuid::Uuid>,
    tags: Vec<uuid::Uuid>,
    fields: Fields,
    followers: Vec<uuid::Uuid>,
    status: StatusCategory,
    merged_into: Option<uuid::Uuid>,
    split_from: Option<uuid::Uuid>,
}

#[ComplexObject]
impl Ticket {
    /// What it is about; null when the customer's personal data was erased.
    async fn subject(&self, ctx: &Context<'_>) -> Option<&str> {
        shows(ctx, Exposed::Ticket, self.uuid);
        self.subject.as_deref()
    }

    /// The organisation's word for its status: the one that was chosen, else the usual one; null when there is none.
    async fn status_label(&self, ctx: &Context<'_>) -> Result<Option<StatusLabel>> {
        match self.marks.label {
            Some(id) => self.related.item(ctx, Some(id)).await,
            None => self.related.usual_label(ctx, self.marks.status).await,
        }
    }

    /// Its tags, retired ones included.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<Tag>> {
        let mut tags = Vec::with_capacity(self.marks.tags.len());
        for id in &self.marks.tags {
            tags.extend(self.related.item(ctx, Some(*id)).await?);
        }
        Ok(tags)
    }

    /// What its custom fields say; those that are empty are absent.
    async fn fields(&self, ctx: &Context<'_>) -> Vec<TicketFieldValue> {
        shows(ctx, Exposed::Ticket, self.uuid);
        values(&self.marks.fields, &self.related)
    }

    /// Those who want to hear of it.
    async fn followers(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        let mut followers = Vec::with_capacity(self.marks.followers.len());
        for id in &self.marks.followers {
            followers.extend(self.related.agent(ctx, Some(*id)).await?);
        }
        Ok(followers)
    }

    /// What it has to do with other tickets, whichever of the two was linked.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn links(&self, ctx: &Context<'_>) -> Result<Vec<TicketLink>> {
        Ok(self.related.neighbours(ctx).await?.links(self.uuid))
    }

    /// The ticket it is shown with at last, over all steps; null when it is by itself, or you may not see that one.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        if self.marks.merged_into.is_none() {
            return Ok(None);
        }
        Ok(self.related.neighbours(ctx).await?.survivor(self.uuid))
    }

    /// The tickets that were merged into this one, those that you may see.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn merged_tickets(&self, ctx: &Context<'_>) -> Result<Vec<Ticket>> {
        Ok(self.related.neighbours(ctx).await?.merged(self.uuid))
    }

    /// The ticket it was a part of; null when it was none, or you may not see that one.
    async fn split_from(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.marks.split_from {
            Some(id) => Ok(self.related.neighbours(ctx).await?.ticket(id)),
            None => Ok(None),
        }
    }

    /// Why it has its category, as it is now, in the language of `Accept-Language`: the rule, model or agent that chose
    /// it. Null while nobody chose, and for the customer.
    async fn category_reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.reason(ctx, "category").await
    }

    /// Why it has its priority, as it is now, in the language of `Accept-Language`: the rules with their points, or the
    /// agent who chose it. Null while nobody chose, and for the customer.
    async fn priority_reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.reason(ctx, "priority").await
    }

    /// Why it has the priority, the category, the owner and the deadlines it has, each from the event that decided it, in the
    /// language of `Accept-Language`. Empty for the customer.
    #[graphql(complexity = "20 + 5 * child_complexity")]
    async fn explain(&self, ctx: &Context<'_>) -> Result<Vec<TicketExplanation>> {
        if self.is_staffs(ctx) {
            shows(ctx, Exposed::Ticket, self.uuid);
            travel::explain(ctx, self.uuid, self.related.past()).await
        } else {
            Ok(Vec::new())
        }
    }

    /// When it is expected to be resolved, and what that rests on; null when nothing is known, and for the customer.
    async fn estimate(&self, ctx: &Context<'_>) -> Result<Option<ResolutionEstimate>> {
        if !self.is_staffs(ctx) {
            return Ok(None);
        }
        let row = self.related.estimate(ctx, self.uuid).await?;
        let language = caller(ctx)?.language;
        Ok(row.and_then(|it| ResolutionEstimate::of(it, language)))
    }

    /// Its category; null when it has none, or a key that no category has.
    async fn category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        self.related.category(ctx, self.category_id.as_deref()).await
    }

    /// A finer category under it; null when it has none, or a key that no category has.
    async fn subcategory(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        self.related.category(ctx, self.subcategory_id.as_deref()).await
    }

    /// The customer; of a merged contact, the contact it was merged into. Null when the customer is not known, or only
    /// by an id of another system.
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        self.related.contact(ctx, self.place.contact).await
    }

    /// More about how it ended, in the words of the support team; null for the customer.
    #[expect(clippy::unused_async, reason = "the macro takes only async resolvers")]
    async fn resolution_note(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let note = self.resolution_note.clone().filter(|_| self.is_staffs(ctx));
        if note.is_some() {
            shows(ctx, Exposed::Ticket, self.uuid);
        }
        Ok(note)
    }

    /// The inbox it came through.
    async fn inbox(&self, ctx: &Context<'_>) -> Result<Option<Inbox>> {
        self.related.item(ctx, self.place.inbox).await
    }

    /// The branch that answers for it.
    async fn branch(&self, ctx: &Context<'_>) -> Result<Option<Branch>> {
        self.related.item(ctx, self.place.branch).await
    }

    /// The team that works on it.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        self.related.item(ctx, self.place.team).await
    }

    /// The agent who owns it; null when nobody does, or only somebody of another system.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        self.related.agent(ctx, self.assignee_uuid).await
    }

    /// What was said under it, in the order of arrival; notes only for the team. Give `first` or `last`, 1 to 100, unless
    /// only `totalCount` is asked for.
    #[graphql(complexity = "super::connection::cost(first, last, child_complexity)")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
    ) -> Result<MessageConnection> {
        let look = ctx.look_ahead();
        let nodes = ["nodes", "edges", "pageInfo"]
            .into_iter()
            .any(|it| look.field(it).exists());
        let page = PageArgs::try_new(first, after, last, before, nodes).map_err(|it| problem(ctx, it))?;
        conversation::connection(ctx, &self.related.threads, self.uuid, &page).await
    }

    /// The files of the messages under it, in the order of the messages, the first 200; those of notes only for the team.
    #[graphql(complexity = "20 + 20 * child_complexity")]
    async fn attachments(&self, ctx: &Context<'_>) -> Result<Vec<Attachment>> {
        shows(ctx, Exposed::Thread, self.uuid);
        self.related.threads.attachments(ctx, self.uuid).await
    }

    /// How its conversation stands; null before the first message, unless a question of another ticket waits here.
    async fn thread(&self, ctx: &Context<'_>) -> Result<Option<Standing>> {
        let waits_since = match self.related.past() {
            Some(past) => past.waits_since(ctx, self.uuid).await?,
            None => self.waits_since,
        };
        self.related.threads.standing(ctx, self.uuid, waits_since).await
    }

    /// What happened to it, oldest first. Give `first` or `last`, 1 to 100.
    #[graphql(complexity = "super::connection::cost(first, last, child_complexity)")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
    ) -> Result<TicketHistoryConnection> {
        let page = PageArgs::try_new(first, after, last, before, true).map_err(|it| problem(ctx, it))?;
        history::connection(ctx, &self.related, self.uuid, &page).await
    }
}

/// Whether the caller may read what belongs there as one of the team.
pub(super) fn is_of_team(ctx: &Context<'_>, place: &Place) -> bool {
    let staff = Place {
        contact: None,
        ..*place
    };
    caller(ctx).is_ok_and(|it| it.viewer.rights.covers(reads(Read::Tickets), &staff))
}

impl From<TicketRow> for Ticket {
    fn from(row: TicketRow) -> Self {
        let related = related::alone(&row);
        Self::with(row, related)
    }
}

impl Ticket {
    fn is_staffs(&self, ctx: &Context<'_>) -> bool {
        is_of_team(ctx, &self.allowed)
    }

    async fn reason(&self, ctx: &Context<'_>, what: &'static str) -> Result<Option<String>> {
        if !self.is_staffs(ctx) {
            return Ok(None);
        }
        let decisions = self.related.decisions(ctx).await?;
        let reason = decisions.reason(self.uuid, what, caller(ctx)?.language);
        if reason.is_some() {
            shows(ctx, Exposed::Ticket, self.uuid);
        }
        Ok(reason)
    }

    pub(super) fn number_for_people(&self) -> i64 {
        self.number
    }

    pub(super) fn stands(&self) -> StatusCategory {
        self.marks.status
    }

    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        self.snoozed_until
    }

    pub(super) fn uuid(&self) -> uuid::Uuid {
        self.uuid
    }

    /// Where it belongs now.
    pub(super) fn place_now(&self) -> &Place {
        &self.allowed
    }

    pub(super) fn related(&self) -> &Related {
        &self.related
    }

    /// The ticket in a row; what it points at is found in `related`.
    pub(super) fn with(row: TicketRow, related: Arc<Related>) -> Self {
        let item = |kind, id: Option<uuid::Uuid>| id.map(|it| ids::global(ids::Kind::Item(kind), it));
        Self {
            place: row.place(),
            allowed: related.place(&row),
            as_of: related.past().map(|it| it.instant()),
            assignee_uuid: row.assignee_id,
            status_label_id: item(ItemKind::StatusLabel, row.status_label_id),
            tag_ids: row
                .tag_ids
                .iter()
                .map(|it| ids::global(ids::Kind::Item(ItemKind::Tag), *it))
                .collect(),
            follower_ids: row
                .follower_ids
                .iter()
                .map(|it| ids::global(ids::Kind::Agent, *it))
                .collect(),
            snoozed_at: row.snoozed_at,
            snoozed_until: row.snoozed_until,
            resolution_verdict: row.verdict.as_deref().and_then(Verdict::parse).map(Judgement::from),
            merged_into_id: row.merged_into.map(|it| ids::global(ids::Kind::Ticket, it)),
            split_from_id: row.split_from.map(|it| ids::global(ids::Kind::Ticket, it)),
            archived_at: row.archived_at,
            tracked_until: row.tracked_until,
            eta: row.eta,
            marks: Arc::new(Marks {
                label: row.status_label_id,
                tags: row.tag_ids,
                fields: row.fields,
                followers: row.follower_ids,
                status: StatusCategory::parse(&row.status).unwrap_or(StatusCategory::New),
                merged_into: row.merged_into,
                split_from: row.split_from,
            }),
            inbox_id: item(ItemKind::Inbox, row.inbox_id),
            branch_id: item(ItemKind::Branch, row.branch_id),
            team_id: item(ItemKind::Team, row.team_id),
            id: ids::global(ids::Kind::Ticket, row.ticket_id),
            number: row.number,
            version: row.version,
            sort: TicketType::parse(&row.ticket_type).map_or(Sort::Question, Sort::from),
            subject: row.subject,
            status: StatusCategory::parse(&row.status).map_or(Status::New, Status::from),
            priority: priority(row.priority),
            category_id: row.category_id,
            subcategory_id: row.subcategory_id,
            assignee_id: row.assignee_id.map(|it| ids::global(ids::Kind::Agent, it)),
            contact_id: row.contact_id.map(|it| ids::global(ids::Kind::Contact, it)),
            hold_reason: row.hold_reason.as_deref().and_then(HoldReason::parse).map(Hold::from),
            hold_until: row.hold_until,
            resolution_reason: row
                .resolution_reason
                .as_deref()
                .and_then(ResolutionReason::parse)
                .map(Resolution::from),
            resolution_note: row.resolution_note,
            reopen_count: row.reopen_count,
            channel: row.channel,
            external_id: row.external_id,
            opened_at: row.opened_at,
            updated_at: row.updated_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
            uuid: row.ticket_id,
            waits_since: row.needs_answer_since,
            related,
        }
    }
}
