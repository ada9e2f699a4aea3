use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Body, Cause, Conversation, ConversationCommand, ConversationEvent, ConversationRefusal, EDIT_WINDOW, NewMessage,
    RedactionReason, Thread, Via, Visibility, consequence,
};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::{ContactId, ConversationId, MessageId, TicketId},
    personal::{DataSubject, Personal, PersonalField},
    ticket::{Hold, Pause, Status, TicketCommand},
    values::{HoldReason, ReopenCause, ResolutionReason},
};

const TICKET: TicketId = TicketId(Uuid::from_u128(7));
const CONTACT: ContactId = ContactId(Uuid::from_u128(0xc));

fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn by(kind: ActorKind, id: &str, at: DateTime<Utc>) -> Context {
    Context {
        at,
        actor: Actor::new(kind, id),
        id: ConversationId::of_ticket(TICKET).0,
    }
}

fn agent() -> Context {
    by(ActorKind::Agent, "1", noon())
}

fn thread() -> Thread {
    Thread {
        ticket_id: TICKET,
        contact_id: Some(CONTACT),
        inbox_id: None,
        channel: "api".to_owned(),
        closed: false,
    }
}

fn named(name: &str) -> MessageId {
    MessageId::named_by(ConversationId::of_ticket(TICKET), "agent:1", name)
}

fn message(name: &str, text: &str) -> NewMessage {
    NewMessage {
        message_id: named(name),
        client_message_id: Some(name.to_owned()),
        body: Body::try_new(text).unwrap(),
        attachments: vec![],
        in_reply_to: None,
    }
}

fn post(visibility: Visibility, message: NewMessage) -> ConversationCommand {
    ConversationCommand::Post {
        thread: Some(thread()),
        message,
        visibility,
        mentions: vec![],
        via: Via::Human,
    }
}

fn reply(name: &str, text: &str) -> ConversationCommand {
    post(Visibility::Public, message(name, text))
}

fn receive(name: &str, text: &str) -> ConversationCommand {
    ConversationCommand::Receive {
        thread: Some(thread()),
        message: message(name, text),
        external_id: None,
        sent_at: None,
    }
}

fn edit(name: &str, text: &str) -> ConversationCommand {
    ConversationCommand::Edit {
        message_id: named(name),
        body: Body::try_new(text).unwrap(),
    }
}

fn answer(
    history: &[ConversationEvent],
    command: &ConversationCommand,
) -> Result<Vec<ConversationEvent>, ConversationRefusal> {
    given::<Conversation>(history).when(command, &agent())
}

/// The events of these commands, one after the other.
fn after(commands: &[ConversationCommand]) -> Vec<ConversationEvent> {
    let mut history = Vec::new();
    for command in commands {
        let events = answer(&history, command).unwrap();
        history.extend(events);
    }
    history
}

#[test]
fn first_message_starts_the_conversation_and_is_sealed_for_the_customer() {
    let events = after(&[reply("a", "Здравствуйте")]);
    assert_eq!(
        events[0],
        ConversationEvent::Started {
            inbox_id: None,
            channel: "api".to_owned(),
            contact_id: Some(CONTACT),
            ticket_id: TICKET,
        }
    );
    let ConversationEvent::MessagePosted {
        seq: 1,
        body,
        author,
        posted_at,
        ..
    } = &events[1]
    else {
        panic!("{events:?}");
    };
    assert_eq!(body.of(), DataSubject(CONTACT.0));
    assert_eq!((author.as_str(), *posted_at), ("agent:1", noon()));
}

#[test]
fn words_under_a_ticket_without_customer_are_sealed_with_the_tickets_own_key() {
    let mut command = receive("a", "?");
    if let ConversationCommand::Receive { thread: Some(it), .. } = &mut command {
        it.contact_id = None;
    }
    let events = answer(&[], &command).unwrap();
    let ConversationEvent::MessageReceived {
        body, contact_id: None, ..
    } = &events[1]
    else {
        panic!("{events:?}");
    };
    assert_eq!(body.of(), DataSubject(TICKET.0));
}

#[test]
fn message_under_the_same_name_is_one_message_and_another_text_is_refused() {
    let mut history = after(&[reply("a", "раз"), receive("b", "два")]);
    assert_eq!(answer(&history, &reply("a", "раз")), Ok(vec![]));
    let reused = Err(ConversationRefusal::ClientMessageIdReused);
    assert_eq!(answer(&history, &reply("a", "другое")), reused);
    assert_eq!(answer(&history, &post(Visibility::Note, message("a", "раз"))), reused);
    // However much comes between, and although it has another text now.
    let more: Vec<_> = (0..200).map(|it| reply(&format!("m{it}"), "x")).collect();
    history.extend(answer(&history, &edit("a", "иначе")).unwrap());
    for command in &more {
        history.extend(answer(&history, command).unwrap());
    }
    assert_eq!(answer(&history, &reply("a", "раз")), Ok(vec![]));
    assert_eq!(answer(&history, &reply("a", "иначе")), reused);
}

