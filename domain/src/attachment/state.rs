use uuid::Uuid;

use super::{AttachmentEvent, Picture, ScanVerdict};
use crate::{
    ids::{ContactId, MessageId, TicketId},
    personal::DataSubject,
};

/// What later decisions about a file need to know. Neither its name nor its key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Whose key seals it.
    pub subject: DataSubject,
    /// The ticket it is for, if there was one when it was announced.
    pub ticket_id: Option<TicketId>,
    /// The inbox it comes through, if known.
    pub inbox_id: Option<Uuid>,
    /// The customer, if known.
    pub contact_id: Option<ContactId>,
    /// Who announced it, as `kind:id`.
    pub author: String,
    /// How many bytes were announced.
    pub size: u64,
    /// What it is said to be; once its bytes are there, what it is.
    pub content_type: String,
    /// Its bytes; `None` until they are there.
    pub stored: Option<Stored>,
    /// What is known of it from scanners.
    pub scan: Scan,
    /// Its small picture.
    pub preview: Preview,
    /// The message it belongs to.
    pub attached: Option<Attached>,
    /// Whether nobody may have it any more.
    pub discarded: bool,
    /// Whether its bytes are gone.
    pub removed: bool,
}

/// Bytes that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Name of the object in the storage.
    pub blob: String,
    /// SHA-256 of them, hex.
    pub sha256: String,
}

/// What is known of a file from scanners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// No scanner is asked.
    Unscanned,
    /// One is asked, and has not answered.
    Pending,
    /// One has answered.
    Done(ScanVerdict),
}

/// The small picture of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// Nobody has tried to make one.
    Untried,
    /// There cannot be one.
    Impossible,
    /// There is one.
    Made(Picture),
}

/// Where a file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The message.
    pub message_id: MessageId,
    /// Whether the message is the team's own.
    pub internal: bool,
}

impl Scan {
    /// Its word: `unscanned`, `pending`, `clean`, `infected` or `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unscanned => "unscanned",
            Self::Pending => "pending",
            Self::Done(verdict) => verdict.as_str(),
        }
    }

    /// Whether its file may be read.
    pub fn lets_read(self) -> bool {
        match self {
            Self::Unscanned | Self::Done(ScanVerdict::Clean) => true,
            Self::Pending | Self::Done(ScanVerdict::Infected | ScanVerdict::Failed) => false,
        }
    }
}

impl Attachment {
    /// A file that an event announces; `None` for any other event.
    pub(super) fn announced(event: &AttachmentEvent) -> Option<Self> {
        let AttachmentEvent::Prepared {
            ticket_id,
            inbox_id,
            contact_id,
            name,
            size,
            content_type,
            author,
        } = event
        else {
            return None;
        };
        Some(Self {
            subject: name.of(),
            ticket_id: *ticket_id,
            inbox_id: *inbox_id,
            contact_id: *contact_id,
            author: author.clone(),
            size: *size,
            content_type: content_type.clone(),
            stored: None,
            scan: Scan::Unscanned,
            preview: Preview::Untried,
            attached: None,
            discarded: false,
            removed: false,
        })
    }

    /// Takes one more event in.
    pub(super) fn take(&mut self, event: &AttachmentEvent) {
        match event {
            AttachmentEvent::Stored {
                blob,
                content_type,
                sha256,
                quarantined,
                ..
            } => {
                self.stored = Some(Stored {
                    blob: blob.clone(),
                    sha256: sha256.clone(),
                });
                self.content_type.clone_from(content_type);
                if *quarantined {
                    self.scan = Scan::Pending;
                }
            }
            AttachmentEvent::Scanned { verdict, .. } => self.scan = Scan::Done(*verdict),
            AttachmentEvent::Depicted { picture } => self.preview = Preview::Made(picture.clone()),
            AttachmentEvent::NotDepicted {} => self.preview = Preview::Impossible,
            AttachmentEvent::Attached {
                ticket_id,
                message_id,
                internal,
            } => {
                self.attached = Some(Attached {
                    ticket_id: *ticket_id,
                    message_id: *message_id,
                    internal: *internal,
                });
            }
            AttachmentEvent::Discarded { .. } => self.discarded = true,
            AttachmentEvent::Removed {} => self.removed = true,
            AttachmentEvent::Prepared { .. } | AttachmentEvent::Downloaded { .. } => {}
        }
    }
}
