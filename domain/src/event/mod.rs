//! Every event there is, and its stored name.

mod personal;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    access::{Access, AccessEvent},
    api_key::{ApiKey, ApiKeyEvent},
    assignment::{Assignment, AssignmentEvent},
    attachment::{Attachment, AttachmentEvent},
    bulk::{Bulk, BulkEvent},
    claim::ClaimEvent,
    classifier::{Classifier, ClassifierEvent},
    contact::{Contact, ContactEvent},
    conversation::{Conversation, ConversationEvent},
    data_subject::{DataSubjectEvent, Forgetting},
    decider::Decider,
    denial::{Denial, DenialEvent},
    each_kind,
    log_seal::{LogSeal, LogSealEvent},
    macro_run::{MacroRun, MacroRunEvent},
    organisation::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, ItemEvent, Kind, Macro, OrganisationEvent,
        RegionMap, Skill, StatusLabel, Tag, Team,
    },
    organization::{Organization, OrganizationEvent},
    personal::PersonalField,
    read_model::{ReadModel, ReadModelEvent},
    reading::{Reading, ReadingEvent},
    session::{Session, SessionEvent},
    sign_in::{SignIn, SignInEvent},
    ticket::{Ticket, TicketEvent},
    ticket_numbers::{TicketNumbers, TicketNumbersEvent},
    user::{User, UserEvent},
    view::{View, ViewEvent},
    visitor_secret::{VisitorSecret, VisitorSecretEvent},
    what_if::{WhatIf, WhatIfEvent},
};

/// Stored category of claims: their streams are named by kind, their events are the same for all kinds.
const CLAIM: &str = "claim";

/// An event of any aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainEvent {
    /// Of a ticket.
    Ticket(TicketEvent),
    /// Of a work item's ownership.
    Assignment(AssignmentEvent),
    /// Of the number register.
    TicketNumbers(TicketNumbersEvent),
    /// Of a person whose data are kept.
    DataSubject(DataSubjectEvent),
    /// Of the log's seals.
    LogSeal(LogSealEvent),
    /// Of what people decided about a read model.
    ReadModel(ReadModelEvent),
    /// Of a claim, of whatever kind.
    Claim(ClaimEvent),
    /// Of a customer.
    Contact(ContactEvent),
    /// Of a company or authority that customers belong to.
    Organization(OrganizationEvent),
    /// Of how the organisation is set up.
    Organisation(OrganisationEvent),
    /// Of roles and who has which.
    Access(AccessEvent),
    /// Of a person's account.
    User(UserEvent),
    /// Of a time during which somebody is signed in.
    Session(SessionEvent),
    /// Of tries that were refused.
    Denial(DenialEvent),
    /// Of what was looked at.
    Reading(ReadingEvent),
    /// Of tries to sign in.
    SignIn(SignInEvent),
    /// Of a key that lets a program in.
    ApiKey(ApiKeyEvent),
    /// Of the secret that vouches for an inbox's visitors.
    VisitorSecret(VisitorSecretEvent),
    /// Of the messages under a ticket.
    Conversation(ConversationEvent),
    /// Of a file.
    Attachment(AttachmentEvent),
    /// Of a run of a macro.
    MacroRun(MacroRunEvent),
    /// Of a saved view of tickets.
    View(ViewEvent),
    /// Of one change of many tickets.
    Bulk(BulkEvent),
    /// Of the learned classifier of categories.
    Classifier(ClassifierEvent),
    /// Of a period replayed under other rules.
    WhatIf(WhatIfEvent),
}

/// An event split into what the store keeps: `<category>.<name>` and the payload as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `<category>.<snake_case>`, for ever the same.
    pub event_type: String,
    /// Payload, one JSON object.
    pub payload: Vec<u8>,
}

/// A stored event that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Written by a newer program, or by another one.
    #[error("event type {0:?} is unknown to this version of Letopis")]
    UnknownType(String),
    /// Payload of a shape that the type does not have.
    #[error("payload of {event_type} does not read")]
    Payload {
        /// Stored type.
        event_type: String,
        /// What serde says.
        source: serde_json::Error,
    },
}

