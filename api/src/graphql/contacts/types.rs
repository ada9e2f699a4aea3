use std::{collections::HashMap, sync::Arc};

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{contact, reading::Exposed, values::HandleChannel};
use projections::{
    contact_card::{self, CardRow, HandleRow},
    list::filter::{Condition, Test},
    organization::{self, OrganizationRow},
    ticket_list::filter::IdColumn,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::graphql::{
    filter::{TicketFilter, TicketOrder},
    ids::{Kind, global},
    query::{Asked, TicketConnection, ticket_page},
    shows,
};

/// How much is known of a contact.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ContactKind", remote = "contact::ContactKind")]
pub(crate) enum ContactKind {
    /// Somebody who left no handle.
    Visitor,
    /// Somebody who can be reached.
    Identified,
}

/// What a handle is a handle of.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ContactHandleChannel", remote = "HandleChannel")]
pub(crate) enum Channel {
    /// An e-mail address.
    Email,
    /// A telephone number with + and country code.
    Phone,
    /// A Telegram user: a name or a number.
    Telegram,
    /// A WhatsApp number with + and country code.
    Whatsapp,
    /// A user of VK: a page.
    Vk,
    /// The name of a person in another system: `namespace:key`.
    External,
}

/// By what a person is reached.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct ContactHandle {
    /// Opaque id.
    id: ID,
    /// What it is a handle of.
    channel: Channel,
    /// The one spelling by which it is compared; null when the person's data was erased.
    value: Option<String>,
    /// As it was written; null when the person's data was erased.
    written: Option<String>,
    /// Whether the person was shown to have it.
    verified: bool,
    /// When it was added.
    added_at: DateTime<Utc>,
    /// Id of the contact that has it: of this one, or of one merged into it.
    contact_id: ID,
}

/// A company or authority that contacts belong to.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Organization {
    /// Opaque global id.
    pub(in crate::graphql) id: ID,
    /// How many events it has: give it back as `expectedVersion`.
    version: i64,
    /// How many times it was defined, from 1.
    revision: i32,
    /// What it is called.
    name: String,
    /// Domains of its e-mail addresses in punycode.
    domains: Vec<String>,
    /// What staff should know.
    note: Option<String>,
    /// Since when nobody is put in it; null while people are.
    retired_at: Option<DateTime<Utc>>,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// The instant at which it is seen; null when it is seen as it is now.
    as_of: Option<DateTime<Utc>>,
}

/// A customer.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Contact {
    /// Opaque global id.
    pub(in crate::graphql) id: ID,
    /// How many events it has: give it back as `expectedVersion`.
    version: i64,
    /// How much is known of the person.
    kind: ContactKind,
    #[graphql(skip)]
    pub(in crate::graphql) name: Option<String>,
    /// Language and region, as BCP 47 writes them.
    locale: Option<String>,
    /// Time zone by its IANA name.
    time_zone: Option<String>,
    #[graphql(skip)]
    note: Option<String>,
    #[graphql(skip)]
    handles: Vec<ContactHandle>,
    /// Where the person belongs; if that is not known here, by a contact merged into this one.
    organization: Option<Organization>,
    /// Whether what the person sends is not wanted. Agents can still open tickets for them.
    blocked: bool,
    /// Since when.
    blocked_at: Option<DateTime<Utc>>,
    #[graphql(skip)]
    block_reason: Option<String>,
    /// What the person agreed to, by merged contacts too, in order.
    consents: Vec<String>,
    /// Id of the contact that this one is shown with; null when it is by itself.
    merged_into: Option<ID>,
    /// Contacts merged into this one, each as it was, oldest first.
    duplicates: Vec<Contact>,
    /// Whether the person's data was erased.
    erased: bool,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// The instant at which it is seen, with all that it names; null when it is seen as it is now.
    as_of: Option<DateTime<Utc>>,
    /// Itself and those merged into it.
    #[graphql(skip)]
    uuids: Vec<Uuid>,
}

#[ComplexObject]
impl Contact {
    /// What the person is called; if that is not known here, by a contact merged into this one. Null when nobody knows,
    /// or the person's data was erased.
    async fn name(&self, ctx: &Context<'_>) -> Option<&str> {
        self.shown(ctx);
        self.name.as_deref()
    }

    /// Why the person is blocked.
    async fn block_reason(&self, ctx: &Context<'_>) -> Option<&str> {
        let reason = self.block_reason.as_deref()?;
        self.shown(ctx);
        Some(reason)
    }

    /// What staff should know.
    async fn note(&self, ctx: &Context<'_>) -> Option<&str> {
        self.shown(ctx);
        self.note.as_deref()
    }

    /// How the person is reached, those of merged contacts included, oldest first.
    async fn handles(&self, ctx: &Context<'_>) -> &[ContactHandle] {
        self.shown(ctx);
        &self.handles
    }

    /// The contact's tickets and those of contacts merged into it, newest number first by default. Give `first` or
    /// `last`, 1 to 100, unless only `totalCount` is asked for.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which tickets; all by default.")] filter: Option<TicketFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<Vec<TicketOrder>>,
    ) -> Result<TicketConnection> {
        let asked = Asked {
            first,
            after,
            last,
            before,
            filter,
            order_by,
            min_position: None,
            as_of: self.as_of,
        };
        let own = Condition::Id(IdColumn::Contact, Test::In(self.uuids.clone()));
        ticket_page(ctx, asked, Some(own)).await
    }
}

