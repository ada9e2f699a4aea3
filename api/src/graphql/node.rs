//! Anything by its global id.

use async_graphql::{Context, ID, Interface, Result};
use projections::ticket_list;
use uuid::Uuid;

use super::{
    bulk::{self, BulkOperation},
    contacts::{self, Contact, Organization},
    conversation::{self, Message},
    ids::{self, Kind},
    organisation::{
        self, Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel,
        Tag, Team,
    },
    parts,
    people::{self, User},
    postgres, related,
    sight::sight,
    ticket::Ticket,
    views::{self, View},
};

/// Anything with a global id.
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "Opaque global id."))]
pub(super) enum Node {
    /// A ticket.
    Ticket(Box<Ticket>),
    /// A customer.
    Contact(Box<Contact>),
    /// A company or authority that customers belong to.
    Organization(Box<Organization>),
    /// Somebody who works here.
    User(Box<User>),
    /// A message under a ticket.
    Message(Box<Message>),
    /// A saved view of tickets.
    View(Box<View>),
    /// A change of many tickets.
    BulkOperation(Box<BulkOperation>),
    /// A branch.
    Branch(Box<Branch>),
    /// A team.
    Team(Box<Team>),
    /// A skill.
    Skill(Box<Skill>),
    /// An inbox.
    Inbox(Box<Inbox>),
    /// A category.
    Category(Box<Category>),
    /// A tag.
    Tag(Box<Tag>),
    /// A custom field.
    CustomField(Box<CustomField>),
    /// A status label.
    StatusLabel(Box<StatusLabel>),
    /// The region map.
    RegionMap(Box<RegionMap>),
    /// A canned reply.
    CannedReply(Box<CannedReply>),
    /// A macro.
    Macro(Box<Macro>),
    /// How new tickets are classified.
    Classification(Box<Classification>),
}

type Found = ((Kind, Uuid), Node);

/// The things with these global ids, in their order; a bare uuid is a ticket's. One statement for each sort of thing.
pub(super) async fn things(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>> {
    let parsed: Vec<_> = ids.iter().map(|it| ids::parse(it)).collect();
    let mut found: Vec<Found> = Vec::with_capacity(ids.len());
    found.extend(tickets(ctx, &of(&parsed, |it| it == Kind::Ticket)).await?);
    for (id, contact) in contacts::by_ids(ctx, &of(&parsed, |it| it == Kind::Contact)).await? {
        found.push(((Kind::Contact, id), Node::Contact(Box::new((*contact).clone()))));
    }
    for (id, it) in contacts::organizations(ctx, &of(&parsed, |it| it == Kind::Organization)).await? {
        found.push(((Kind::Organization, id), Node::Organization(Box::new(it))));
    }
    for (id, it) in people::users(ctx, &of(&parsed, |it| it == Kind::Agent)).await? {
        found.push(((Kind::Agent, id), Node::User(Box::new(it))));
    }
    for (id, it) in conversation::by_ids(ctx, &of(&parsed, |it| it == Kind::Message)).await? {
        found.push(((Kind::Message, id), Node::Message(Box::new(it))));
    }
    for it in views::by_ids(ctx, &of(&parsed, |it| it == Kind::View)).await? {
        found.push(((Kind::View, it.uuid()), Node::View(Box::new(it))));
    }
    for it in bulk::by_ids(ctx, &of(&parsed, |it| it == Kind::Bulk)).await? {
        found.push(((Kind::Bulk, it.uuid()), Node::BulkOperation(Box::new(it))));
    }
    for row in organisation::items(ctx, &of(&parsed, |it| matches!(it, Kind::Item(_))), None).await? {
        if let Some((kind, node)) = organisation::node(ctx, &row)? {
            found.push(((Kind::Item(kind), row.id), node));
        }
    }
    let find = |wanted: &Option<(Kind, Uuid)>| {
        let wanted = (*wanted)?;
        found.iter().find(|it| it.0 == wanted).map(|it| it.1.clone())
    };
    Ok(parsed.iter().map(find).collect())
}

fn of(parsed: &[Option<(Kind, Uuid)>], wanted: impl Fn(Kind) -> bool) -> Vec<Uuid> {
    let known = parsed.iter().flatten();
    known.filter(|it| wanted(it.0)).map(|it| it.1).collect()
}

async fn tickets(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Vec<Found>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let seen = sight(ctx)?;
    let rows = ticket_list::by_ids(&parts(ctx)?.pool, ids).await;
    let mut rows = rows.map_err(|it| postgres(ctx, &it))?;
    rows.retain(|it| seen.holds(it));
    let tickets = related::prefetched(ctx, rows, &[&[]]).await?;
    let node = |it: Ticket| ((Kind::Ticket, it.uuid()), Node::Ticket(Box::new(it)));
    Ok(tickets.into_iter().map(node).collect())
}
