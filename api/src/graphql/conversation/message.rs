use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    access::Permission,
    actor::{Actor, ActorKind},
    conversation::EDIT_WINDOW,
    reading::Exposed,
};
use projections::{
    message::{self, MessageRow, ThreadRow},
    people, ticket_list,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    html,
    sight::{shows, shows_notes},
};
use crate::graphql::{
    self, caller,
    contacts::{self, Contact},
    files::{Attachment, Wait, attachments},
    ids::{self, Kind},
    parts,
    people::{User, users},
    postgres,
    sight::sight,
    travel::Past,
};

/// Who a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(in crate::graphql) enum MessageVisibility {
    /// The customer too.
    Public,
    /// The team alone: an internal note.
    Note,
}

/// What sort of being wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(in crate::graphql) enum MessageAuthorKind {
    /// The customer.
    Customer,
    /// Somebody of the team.
    Agent,
    /// A program: a bot, a holder of an API key, Letopis itself.
    Program,
}

/// A message or a note under a ticket.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct Message {
    /// Opaque global id.
    pub(in crate::graphql) id: ID,
    /// Place in the conversation, by arrival, from 1. Customers see no notes, so for them places are missing.
    seq: i32,
    /// Id of the ticket.
    ticket_id: ID,
    /// Who it is for.
    visibility: MessageVisibility,
    #[graphql(skip)]
    body: Option<String>,
    /// The author's own name of it.
    client_message_id: Option<String>,
    /// Its name in the system it came from.
    external_id: Option<String>,
    /// By what means it was written: `human`, `macro`, `bot`, or `auto_reply` by Letopis of itself at the opening.
    via: String,
    /// When it arrived here.
    arrived_at: DateTime<Utc>,
    /// When it was written: for an import, when that was there.
    sent_at: DateTime<Utc>,
    /// When its author last changed it; null when it stands as it was sent.
    edited_at: Option<DateTime<Utc>>,
    /// When its text was withdrawn; null when it was not.
    redacted_at: Option<DateTime<Utc>>,
    /// Why: `personal_data`, `secret`, `abuse`, `mistake` or `other`.
    redaction_reason: Option<String>,
    #[graphql(skip)]
    row: MessageRow,
    #[graphql(skip)]
    related: Arc<Related>,
}

/// Who wrote a message.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct MessageAuthor {
    /// What sort of being it is.
    kind: MessageAuthorKind,
    /// What they are called: of an agent or a customer. Null when nobody knows, or it was erased.
    name: Option<String>,
    /// The customer; null when somebody else wrote, nobody knows the customer, or you may not see contacts.
    contact: Option<Contact>,
    /// The agent; null when somebody else wrote, or you may not see users.
    user: Option<User>,
}

/// What some messages point at, read for all of them at once.
#[derive(Debug, Default)]
pub(super) struct Related {
    conversations: Vec<Uuid>,
    agents: Vec<Uuid>,
    contacts: Vec<Uuid>,
    answered: Vec<(Uuid, i32)>,
    files: Vec<(Uuid, Wait)>,
    names: OnceCell<HashMap<Uuid, Option<String>>>,
    users: OnceCell<HashMap<Uuid, User>>,
    shown: OnceCell<HashMap<Uuid, Arc<Contact>>>,
    threads: OnceCell<HashMap<Uuid, ThreadRow>>,
    earlier: OnceCell<HashMap<(Uuid, i32), MessageRow>>,
    attachments: OnceCell<HashMap<Uuid, Attachment>>,
    /// Who reads, when that is not the one who asks: a customer who is not signed in.
    reader: Option<Actor>,
    /// The past in which they are seen; `None` when as they are now.
    past: Option<Arc<Past>>,
}

fn author(row: &MessageRow) -> Option<(ActorKind, Option<Uuid>)> {
    let actor: Option<Actor> = row.author.parse().ok();
    match actor {
        Some(actor) => Some((actor.kind, actor.id.parse().ok())),
        None if row.is_received() => Some((ActorKind::Contact, None)),
        None => None,
    }
}

