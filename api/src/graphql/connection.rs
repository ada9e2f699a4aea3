//! Relay connections: pages by cursor, never by offset. <https://relay.dev/graphql/connections.htm>

use async_graphql::{OutputType, SimpleObject};

use super::{
    audit::AuditEntry,
    bulk::BulkItem,
    contacts::{Contact, Organization},
    conversation::Message,
    history::TicketHappening,
    organisation::{
        Branch, BranchRevision, CannedReply, CannedReplyRevision, Category, CategoryRevision, ClassificationRevision,
        CustomField, CustomFieldRevision, Inbox, InboxRevision, Macro, MacroRevision, RegionMapRevision, Skill,
        SkillRevision, StatusLabel, StatusLabelRevision, Tag, TagRevision, Team, TeamRevision,
    },
    people::{Denial, SignInFailure, User},
    privacy::PersonPrivacy,
    ticket::Ticket,
};
use crate::problem::Problem;

/// Most nodes of a page.
const LARGEST: i32 = 100;

/// Where a page stands in its list.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PageInfo {
    /// Whether more stands behind it; after paging backwards, whether `before` was given.
    has_next_page: bool,
    /// Whether more stands before it; after paging forwards, whether `after` was given.
    has_previous_page: bool,
    /// Cursor of its first node.
    start_cursor: Option<String>,
    /// Cursor of its last node.
    end_cursor: Option<String>,
}

/// A node and its place.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(concrete(name = "TicketEdge", params(Ticket)))]
#[graphql(concrete(name = "AuditEntryEdge", params(AuditEntry)))]
#[graphql(concrete(name = "BulkItemEdge", params(BulkItem)))]
#[graphql(concrete(name = "TicketHistoryEdge", params(TicketHappening)))]
#[graphql(concrete(name = "BranchEdge", params(Branch)))]
#[graphql(concrete(name = "TeamEdge", params(Team)))]
#[graphql(concrete(name = "SkillEdge", params(Skill)))]
#[graphql(concrete(name = "InboxEdge", params(Inbox)))]
#[graphql(concrete(name = "CategoryEdge", params(Category)))]
#[graphql(concrete(name = "TagEdge", params(Tag)))]
#[graphql(concrete(name = "CustomFieldEdge", params(CustomField)))]
#[graphql(concrete(name = "StatusLabelEdge", params(StatusLabel)))]
#[graphql(concrete(name = "CannedReplyEdge", params(CannedReply)))]
#[graphql(concrete(name = "MacroEdge", params(Macro)))]
#[graphql(concrete(name = "BranchRevisionEdge", params(BranchRevision)))]
#[graphql(concrete(name = "TeamRevisionEdge", params(TeamRevision)))]
#[graphql(concrete(name = "SkillRevisionEdge", params(SkillRevision)))]
#[graphql(concrete(name = "InboxRevisionEdge", params(InboxRevision)))]
#[graphql(concrete(name = "CategoryRevisionEdge", params(CategoryRevision)))]
#[graphql(concrete(name = "TagRevisionEdge", params(TagRevision)))]
#[graphql(concrete(name = "CustomFieldRevisionEdge", params(CustomFieldRevision)))]
#[graphql(concrete(name = "StatusLabelRevisionEdge", params(StatusLabelRevision)))]
#[graphql(concrete(name = "CannedReplyRevisionEdge", params(CannedReplyRevision)))]
#[graphql(concrete(name = "MacroRevisionEdge", params(MacroRevision)))]
#[graphql(concrete(name = "ClassificationRevisionEdge", params(ClassificationRevision)))]
#[graphql(concrete(name = "RegionMapRevisionEdge", params(RegionMapRevision)))]
#[graphql(concrete(name = "UserEdge", params(User)))]
#[graphql(concrete(name = "DenialEdge", params(Denial)))]
#[graphql(concrete(name = "SignInFailureEdge", params(SignInFailure)))]
#[graphql(concrete(name = "ContactEdge", params(Contact)))]
#[graphql(concrete(name = "OrganizationEdge", params(Organization)))]
#[graphql(concrete(name = "PersonPrivacyEdge", params(PersonPrivacy)))]
#[graphql(concrete(name = "MessageEdge", params(Message)))]
pub(super) struct Edge<T: OutputType> {
    /// Place of the node: give it back as `after` or `before`.
    pub(super) cursor: String,
    /// The node.
    pub(super) node: T,
}

/// Which page is asked for.
#[derive(Debug, Clone)]
pub(super) struct PageArgs {
    /// Nodes at most; 0 when only a count is wanted.
    pub(super) count: i32,
    /// Count from the end.
    pub(super) from_end: bool,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

impl PageArgs {
    /// Checks the four arguments. Without `nodes_wanted` neither `first` nor `last` is needed.
    pub(super) fn try_new(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        nodes_wanted: bool,
    ) -> Result<Self, Problem> {
        let bad = |field, value: &str| {
            Problem::bad_input(
                field,
                value,
                "ровно одно из first и last, от 1 до 100",
                "one of first and last, 1 to 100",
            )
        };
        let (field, count, from_end) = match (first, last) {
            (Some(count), None) => ("first", count, false),
            (None, Some(count)) => ("last", count, true),
            (None, None) if !nodes_wanted => {
                return Ok(Self {
                    count: 0,
                    from_end: false,
                    after,
                    before,
                });
            }
            (None, None) => return Err(bad("first", "")),
            (Some(_), Some(count)) => return Err(bad("last", &count.to_string())),
        };
        if (1..=LARGEST).contains(&count) {
            Ok(Self {
                count,
                from_end,
                after,
                before,
            })
        } else {
            Err(bad(field, &count.to_string()))
        }
    }

    /// The page without the one row more that was read to see whether there is more, and whether there is.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>) -> (Vec<T>, bool) {
        let count = usize::try_from(self.count).unwrap_or_default();
        let more = rows.len() > count;
        if more && self.from_end {
            rows.remove(0);
        }
        rows.truncate(count);
        (rows, more)
    }

    pub(super) fn info<T: OutputType>(&self, edges: &[Edge<T>], more: bool) -> PageInfo {
        let cursor = |edge: Option<&Edge<T>>| edge.map(|it| it.cursor.clone());
        self.info_between(cursor(edges.first()), cursor(edges.last()), more)
    }

    /// The same for edges of another shape, by the cursors of the first and the last.
    pub(super) fn info_between(
        &self,
        start_cursor: Option<String>,
        end_cursor: Option<String>,
        more: bool,
    ) -> PageInfo {
        PageInfo {
            has_next_page: if self.from_end { self.before.is_some() } else { more },
            has_previous_page: if self.from_end { more } else { self.after.is_some() },
            start_cursor,
            end_cursor,
        }
    }
}

/// Cost of a connection: its nodes times what each costs.
pub(super) fn cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let nodes = first.or(last).unwrap_or(1).clamp(1, LARGEST);
    usize::try_from(nodes)
        .unwrap_or(1)
        .saturating_mul(child)
        .saturating_add(1)
}
