//! Marks, pauses, verdicts, merging, splitting, archiving, tracking.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{answer, closed, context, noon, on_hold, opened, resolved};
use crate::{
    decider::{Context, Decider, kit::given},
    ids::{AgentId, ContactId, TicketId},
    organisation::FieldValue,
    personal::{DataSubject, PersonalField},
    ticket::{
        Join, Mark, Pause, Relation, Status, StatusCategory, Ticket, TicketCommand, TicketEvent, TicketRefusal, Track,
        Verdict, WakeCause,
    },
    values::{CloseCause, HoldReason, ReopenCause, ResolutionReason, Subject, TicketType},
};

const OTHER: TicketId = TicketId(Uuid::from_u128(6));

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn merged() -> TicketEvent {
    TicketEvent::Merged { into: OTHER }
}

fn archived() -> TicketEvent {
    TicketEvent::Archived { policy_id: None }
}

fn rejected() -> Vec<TicketEvent> {
    let cause = ReopenCause::Rejected;
    vec![
        TicketEvent::ResolutionRejected {},
        TicketEvent::Reopened { cause, cycle_no: 1 },
    ]
}

#[test]
fn only_tags_that_are_new_are_noted() {
    let tag = |ids: &[u128]| {
        TicketCommand::Mark(Mark::Tag {
            tag_ids: ids.iter().map(|it| id(*it)).collect(),
        })
    };
    let first = TicketEvent::Tagged {
        tag_ids: vec![id(1), id(2)],
    };
    assert_eq!(answer(&[opened()], &tag(&[2, 1])), Ok(vec![first.clone()]));
    let second = TicketEvent::Tagged { tag_ids: vec![id(3)] };
    assert_eq!(answer(&[opened(), first.clone()], &tag(&[2, 3])), Ok(vec![second]));
    let many: Vec<u128> = (0..101).collect();
    assert_eq!(answer(&[opened()], &tag(&many)), Err(TicketRefusal::TooManyTags));
    let untag = TicketCommand::Mark(Mark::Untag {
        tag_ids: [id(2), id(9)].into(),
    });
    let gone = TicketEvent::Untagged { tag_ids: vec![id(2)] };
    assert_eq!(answer(&[opened(), first], &untag), Ok(vec![gone]));
}

#[test]
fn field_is_sealed_under_the_customers_key_and_may_be_forgotten() {
    let set = |value| TicketCommand::Mark(Mark::SetField { field_id: id(1), value });
    let mut birth = opened();
    if let TicketEvent::Opened { contact_id, .. } = &mut birth {
        *contact_id = Some(ContactId(id(0xc)));
    }
    let value = FieldValue::Text("паспорт".to_owned());
    let mut events = answer(std::slice::from_ref(&birth), &set(Some(value.clone()))).unwrap();
    let TicketEvent::CustomFieldSet {
        value: Some(sealed), ..
    } = &mut events[0]
    else {
        panic!("{events:?}");
    };
    assert_eq!((sealed.of(), sealed.known()), (DataSubject(id(0xc)), Some(&value)));
    sealed.forget();
    let ticket = Ticket::fold([&birth, &events[0]]).unwrap();
    assert!(ticket.fields.is_empty());
    assert_eq!(answer(&[birth, events.remove(0)], &set(None)), Ok(vec![]));
}

#[test]
fn closed_ticket_takes_tags_links_and_followers_but_no_field_and_no_other_type() {
    let history = [opened(), resolved(), closed()];
    let marks = [
        (Mark::Tag { tag_ids: vec![id(1)] }, true),
        (
            Mark::Follow {
                user_id: AgentId(id(1)),
            },
            true,
        ),
        (
            Mark::Link {
                other_id: OTHER,
                relation: Relation::Duplicate,
            },
            true,
        ),
        (
            Mark::SetField {
                field_id: id(1),
                value: Some(FieldValue::Boolean(true)),
            },
            false,
        ),
        (
            Mark::ChangeType {
                ticket_type: TicketType::Task,
            },
            false,
        ),
    ];
    for (mark, taken) in marks {
        let expected = if taken { None } else { Some(TicketRefusal::Closed) };
        assert_eq!(
            answer(&history, &TicketCommand::Mark(mark.clone())).err(),
            expected,
            "{mark:?}"
        );
    }
}

#[test]
fn ticket_is_not_linked_with_itself() {
    let link = TicketCommand::Mark(Mark::Link {
        other_id: TicketId(context().id),
        relation: Relation::Related,
    });
    assert_eq!(answer(&[opened()], &link), Err(TicketRefusal::LinkedWithItself));
}