impl Related {
    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a MessageRow>) -> Self {
        let mut agents = BTreeSet::new();
        let mut contacts = BTreeSet::new();
        let mut conversations = BTreeSet::new();
        let mut answered = BTreeSet::new();
        let mut files = Vec::new();
        for row in rows {
            conversations.insert(row.conversation_id);
            agents.extend(&row.mentions);
            let wait = if row.redacted_at.is_some() {
                Wait::Discarded
            } else {
                Wait::Attached
            };
            files.extend(row.attachments.iter().map(|it| (*it, wait)));
            match author(row) {
                Some((ActorKind::Agent, Some(id))) => drop(agents.insert(id)),
                Some((ActorKind::Contact, Some(id))) => drop(contacts.insert(id)),
                Some(_) | None => {}
            }
            answered.extend(row.in_reply_to.map(|it| (row.conversation_id, it)));
        }
        Self {
            conversations: conversations.into_iter().collect(),
            agents: agents.into_iter().collect(),
            contacts: contacts.into_iter().collect(),
            answered: answered.into_iter().collect(),
            files,
            ..Self::default()
        }
    }

    /// The same for somebody who is not signed in.
    pub(super) fn read_by(self, reader: Actor) -> Self {
        Self {
            reader: Some(reader),
            ..self
        }
    }

    /// The same in the past.
    pub(super) fn in_past(self, past: Option<Arc<Past>>) -> Self {
        Self { past, ..self }
    }

    /// What colleagues are called: customers see it too.
    async fn name(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<String>> {
        let names = self.names.get_or_try_init(|| async {
            let rows = people::by_ids(&parts(ctx)?.pool, &self.agents).await;
            let rows = rows.map_err(|it| postgres(ctx, &it))?;
            Ok::<_, async_graphql::Error>(rows.into_iter().map(|it| (it.user_id, it.name)).collect())
        });
        Ok(names.await?.get(&id).cloned().flatten())
    }

    async fn user(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<User>> {
        if !caller(ctx)?.viewer.rights.has(Permission::UsersRead) {
            return Ok(None);
        }
        let read = || async { Ok::<_, async_graphql::Error>(users(ctx, &self.agents).await?.into_iter().collect()) };
        Ok(self.users.get_or_try_init(read).await?.get(&id).cloned())
    }

    async fn contact(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<Contact>> {
        if !caller(ctx)?.viewer.rights.has(Permission::ContactsRead) {
            return Ok(None);
        }
        let shown = self
            .shown
            .get_or_try_init(|| contacts::shown(ctx, &self.contacts, self.past.as_ref()))
            .await?;
        Ok(shown.get(&id).map(|it| (**it).clone()))
    }

    async fn attachment(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<Attachment>> {
        let found = self
            .attachments
            .get_or_try_init(|| attachments(ctx, &self.files))
            .await?;
        Ok(found.get(&id).cloned().map(|it| it.for_reader(self.reader.clone())))
    }

    /// How the conversation of one of them stands.
    async fn thread(&self, ctx: &Context<'_>, of: &MessageRow) -> Result<Option<ThreadRow>> {
        if let Some(past) = &self.past {
            return Ok(past.conversation(ctx, of.ticket_id).await?.thread.clone());
        }
        let read = || async {
            let threads = message::threads(&parts(ctx)?.pool, &self.conversations).await;
            threads.map_err(|it| postgres(ctx, &it))
        };
        let threads = self.threads.get_or_try_init(read).await?;
        Ok(threads.get(&of.conversation_id).cloned())
    }

    /// The message at a place of the conversation of one of them.
    async fn earlier(&self, ctx: &Context<'_>, of: &MessageRow, seq: i32) -> Result<Option<MessageRow>> {
        if let Some(past) = &self.past {
            let conversation = past.conversation(ctx, of.ticket_id).await?;
            return Ok(conversation.messages.iter().find(|it| it.seq == seq).cloned());
        }
        let read = || async {
            let rows = message::at_places(&parts(ctx)?.pool, &self.answered).await;
            let rows = rows.map_err(|it| postgres(ctx, &it))?;
            let rows = rows.into_iter().map(|it| ((it.conversation_id, it.seq), it));
            Ok::<_, async_graphql::Error>(rows.collect())
        };
        let rows = self.earlier.get_or_try_init(read).await?;
        Ok(rows.get(&(of.conversation_id, seq)).cloned())
    }
}

#[ComplexObject]
impl Message {
    /// Its text as it was written, in Markdown; null when it was withdrawn, or the customer's personal data was erased.
    async fn body(&self, ctx: &Context<'_>) -> Option<&str> {
        graphql::shows(ctx, Exposed::Thread, self.row.ticket_id);
        self.body.as_deref()
    }

    /// Its text as HTML that is safe to show: links carry `rel="nofollow noopener noreferrer"`, images are links.
    #[graphql(complexity = 10)]
    async fn body_html(&self, ctx: &Context<'_>) -> Option<String> {
        graphql::shows(ctx, Exposed::Thread, self.row.ticket_id);
        self.body.as_deref().map(html::render)
    }

    /// Who wrote it.
    async fn author(&self, ctx: &Context<'_>) -> Result<MessageAuthor> {
        let (kind, id) = author(&self.row).unwrap_or((ActorKind::System, None));
        let (mut contact, mut user, mut name) = (None, None, None);
        match (kind, id) {
            (ActorKind::Agent, Some(id)) => {
                name = self.related.name(ctx, id).await?;
                if ctx.look_ahead().field("user").exists() {
                    user = self.related.user(ctx, id).await?;
                }
            }
            (ActorKind::Contact, Some(id)) => {
                contact = self.related.contact(ctx, id).await?;
                name = contact.as_ref().and_then(|it| it.name.clone());
            }
            _ => {}
        }
        let kind = match kind {
            ActorKind::Contact => MessageAuthorKind::Customer,
            ActorKind::Agent => MessageAuthorKind::Agent,
            ActorKind::Bot | ActorKind::System | ActorKind::ApiKey | ActorKind::Import => MessageAuthorKind::Program,
        };
        Ok(MessageAuthor {
            kind,
            name,
            contact,
            user,
        })
    }

    /// The message it answers; null when it answers none.
    async fn in_reply_to(&self, ctx: &Context<'_>) -> Result<Option<Message>> {
        let Some(seq) = self.row.in_reply_to else {
            return Ok(None);
        };
        let found = self.related.earlier(ctx, &self.row, seq).await?;
        // Nobody comes to a note by way of a message.
        let found = found.filter(|it| self.row.is_note() || !it.is_note());
        Ok(found.map(|it| {
            let related = Related {
                reader: self.related.reader.clone(),
                past: self.related.past.clone(),
                ..Related::of(std::iter::once(&it))
            };
            Self::with(it, Arc::new(related))
        }))
    }

    /// Colleagues whose attention it asks for; for those who may see users.
    async fn mentions(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        let mut mentioned = Vec::with_capacity(self.row.mentions.len());
        for id in &self.row.mentions {
            mentioned.extend(self.related.user(ctx, *id).await?);
        }
        Ok(mentioned)
    }

    /// Files that belong to it, in the order in which it names them.
    #[graphql(complexity = "5 + 5 * child_complexity")]
    async fn attachments(&self, ctx: &Context<'_>) -> Result<Vec<Attachment>> {
        if !self.row.attachments.is_empty() {
            graphql::shows(ctx, Exposed::Thread, self.row.ticket_id);
        }
        let mut shown = Vec::with_capacity(self.row.attachments.len());
        for id in &self.row.attachments {
            let file = self.related.attachment(ctx, *id).await?;
            shown.extend(file.map(|it| match self.row.redacted_at {
                Some(at) => it.withdrawn(at),
                None => it,
            }));
        }
        Ok(shown)
    }

    /// Whether the customer's device has it; of what the customer wrote, always.
    async fn delivered(&self, ctx: &Context<'_>) -> Result<bool> {
        let thread = self.related.thread(ctx, &self.row).await?;
        Ok(
            self.row.is_received()
                || !self.row.is_note() && thread.is_some_and(|it| it.delivered_up_to >= self.row.seq),
        )
    }

    /// Whether the customer has read it; of what the customer wrote, always.
    async fn read(&self, ctx: &Context<'_>) -> Result<bool> {
        let thread = self.related.thread(ctx, &self.row).await?;
        Ok(self.row.is_received()
            || !self.row.is_note() && thread.is_some_and(|it| it.contact_read_up_to >= self.row.seq))
    }

    /// Until when you may edit it; null when you may not, for the message is somebody else's, was withdrawn, or is seen in the
    /// past.
    #[expect(clippy::unused_async, reason = "the macro takes only async resolvers")]
    async fn editable_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        let yours = self.row.author == caller(ctx)?.viewer.actor.to_string() && !self.row.is_received();
        let stands = self.row.redacted_at.is_none() && self.related.past.is_none();
        Ok(Some(self.row.arrived_at + EDIT_WINDOW).filter(|_| yours && stands))
    }
}

impl Message {
    pub(super) fn with(row: MessageRow, related: Arc<Related>) -> Self {
        Self {
            id: ids::global(Kind::Message, row.message_id),
            seq: row.seq,
            ticket_id: ids::global(Kind::Ticket, row.ticket_id),
            visibility: if row.is_note() {
                MessageVisibility::Note
            } else {
                MessageVisibility::Public
            },
            body: row.body.clone(),
            client_message_id: row.client_message_id.clone(),
            external_id: row.external_id.clone(),
            via: row.via.clone(),
            arrived_at: row.arrived_at,
            sent_at: row.sent_at.unwrap_or(row.arrived_at),
            edited_at: row.edited_at,
            redacted_at: row.redacted_at,
            redaction_reason: row.redaction_reason.clone(),
            row,
            related,
        }
    }

    /// A message by itself.
    pub(super) fn alone(row: MessageRow) -> Self {
        let related = Related::of(std::iter::once(&row));
        Self::with(row, Arc::new(related))
    }
}

/// A message by itself, as it was in a past.
pub(in crate::graphql) fn in_past(row: MessageRow, past: Arc<Past>) -> Message {
    let related = Related::of(std::iter::once(&row)).in_past(Some(past));
    Message::with(row, Arc::new(related))
}

/// The messages with these ids that the caller may see.
pub(in crate::graphql) async fn by_ids(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Vec<(Uuid, Message)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let seen = sight(ctx)?;
    let pool = &parts(ctx)?.pool;
    let mut rows = message::by_ids(pool, ids).await.map_err(|it| postgres(ctx, &it))?;
    let tickets: BTreeSet<Uuid> = rows.iter().map(|it| it.ticket_id).collect();
    let tickets = ticket_list::by_ids(pool, &tickets.into_iter().collect::<Vec<_>>()).await;
    let mut places = HashMap::new();
    for ticket in tickets
        .map_err(|it| postgres(ctx, &it))?
        .iter()
        .filter(|it| seen.holds(it))
    {
        places.insert(ticket.ticket_id, shows_notes(ctx, &seen, &ticket.place())?);
    }
    rows.retain(|it| places.get(&it.ticket_id).is_some_and(|notes| shows(it, *notes)));
    let related = Arc::new(Related::of(rows.iter()));
    let found = rows
        .into_iter()
        .map(|it| (it.message_id, Message::with(it, Arc::clone(&related))));
    Ok(found.collect())
}
