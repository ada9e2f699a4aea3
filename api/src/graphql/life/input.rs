//! What these mutations are given, and the commands that come of it.

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use commands::Command;
use domain::{
    actor::ActorKind,
    ids::{AgentId, TicketId},
    organisation::Kind as ItemKind,
    ticket::{Join, Mark, Pause, TicketCommand, Track, Verdict, WakeCause},
    values::Subject,
};
use uuid::Uuid;

use super::{field::TicketFieldInput, words::Kinship};
use crate::{
    graphql::{
        filter::storable,
        ids::{Kind, required},
        input::{Frame, Made, Wish},
        words::Sort,
    },
    problem::Problem,
};

/// Tags of one request at most.
const MOST_TAGS: usize = 100;

macro_rules! wishes {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $operation:literal { $($(#[doc = $field_doc:literal])* $(#[graphql($attribute:meta)])? $field:ident: $type:ty),* $(,)? }
        ($self:ident, $ticket:ident, $made:ident) => $command:expr;
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(super) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                idempotency_key: Option<String>,
                /// Id of the ticket.
                ticket_id: ID,
                $($(#[doc = $field_doc])* $(#[graphql($attribute)])? $field: $type,)*
                /// The version you saw: if the ticket has another, nothing happens and you get CONFLICT.
                expected_version: Option<i64>,
                /// Comes back in the payload.
                client_mutation_id: Option<String>,
            }

            impl Wish for $name {
                const OPERATION: &'static str = $operation;

                fn frame(&self) -> Frame {
                    Frame {
                        idempotency_key: self.idempotency_key.clone(),
                        expected_version: self.expected_version,
                        client_mutation_id: self.client_mutation_id.clone(),
                        ticket_id: Some(self.ticket_id.clone()),
                    }
                }

                fn command(self, ticket_id: TicketId) -> Result<Command, Problem> {
                    self.command_by(ticket_id, &Made::unknown())
                }

                fn command_by($self, ticket_id: TicketId, $made: &Made) -> Result<Command, Problem> {
                    let $ticket = ticket_id;
                    let (id, command): (TicketId, TicketCommand) = $command;
                    Ok(Command::Ticket(id, command))
                }
            }
        )+
    };
}

fn tags(ids: &[ID]) -> Result<Vec<Uuid>, Problem> {
    let about = |it: Problem| it.about("tagIds");
    if ids.is_empty() || ids.len() > MOST_TAGS {
        let count = ids.len().to_string();
        return Err(about(Problem::bad_input(
            "tagIds",
            &count,
            "от 1 до 100 меток",
            "1 to 100 tags",
        )));
    }
    let uuid = |it: &ID| required(Kind::Item(ItemKind::Tag), "tagIds", it).map_err(about);
    ids.iter().map(uuid).collect()
}

fn item(kind: ItemKind, field: &'static str, id: &ID) -> Result<Uuid, Problem> {
    required(Kind::Item(kind), field, id).map_err(|it| it.about(field))
}

fn ticket(field: &'static str, id: &ID) -> Result<TicketId, Problem> {
    required(Kind::Ticket, field, id)
        .map(TicketId)
        .map_err(|it| it.about(field))
}

/// The user that is named; by default whoever asks.
fn user(id: Option<&ID>, made: &Made) -> Result<AgentId, Problem> {
    let about = |it: Problem| it.about("userId");
    if let Some(id) = id {
        return required(Kind::Agent, "userId", id).map(AgentId).map_err(about);
    }
    let own = made.actor.as_ref().filter(|it| it.kind == ActorKind::Agent);
    own.and_then(|it| it.id.parse().ok()).ok_or_else(|| {
        let (russian, english) = (
            "id сотрудника: у программы нет своего",
            "the id of a user: a program has none of its own",
        );
        about(Problem::bad_input("userId", "null", russian, english))
    })
}

fn instant(field: &'static str, at: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, Problem> {
    at.map(|it| storable(field, it))
        .transpose()
        .map_err(|it| it.about(field))
}

fn snooze(until: Option<DateTime<Utc>>, until_reply: bool) -> Result<Pause, Problem> {
    let until = instant("until", until)?;
    if until.is_some() == until_reply {
        let (russian, english) = (
            "момент, или untilReply: true, но не оба",
            "an instant, or untilReply: true, and not both",
        );
        let given = until.map_or_else(|| "null".to_owned(), |it| it.to_rfc3339());
        return Err(Problem::bad_input("until", &given, russian, english).about("until"));
    }
    Ok(Pause::Snooze { until })
}

/// The link as one of the two tickets keeps it.
fn link(
    ticket_id: TicketId,
    other: &ID,
    kinship: Kinship,
) -> Result<(TicketId, TicketId, domain::ticket::Relation), Problem> {
    let other = ticket("otherId", other)?;
    let (relation, by_other) = kinship.kept();
    Ok(if by_other {
        (other, ticket_id, relation)
    } else {
        (ticket_id, other, relation)
    })
}

wishes! {
    /// Another type.
    ChangeTicketTypeInput: "changeTicketType" {
        /// The new one.
        #[graphql(name = "type")]
        sort: Sort,
    } (self, id, _made) => (id, TicketCommand::Mark(Mark::ChangeType { ticket_type: self.sort.into() }));

    /// Tags to be put on.
    TagTicketInput: "tagTicket" {
        /// Ids of tags that are in use, 1 to 100; those the ticket has are left as they are.
        tag_ids: Vec<ID>,
    } (self, id, _made) => (id, TicketCommand::Mark(Mark::Tag { tag_ids: tags(&self.tag_ids)? }));

    /// Tags to be taken off.
    UntagTicketInput: "untagTicket" {
        /// Ids of tags, 1 to 100; those the ticket does not have are passed over.
        tag_ids: Vec<ID>,
    } (self, id, _made) => (id, TicketCommand::Mark(Mark::Untag { tag_ids: tags(&self.tag_ids)?.into_iter().collect() }));

    /// A custom field to be filled or emptied.
    SetTicketFieldInput: "setTicketField" {
        /// Id of a custom field that applies to tickets.
        field_id: ID,
        /// What it is to say; null empties it.
        value: Option<TicketFieldInput>,
    } (self, id, _made) => (id, TicketCommand::Mark(Mark::SetField {
        field_id: item(ItemKind::CustomField, "fieldId", &self.field_id)?,
        value: self.value.map(TicketFieldInput::value).transpose()?,
    }));

    /// Somebody who wants to hear of a ticket.
    FollowTicketInput: "followTicket" {
        /// Id of the user; whoever asks by default. For others it takes the right to assign.
        user_id: Option<ID>,
    } (self, id, made) => (id, TicketCommand::Mark(Mark::Follow { user_id: user(self.user_id.as_ref(), made)? }));

    /// Somebody who does not want to hear of a ticket any more.
    UnfollowTicketInput: "unfollowTicket" {
        /// Id of the user; whoever asks by default. For others it takes the right to assign.
        user_id: Option<ID>,
    } (self, id, made) => (id, TicketCommand::Mark(Mark::Unfollow { user_id: user(self.user_id.as_ref(), made)? }));

    /// Two tickets that have to do with each other.
    LinkTicketsInput: "linkTickets" {
        /// Id of the other ticket.
        other_id: ID,
        /// What the first is to the other.
        relation: Kinship,
    } (self, id, _made) => {
        let (keeper, other_id, relation) = link(id, &self.other_id, self.relation)?;
        (keeper, TicketCommand::Mark(Mark::Link { other_id, relation }))
    };

    /// Two tickets that have nothing to do with each other any more.
    UnlinkTicketsInput: "unlinkTickets" {
        /// Id of the other ticket.
        other_id: ID,
        /// What the first was to the other.
        relation: Kinship,
    } (self, id, _made) => {
        let (keeper, other_id, relation) = link(id, &self.other_id, self.relation)?;
        (keeper, TicketCommand::Mark(Mark::Unlink { other_id, relation }))
    };

    /// The organisation's word for a ticket's status.
    SetTicketStatusLabelInput: "setTicketStatusLabel" {
        /// Id of a status label of the status that the ticket has now; null for the usual one.
        status_label_id: Option<ID>,
    } (self, id, _made) => {
        let label = self.status_label_id.map(|it| item(ItemKind::StatusLabel, "statusLabelId", &it)).transpose()?;
        (id, TicketCommand::Mark(Mark::Label { status_id: label, category: None, owned: false }))
    };

    /// A ticket that nobody wants to see for now: until an instant, or until the customer writes.
    SnoozeTicketInput: "snoozeTicket" {
        /// Until when; must lie in the future. A customer who writes ends it before.
        until: Option<DateTime<Utc>>,
        /// Until the customer writes, however long that takes.
        until_reply: Option<bool>,
    } (self, id, _made) => (id, TicketCommand::Pause(snooze(self.until, self.until_reply.unwrap_or_default())?));

    /// A ticket that is to be seen again.
    WakeTicketInput: "wakeTicket" {} (self, id, _made) =>
        (id, TicketCommand::Pause(Pause::Wake { cause: WakeCause::Agent }));

    /// The resolution helped.
    ConfirmResolutionInput: "confirmResolution" {} (self, id, _made) =>
        (id, TicketCommand::Judge(Verdict::Confirmed));

    /// The resolution did not help.
    RejectResolutionInput: "rejectResolution" {} (self, id, _made) =>
        (id, TicketCommand::Judge(Verdict::Rejected));

    /// A ticket that goes into another.
    MergeTicketsInput: "mergeTickets" {
        /// Id of the ticket that stays.
        into_id: ID,
    } (self, id, _made) => (id, TicketCommand::Join(Join::MergeInto { into: ticket("intoId", &self.into_id)? }));

    /// A ticket that is to be by itself again.
    UnmergeTicketInput: "unmergeTicket" {} (self, id, _made) => (id, TicketCommand::Join(Join::Unmerge));

    /// A part of a ticket that becomes a ticket.
    SplitTicketInput: "splitTicket" {
        /// Number of the first message of that part, from 1.
        from_message_seq: i64,
        /// What the new ticket is about, 1 to 300 characters in one line.
        subject: String,
    } (self, id, made) => {
        let given = self.from_message_seq;
        let from_message_seq = u64::try_from(given).ok().filter(|it| *it > 0).ok_or_else(|| {
            let (russian, english) = ("номер сообщения, от 1", "the number of a message, from 1");
            Problem::bad_input("fromMessageSeq", &given.to_string(), russian, english).about("fromMessageSeq")
        })?;
        let subject = Subject::try_new(&self.subject)?;
        let new_ticket_id = TicketId::opened_by(made.command_id);
        (id, TicketCommand::Join(Join::Split { new_ticket_id, from_message_seq, subject }))
    };

    /// A ticket to be put away.
    ArchiveTicketInput: "archiveTicket" {} (self, id, _made) => (id, TicketCommand::Archive { policy_id: None });

    /// A link by which a ticket is followed without signing in.
    IssueTrackingLinkInput: "issueTrackingLink" {
        /// Until when it counts, at most 400 days; 90 days by default.
        expires_at: Option<DateTime<Utc>>,
    } (self, id, _made) => (id, TicketCommand::Track(Track::Issue {
        token_hash: String::new(),
        expires_at: instant("expiresAt", self.expires_at)?,
    }));

    /// A tracking link that is to count no more.
    RevokeTrackingLinkInput: "revokeTrackingLink" {} (self, id, _made) => (id, TicketCommand::Track(Track::Revoke));
}