#[test]
fn snooze_ends_later_than_now_and_by_itself() {
    let snooze = |hours: i64| {
        TicketCommand::Pause(Pause::Snooze {
            until: Some(noon() + TimeDelta::hours(hours)),
        })
    };
    assert_eq!(answer(&[opened()], &snooze(0)), Err(TicketRefusal::SnoozeEndsInPast));
    assert_eq!(
        answer(&[opened(), resolved()], &snooze(1)),
        Err(TicketRefusal::Resolved)
    );
    let asleep = answer(&[opened()], &snooze(1)).unwrap().remove(0);
    let history = [opened(), asleep];
    let at = |hours| Context {
        at: noon() + TimeDelta::hours(hours),
        ..context()
    };
    let end = TicketCommand::Pause(Pause::EndDue);
    assert_eq!(given::<Ticket>(&history).when(&end, &at(0)), Ok(vec![]));
    let by_itself = TicketEvent::WokeUp { cause: WakeCause::Time };
    assert_eq!(given::<Ticket>(&history).when(&end, &at(1)), Ok(vec![by_itself]));
    let reply = WakeCause::Reply;
    let wake = TicketCommand::Pause(Pause::Wake { cause: reply });
    assert_eq!(answer(&history, &wake), Ok(vec![TicketEvent::WokeUp { cause: reply }]));
    assert_eq!(answer(&[opened()], &wake), Ok(vec![]));
}

#[test]
fn snooze_until_a_reply_never_ends_by_itself_and_a_hold_does() {
    let until = Some(noon() + TimeDelta::hours(1));
    let hold = TicketEvent::PutOnHold {
        reason: HoldReason::Vendor,
        until,
    };
    let history = [opened(), TicketEvent::Snoozed { until: None }, hold];
    let late = Context {
        at: noon() + TimeDelta::days(1000),
        ..context()
    };
    let end = TicketCommand::Pause(Pause::EndDue);
    assert_eq!(
        given::<Ticket>(&history).when(&end, &late),
        Ok(vec![TicketEvent::Resumed {}])
    );
    assert_eq!(
        given::<Ticket>(&[opened(), on_hold(HoldReason::Vendor)]).when(&end, &late),
        Ok(vec![])
    );
}

#[test]
fn resolving_ends_a_snooze() {
    let history = [opened(), TicketEvent::Snoozed { until: None }, resolved()];
    assert_eq!(Ticket::fold(&history).unwrap().snooze, None);
}

#[test]
fn label_is_of_the_tickets_status_and_lost_with_it() {
    let label = |category, owned| {
        TicketCommand::Mark(Mark::Label {
            status_id: Some(id(1)),
            category: Some(category),
            owned,
        })
    };
    let labelled = TicketEvent::Labelled { status_id: Some(id(1)) };
    let refused = TicketRefusal::LabelOfOtherStatus {
        label: StatusCategory::Pending,
        ticket: StatusCategory::New,
    };
    assert_eq!(
        answer(&[opened()], &label(StatusCategory::Pending, false)),
        Err(refused)
    );
    let waiting = [opened(), on_hold(HoldReason::Customer)];
    assert_eq!(
        answer(&waiting, &label(StatusCategory::Pending, false)),
        Ok(vec![labelled.clone()])
    );
    let opened_by_owner = answer(&[opened()], &label(StatusCategory::Open, true));
    assert_eq!(opened_by_owner, Ok(vec![TicketEvent::Started {}, labelled.clone()]));
    let [first, second] = waiting;
    let history = [first, second, labelled, TicketEvent::Resumed {}];
    assert_eq!(Ticket::fold(&history).unwrap().label, None);
    let same = on_hold(HoldReason::Customer);
    let again = [history[0].clone(), history[1].clone(), history[2].clone(), same];
    assert_eq!(
        Ticket::fold(&again).unwrap().label,
        Some(id(1)),
        "the same status keeps its word"
    );
}

#[test]
fn customer_confirms_or_rejects_a_resolution_and_nothing_else() {
    let judge = TicketCommand::Judge;
    assert_eq!(
        answer(&[opened()], &judge(Verdict::Confirmed)),
        Err(TicketRefusal::NotResolved)
    );
    let history = [opened(), resolved()];
    let confirmed = vec![TicketEvent::ResolutionConfirmed {}];
    assert_eq!(answer(&history, &judge(Verdict::Confirmed)), Ok(confirmed));
    assert_eq!(answer(&history, &judge(Verdict::Rejected)), Ok(rejected()));
    assert_eq!(
        answer(&[opened(), resolved(), closed()], &judge(Verdict::Rejected)),
        Err(TicketRefusal::Closed)
    );
    let after = [&history[..], &rejected()].concat();
    assert_eq!(Ticket::fold(&after).unwrap().status, Status::Open);
    let anew = [&after[..], &[resolved()]].concat();
    assert_eq!(Ticket::fold(&anew).unwrap().verdict, None);
}

#[test]
fn customer_closes_without_a_reason() {
    let close = TicketCommand::Close {
        cause: CloseCause::Customer,
        reason: None,
    };
    let expected = vec![
        TicketEvent::Resolved {
            reason: ResolutionReason::Solved,
            note: None,
        },
        TicketEvent::Closed {
            cause: CloseCause::Customer,
        },
    ];
    assert_eq!(answer(&[opened()], &close), Ok(expected));
}