impl Contact {
    fn shown(&self, ctx: &Context<'_>) {
        for id in &self.uuids {
            shows(ctx, Exposed::Contact, *id);
        }
    }
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Self {
        Self {
            id: global(Kind::Organization, row.organization_id),
            version: row.version,
            revision: row.revision,
            name: row.name,
            domains: row.domains,
            note: row.note,
            retired_at: row.retired_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            as_of: None,
        }
    }
}

impl Organization {
    /// As it was at that instant.
    pub(in crate::graphql) fn at(self, as_of: Option<DateTime<Utc>>) -> Self {
        Self { as_of, ..self }
    }
}

impl From<HandleRow> for ContactHandle {
    fn from(row: HandleRow) -> Self {
        Self {
            id: global(Kind::ContactHandle, row.handle_id),
            channel: HandleChannel::parse(&row.channel).map_or(Channel::External, Channel::from),
            value: row.value,
            written: row.written,
            verified: row.verified,
            added_at: row.added_at,
            contact_id: global(Kind::Contact, row.contact_id),
        }
    }
}

/// Rows of contacts and of all that is shown with them.
pub(super) struct Rows {
    /// By the instant of creation.
    pub(super) cards: Vec<CardRow>,
    pub(super) handles: Vec<HandleRow>,
    pub(super) organizations: HashMap<Uuid, OrganizationRow>,
    /// The instant at which they are seen.
    pub(super) as_of: Option<DateTime<Utc>>,
}

/// The contacts with these ids, each as itself.
pub(super) async fn load(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Contact>>, sqlx::Error> {
    let rows = rows(pool, contact_card::with_merged(pool, ids).await?).await?;
    Ok(rows.each(ids))
}

/// The contacts with these ids, each as the contact it is shown with.
pub(super) async fn load_shown(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Contact>>, sqlx::Error> {
    let rows = rows(pool, contact_card::as_shown(pool, ids).await?).await?;
    Ok(rows.each_shown(ids))
}

/// Two statements, however many contacts there are.
async fn rows(pool: &PgPool, mut cards: Vec<CardRow>) -> Result<Rows, sqlx::Error> {
    cards.sort_by_key(|it| (it.created_at, it.contact_id));
    let ids: Vec<Uuid> = cards.iter().map(|it| it.contact_id).collect();
    let organizations: Vec<Uuid> = cards.iter().filter_map(|it| it.organization_id).collect();
    let (handles, organizations) = tokio::try_join!(
        contact_card::handles(pool, &ids),
        organization::by_ids(pool, &organizations)
    )?;
    Ok(Rows {
        cards,
        handles,
        organizations: organizations.into_iter().map(|it| (it.organization_id, it)).collect(),
        as_of: None,
    })
}

impl Rows {
    /// These contacts, each as itself.
    pub(super) fn each(&self, ids: &[Uuid]) -> HashMap<Uuid, Arc<Contact>> {
        let found = ids.iter().filter_map(|id| Some((*id, Arc::new(self.contact(*id)?))));
        found.collect()
    }

    /// These contacts, each as the contact it is shown with.
    pub(super) fn each_shown(&self, ids: &[Uuid]) -> HashMap<Uuid, Arc<Contact>> {
        let shown = |id: Uuid| {
            let into = self.cards.iter().find(|it| it.contact_id == id)?.merged_into;
            self.contact(into.unwrap_or(id)).or_else(|| self.contact(id))
        };
        let found = ids.iter().filter_map(|id| Some((*id, Arc::new(shown(*id)?))));
        found.collect()
    }

    fn contact(&self, id: Uuid) -> Option<Contact> {
        let card = self.cards.iter().find(|it| it.contact_id == id)?;
        let merged: Vec<&CardRow> = self.cards.iter().filter(|it| it.merged_into == Some(id)).collect();
        let duplicates: Vec<Contact> = merged.iter().map(|it| self.shown(it, &[])).collect();
        Some(Contact {
            duplicates,
            ..self.shown(card, &merged)
        })
    }

    fn shown(&self, card: &CardRow, merged: &[&CardRow]) -> Contact {
        let all: Vec<&CardRow> = std::iter::once(card).chain(merged.iter().copied()).collect();
        let uuids: Vec<Uuid> = all.iter().map(|it| it.contact_id).collect();
        let organization = all.iter().find_map(|it| it.organization_id);
        let mut consents: Vec<String> = all.iter().flat_map(|it| it.consents.clone()).collect();
        consents.sort_unstable();
        consents.dedup();
        let handles = self.handles.iter().filter(|it| uuids.contains(&it.contact_id));
        Contact {
            id: global(Kind::Contact, card.contact_id),
            version: card.version,
            kind: contact::ContactKind::parse(&card.kind).map_or(ContactKind::Visitor, ContactKind::from),
            name: all.iter().find_map(|it| it.name.clone()),
            locale: all.iter().find_map(|it| it.locale.clone()),
            time_zone: all.iter().find_map(|it| it.time_zone.clone()),
            note: card.note.clone(),
            handles: handles.cloned().map(ContactHandle::from).collect(),
            organization: organization
                .and_then(|it| self.organizations.get(&it))
                .cloned()
                .map(|it| Organization::from(it).at(self.as_of)),
            blocked: card.blocked_at.is_some(),
            blocked_at: card.blocked_at,
            block_reason: card.block_reason.clone(),
            consents,
            merged_into: card.merged_into.map(|it| global(Kind::Contact, it)),
            duplicates: Vec::new(),
            erased: card.erased,
            created_at: card.created_at,
            updated_at: card.updated_at,
            as_of: self.as_of,
            uuids,
        }
    }
}
