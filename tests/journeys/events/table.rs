//! A sample of each event.

use domain::{
    access::{AccessEvent, Grant, Permission, RoleKey, Scope},
    api_key::ApiKeyEvent,
    assignment::AssignmentEvent,
    attachment::AttachmentEvent,
    bulk::BulkEvent,
    claim::ClaimEvent,
    classifier::ClassifierEvent,
    contact::{ContactEvent, ContactKind, IdentifiedBy},
    conversation::{ConversationEvent, RedactionReason},
    data_subject::DataSubjectEvent,
    denial::DenialEvent,
    event::DomainEvent,
    ids::{AgentId, ContactId, HandleId, OrganizationId, TicketId},
    log_seal::{LogSealEvent, Sealed},
    macro_run::{MacroRunEvent, Stopped, TakenBack},
    organisation::{
        Branch, CannedReply, Category, Classification, CustomField, FieldValue, Inbox, ItemEvent, Macro,
        OrganisationEvent, RegionMap, Skill, StatusLabel, Tag, Team,
    },
    organization::{Definition, OrganizationEvent},
    personal::{DataSubject, Personal},
    read_model::ReadModelEvent,
    reading::{Exposed, ReadingEvent, Searched, Seen},
    session::{SessionEnd, SessionEvent, SignInMethod},
    sign_in::{SignInEvent, SignInFault},
    ticket::{Relation, TicketEvent, TicketPlace, WakeCause},
    ticket_numbers::TicketNumbersEvent,
    user::{Link, UserEvent},
    values::{
        AssignmentMode, ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, TicketType,
    },
    view::ViewEvent,
    visitor_secret::VisitorSecretEvent,
    what_if::WhatIfEvent,
};
use uuid::Uuid;

use super::{contacts, files, subjects, tickets, trials, words};
use crate::samples;

pub(super) const AGENT: AgentId = AgentId(Uuid::from_u128(0xa));
pub(super) const CUSTOMER: DataSubject = DataSubject(Uuid::from_u128(0xc));

fn of_agent(text: &str) -> Personal<String> {
    Personal::new(DataSubject(AGENT.0), text.to_owned())
}

#[expect(clippy::unwrap_used, reason = "the keys are fixed")]
fn role(key: &str) -> RoleKey {
    RoleKey::try_new(key).unwrap()
}

#[expect(clippy::unwrap_used, reason = "the text is fixed")]
fn link() -> Link {
    Link {
        token_hash: "0d".repeat(32),
        expires_at: "2026-11-28T09:00:00Z".parse().unwrap(),
    }
}

#[expect(clippy::unwrap_used, reason = "the texts are fixed")]
pub(super) fn instant(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().unwrap()
}

fn romashka() -> Definition {
    Definition {
        name: "Ромашка".to_owned(),
        domains: ["romashka.ru".to_owned(), "xn--80a1acny.xn--p1ai".to_owned()].into(),
        note: Some("договор 17".to_owned()),
    }
}

/// A sample of each event: a new one does not compile until it is listed here with its sample.
macro_rules! samples {
    ($($pattern:pat => $sample:expr),+ $(,)?) => {
        #[expect(clippy::unwrap_used, reason = "the texts are fixed")]
        pub(super) fn samples() -> Vec<DomainEvent> {
            vec![$(DomainEvent::from($sample)),+]
        }

        pub(super) fn is_listed(event: &DomainEvent) -> bool {
            match event {
                $($pattern => true,)+
            }
        }
    };
}

