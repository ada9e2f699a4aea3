mod random;
mod whole;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Status, Ticket, TicketCommand, TicketEvent, TicketPlace, TicketRefusal, TicketSource};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
    ids::ContactId,
    personal::{DataSubject, Personal, PersonalField},
    values::{CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, Subject, TicketType},
};

fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn context() -> Context {
    Context {
        at: noon(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(5),
    }
}

fn open() -> TicketCommand {
    TicketCommand::Open {
        number: 7,
        ticket_type: TicketType::Question,
        subject: Subject::try_new("Не приходит письмо").unwrap(),
        contact_id: None,
        category: None,
        priority: Priority::Medium,
        priority_chosen: false,
        source: TicketSource {
            channel: "api".to_owned(),
            external_id: None,
        },
        place: TicketPlace::default(),
    }
}

fn opened() -> TicketEvent {
    Ticket::decide(None, &open(), &context()).unwrap().remove(0)
}

fn resolved() -> TicketEvent {
    TicketEvent::Resolved {
        reason: ResolutionReason::Solved,
        note: None,
    }
}

fn closed() -> TicketEvent {
    TicketEvent::Closed {
        cause: CloseCause::Agent,
    }
}

fn on_hold(reason: HoldReason) -> TicketEvent {
    TicketEvent::PutOnHold { reason, until: None }
}

fn answer(history: &[TicketEvent], command: &TicketCommand) -> Result<Vec<TicketEvent>, TicketRefusal> {
    given::<Ticket>(history).when(command, &context())
}

#[test]
fn opening_records_the_whole_request() {
    let event = opened();
    assert!(
        matches!(&event, TicketEvent::Opened { number: 7, subject, priority: Priority::Medium, .. }
        if *subject == Personal::new(DataSubject(Uuid::from_u128(5)), "Не приходит письмо".to_owned()))
    );
    assert_eq!(Ticket::fold([&event]).unwrap().status, Status::New);
}

#[test]
fn words_of_a_known_customer_are_sealed_under_the_customers_key() {
    let contact = ContactId(Uuid::from_u128(0xc));
    let mut open = open();
    if let TicketCommand::Open { contact_id, .. } = &mut open {
        *contact_id = Some(contact);
    }
    let opened = answer(&[], &open).unwrap().remove(0);
    let another = TicketCommand::ChangeSubject {
        subject: Subject::try_new("другое").unwrap(),
    };
    let changed = answer(std::slice::from_ref(&opened), &another).unwrap().remove(0);
    for event in [opened, changed] {
        let (TicketEvent::Opened { subject, .. } | TicketEvent::SubjectChanged { subject }) = event else {
            panic!("{event:?}");
        };
        assert_eq!(subject.of(), DataSubject(contact.0));
    }
}

#[test]
fn nothing_is_said_any_more_of_a_customer_who_is_forgotten() {
    let mut opened = opened();
    if let TicketEvent::Opened { subject, .. } = &mut opened {
        subject.forget();
    }
    let another = TicketCommand::ChangeSubject {
        subject: Subject::try_new("другое").unwrap(),
    };
    assert_eq!(answer(&[opened.clone()], &another), Err(TicketRefusal::Forgotten));
    assert_eq!(
        answer(&[opened], &TicketCommand::Start),
        Ok(vec![TicketEvent::Started {}])
    );
}

#[test]
fn ticket_is_opened_once() {
    assert_eq!(answer(&[opened()], &open()), Err(TicketRefusal::AlreadyOpened));
}

#[test]
fn nothing_happens_to_a_ticket_that_is_not() {
    assert_eq!(answer(&[], &TicketCommand::Resume), Err(TicketRefusal::NotFound));
}

#[test]
fn ticket_is_not_closed_without_a_resolution() {
    let close = TicketCommand::Close {
        cause: CloseCause::Agent,
        reason: None,
    };
    assert_eq!(answer(&[opened()], &close), Err(TicketRefusal::ResolutionMissing));
    assert_eq!(answer(&[opened(), resolved()], &close), Ok(vec![closed()]));
}

#[test]
fn closing_with_a_reason_resolves_first() {
    let close = TicketCommand::Close {
        cause: CloseCause::Agent,
        reason: Some(ResolutionReason::Spam),
    };
    let expected = vec![
        TicketEvent::Resolved {
            reason: ResolutionReason::Spam,
            note: None,
        },
        closed(),
    ];
    assert_eq!(answer(&[opened()], &close), Ok(expected));
}

#[test]
fn closed_ticket_takes_only_reopening() {
    let history = [opened(), resolved(), closed()];
    for command in [
        TicketCommand::ChangeSubject {
            subject: Subject::try_new("другое").unwrap(),
        },
        TicketCommand::Prioritize {
            priority: Priority::High,
            reason: None,
        },
        TicketCommand::Start,
        TicketCommand::PutOnHold {
            reason: HoldReason::Vendor,
            until: None,
        },
        TicketCommand::Resume,
        TicketCommand::Resolve {
            reason: ResolutionReason::Solved,
            note: None,
        },
    ] {
        assert_eq!(answer(&history, &command), Err(TicketRefusal::Closed), "{command:?}");
    }
    let reopened = TicketEvent::Reopened {
        cause: ReopenCause::Agent,
        cycle_no: 1,
    };
    assert_eq!(
        answer(
            &history,
            &TicketCommand::Reopen {
                cause: ReopenCause::Agent
            }
        ),
        Ok(vec![reopened])
    );
}

#[test]
fn each_reopening_counts() {
    let first = TicketEvent::Reopened {
        cause: ReopenCause::Agent,
        cycle_no: 1,
    };
    let second = TicketEvent::Reopened {
        cause: ReopenCause::Rejected,
        cycle_no: 2,
    };
    let history = [opened(), resolved(), first, resolved()];
    assert_eq!(
        answer(
            &history,
            &TicketCommand::Reopen {
                cause: ReopenCause::Rejected
            }
        ),
        Ok(vec![second])
    );
}

#[test]
fn resolved_ticket_is_reopened_before_work_goes_on() {
    let history = [opened(), resolved()];
    let hold = TicketCommand::PutOnHold {
        reason: HoldReason::Customer,
        until: None,
    };
    assert_eq!(answer(&history, &hold), Err(TicketRefusal::Resolved));
    assert_eq!(answer(&history, &TicketCommand::Resume), Err(TicketRefusal::Resolved));
    let other = TicketCommand::Resolve {
        reason: ResolutionReason::Duplicate,
        note: None,
    };
    assert_eq!(answer(&history, &other), Err(TicketRefusal::Resolved));
}

#[test]
fn waiting_for_the_customer_is_pending_and_for_others_on_hold() {
    let category = |reason| {
        Ticket::fold(&[opened(), on_hold(reason)])
            .unwrap()
            .status
            .category()
            .as_str()
    };
    assert_eq!(category(HoldReason::Customer), "pending");
    assert_eq!(category(HoldReason::Vendor), "on_hold");
}

#[test]
fn hold_does_not_end_before_it_begins() {
    let until = |until| TicketCommand::PutOnHold {
        reason: HoldReason::Vendor,
        until: Some(until),
    };
    assert_eq!(answer(&[opened()], &until(noon())), Err(TicketRefusal::HoldEndsInPast));
    assert!(answer(&[opened()], &until(noon() + TimeDelta::seconds(1))).is_ok());
}

#[test]
fn waiting_ticket_is_resumed_before_it_is_started() {
    assert_eq!(
        answer(&[opened(), on_hold(HoldReason::Other)], &TicketCommand::Start),
        Err(TicketRefusal::OnHold)
    );
    assert_eq!(
        answer(&[opened()], &TicketCommand::Start),
        Ok(vec![TicketEvent::Started {}])
    );
}

#[test]
fn priority_change_tells_both_ends() {
    let urgent = TicketCommand::Prioritize {
        priority: Priority::Urgent,
        reason: None,
    };
    let expected = TicketEvent::Prioritized {
        from: Priority::Medium,
        to: Priority::Urgent,
        reason: None,
        by: None,
        grounds: None,
    };
    assert_eq!(answer(&[opened()], &urgent), Ok(vec![expected]));
}