#[test]
fn merged_ticket_takes_nothing_but_unmerging_and_is_then_as_it_was() {
    let history = [opened(), TicketEvent::Started {}, merged()];
    let refused = Err(TicketRefusal::Merged { into: OTHER });
    for command in [
        TicketCommand::Start,
        TicketCommand::Reopen {
            cause: ReopenCause::Agent,
        },
        TicketCommand::Archive { policy_id: None },
        TicketCommand::Track(Track::Revoke),
        TicketCommand::Mark(Mark::Unfollow {
            user_id: AgentId(id(1)),
        }),
        TicketCommand::Join(Join::Absorb {
            ticket_id: TicketId(id(9)),
        }),
        TicketCommand::Join(Join::MergeInto { into: TicketId(id(9)) }),
        TicketCommand::Join(Join::Split {
            new_ticket_id: TicketId(id(9)),
            from_message_seq: 1,
            subject: Subject::try_new("часть").unwrap(),
        }),
    ] {
        assert_eq!(answer(&history, &command), refused, "{command:?}");
    }
    let unmerge = TicketCommand::Join(Join::Unmerge);
    let apart = answer(&history, &unmerge).unwrap();
    assert_eq!(apart, vec![TicketEvent::Unmerged { from: OTHER }]);
    let after = [&history[..], &apart].concat();
    assert_eq!(Ticket::fold(&after), Ticket::fold(&history[..2]));
    assert_eq!(answer(&after, &unmerge), Err(TicketRefusal::NotMerged));
}

#[test]
fn ticket_is_merged_neither_into_itself_nor_into_what_was_merged_into_it() {
    let into = |into| TicketCommand::Join(Join::MergeInto { into });
    let own = TicketId(context().id);
    assert_eq!(answer(&[opened()], &into(own)), Err(TicketRefusal::IntoItself));
    let absorbed = TicketEvent::Absorbed { ticket_id: OTHER };
    assert_eq!(
        answer(&[opened(), absorbed.clone()], &into(OTHER)),
        Err(TicketRefusal::MergeRing)
    );
    let third = TicketId(id(7));
    assert_eq!(
        answer(&[opened(), absorbed], &into(third)),
        Ok(vec![TicketEvent::Merged { into: third }]),
        "a ticket that shows others may itself be merged"
    );
}

#[test]
fn only_a_closed_ticket_is_archived_and_an_agent_or_its_customer_gets_it_back() {
    let archive = TicketCommand::Archive { policy_id: None };
    assert_eq!(answer(&[opened(), resolved()], &archive), Err(TicketRefusal::NotClosed));
    let history = [opened(), resolved(), closed(), archived()];
    assert_eq!(answer(&history[..3], &archive), Ok(vec![archived()]));
    assert_eq!(answer(&history, &archive), Ok(vec![]));
    let tag = TicketCommand::Mark(Mark::Tag { tag_ids: vec![id(1)] });
    assert_eq!(answer(&history, &tag), Err(TicketRefusal::Archived));
    let reopen = |cause| TicketCommand::Reopen { cause };
    for cause in [ReopenCause::CustomerReply, ReopenCause::Agent] {
        let back = answer(&history, &reopen(cause)).unwrap();
        assert!(!Ticket::fold(&[&history[..], &back].concat()).unwrap().archived);
    }
}

#[test]
fn tracking_link_counts_for_a_while_and_another_replaces_it() {
    let issue = |hash: &str, days: Option<i64>| {
        TicketCommand::Track(Track::Issue {
            token_hash: hash.to_owned(),
            expires_at: days.map(|it| noon() + TimeDelta::days(it)),
        })
    };
    assert_eq!(
        answer(&[opened()], &issue("a", Some(0))),
        Err(TicketRefusal::TrackingEndsInPast)
    );
    assert_eq!(
        answer(&[opened()], &issue("a", Some(401))),
        Err(TicketRefusal::TrackingTooLong)
    );
    let first = answer(&[opened()], &issue("a", None)).unwrap();
    let history = [&[opened()], &first[..]].concat();
    assert_eq!(answer(&history, &issue("a", None)), Ok(vec![]));
    let link = Ticket::fold(&history).unwrap().tracking.unwrap();
    assert_eq!(link.expires_at, noon() + TimeDelta::days(90));
    let second = answer(&history, &issue("b", Some(1))).unwrap();
    let history = [&history[..], &second].concat();
    assert_eq!(Ticket::fold(&history).unwrap().tracking.unwrap().token_hash, "b");
    let revoked = answer(&history, &TicketCommand::Track(Track::Revoke)).unwrap();
    assert_eq!(Ticket::fold(&[&history[..], &revoked].concat()).unwrap().tracking, None);
}