impl DomainEvent {
    /// The form the store keeps.
    ///
    /// # Errors
    /// Only when serde fails, which plain data does not give it reason to.
    pub fn to_stored(&self) -> Result<Stored, EventError> {
        match self {
            Self::Ticket(event) => split(Ticket::CATEGORY, event),
            Self::Assignment(event) => split(Assignment::CATEGORY, event),
            Self::TicketNumbers(event) => split(TicketNumbers::CATEGORY, event),
            Self::DataSubject(event) => split(Forgetting::CATEGORY, event),
            Self::LogSeal(event) => split(LogSeal::CATEGORY, event),
            Self::ReadModel(event) => split(ReadModel::CATEGORY, event),
            Self::Claim(event) => split(CLAIM, event),
            Self::Contact(event) => split(Contact::CATEGORY, event),
            Self::Organization(event) => split(Organization::CATEGORY, event),
            Self::Organisation(event) => split(event.kind().as_str(), event),
            Self::Access(event) => split(Access::CATEGORY, event),
            Self::User(event) => split(User::CATEGORY, event),
            Self::Session(event) => split(Session::CATEGORY, event),
            Self::Denial(event) => split(Denial::CATEGORY, event),
            Self::Reading(event) => split(Reading::CATEGORY, event),
            Self::SignIn(event) => split(SignIn::CATEGORY, event),
            Self::ApiKey(event) => split(ApiKey::CATEGORY, event),
            Self::VisitorSecret(event) => split(VisitorSecret::CATEGORY, event),
            Self::Conversation(event) => split(Conversation::CATEGORY, event),
            Self::Attachment(event) => split(Attachment::CATEGORY, event),
            Self::MacroRun(event) => split(MacroRun::CATEGORY, event),
            Self::View(event) => split(View::CATEGORY, event),
            Self::Bulk(event) => split(Bulk::CATEGORY, event),
            Self::Classifier(event) => split(Classifier::CATEGORY, event),
            Self::WhatIf(event) => split(WhatIf::CATEGORY, event),
        }
    }

    /// Its personal fields, by the names they are stored under.
    pub fn personal_mut(&mut self) -> Vec<(&'static str, &mut dyn PersonalField)> {
        match self {
            Self::Ticket(event) => personal::of_ticket(event),
            Self::Assignment(AssignmentEvent::AgentUnassigned {
                reason: Some(reason), ..
            }) => vec![("reason", reason)],
            Self::Assignment(_)
            | Self::TicketNumbers(_)
            | Self::LogSeal(_)
            | Self::ReadModel(_)
            | Self::Organisation(_)
            | Self::Access(_)
            | Self::Denial(_)
            | Self::Reading(_)
            | Self::SignIn(_)
            | Self::ApiKey(_)
            | Self::VisitorSecret(_)
            | Self::View(_)
            | Self::Bulk(_)
            | Self::Classifier(_)
            | Self::WhatIf(_)
            | Self::Session(SessionEvent::Ended { .. })
            | Self::Claim(_)
            | Self::Organization(_) => Vec::new(),
            Self::DataSubject(event) => personal::of_subject(event),
            Self::MacroRun(event) => personal::of_run(event),
            Self::Contact(event) => personal::of_contact(event),
            Self::Conversation(event) => personal::of_conversation(event),
            Self::Attachment(event) => personal::of_attachment(event),
            Self::Session(SessionEvent::Started { client, .. }) => vec![("client", client)],
            Self::User(event) => event.personal_mut(),
        }
    }

