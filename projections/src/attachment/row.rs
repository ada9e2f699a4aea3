use chrono::{DateTime, Utc};
use domain::attachment::{AttachmentEvent, Picture, Scan};
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

/// A file as it is now; the fields are the table's columns, in their order.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct AttachmentRow {
    /// Id of the file.
    pub attachment_id: Uuid,
    /// The ticket it belongs to, or is for.
    pub ticket_id: Option<Uuid>,
    /// The message it belongs to.
    pub message_id: Option<Uuid>,
    /// Whether that is the team's own.
    pub internal: bool,
    /// The inbox it comes through.
    pub inbox_id: Option<Uuid>,
    /// The customer.
    pub contact_id: Option<Uuid>,
    /// Whose key seals it.
    pub data_subject: Uuid,
    /// Who announced it, `kind:id`.
    pub author: String,
    /// What it is called; `None` when it was taken away or the person is forgotten.
    pub name: Option<String>,
    /// Its bytes.
    pub size: i64,
    /// What it is said to be; once its bytes are there, what it is.
    pub content_type: String,
    /// SHA-256 of its bytes, hex; `None` before they are there.
    pub sha256: Option<String>,
    /// Name of the object in the storage; `None` before its bytes are there.
    pub blob: Option<String>,
    /// `unscanned`, `pending`, `clean`, `infected` or `failed`.
    pub scan: String,
    /// Which scanner said it.
    pub engine: Option<String>,
    /// What the scanner found.
    pub signature: Option<String>,
    /// `untried`, `made` or `impossible`.
    pub preview: String,
    /// Name of the object of the small picture.
    pub preview_blob: Option<String>,
    /// Media type of the small picture.
    pub preview_type: Option<String>,
    /// Bytes of the small picture.
    pub preview_size: Option<i64>,
    /// Pixels of it across.
    pub preview_width: Option<i32>,
    /// Pixels of it down.
    pub preview_height: Option<i32>,
    /// When it was announced, UTC.
    pub announced_at: DateTime<Utc>,
    /// When its bytes were there.
    pub stored_at: Option<DateTime<Utc>>,
    /// When a scanner had seen it.
    pub scanned_at: Option<DateTime<Utc>>,
    /// When it was attached.
    pub attached_at: Option<DateTime<Utc>>,
    /// When it was taken away.
    pub discarded_at: Option<DateTime<Utc>>,
    /// `orphaned` or `redacted`.
    pub discard_reason: Option<String>,
    /// Whether the person is forgotten.
    pub forgotten: bool,
    /// When its bytes were gone.
    pub removed_at: Option<DateTime<Utc>>,
    /// How often somebody began to read it.
    pub downloads: i32,
    /// When somebody last did.
    pub downloaded_at: Option<DateTime<Utc>>,
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn pixels(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl AttachmentRow {
    /// The row of a file that an event announces; `None` for any other event.
    pub(super) fn born(id: Uuid, event: &AttachmentEvent, at: DateTime<Utc>) -> Option<Self> {
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
            attachment_id: id,
            ticket_id: ticket_id.map(|it| it.0),
            message_id: None,
            internal: false,
            inbox_id: *inbox_id,
            contact_id: contact_id.map(|it| it.0),
            data_subject: name.of().0,
            author: author.clone(),
            name: name.known().cloned(),
            size: column(*size),
            content_type: content_type.clone(),
            sha256: None,
            blob: None,
            scan: Scan::Unscanned.as_str().to_owned(),
            engine: None,
            signature: None,
            preview: "untried".to_owned(),
            preview_blob: None,
            preview_type: None,
            preview_size: None,
            preview_width: None,
            preview_height: None,
            announced_at: at,
            stored_at: None,
            scanned_at: None,
            attached_at: None,
            discarded_at: None,
            discard_reason: None,
            forgotten: false,
            removed_at: None,
            downloads: 0,
            downloaded_at: None,
        })
    }

    /// Takes one more event in.
    pub(super) fn take(&mut self, event: &AttachmentEvent, at: DateTime<Utc>) {
        match event {
            AttachmentEvent::Prepared { .. } => {}
            AttachmentEvent::Stored {
                blob,
                size,
                content_type,
                sha256,
                key: _,
                quarantined,
            } => {
                (self.blob, self.sha256) = (Some(blob.clone()), Some(sha256.clone()));
                (self.size, self.stored_at) = (column(*size), Some(at));
                self.content_type.clone_from(content_type);
                if *quarantined {
                    Scan::Pending.as_str().clone_into(&mut self.scan);
                }
            }
            AttachmentEvent::Scanned {
                verdict,
                engine,
                signature,
            } => {
                verdict.as_str().clone_into(&mut self.scan);
                self.engine = Some(engine.clone());
                (self.signature, self.scanned_at) = (signature.clone(), Some(at));
            }
            AttachmentEvent::Depicted { picture } => self.show(picture),
            AttachmentEvent::NotDepicted {} => "impossible".clone_into(&mut self.preview),
            AttachmentEvent::Attached {
                ticket_id,
                message_id,
                internal,
            } => {
                (self.ticket_id, self.message_id) = (Some(ticket_id.0), Some(message_id.0));
                (self.internal, self.attached_at) = (*internal, Some(at));
            }
            AttachmentEvent::Downloaded { .. } => {
                self.downloads = self.downloads.saturating_add(1);
                self.downloaded_at = Some(at);
            }
            AttachmentEvent::Discarded { reason } => {
                (self.name, self.discarded_at) = (None, Some(at));
                self.discard_reason = Some(reason.as_str().to_owned());
            }
            AttachmentEvent::Removed {} => self.removed_at = Some(at),
        }
    }

    fn show(&mut self, picture: &Picture) {
        "made".clone_into(&mut self.preview);
        self.preview_blob = Some(picture.blob.clone());
        self.preview_type = Some(picture.content_type.clone());
        self.preview_size = Some(column(picture.size));
        (self.preview_width, self.preview_height) = (Some(pixels(picture.width)), Some(pixels(picture.height)));
    }

    /// Whether its bytes may be given to somebody.
    pub fn may_be_read(&self) -> bool {
        let gone = self.forgotten || self.discarded_at.is_some() || self.removed_at.is_some();
        !gone && self.stored_at.is_some() && ["unscanned", "clean"].contains(&self.scan.as_str())
    }
}