samples! {
    DomainEvent::Ticket(TicketEvent::Opened { .. }) => tickets::opened(),
    DomainEvent::Ticket(TicketEvent::SubjectChanged { .. }) => TicketEvent::SubjectChanged {
        subject: Personal::new(CUSTOMER, "Письма не приходят".to_owned()),
    },
    DomainEvent::Ticket(TicketEvent::Categorized { .. }) => TicketEvent::Categorized {
        category_id: Some("mail".to_owned()),
        subcategory_id: Some("mail.outbound".to_owned()),
        by: ClassifiedBy::Agent,
        grounds: None,
    },
    DomainEvent::Ticket(TicketEvent::Prioritized { .. }) => TicketEvent::Prioritized {
        from: Priority::Medium,
        to: Priority::Urgent,
        reason: Some(Personal::new(CUSTOMER, "авария".to_owned())),
        by: None,
        grounds: None,
    },
    DomainEvent::Ticket(TicketEvent::Moved { .. }) => TicketEvent::Moved {
        place: TicketPlace { inbox_id: None, branch_id: Some(Uuid::from_u128(0xb)), team_id: Some(Uuid::from_u128(0x7)) },
    },
    DomainEvent::Ticket(TicketEvent::Started {}) => TicketEvent::Started {},
    DomainEvent::Ticket(TicketEvent::PutOnHold { .. }) => TicketEvent::PutOnHold {
        reason: HoldReason::Vendor,
        until: "2026-11-28T09:00:00Z".parse().ok(),
    },
    DomainEvent::Ticket(TicketEvent::Resumed {}) => TicketEvent::Resumed {},
    DomainEvent::Ticket(TicketEvent::Resolved { .. }) => TicketEvent::Resolved {
        reason: ResolutionReason::NoResponse,
        note: Some(Personal::new(CUSTOMER, "три напоминания".to_owned())),
    },
    DomainEvent::Ticket(TicketEvent::Closed { .. }) => TicketEvent::Closed { cause: CloseCause::IdlePolicy },
    DomainEvent::Ticket(TicketEvent::Reopened { .. }) => TicketEvent::Reopened {
        cause: ReopenCause::CustomerReply,
        cycle_no: 2,
    },
    DomainEvent::Ticket(TicketEvent::TypeChanged { .. }) => TicketEvent::TypeChanged {
        from: TicketType::Question,
        to: TicketType::Incident,
    },
    DomainEvent::Ticket(TicketEvent::Tagged { .. }) => TicketEvent::Tagged { tag_ids: vec![Uuid::from_u128(0x7a)] },
    DomainEvent::Ticket(TicketEvent::Untagged { .. }) => TicketEvent::Untagged { tag_ids: vec![Uuid::from_u128(0x7a)] },
    DomainEvent::Ticket(TicketEvent::CustomFieldSet { .. }) => TicketEvent::CustomFieldSet {
        field_id: Uuid::from_u128(0xf1),
        value: Some(Personal::new(CUSTOMER, FieldValue::Text("договор 17".to_owned()))),
    },
    DomainEvent::Ticket(TicketEvent::Followed { .. }) => TicketEvent::Followed { user_id: AGENT },
    DomainEvent::Ticket(TicketEvent::Unfollowed { .. }) => TicketEvent::Unfollowed { user_id: AGENT },
    DomainEvent::Ticket(TicketEvent::Linked { .. }) => TicketEvent::Linked {
        other_id: TicketId(Uuid::from_u128(3)),
        relation: Relation::Duplicate,
    },
    DomainEvent::Ticket(TicketEvent::Unlinked { .. }) => TicketEvent::Unlinked {
        other_id: TicketId(Uuid::from_u128(3)),
        relation: Relation::Blocks,
    },
    DomainEvent::Ticket(TicketEvent::Labelled { .. }) => TicketEvent::Labelled { status_id: Some(Uuid::from_u128(0x1a)) },
    DomainEvent::Ticket(TicketEvent::Snoozed { .. }) => TicketEvent::Snoozed {
        until: "2026-11-28T09:00:00Z".parse().ok(),
    },
    DomainEvent::Ticket(TicketEvent::WokeUp { .. }) => TicketEvent::WokeUp { cause: WakeCause::Reply },
    DomainEvent::Ticket(TicketEvent::ResolutionConfirmed {}) => TicketEvent::ResolutionConfirmed {},
    DomainEvent::Ticket(TicketEvent::ResolutionRejected {}) => TicketEvent::ResolutionRejected {},
    DomainEvent::Ticket(TicketEvent::Absorbed { .. }) => TicketEvent::Absorbed { ticket_id: TicketId(Uuid::from_u128(3)) },
    DomainEvent::Ticket(TicketEvent::Separated { .. }) => TicketEvent::Separated { ticket_id: TicketId(Uuid::from_u128(3)) },
    DomainEvent::Ticket(TicketEvent::Merged { .. }) => TicketEvent::Merged { into: TicketId(Uuid::from_u128(3)) },
    DomainEvent::Ticket(TicketEvent::Unmerged { .. }) => TicketEvent::Unmerged { from: TicketId(Uuid::from_u128(3)) },
    DomainEvent::Ticket(TicketEvent::Split { .. }) => TicketEvent::Split {
        new_ticket_id: TicketId(Uuid::from_u128(3)),
        from_message_seq: 4,
    },
    DomainEvent::Ticket(TicketEvent::SplitOff { .. }) => TicketEvent::SplitOff {
        from: TicketId(Uuid::from_u128(3)),
        from_message_seq: 4,
    },
    DomainEvent::Ticket(TicketEvent::QuestionCarried { .. }) => TicketEvent::QuestionCarried {
        from: TicketId(Uuid::from_u128(3)),
        since: "2026-11-21T08:15:00Z".parse().ok(),
    },
    DomainEvent::Ticket(TicketEvent::Archived { .. }) => TicketEvent::Archived { policy_id: Some(Uuid::from_u128(0xa1)) },
    DomainEvent::Ticket(TicketEvent::TrackingLinkIssued { .. }) => TicketEvent::TrackingLinkIssued {
        token_hash: "0d".repeat(32),
        expires_at: "2027-02-19T09:00:00Z".parse().unwrap(),
    },
    DomainEvent::Ticket(TicketEvent::TrackingLinkRevoked {}) => TicketEvent::TrackingLinkRevoked {},
    DomainEvent::Ticket(TicketEvent::ResolutionEstimated { .. }) => tickets::estimated(),
    DomainEvent::Ticket(TicketEvent::ReplyPromised { .. }) => tickets::promised(),
    DomainEvent::MacroRun(MacroRunEvent::Started { .. }) => tickets::macro_started(),
    DomainEvent::MacroRun(MacroRunEvent::Finished { .. }) => MacroRunEvent::Finished {
        done: 1,
        stopped: Some(Stopped { step: 1, reason: "the ticket is closed: reopen it first".to_owned() }),
    },
    DomainEvent::MacroRun(MacroRunEvent::Undone { .. }) => MacroRunEvent::Undone {
        steps: vec![TakenBack::StaysSaid, TakenBack::Restored],
    },
    DomainEvent::Assignment(AssignmentEvent::AgentAssigned { .. }) => AssignmentEvent::AgentAssigned {
        agent_id: AGENT,
        mode: AssignmentMode::Own,
    },
    DomainEvent::Assignment(AssignmentEvent::AgentUnassigned { .. }) => AssignmentEvent::AgentUnassigned {
        agent_id: AGENT,
        reason: Some(Personal::new(CUSTOMER, "отпуск".to_owned())),
    },
    DomainEvent::TicketNumbers(TicketNumbersEvent::Reserved { .. }) => TicketNumbersEvent::Reserved {
        first: 101,
        last: 200,
    },
    DomainEvent::ReadModel(ReadModelEvent::ParkedRetried { .. }) => ReadModelEvent::ParkedRetried {
        model: "ticket_list".to_owned(),
        stream_id: Some(Uuid::from_u128(7)),
        reason: "исправлено".to_owned(),
    },
    DomainEvent::ReadModel(ReadModelEvent::EventSkipped { .. }) => ReadModelEvent::EventSkipped {
        model: "ticket_list".to_owned(),
        position: 4711,
        stream_id: Uuid::from_u128(7),
        reason: "записано вручную".to_owned(),
    },
    DomainEvent::Access(AccessEvent::RoleRevised { .. }) => AccessEvent::RoleRevised {
        role: role("reviewer"),
        name: "Проверяющий".to_owned(),
        permissions: [Permission::TicketsRead, Permission::ReportsRead].into(),
    },
    DomainEvent::Access(AccessEvent::RoleRetired { .. }) => AccessEvent::RoleRetired { role: role("reviewer") },
    DomainEvent::Access(AccessEvent::Granted { .. }) => AccessEvent::Granted {
        user_id: AGENT,
        grant: Grant { role: role("agent"), scope: Scope::Branch(Uuid::from_u128(0xb)) },
    },
    DomainEvent::Access(AccessEvent::Revoked { .. }) => AccessEvent::Revoked {
        user_id: AGENT,
        grant: Grant { role: role("admin"), scope: Scope::Everywhere },
    },
    DomainEvent::User(UserEvent::Invited { .. }) => UserEvent::Invited {
        email: of_agent("anna@example.com"),
        name: of_agent("Анна"),
        locale: "ru".to_owned(),
        link: link(),
    },
    DomainEvent::User(UserEvent::Reinvited { .. }) => UserEvent::Reinvited { link: link() },
    DomainEvent::User(UserEvent::Registered { .. }) => UserEvent::Registered {
        email: of_agent("anna@example.com"),
        name: of_agent("Анна"),
        locale: "ru".to_owned(),
        link: Some(link()),
    },
    DomainEvent::User(UserEvent::Activated {}) => UserEvent::Activated {},
    DomainEvent::User(UserEvent::PasswordSet { .. }) => UserEvent::PasswordSet { hash: of_agent("$argon2id$...") },
    DomainEvent::User(UserEvent::RecoveryRequested { .. }) => UserEvent::RecoveryRequested { link: link() },
    DomainEvent::User(UserEvent::TwoFactorEnabled { .. }) => UserEvent::TwoFactorEnabled {
        secret: of_agent("JBSWY3DPEHPK3PXP"),
        recovery: vec!["0a".repeat(32)],
    },
    DomainEvent::User(UserEvent::RecoveryCodeUsed { .. }) => UserEvent::RecoveryCodeUsed { code_hash: "0a".repeat(32) },
    DomainEvent::User(UserEvent::TwoFactorDisabled {}) => UserEvent::TwoFactorDisabled {},
    DomainEvent::User(UserEvent::ProfileChanged { .. }) => UserEvent::ProfileChanged {
        name: of_agent("Анна Петровна"),
        locale: "en".to_owned(),
    },
    DomainEvent::User(UserEvent::AccountLinked { .. }) => UserEvent::AccountLinked {
        issuer: "https://id.example.org/realms/office".to_owned(),
        subject: of_agent("5f0c7f2e"),
    },
    DomainEvent::User(UserEvent::Suspended { .. }) => UserEvent::Suspended { reason: Some(of_agent("отпуск")) },
    DomainEvent::User(UserEvent::Reinstated {}) => UserEvent::Reinstated {},
    DomainEvent::Session(SessionEvent::Started { .. }) => SessionEvent::Started {
        user_id: AGENT,
        method: SignInMethod::PasswordAndCode,
        client: of_agent("192.0.2.1 Firefox"),
    },
    DomainEvent::Session(SessionEvent::Ended { .. }) => SessionEvent::Ended {
        user_id: AGENT,
        reason: SessionEnd::TokenReused,
    },
    DomainEvent::Reading(ReadingEvent::Shown { .. }) => ReadingEvent::Shown {
        operations: vec!["tickets".to_owned()],
        seen: vec![Seen { what: Exposed::Ticket, ids: vec![Uuid::from_u128(7)] }],
        searches: vec![Searched { fingerprint: "0f".repeat(8), found: 1 }],
        unseen: true,
    },
    DomainEvent::Reading(ReadingEvent::Exported { .. }) => ReadingEvent::Exported {
        operation: "exportAudit".to_owned(),
        form: "csv".to_owned(),
        wanted: "{}".to_owned(),
        count: 2,
        digest: "0b".repeat(32),
        about: Vec::new(),
    },
    DomainEvent::Denial(DenialEvent::Denied { .. }) => DenialEvent::Denied {
        operation: "apiKeys".to_owned(),
        permission: Permission::ApiKeysWrite,
    },
    DomainEvent::SignIn(SignInEvent::Failed { .. }) => SignInEvent::Failed { fault: SignInFault::WrongPassword },
    DomainEvent::ApiKey(ApiKeyEvent::Issued { .. }) => ApiKeyEvent::Issued {
        name: "Выгрузка".to_owned(),
        secret_hash: "0c".repeat(32),
        permissions: [Permission::TicketsRead].into(),
        scope: Scope::Everywhere,
        expires_at: "2027-11-28T09:00:00Z".parse().ok(),
    },
    DomainEvent::ApiKey(ApiKeyEvent::Used { .. }) => ApiKeyEvent::Used { on: "2026-11-21".parse().unwrap() },
    DomainEvent::ApiKey(ApiKeyEvent::Revoked {}) => ApiKeyEvent::Revoked {},
    DomainEvent::VisitorSecret(VisitorSecretEvent::Issued { .. }) => VisitorSecretEvent::Issued {
        seed: Uuid::from_u128(0x5eed),
        former_until: "2026-11-28T09:00:00Z".parse().ok(),
    },
    DomainEvent::VisitorSecret(VisitorSecretEvent::Revoked {}) => VisitorSecretEvent::Revoked {},
    DomainEvent::Claim(ClaimEvent::Taken { .. }) => ClaimEvent::Taken {
        owner: Uuid::from_u128(0xc),
        confirm_by: "2026-11-21T09:33:00Z".parse().unwrap_or_default(),
    },
    DomainEvent::Claim(ClaimEvent::Released { .. }) => ClaimEvent::Released { owner: Uuid::from_u128(0xc) },
    DomainEvent::Contact(ContactEvent::Created { .. }) => ContactEvent::Created { kind: ContactKind::Identified },
    DomainEvent::Contact(ContactEvent::Identified { .. }) => ContactEvent::Identified { by: IdentifiedBy::Handle },
    DomainEvent::Contact(ContactEvent::ProfileChanged { .. }) => contacts::profile_changed(),
    DomainEvent::Contact(ContactEvent::HandleAdded { .. }) => contacts::handle_added(),
    DomainEvent::Contact(ContactEvent::HandleVerified { .. }) => ContactEvent::HandleVerified { handle_id: HandleId(Uuid::from_u128(0xd)) },
    DomainEvent::Contact(ContactEvent::HandleRemoved { .. }) => ContactEvent::HandleRemoved { handle_id: HandleId(Uuid::from_u128(0xd)) },
    DomainEvent::Contact(ContactEvent::AssignedToOrganization { .. }) => ContactEvent::AssignedToOrganization { organization_id: OrganizationId(Uuid::from_u128(0xe)) },
    DomainEvent::Contact(ContactEvent::RemovedFromOrganization { .. }) => ContactEvent::RemovedFromOrganization { organization_id: OrganizationId(Uuid::from_u128(0xe)) },
    DomainEvent::Contact(ContactEvent::Absorbed { .. }) => ContactEvent::Absorbed { contact_id: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Separated { .. }) => ContactEvent::Separated { contact_id: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Merged { .. }) => ContactEvent::Merged { into: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Unmerged { .. }) => ContactEvent::Unmerged { from: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Blocked { .. }) => ContactEvent::Blocked { reason: Personal::new(CUSTOMER, "угрозы".to_owned()) },
    DomainEvent::Contact(ContactEvent::Unblocked {}) => ContactEvent::Unblocked {},
    DomainEvent::Contact(ContactEvent::ConsentGiven { .. }) => ContactEvent::ConsentGiven { purpose: "newsletter".to_owned() },
    DomainEvent::Contact(ContactEvent::ConsentWithdrawn { .. }) => ContactEvent::ConsentWithdrawn { purpose: "newsletter".to_owned() },
    DomainEvent::Organization(OrganizationEvent::Created { .. }) => OrganizationEvent::Created {
        definition: romashka(),
    },
    DomainEvent::Organization(OrganizationEvent::Revised { .. }) => OrganizationEvent::Revised {
        revision: 2,
        definition: romashka(),
    },
    DomainEvent::Organization(OrganizationEvent::Retired {}) => OrganizationEvent::Retired {},
    DomainEvent::Bulk(BulkEvent::Started { .. }) => samples::bulk_started(),
    DomainEvent::Bulk(BulkEvent::Chosen { .. }) => BulkEvent::Chosen { ticket_ids: vec![TicketId(Uuid::from_u128(1))] },
    DomainEvent::Bulk(BulkEvent::ItemsDone { .. }) => samples::bulk_items(),
    DomainEvent::Bulk(BulkEvent::Cancelled {}) => BulkEvent::Cancelled {},
    DomainEvent::Bulk(BulkEvent::Finished {}) => BulkEvent::Finished {},
    DomainEvent::Bulk(BulkEvent::UndoStarted {}) => BulkEvent::UndoStarted {},
    DomainEvent::Bulk(BulkEvent::ItemsUndone { .. }) => samples::bulk_undone(),
    DomainEvent::Bulk(BulkEvent::UndoFinished {}) => BulkEvent::UndoFinished {},
    DomainEvent::Classifier(ClassifierEvent::Trained { .. }) => samples::classifier_trained(),
    DomainEvent::Classifier(ClassifierEvent::Activated { .. }) => ClassifierEvent::Activated { version: 2, threshold: 850 },
    DomainEvent::Classifier(ClassifierEvent::Deactivated { .. }) => ClassifierEvent::Deactivated { version: 2 },
    DomainEvent::WhatIf(WhatIfEvent::Started { .. }) => trials::started(),
    DomainEvent::WhatIf(WhatIfEvent::Progressed { .. }) => WhatIfEvent::Progressed { thousandths: 400 },
    DomainEvent::WhatIf(WhatIfEvent::Finished { .. }) => trials::finished(),
    DomainEvent::WhatIf(WhatIfEvent::Failed { .. }) => trials::failed(),
    DomainEvent::WhatIf(WhatIfEvent::Cancelled {}) => WhatIfEvent::Cancelled {},
    DomainEvent::View(ViewEvent::Created { .. }) => ViewEvent::Created { definition: samples::view() },
    DomainEvent::View(ViewEvent::Revised { .. }) => ViewEvent::Revised { revision: 2, definition: samples::view() },
    DomainEvent::View(ViewEvent::Retired {}) => ViewEvent::Retired {},
    DomainEvent::View(ViewEvent::Restored {}) => ViewEvent::Restored {},
    DomainEvent::Conversation(ConversationEvent::Started { .. }) => words::started(),
    DomainEvent::Conversation(ConversationEvent::MessageReceived { .. }) => words::received(),
    DomainEvent::Conversation(ConversationEvent::MessagePosted { .. }) => words::posted(),
    DomainEvent::Conversation(ConversationEvent::MessageEdited { .. }) => ConversationEvent::MessageEdited {
        seq: 2,
        body: Personal::new(CUSTOMER, "Клиент прав, проверили".to_owned()),
    },
    DomainEvent::Conversation(ConversationEvent::MessageRedacted { .. }) => ConversationEvent::MessageRedacted {
        seq: 2,
        reason: RedactionReason::PersonalData,
    },
    DomainEvent::Conversation(ConversationEvent::MessagesDeliveredUpTo { .. }) => ConversationEvent::MessagesDeliveredUpTo { seq: 2 },
    DomainEvent::Conversation(ConversationEvent::MessagesReadUpTo { .. }) => ConversationEvent::MessagesReadUpTo {
        reader: format!("agent:{AGENT}"),
        seq: 2,
    },
    DomainEvent::Attachment(AttachmentEvent::Prepared { .. }) => files::prepared(),
    DomainEvent::Attachment(AttachmentEvent::Stored { .. }) => files::stored(),
    DomainEvent::Attachment(AttachmentEvent::Scanned { .. }) => files::scanned(),
    DomainEvent::Attachment(AttachmentEvent::Depicted { .. }) => files::depicted(),
    DomainEvent::Attachment(AttachmentEvent::NotDepicted {}) => AttachmentEvent::NotDepicted {},
    DomainEvent::Attachment(AttachmentEvent::Attached { .. }) => files::attached(),
    DomainEvent::Attachment(AttachmentEvent::Downloaded { .. }) => files::downloaded(),
    DomainEvent::Attachment(AttachmentEvent::Discarded { .. }) => files::discarded(),
    DomainEvent::Attachment(AttachmentEvent::Removed {}) => AttachmentEvent::Removed {},
    DomainEvent::LogSeal(LogSealEvent::Sealed(_)) => LogSealEvent::Sealed(Sealed {
        first: 101,
        last: 200,
        count: 99,
        root: "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456".to_owned(),
        previous: Some("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d".to_owned()),
        key: "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7".to_owned(),
        signature: "jvMl2rIMYPmPGzu7JvPzz5GiGOyjLEvWNkoGUjSE3v2oZPpTmgZnXt7b6tJf1rKzYxGJ5o7jvqzPYbZ9h0aWBg==".to_owned(),
    }),
    DomainEvent::DataSubject(DataSubjectEvent::KeyDestroyed { .. }) => DataSubjectEvent::KeyDestroyed {
        key_fingerprint: "0123456789abcdef".to_owned(),
    },
    DomainEvent::DataSubject(DataSubjectEvent::ErasureRequested { .. }) => subjects::requested(),
    DomainEvent::DataSubject(DataSubjectEvent::ErasureCancelled { .. }) => subjects::cancelled(),
    DomainEvent::DataSubject(DataSubjectEvent::LegalHoldPlaced { .. }) => subjects::held(),
    DomainEvent::DataSubject(DataSubjectEvent::LegalHoldLifted { .. }) => subjects::lifted(),
    DomainEvent::DataSubject(DataSubjectEvent::ErasureVerified { .. }) => subjects::verified(),
    DomainEvent::Organisation(OrganisationEvent::Branch(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::branch(),
    },
    DomainEvent::Organisation(OrganisationEvent::Branch(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::branch(),
    },
    DomainEvent::Organisation(OrganisationEvent::Branch(ItemEvent::Retired {})) => ItemEvent::<Branch>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Branch(ItemEvent::Restored {})) => ItemEvent::<Branch>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Team(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::team(),
    },
    DomainEvent::Organisation(OrganisationEvent::Team(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::team(),
    },
    DomainEvent::Organisation(OrganisationEvent::Team(ItemEvent::Retired {})) => ItemEvent::<Team>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Team(ItemEvent::Restored {})) => ItemEvent::<Team>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Skill(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::skill(),
    },
    DomainEvent::Organisation(OrganisationEvent::Skill(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::skill(),
    },
    DomainEvent::Organisation(OrganisationEvent::Skill(ItemEvent::Retired {})) => ItemEvent::<Skill>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Skill(ItemEvent::Restored {})) => ItemEvent::<Skill>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Inbox(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::inbox(),
    },
    DomainEvent::Organisation(OrganisationEvent::Inbox(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::inbox(),
    },
    DomainEvent::Organisation(OrganisationEvent::Inbox(ItemEvent::Retired {})) => ItemEvent::<Inbox>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Inbox(ItemEvent::Restored {})) => ItemEvent::<Inbox>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Category(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::category(),
    },
    DomainEvent::Organisation(OrganisationEvent::Category(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::category(),
    },
    DomainEvent::Organisation(OrganisationEvent::Category(ItemEvent::Retired {})) => ItemEvent::<Category>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Category(ItemEvent::Restored {})) => ItemEvent::<Category>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Tag(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::tag(),
    },
    DomainEvent::Organisation(OrganisationEvent::Tag(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::tag(),
    },
    DomainEvent::Organisation(OrganisationEvent::Tag(ItemEvent::Retired {})) => ItemEvent::<Tag>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Tag(ItemEvent::Restored {})) => ItemEvent::<Tag>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::CustomField(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::custom_field(samples::number()),
    },
    DomainEvent::Organisation(OrganisationEvent::CustomField(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::custom_field(samples::choice()),
    },
    DomainEvent::Organisation(OrganisationEvent::CustomField(ItemEvent::Retired {})) => ItemEvent::<CustomField>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::CustomField(ItemEvent::Restored {})) => ItemEvent::<CustomField>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::CannedReply(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::canned_reply(),
    },
    DomainEvent::Organisation(OrganisationEvent::CannedReply(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::canned_reply(),
    },
    DomainEvent::Organisation(OrganisationEvent::CannedReply(ItemEvent::Retired {})) => ItemEvent::<CannedReply>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::CannedReply(ItemEvent::Restored {})) => ItemEvent::<CannedReply>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Macro(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::script(),
    },
    DomainEvent::Organisation(OrganisationEvent::Macro(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::script(),
    },
    DomainEvent::Organisation(OrganisationEvent::Macro(ItemEvent::Retired {})) => ItemEvent::<Macro>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Macro(ItemEvent::Restored {})) => ItemEvent::<Macro>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::Classification(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::classification(),
    },
    DomainEvent::Organisation(OrganisationEvent::Classification(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::classification(),
    },
    DomainEvent::Organisation(OrganisationEvent::Classification(ItemEvent::Retired {})) => ItemEvent::<Classification>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::Classification(ItemEvent::Restored {})) => ItemEvent::<Classification>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::StatusLabel(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::status_label(),
    },
    DomainEvent::Organisation(OrganisationEvent::StatusLabel(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::status_label(),
    },
    DomainEvent::Organisation(OrganisationEvent::StatusLabel(ItemEvent::Retired {})) => ItemEvent::<StatusLabel>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::StatusLabel(ItemEvent::Restored {})) => ItemEvent::<StatusLabel>::Restored {},
    DomainEvent::Organisation(OrganisationEvent::RegionMap(ItemEvent::Created { .. })) => ItemEvent::Created {
        definition: samples::region_map(),
    },
    DomainEvent::Organisation(OrganisationEvent::RegionMap(ItemEvent::Revised { .. })) => ItemEvent::Revised {
        version: 2,
        definition: samples::region_map(),
    },
    DomainEvent::Organisation(OrganisationEvent::RegionMap(ItemEvent::Retired {})) => ItemEvent::<RegionMap>::Retired {},
    DomainEvent::Organisation(OrganisationEvent::RegionMap(ItemEvent::Restored {})) => ItemEvent::<RegionMap>::Restored {},
}
