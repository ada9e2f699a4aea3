//! Typed ids, and the ids that follow from others.
//!
//! Nothing here is random: a repeated command gives the same ids, so the log can tell that it is a repetition.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Root of all ids that Letopis derives. Never change it: stored ids follow from it.
const LETOPIS: Uuid = Uuid::from_u128(0x5d1c_2f6e_8a47_5b0e_9f13_6c65_746f_7069);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A ticket; also the id of its assignment stream.
    TicketId
);
id!(
    /// A person who works on tickets.
    AgentId
);
id!(
    /// A customer.
    ContactId
);
id!(
    /// A time during which somebody is signed in.
    SessionId
);
id!(
    /// A key that lets a program in.
    ApiKeyId
);
id!(
    /// A handle of a customer, as long as the customer has it.
    HandleId
);
id!(
    /// A company or authority that customers belong to.
    OrganizationId
);
id!(
    /// A thread of messages.
    ConversationId
);
id!(
    /// A message of a conversation.
    MessageId
);
id!(
    /// A file that belongs to a message.
    AttachmentId
);
id!(
    /// One change of many tickets.
    BulkId
);
id!(
    /// A saved view of tickets.
    ViewId
);
id!(
    /// A period replayed under other rules.
    WhatIfId
);
id!(
    /// One wish of one actor; the same wish repeated has the same id.
    CommandId
);

impl CommandId {
    /// The id of `actor`'s wish for `operation` on `target` under the key the client chose.
    ///
    /// Operation and target are part of it, so that a key used for two different wishes names two commands.
    pub fn of_request(actor: &str, operation: &str, target: &str, idempotency_key: &str) -> Self {
        Self(derive("command", &[actor, operation, target, idempotency_key]))
    }

    /// The id of the thing of this category that the command creates.
    pub fn creates(self, category: &str) -> Uuid {
        Uuid::new_v5(&self.0, category.as_bytes())
    }

    /// The id of the event with this index among those the command led to.
    pub fn event_id(self, index: usize) -> Uuid {
        Uuid::new_v5(&self.0, index.to_string().as_bytes())
    }
}

impl AgentId {
    /// The id of the user whose account `command` makes.
    pub fn made_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"user"))
    }
}

impl SessionId {
    /// The id of the session that `command` begins.
    pub fn begun_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"session"))
    }
}

impl ApiKeyId {
    /// The id of the key that `command` issues.
    pub fn issued_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"api_key"))
    }
}

impl TicketId {
    /// The id of the ticket that `command` opens.
    pub fn opened_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"ticket"))
    }
}

impl ConversationId {
    /// The conversation under a ticket: it needs no look-up, and exists from the first message on.
    pub fn of_ticket(ticket: TicketId) -> Self {
        Self(Uuid::new_v5(&ticket.0, b"conversation"))
    }
}

impl MessageId {
    /// The id of the message that `author` (`kind:id`) calls `name` in a conversation.
    ///
    /// The author is part of it: their programs cannot agree on names, and nobody is to take a name from another.
    pub fn named_by(conversation: ConversationId, author: &str, name: &str) -> Self {
        Self(Uuid::new_v5(
            &conversation.0,
            format!("message {}:{author}{name}", author.len()).as_bytes(),
        ))
    }
}

impl AttachmentId {
    /// The id of the file that `command` announces.
    pub fn announced_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"attachment"))
    }
}

impl ContactId {
    /// The id of the contact that `command` creates.
    pub fn created_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"contact"))
    }
}

impl OrganizationId {
    /// The id of the organization that `command` creates.
    pub fn created_by(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"organization"))
    }
}

impl HandleId {
    /// The id of the handle with this index among those that `command` adds.
    pub fn added_by(command: CommandId, index: usize) -> Self {
        Self(Uuid::new_v5(&command.0, format!("handle {index}").as_bytes()))
    }
}

/// The id that a thing of another system has here.
///
/// `source` names the system, `kind` the sort of thing, `key` is its id there.
pub fn foreign(source: &str, kind: &str, key: &str) -> Uuid {
    derive("foreign", &[source, kind, key])
}

/// The id of the one thing of its category that has this key, so that no two can have it.
pub fn keyed(category: &str, key: &str) -> Uuid {
    derive("keyed", &[category, key])
}

/// The one stream of its kind, such as the ticket numbers.
pub fn singleton(category: &str) -> Uuid {
    derive("singleton", &[category])
}

/// The name of an aggregate's stream.
pub fn stream_name(category: &str, id: Uuid) -> String {
    format!("{category}-{id}")
}

fn derive(realm: &str, parts: &[&str]) -> Uuid {
    let mut name = Vec::with_capacity(64);
    for part in [realm].iter().chain(parts) {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&LETOPIS, &name)
}

#[cfg(test)]
mod tests {
    use super::{CommandId, ConversationId, MessageId, TicketId, foreign, keyed};

    #[test]
    fn same_wish_has_same_id_and_another_has_another() {
        let id = CommandId::of_request("api_key:1", "open", "", "k");
        assert_eq!(id, CommandId::of_request("api_key:1", "open", "", "k"));
        assert_ne!(id, CommandId::of_request("api_key:1", "close", "", "k"));
        assert_ne!(
            CommandId::of_request("a", "bc", "", "k"),
            CommandId::of_request("ab", "c", "", "k")
        );
    }

    #[test]
    fn two_authors_may_call_their_messages_the_same() {
        let conversation = ConversationId::of_ticket(TicketId(uuid::Uuid::nil()));
        let named = |author, name| MessageId::named_by(conversation, author, name);
        assert_eq!(named("agent:1", "a"), named("agent:1", "a"));
        assert_ne!(named("agent:1", "a"), named("agent:2", "a"));
        assert_ne!(named("agent:1", "1a"), named("agent:11", "a"));
    }

    #[test]
    fn derived_ids_never_change() {
        let id = CommandId::of_request("api_key:bootstrap", "openTicket", "", "key-1");
        assert_eq!(id.to_string(), "83cc3bad-a1f8-50f9-97e9-e821be34b227");
        assert_eq!(id.event_id(0).to_string(), "454295e6-cadc-5735-8c23-07eb77995295");
        assert_eq!(
            TicketId::opened_by(id).to_string(),
            "2513a464-18d5-5124-9637-3fc8edf6b751"
        );
        assert_eq!(
            foreign("servicenow", "caller", "2403").to_string(),
            "91fb5f1c-c783-592c-ac94-6291592b4a4d"
        );
        assert_eq!(
            keyed("category", "mail").to_string(),
            "d295dd6f-baa8-53b1-9569-b772a8a758bc"
        );
        let conversation = ConversationId::of_ticket(TicketId::opened_by(id));
        assert_eq!(conversation.to_string(), "fa289d8b-be8a-54a6-a8e9-5ec5eb794bbd");
        assert_eq!(
            MessageId::named_by(conversation, "agent:1", "m1").to_string(),
            "729edcf3-f7cf-5603-8c3b-27841fd603b0"
        );
        assert_eq!(id.creates("branch").to_string(), "45e5ef74-262d-5c9c-9ff0-7a37988c5ba4");
    }
}