#[test]
fn retry_of_words_that_are_forgotten_is_no_second_message() {
    let mut history = after(&[reply("a", "раз")]);
    if let ConversationEvent::MessagePosted { body, .. } = &mut history[1] {
        body.forget();
    }
    assert_eq!(answer(&history, &reply("a", "раз")), Ok(vec![]));
}

#[test]
fn closed_ticket_takes_no_answers_but_notes_and_the_customers_words() {
    let close = |mut command: ConversationCommand| {
        if let ConversationCommand::Post { thread: Some(it), .. }
        | ConversationCommand::Receive { thread: Some(it), .. } = &mut command
        {
            it.closed = true;
        }
        command
    };
    let history = after(&[reply("a", "раз")]);
    assert_eq!(
        answer(&history, &close(reply("b", "ещё"))),
        Err(ConversationRefusal::TicketClosed)
    );
    assert_eq!(answer(&history, &close(reply("a", "раз"))), Ok(vec![]));
    assert!(answer(&history, &close(post(Visibility::Note, message("n", "итог")))).is_ok());
    assert!(answer(&history, &close(receive("c", "снова"))).is_ok());
}

#[test]
fn author_edits_within_the_window_and_nobody_else_ever() {
    let history = after(&[reply("a", "раз"), receive("c", "слова")]);
    let given = given::<Conversation>(&history);
    let when = |command: &_, context: &_| given.when(command, context);
    let edited = when(&edit("a", "два"), &by(ActorKind::Agent, "1", noon() + EDIT_WINDOW)).unwrap();
    assert_eq!(
        edited,
        [ConversationEvent::MessageEdited {
            seq: 1,
            body: Personal::new(DataSubject(CONTACT.0), "два".to_owned())
        }]
    );
    let late = by(ActorKind::Agent, "1", noon() + EDIT_WINDOW + TimeDelta::milliseconds(1));
    assert_eq!(when(&edit("a", "два"), &late), Err(ConversationRefusal::EditWindowOver));
    assert_eq!(
        when(&edit("a", "два"), &by(ActorKind::Agent, "2", noon())),
        Err(ConversationRefusal::NotYours)
    );
    assert_eq!(when(&edit("c", "не то"), &agent()), Err(ConversationRefusal::NotYours));
    assert_eq!(when(&edit("a", "раз"), &agent()), Ok(vec![]));
    assert_eq!(
        when(&edit("z", "раз"), &agent()),
        Err(ConversationRefusal::MessageNotFound)
    );
}

#[test]
fn redacted_message_is_redacted_once_and_edited_no_more() {
    let redact = ConversationCommand::Redact {
        message_id: named("a"),
        reason: RedactionReason::Secret,
    };
    let history = after(&[reply("a", "пароль 1234"), redact.clone()]);
    assert_eq!(
        history.last(),
        Some(&ConversationEvent::MessageRedacted {
            seq: 1,
            reason: RedactionReason::Secret
        })
    );
    assert_eq!(answer(&history, &redact), Ok(vec![]));
    assert_eq!(answer(&history, &edit("a", "x")), Err(ConversationRefusal::Redacted));
}

#[test]
fn watermarks_go_forward_only_and_no_further_than_the_messages() {
    let read = |seq| ConversationCommand::MarkRead { seq };
    let history = after(&[reply("a", "1"), reply("b", "2"), read(2)]);
    assert_eq!(
        history.last(),
        Some(&ConversationEvent::MessagesReadUpTo {
            reader: "agent:1".to_owned(),
            seq: 2
        })
    );
    assert_eq!(answer(&history, &read(1)), Ok(vec![]));
    assert_eq!(answer(&history, &read(2)), Ok(vec![]));
    assert_eq!(answer(&history, &read(3)), Err(ConversationRefusal::MessageNotFound));
    assert_eq!(answer(&history, &read(0)), Err(ConversationRefusal::MessageNotFound));
    assert_eq!(answer(&[], &read(1)), Err(ConversationRefusal::MessageNotFound));
    let other = by(ActorKind::Agent, "2", noon());
    assert!(
        given::<Conversation>(&history)
            .when(&read(1), &other)
            .is_ok_and(|it| it.len() == 1)
    );
    let delivered = ConversationCommand::MarkDelivered { seq: 1 };
    assert_eq!(answer(&history, &delivered).map(|it| it.len()), Ok(1));
}

#[test]
fn what_the_customer_sees_answers_no_note() {
    let history = after(&[post(Visibility::Note, message("n", "между нами")), reply("a", "1")]);
    let to = |visibility, name: &str| {
        let mut it = message("r", "ответ");
        it.in_reply_to = Some(named(name));
        post(visibility, it)
    };
    assert_eq!(
        answer(&history, &to(Visibility::Public, "n")),
        Err(ConversationRefusal::AnswersNote)
    );
    assert_eq!(
        answer(&history, &to(Visibility::Public, "z")),
        Err(ConversationRefusal::MessageNotFound)
    );
    let noted = answer(&history, &to(Visibility::Note, "n")).unwrap();
    assert!(matches!(
        noted[0],
        ConversationEvent::MessagePosted {
            in_reply_to: Some(1),
            ..
        }
    ));
}