    /// The event with this stored type and payload, the payload in today's schema.
    ///
    /// # Errors
    /// [`EventError::UnknownType`] and [`EventError::Payload`].
    pub fn from_stored(event_type: &str, payload: &[u8]) -> Result<Self, EventError> {
        match event_type.split_once('.') {
            Some((Ticket::CATEGORY, name)) => join(event_type, name, payload).map(Self::Ticket),
            Some((Assignment::CATEGORY, name)) => join(event_type, name, payload).map(Self::Assignment),
            Some((TicketNumbers::CATEGORY, name)) => join(event_type, name, payload).map(Self::TicketNumbers),
            Some((Forgetting::CATEGORY, name)) => join(event_type, name, payload).map(Self::DataSubject),
            Some((LogSeal::CATEGORY, name)) => join(event_type, name, payload).map(Self::LogSeal),
            Some((ReadModel::CATEGORY, name)) => join(event_type, name, payload).map(Self::ReadModel),
            Some((CLAIM, name)) => join(event_type, name, payload).map(Self::Claim),
            Some((Contact::CATEGORY, name)) => join(event_type, name, payload).map(Self::Contact),
            Some((Organization::CATEGORY, name)) => join(event_type, name, payload).map(Self::Organization),
            Some((category, name)) if let Some(kind) = Kind::parse(category) => {
                organisation(kind, event_type, name, payload)
            }
            Some((Access::CATEGORY, name)) => join(event_type, name, payload).map(Self::Access),
            Some((User::CATEGORY, name)) => join(event_type, name, payload).map(Self::User),
            Some((Session::CATEGORY, name)) => join(event_type, name, payload).map(Self::Session),
            Some((Denial::CATEGORY, name)) => join(event_type, name, payload).map(Self::Denial),
            Some((Reading::CATEGORY, name)) => join(event_type, name, payload).map(Self::Reading),
            Some((SignIn::CATEGORY, name)) => join(event_type, name, payload).map(Self::SignIn),
            Some((ApiKey::CATEGORY, name)) => join(event_type, name, payload).map(Self::ApiKey),
            Some((VisitorSecret::CATEGORY, name)) => join(event_type, name, payload).map(Self::VisitorSecret),
            Some((MacroRun::CATEGORY, name)) => join(event_type, name, payload).map(Self::MacroRun),
            Some((Conversation::CATEGORY, name)) => join(event_type, name, payload).map(Self::Conversation),
            Some((Attachment::CATEGORY, name)) => join(event_type, name, payload).map(Self::Attachment),
            Some((View::CATEGORY, name)) => join(event_type, name, payload).map(Self::View),
            Some((Bulk::CATEGORY, name)) => join(event_type, name, payload).map(Self::Bulk),
            Some((Classifier::CATEGORY, name)) => join(event_type, name, payload).map(Self::Classifier),
            Some((WhatIf::CATEGORY, name)) => join(event_type, name, payload).map(Self::WhatIf),
            Some(_) | None => Err(EventError::UnknownType(event_type.to_owned())),
        }
    }
}

macro_rules! organisation {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        fn organisation(kind: Kind, event_type: &str, name: &str, payload: &[u8]) -> Result<DomainEvent, EventError> {
            match kind { $(Kind::$kind => join::<ItemEvent<$kind>>(event_type, name, payload).map(DomainEvent::from)),+ }
        }
    };
}

each_kind!(organisation);

macro_rules! member {
    ($variant:ident, $event:ty) => {
        impl From<$event> for DomainEvent {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        }

        impl TryFrom<DomainEvent> for $event {
            /// The event of another aggregate.
            type Error = DomainEvent;

            fn try_from(event: DomainEvent) -> Result<Self, DomainEvent> {
                if let DomainEvent::$variant(event) = event {
                    Ok(event)
                } else {
                    Err(event)
                }
            }
        }
    };
}

member!(Ticket, TicketEvent);
member!(Assignment, AssignmentEvent);
member!(TicketNumbers, TicketNumbersEvent);
member!(DataSubject, DataSubjectEvent);
member!(LogSeal, LogSealEvent);
member!(ReadModel, ReadModelEvent);
member!(Claim, ClaimEvent);
member!(Contact, ContactEvent);
member!(Organization, OrganizationEvent);
member!(Access, AccessEvent);
member!(User, UserEvent);
member!(Session, SessionEvent);
member!(Denial, DenialEvent);
member!(Reading, ReadingEvent);
member!(SignIn, SignInEvent);
member!(ApiKey, ApiKeyEvent);
member!(VisitorSecret, VisitorSecretEvent);
member!(Conversation, ConversationEvent);
member!(Attachment, AttachmentEvent);
member!(MacroRun, MacroRunEvent);
member!(View, ViewEvent);
member!(Bulk, BulkEvent);
member!(Classifier, ClassifierEvent);
member!(WhatIf, WhatIfEvent);

