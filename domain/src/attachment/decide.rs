use super::{
    Attached, Attachment, AttachmentCommand, AttachmentEvent, DiscardReason, Found, NewBytes, Preview, Scan,
    ScanVerdict,
    media::{admits, settle},
};
use crate::{
    actor::ActorKind,
    decider::{Context, Decider},
    ids::MessageId,
    personal::{DataSubject, Personal},
};

/// A rule that forbids a wish about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentRefusal {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// Where it is to go, there is nothing.
    #[error("there is no such ticket, inbox or customer for the file")]
    NowhereToGo,
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// It is larger than the inbox takes.
    #[error("the file is too large: the inbox takes {max_bytes} bytes at most")]
    TooLarge {
        /// What the inbox takes.
        max_bytes: u64,
    },
    /// The inbox does not take files of its type.
    #[error("the inbox does not take files of this type")]
    TypeNotTaken,
    /// It is something else than it was said to be.
    #[error("the file is not what it is said to be")]
    TypeLies,
    /// It has more or fewer bytes than was said.
    #[error("the file has another size than was said")]
    SizeDiffers,
    /// Other bytes are there already.
    #[error("the file was uploaded already: announce another one")]
    StoredAlready,
    /// Its bytes are not there yet.
    #[error("the file has not been uploaded yet")]
    NotStored,
    /// It was taken away, or the customer is forgotten.
    #[error("the file is not there any more")]
    Gone,
    /// A scanner found something in it.
    #[error("a scanner found something in the file: it is given to nobody")]
    Infected,
    /// No scanner has seen it yet, or none could.
    #[error("the file is kept apart until a scanner has seen it")]
    Quarantined,
    /// It belongs to another message.
    #[error("the file belongs to another message already")]
    AttachedAlready,
    /// It was uploaded for another ticket, another customer, or by somebody else.
    #[error("the file was uploaded for another ticket or customer")]
    OfAnother,
    /// Nothing of the customer is wanted.
    #[error("files of this customer are not taken any more")]
    Blocked,
}

impl Decider for Attachment {
    type Command = AttachmentCommand;
    type Event = AttachmentEvent;
    type Refusal = AttachmentRefusal;

    const CATEGORY: &'static str = "attachment";

    fn decide(
        state: Option<&Self>,
        command: &AttachmentCommand,
        context: &Context,
    ) -> Result<Vec<AttachmentEvent>, AttachmentRefusal> {
        let Some(it) = state else {
            return prepare(command, context);
        };
        match command {
            AttachmentCommand::Prepare { .. } => Ok(vec![]),
            AttachmentCommand::Store { bytes } => it.store(bytes),
            AttachmentCommand::Scan {
                verdict,
                engine,
                signature,
            } => Ok(if it.scan == Scan::Pending {
                vec![AttachmentEvent::Scanned {
                    verdict: *verdict,
                    engine: engine.clone(),
                    signature: signature.clone(),
                }]
            } else {
                vec![]
            }),
            AttachmentCommand::Depict { .. } if it.preview != Preview::Untried || it.discarded || it.removed => {
                Ok(vec![])
            }
            AttachmentCommand::Depict { picture } => Ok(vec![match picture {
                Some(picture) => AttachmentEvent::Depicted {
                    picture: picture.clone(),
                },
                None => AttachmentEvent::NotDepicted {},
            }]),
            AttachmentCommand::Attach { .. } => it.attach(command, context),
            AttachmentCommand::NoteDownload { from, preview } => {
                it.may_be_read()?;
                Ok(vec![AttachmentEvent::Downloaded {
                    by: context.actor.to_string(),
                    from: Personal::new(it.subject, from.clone()),
                    preview: *preview,
                }])
            }
            AttachmentCommand::Discard { .. } if it.discarded => Ok(vec![]),
            AttachmentCommand::Discard { reason, never_came } => Ok(if it.may_be_discarded(*reason, *never_came) {
                vec![AttachmentEvent::Discarded { reason: *reason }]
            } else {
                vec![]
            }),
            AttachmentCommand::NoteRemoval if it.removed => Ok(vec![]),
            AttachmentCommand::NoteRemoval => Ok(vec![AttachmentEvent::Removed {}]),
        }
    }

    fn evolve(state: Option<Self>, event: &AttachmentEvent) -> Option<Self> {
        if let Some(announced) = Self::announced(event) {
            return Some(announced);
        }
        let mut state = state?;
        state.take(event);
        Some(state)
    }
}