#[test]
fn customers_words_have_their_instant_and_none_of_the_future() {
    let sent = |at| {
        let mut it = receive("c", "слова");
        if let ConversationCommand::Receive { sent_at, .. } = &mut it {
            *sent_at = Some(at);
        }
        it
    };
    let early = noon() - TimeDelta::days(400);
    let events = answer(&[], &sent(early)).unwrap();
    assert!(matches!(events[1], ConversationEvent::MessageReceived { sent_at: Some(at), .. } if at == early));
    assert_eq!(
        answer(&[], &sent(noon() + TimeDelta::seconds(1))),
        Err(ConversationRefusal::SentInFuture)
    );
}

#[test]
fn customers_words_reopen_and_wake_and_an_answer_begins_the_work() {
    let waits = |reason| Status::Waiting(Hold { reason, until: None });
    let reopen = Some(TicketCommand::Reopen {
        cause: ReopenCause::CustomerReply,
    });
    let solved = Status::Resolved(ResolutionReason::Solved);
    let heard = Some(TicketCommand::Pause(Pause::EndByReply));
    for (cause, status, snoozed, expected) in [
        (Cause::Customer, Status::Closed, false, reopen.clone()),
        (Cause::Customer, solved, true, reopen),
        (Cause::Customer, waits(HoldReason::Customer), false, heard.clone()),
        (Cause::Customer, waits(HoldReason::Vendor), false, None),
        (Cause::Customer, waits(HoldReason::Vendor), true, heard.clone()),
        (Cause::Customer, Status::Open, true, heard),
        (Cause::Customer, Status::New, false, None),
        (Cause::Answer, Status::New, true, Some(TicketCommand::Start)),
        (Cause::Answer, solved, false, None),
    ] {
        assert_eq!(
            consequence(cause, status, snoozed),
            expected,
            "{cause:?} {status:?} {snoozed}"
        );
    }
    let note = after(&[post(Visibility::Note, message("n", "x"))]);
    assert_eq!(note.iter().find_map(Cause::of), None);
    assert_eq!(
        after(&[reply("a", "x")]).iter().find_map(Cause::of),
        Some(Cause::Answer)
    );
}

/// One wish among few names, so that names meet.
fn wishes() -> impl Strategy<Value = ConversationCommand> {
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    let text = prop::sample::select(vec!["раз", "два"]);
    prop_oneof![
        (name.clone(), text.clone()).prop_map(|(name, text)| reply(name, text)),
        (name.clone(), text.clone()).prop_map(|(name, text)| receive(name, text)),
        (name.clone(), text.clone()).prop_map(|(name, text)| post(Visibility::Note, message(name, text))),
        (name.clone(), text).prop_map(|(name, text)| edit(name, text)),
        name.prop_map(|name| ConversationCommand::Redact {
            message_id: named(name),
            reason: RedactionReason::Other,
        }),
        (0_u32..6).prop_map(|seq| ConversationCommand::MarkRead { seq }),
        (0_u32..6).prop_map(|seq| ConversationCommand::MarkDelivered { seq }),
    ]
}

proptest! {
    #[test]
    fn any_sequence_keeps_the_invariants(
        steps in prop::collection::vec((wishes(), 0_i64..600, prop::sample::select(vec!["1", "2"])), 1..60)
    ) {
        let mut history: Vec<ConversationEvent> = Vec::new();
        let mut now = noon();
        let mut written = std::collections::HashMap::new();
        let mut last = 0;
        for (command, seconds, who) in steps {
            now += TimeDelta::seconds(seconds);
            let context = by(ActorKind::Agent, who, now);
            let Ok(events) = given::<Conversation>(&history).when(&command, &context) else { continue };
            for event in &events {
                match event {
                    ConversationEvent::MessageReceived { seq, .. } => {
                        prop_assert_eq!(*seq, last + 1);
                        last = *seq;
                    }
                    ConversationEvent::MessagePosted { seq, author, posted_at, .. } => {
                        prop_assert_eq!(*seq, last + 1);
                        last = *seq;
                        written.insert(*seq, (author.clone(), *posted_at));
                    }
                    ConversationEvent::MessageEdited { seq, .. } => {
                        let (author, at) = &written[seq];
                        prop_assert_eq!(author, &context.actor.to_string());
                        prop_assert!(now - *at <= EDIT_WINDOW);
                    }
                    ConversationEvent::MessagesReadUpTo { seq, .. }
                    | ConversationEvent::MessagesDeliveredUpTo { seq } => prop_assert!(*seq <= last),
                    ConversationEvent::Started { .. } => prop_assert!(history.is_empty()),
                    ConversationEvent::MessageRedacted { .. } => {}
                }
            }
            history.extend(events);
            // The same wish once more changes nothing.
            let again = given::<Conversation>(&history).when(&command, &context);
            prop_assert!(again.as_ref().is_ok_and(Vec::is_empty), "{:?} then {:?}", command, again);
        }
    }
}
