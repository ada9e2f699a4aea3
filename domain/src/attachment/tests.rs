use uuid::Uuid;

use super::{
    Attachment, AttachmentCommand, AttachmentEvent, AttachmentRefusal, DiscardReason, FileName, Found, Limits,
    MediaType, NewBytes, ScanVerdict, USUAL_TYPES, admits, settle,
};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::{MessageId, TicketId},
    personal::DataSubject,
};

const SUBJECT: DataSubject = DataSubject(Uuid::from_u128(0xc));
const TICKET: TicketId = TicketId(Uuid::from_u128(0x1));
const MESSAGE: MessageId = MessageId(Uuid::from_u128(0x2));

fn usual() -> Vec<String> {
    USUAL_TYPES.iter().map(|it| (*it).to_owned()).collect()
}

fn context(kind: ActorKind) -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(kind, "1"),
        id: Uuid::nil(),
    }
}

fn prepare(size: u64, content_type: &str) -> AttachmentCommand {
    AttachmentCommand::Prepare {
        ticket_id: Some(TICKET),
        inbox_id: None,
        contact_id: None,
        name: FileName::try_new("снимок.png").unwrap(),
        size,
        content_type: MediaType::try_new(content_type).unwrap(),
        usual: Limits::default(),
        found: Some(Found {
            subject: SUBJECT,
            inbox_id: None,
            contact_id: None,
            limits: Limits {
                max_bytes: 100,
                allowed: usual(),
            },
        }),
    }
}

fn store(found: &str, sha256: &str) -> AttachmentCommand {
    AttachmentCommand::Store {
        bytes: Box::new(NewBytes {
            blob: "b".to_owned(),
            size: 10,
            found: found.to_owned(),
            sha256: sha256.to_owned(),
            key: "k".to_owned(),
            quarantined: true,
            allowed: usual(),
        }),
    }
}

fn attach(message_id: MessageId, is_free: bool) -> AttachmentCommand {
    AttachmentCommand::Attach {
        ticket_id: TICKET,
        message_id,
        internal: false,
        subject: SUBJECT,
        is_free,
        same_person: false,
    }
}

/// The events of these commands, each decided on what those before leave.
fn after(commands: &[AttachmentCommand]) -> Vec<AttachmentEvent> {
    let mut history = Vec::new();
    for command in commands {
        let events = given::<Attachment>(&history).when(command, &context(ActorKind::Agent));
        history.extend(events.unwrap());
    }
    history
}

fn answer(history: &[AttachmentEvent], command: &AttachmentCommand) -> Result<usize, AttachmentRefusal> {
    let events = given::<Attachment>(history).when(command, &context(ActorKind::Agent));
    events.map(|it| it.len())
}

#[test]
fn what_the_inbox_does_not_take_is_not_announced() {
    let said = |size, kind| answer(&[], &prepare(size, kind));
    assert_eq!(said(100, "image/png"), Ok(1));
    assert_eq!(
        said(101, "image/png"),
        Err(AttachmentRefusal::TooLarge { max_bytes: 100 })
    );
    assert_eq!(said(0, "image/png"), Err(AttachmentRefusal::Empty));
    assert_eq!(said(10, "text/html"), Err(AttachmentRefusal::TypeNotTaken));
    assert_eq!(said(10, "application/octet-stream"), Ok(1));
}

#[test]
fn bytes_must_be_what_was_announced() {
    let history = after(&[prepare(10, "image/png")]);
    assert_eq!(answer(&history, &store("image/png", "1")), Ok(1));
    assert_eq!(
        answer(&history, &store("application/x-executable", "1")),
        Err(AttachmentRefusal::TypeLies)
    );
    let other = after(&[prepare(11, "image/png")]);
    assert_eq!(
        answer(&other, &store("image/png", "1")),
        Err(AttachmentRefusal::SizeDiffers)
    );
    let unknown = after(&[prepare(10, "application/octet-stream")]);
    assert_eq!(
        answer(&unknown, &store("application/x-executable", "1")),
        Err(AttachmentRefusal::TypeNotTaken),
        "who says nothing gets no more past"
    );
    let stored = after(&[prepare(10, "image/png"), store("image/png", "1")]);
    assert_eq!(answer(&stored, &store("image/png", "1")), Ok(0));
    assert_eq!(
        answer(&stored, &store("image/png", "2")),
        Err(AttachmentRefusal::StoredAlready)
    );
}

#[test]
fn file_belongs_to_one_message_of_its_ticket() {
    let announced = after(&[prepare(10, "image/png")]);
    assert_eq!(
        answer(&announced, &attach(MESSAGE, false)),
        Err(AttachmentRefusal::NotStored)
    );
    let attached = after(&[
        prepare(10, "image/png"),
        store("image/png", "1"),
        attach(MESSAGE, false),
    ]);
    let other = MessageId(Uuid::from_u128(0x3));
    assert_eq!(answer(&attached, &attach(MESSAGE, false)), Ok(0));
    assert_eq!(
        answer(&attached, &attach(other, false)),
        Err(AttachmentRefusal::AttachedAlready)
    );
    assert_eq!(answer(&attached, &attach(other, true)), Ok(1), "its message never came");
    let stored = &attached[..2];
    let elsewhere = AttachmentCommand::Attach {
        ticket_id: TicketId(Uuid::from_u128(0x9)),
        message_id: MESSAGE,
        internal: false,
        subject: SUBJECT,
        is_free: false,
        same_person: false,
    };
    assert_eq!(answer(stored, &elsewhere), Err(AttachmentRefusal::OfAnother));
    let by_customer = given::<Attachment>(stored).when(&attach(MESSAGE, false), &context(ActorKind::Contact));
    assert_eq!(by_customer, Err(AttachmentRefusal::OfAnother), "somebody else's upload");
    let mut merged = attach(MESSAGE, false);
    if let AttachmentCommand::Attach { same_person, .. } = &mut merged {
        *same_person = true;
    }
    let by_other_record = given::<Attachment>(stored).when(&merged, &context(ActorKind::Contact));
    assert_eq!(
        by_other_record.map(|it| it.len()),
        Ok(1),
        "their own, of a record that was merged"
    );
}