fn prepare(command: &AttachmentCommand, context: &Context) -> Result<Vec<AttachmentEvent>, AttachmentRefusal> {
    let AttachmentCommand::Prepare {
        ticket_id,
        name,
        size,
        content_type,
        found,
        ..
    } = command
    else {
        return Err(AttachmentRefusal::NotFound);
    };
    let Found {
        subject,
        inbox_id,
        contact_id,
        limits,
    } = found.as_ref().ok_or(AttachmentRefusal::NowhereToGo)?;
    let content_type = content_type.as_str();
    if *size == 0 {
        Err(AttachmentRefusal::Empty)
    } else if *size > limits.max_bytes {
        Err(AttachmentRefusal::TooLarge {
            max_bytes: limits.max_bytes,
        })
    } else if content_type != "application/octet-stream" && !admits(&limits.allowed, content_type) {
        Err(AttachmentRefusal::TypeNotTaken)
    } else {
        Ok(vec![AttachmentEvent::Prepared {
            ticket_id: *ticket_id,
            inbox_id: *inbox_id,
            contact_id: *contact_id,
            name: Personal::new(*subject, name.as_str().to_owned()),
            size: *size,
            content_type: content_type.to_owned(),
            author: context.actor.to_string(),
        }])
    }
}

impl Attachment {
    /// Whether its bytes may be given to somebody.
    ///
    /// # Errors
    /// Why not.
    pub fn may_be_read(&self) -> Result<(), AttachmentRefusal> {
        match self.scan {
            _ if self.discarded || self.removed => Err(AttachmentRefusal::Gone),
            _ if self.stored.is_none() => Err(AttachmentRefusal::NotStored),
            Scan::Done(ScanVerdict::Infected) => Err(AttachmentRefusal::Infected),
            Scan::Pending | Scan::Done(ScanVerdict::Failed) => Err(AttachmentRefusal::Quarantined),
            Scan::Unscanned | Scan::Done(ScanVerdict::Clean) => Ok(()),
        }
    }

    fn store(&self, bytes: &NewBytes) -> Result<Vec<AttachmentEvent>, AttachmentRefusal> {
        if self.discarded || self.removed {
            return Err(AttachmentRefusal::Gone);
        }
        if let Some(stored) = &self.stored {
            let same = stored.sha256 == bytes.sha256;
            return if same {
                Ok(vec![])
            } else {
                Err(AttachmentRefusal::StoredAlready)
            };
        }
        if bytes.size != self.size {
            return Err(AttachmentRefusal::SizeDiffers);
        }
        let content_type = settle(&self.content_type, &bytes.found).ok_or(AttachmentRefusal::TypeLies)?;
        if !admits(&bytes.allowed, &content_type) {
            return Err(AttachmentRefusal::TypeNotTaken);
        }
        Ok(vec![AttachmentEvent::Stored {
            blob: bytes.blob.clone(),
            size: bytes.size,
            content_type,
            sha256: bytes.sha256.clone(),
            key: Personal::new(self.subject, bytes.key.clone()),
            quarantined: bytes.quarantined,
        }])
    }

    fn attach(
        &self,
        command: &AttachmentCommand,
        context: &Context,
    ) -> Result<Vec<AttachmentEvent>, AttachmentRefusal> {
        let AttachmentCommand::Attach {
            ticket_id,
            message_id,
            internal,
            subject,
            is_free,
            same_person,
        } = command
        else {
            return Ok(vec![]);
        };
        let wanted = Attached {
            ticket_id: *ticket_id,
            message_id: *message_id,
            internal: *internal,
        };
        let by_author = *same_person || self.author == context.actor.to_string();
        let by_another = context.actor.kind == ActorKind::Contact && !by_author;
        let elsewhere = self.ticket_id.is_some_and(|it| it != *ticket_id) || !self.is_of(*subject);
        match self.attached {
            _ if elsewhere || by_another => Err(AttachmentRefusal::OfAnother),
            _ if self.discarded || self.removed => Err(AttachmentRefusal::Gone),
            _ if self.stored.is_none() => Err(AttachmentRefusal::NotStored),
            _ if self.scan == Scan::Done(ScanVerdict::Infected) => Err(AttachmentRefusal::Infected),
            Some(there) if there == wanted => Ok(vec![]),
            Some(_) if !is_free => Err(AttachmentRefusal::AttachedAlready),
            Some(_) | None => Ok(vec![AttachmentEvent::Attached {
                ticket_id: *ticket_id,
                message_id: *message_id,
                internal: *internal,
            }]),
        }
    }

    /// Whether it may be taken away for that reason. What nobody wanted a moment ago, a message may have taken up since.
    fn may_be_discarded(&self, reason: DiscardReason, never_came: Option<MessageId>) -> bool {
        match reason {
            DiscardReason::Redacted => true,
            DiscardReason::Orphaned => self.attached.is_none_or(|it| Some(it.message_id) == never_came),
        }
    }

    /// Whether it is forgotten with this person.
    fn is_of(&self, subject: DataSubject) -> bool {
        self.subject == subject
    }
}
