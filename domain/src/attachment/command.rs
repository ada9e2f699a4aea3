use serde::Serialize;
use uuid::Uuid;

use super::{DiscardReason, FileName, MediaType, Picture, ScanVerdict};
use crate::{
    ids::{ContactId, MessageId, TicketId},
    personal::DataSubject,
};

/// What an inbox takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of the largest file.
    pub max_bytes: u64,
    /// Types, each one or the beginning of some and `*`.
    pub allowed: Vec<String>,
}

/// What the server found out of where a file is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose key is to seal it.
    pub subject: DataSubject,
    /// The inbox it comes through, if known.
    pub inbox_id: Option<Uuid>,
    /// The customer, if known.
    pub contact_id: Option<ContactId>,
    /// What that inbox takes.
    pub limits: Limits,
}

/// Bytes that came, and where they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBytes {
    /// Name of the object in the storage.
    pub blob: String,
    /// How many.
    pub size: u64,
    /// What they show themselves to be.
    pub found: String,
    /// SHA-256 of them, hex.
    pub sha256: String,
    /// The key that sealed them, hex.
    pub key: String,
    /// Whether nobody may have them before a scanner has seen them.
    pub quarantined: bool,
    /// What the inbox takes now.
    pub allowed: Vec<String>,
}

/// A wish about a file. Its serialised form is the fingerprint of a request, so it leaves out what the server adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum AttachmentCommand {
    /// Announce it.
    Prepare {
        /// The ticket it is for, if there is one already.
        ticket_id: Option<TicketId>,
        /// The inbox it is for, when there is no ticket yet.
        inbox_id: Option<Uuid>,
        /// The customer it is for, when there is no ticket yet.
        contact_id: Option<ContactId>,
        /// What it is called.
        name: FileName,
        /// How many bytes there will be.
        size: u64,
        /// What it is said to be.
        content_type: MediaType,
        /// What is usual here, for inboxes that say nothing of their own.
        #[serde(skip)]
        usual: Limits,
        /// Of ticket or inbox; `None` until the server has looked.
        #[serde(skip)]
        found: Option<Found>,
    },
    /// Note that its bytes are there.
    Store {
        /// The bytes.
        #[serde(skip)]
        bytes: Box<NewBytes>,
    },
    /// Note what a scanner says.
    Scan {
        /// What it says.
        verdict: ScanVerdict,
        /// Which scanner, of which version.
        engine: String,
        /// What it found.
        signature: Option<String>,
    },
    /// Note its small picture; `None` when there cannot be one.
    Depict {
        /// The picture.
        picture: Option<Picture>,
    },
    /// Let it belong to a message.
    Attach {
        /// The ticket.
        ticket_id: TicketId,
        /// The message.
        message_id: MessageId,
        /// Whether the message is the team's own.
        internal: bool,
        /// Whose key seals what is said under the ticket.
        #[serde(skip)]
        subject: DataSubject,
        /// Whether the message it belonged to never came to be.
        #[serde(skip)]
        is_free: bool,
        /// Whether who attaches it announced it under another record of theirs, which was merged since.
        #[serde(skip)]
        same_person: bool,
    },
    /// Note that somebody reads it.
    NoteDownload {
        /// From which address.
        from: String,
        /// Whether only the small picture.
        preview: bool,
    },
    /// Take it away.
    Discard {
        /// Why.
        reason: DiscardReason,
        /// The message that it was attached to and that never came to be.
        #[serde(skip)]
        never_came: Option<MessageId>,
    },
    /// Note that its bytes are gone.
    NoteRemoval,
}