/// The adjacently tagged form that every aggregate's event enum has.
#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(rename = "type")]
    name: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn split(category: &str, event: &impl Serialize) -> Result<Stored, EventError> {
    let broken = |source| EventError::Payload {
        event_type: category.to_owned(),
        source,
    };
    let whole = serde_json::to_vec(event).map_err(broken)?;
    let Tagged { name, data } = serde_json::from_slice(&whole).map_err(broken)?;
    Ok(Stored {
        event_type: format!("{category}.{name}"),
        payload: data.get().as_bytes().to_vec(),
    })
}

fn join<E: DeserializeOwned>(event_type: &str, name: &str, payload: &[u8]) -> Result<E, EventError> {
    let known = !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
    if !known {
        return Err(EventError::UnknownType(event_type.to_owned()));
    }
    let mut whole = Vec::with_capacity(payload.len() + name.len() + 24);
    whole.extend_from_slice(br#"{"type":""#);
    whole.extend_from_slice(name.as_bytes());
    whole.extend_from_slice(br#"","data":"#);
    whole.extend_from_slice(payload);
    whole.push(b'}');
    serde_json::from_slice(&whole).map_err(|source| {
        if source.to_string().starts_with("unknown variant") && !payload_is_blamed(name, &source) {
            EventError::UnknownType(event_type.to_owned())
        } else {
            EventError::Payload {
                event_type: event_type.to_owned(),
                source,
            }
        }
    })
}

/// `unknown variant` is also what an unknown word inside the payload is called.
fn payload_is_blamed(name: &str, error: &serde_json::Error) -> bool {
    !error.to_string().starts_with(&format!("unknown variant `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::{DomainEvent, EventError};
    use crate::{
        ticket::TicketEvent,
        values::{ClassifiedBy, HoldReason, Priority},
    };

    #[test]
    fn stored_form_is_stable() {
        let event = DomainEvent::Ticket(TicketEvent::Prioritized {
            from: Priority::Low,
            to: Priority::Urgent,
            reason: None,
            by: Some(ClassifiedBy::Rule),
            grounds: None,
        });
        let stored = event.to_stored().unwrap();
        assert_eq!(stored.event_type, "ticket.prioritized");
        assert_eq!(
            String::from_utf8(stored.payload.clone()).unwrap(),
            r#"{"from":"low","to":"urgent","by":"rule"}"#
        );
        assert_eq!(
            DomainEvent::from_stored(&stored.event_type, &stored.payload).unwrap(),
            event
        );
    }

    #[test]
    fn event_without_payload_reads_back() {
        let event = DomainEvent::Ticket(TicketEvent::Resumed {});
        let stored = event.to_stored().unwrap();
        assert_eq!(stored.payload, b"{}");
        assert_eq!(DomainEvent::from_stored("ticket.resumed", b"{}").unwrap(), event);
    }

    #[test]
    fn unknown_type_and_broken_payload_are_told_apart() {
        let unknown = |name: &str| matches!(DomainEvent::from_stored(name, b"{}"), Err(EventError::UnknownType(_)));
        assert!(unknown("ticket.flown_away") && unknown("ship.sailed") && unknown("ticket") && unknown("ticket.\"}"));
        let payload = DomainEvent::from_stored("ticket.put_on_hold", br#"{"reason":"moon"}"#);
        assert!(matches!(payload, Err(EventError::Payload { .. })), "{payload:?}");
        let good = DomainEvent::from_stored("ticket.put_on_hold", br#"{"reason":"vendor"}"#).unwrap();
        assert_eq!(
            good,
            DomainEvent::Ticket(TicketEvent::PutOnHold {
                reason: HoldReason::Vendor,
                until: None
            })
        );
    }
}
