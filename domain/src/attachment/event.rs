use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{ContactId, MessageId, TicketId},
    personal::Personal,
    values::words,
};

words!(
    /// What a scanner says of a file.
    ScanVerdict {
        /// Nothing was found.
        Clean = "clean",
        /// Something was.
        Infected = "infected",
        /// It could not be looked at.
        Failed = "failed",
    }
);

words!(
    /// Why a file was taken away.
    DiscardReason {
        /// No message took it up.
        Orphaned = "orphaned",
        /// Its message was withdrawn.
        Redacted = "redacted",
    }
);

/// A small picture of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Name of the object in the storage.
    pub blob: String,
    /// What it is: `image/png` or `image/jpeg`.
    pub content_type: String,
    /// Its bytes.
    pub size: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// What has happened to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum AttachmentEvent {
    /// Somebody announced it.
    Prepared {
        /// The ticket it is for, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket_id: Option<TicketId>,
        /// The inbox it comes through, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox_id: Option<Uuid>,
        /// The customer, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// What it is called.
        name: Personal<String>,
        /// How many bytes there will be.
        size: u64,
        /// What it is said to be.
        content_type: String,
        /// Who announced it, as `kind:id`.
        author: String,
    },
    /// Its bytes are there.
    Stored {
        /// Name of the object in the storage.
        blob: String,
        /// How many bytes.
        size: u64,
        /// What it is, by what was said and what the bytes show.
        content_type: String,
        /// SHA-256 of the bytes, hex.
        sha256: String,
        /// The key that sealed the bytes, hex.
        key: Personal<String>,
        /// Whether nobody may have it before a scanner has seen it.
        quarantined: bool,
    },
    /// A scanner has seen it.
    Scanned {
        /// What it says.
        verdict: ScanVerdict,
        /// Which scanner, of which version.
        engine: String,
        /// What it found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// There is a small picture of it.
    Depicted {
        /// The picture.
        picture: Picture,
    },
    /// There cannot be a small picture of it: it does not read, or is too large.
    NotDepicted {},
    /// It belongs to a message.
    Attached {
        /// The ticket.
        ticket_id: TicketId,
        /// The message.
        message_id: MessageId,
        /// Whether the message is the team's own.
        internal: bool,
    },
    /// Somebody began to read it.
    Downloaded {
        /// Who, as `kind:id`.
        by: String,
        /// From which address.
        from: Personal<String>,
        /// Whether only the small picture.
        preview: bool,
    },
    /// Nobody may have it any more.
    Discarded {
        /// Why.
        reason: DiscardReason,
    },
    /// Its bytes are gone from the storage.
    Removed {},
}