#[test]
fn file_that_a_message_took_up_is_no_orphan() {
    let discard = |reason, never_came| AttachmentCommand::Discard { reason, never_came };
    let orphan = |never_came| discard(DiscardReason::Orphaned, never_came);
    let stored = [prepare(10, "image/png"), store("image/png", "1")];
    assert_eq!(answer(&after(&stored), &orphan(None)), Ok(1));
    let attached = after(&[stored[0].clone(), stored[1].clone(), attach(MESSAGE, false)]);
    assert_eq!(answer(&attached, &orphan(None)), Ok(0));
    let other = MessageId(Uuid::from_u128(0x3));
    assert_eq!(
        answer(&attached, &orphan(Some(other))),
        Ok(0),
        "attached anew meanwhile"
    );
    assert_eq!(
        answer(&attached, &orphan(Some(MESSAGE))),
        Ok(1),
        "its message never came"
    );
    assert_eq!(answer(&attached, &discard(DiscardReason::Redacted, None)), Ok(1));
}

#[test]
fn nobody_reads_what_is_not_known_to_be_clean() {
    let read = AttachmentCommand::NoteDownload {
        from: "127.0.0.1".to_owned(),
        preview: false,
    };
    let scan = |verdict| AttachmentCommand::Scan {
        verdict,
        engine: "ClamAV".to_owned(),
        signature: None,
    };
    let stored = [prepare(10, "image/png"), store("image/png", "1")];
    assert_eq!(answer(&after(&stored), &read), Err(AttachmentRefusal::Quarantined));
    let said = |verdict| answer(&after(&[stored[0].clone(), stored[1].clone(), scan(verdict)]), &read);
    assert_eq!(said(ScanVerdict::Clean), Ok(1));
    assert_eq!(said(ScanVerdict::Infected), Err(AttachmentRefusal::Infected));
    assert_eq!(said(ScanVerdict::Failed), Err(AttachmentRefusal::Quarantined));
    let discard = AttachmentCommand::Discard {
        reason: DiscardReason::Redacted,
        never_came: None,
    };
    let discarded = after(&[
        stored[0].clone(),
        stored[1].clone(),
        scan(ScanVerdict::Clean),
        discard.clone(),
    ]);
    assert_eq!(answer(&discarded, &read), Err(AttachmentRefusal::Gone));
    assert_eq!(answer(&discarded, &discard), Ok(0));
}

#[test]
fn said_and_found_agree_when_nothing_speaks_against_it() {
    for (said, found, is) in [
        ("image/jpg", "image/jpeg", "image/jpeg"),
        ("text/csv", "text/plain", "text/csv"),
        ("application/json", "text/plain", "application/json"),
        ("image/svg+xml", "text/xml", "image/svg+xml"),
        ("audio/webm", "video/webm", "audio/webm"),
        (
            "application/vnd.ms-excel",
            "application/x-ole-storage",
            "application/vnd.ms-excel",
        ),
        ("application/octet-stream", "image/png", "image/png"),
    ] {
        assert_eq!(settle(said, found).as_deref(), Some(is), "{said} {found}");
    }
    for (said, found) in [
        ("image/png", "text/html"),
        ("image/png", "application/octet-stream"),
        ("text/plain", "text/html"),
        ("text/html", "text/plain"),
        ("application/pdf", "application/zip"),
        ("text/plain", "application/zip"),
        ("application/msword", "application/zip"),
    ] {
        assert_eq!(settle(said, found), None, "{said} {found}");
    }
}

#[test]
fn patterns_stand_for_types_and_what_begins_like_them() {
    let patterns = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    assert!(admits(&patterns(&["image/*"]), "image/png"));
    assert!(admits(&patterns(&["*/*"]), "a/b"));
    assert!(admits(&patterns(&["image/jpg"]), "image/jpeg"));
    assert!(!admits(&patterns(&["image/*", "application/pdf"]), "text/plain"));
    assert!(!admits(&[], "image/png"));
}

#[test]
fn names_are_lines_without_paths() {
    assert_eq!(FileName::try_new(" Счёт № 7.pdf ").unwrap().as_str(), "Счёт № 7.pdf");
    let long = "ж".repeat(256);
    for bad in [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\nb",
        "a\u{202e}gpj.exe",
        long.as_str(),
    ] {
        assert!(FileName::try_new(bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        MediaType::try_new("Text/Plain; charset=utf-8").unwrap().as_str(),
        "text/plain"
    );
    for bad in ["", "png", "image/", "/png", "image/p ng", "image/png/x", "изо/png"] {
        assert!(MediaType::try_new(bad).is_err(), "{bad:?}");
    }
}
