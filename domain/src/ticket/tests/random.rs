//! Random commands: what holds whatever is asked.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::{answer, closed, context, noon, on_hold, open, opened, resolved};
use crate::{
    decider::Decider,
    ids::{AgentId, TicketId},
    organisation::FieldValue,
    ticket::{
        Estimate, Join, Mark, Pause, Relation, Status, StatusCategory, Ticket, TicketCommand, TicketEvent,
        TicketRefusal, Track, Verdict, WakeCause,
    },
    values::{
        CategoryKey, ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, Subject, TicketType,
    },
};

/// A ticket but for the tickets that are shown with it, which may part from it at any time.
fn asleep_of(ticket: Option<&Ticket>) -> Option<Ticket> {
    ticket.map(|it| Ticket {
        absorbed: std::collections::BTreeSet::new(),
        questions: std::collections::BTreeMap::new(),
        ..it.clone()
    })
}

fn any_command() -> impl Strategy<Value = TicketCommand> {
    let key = || CategoryKey::try_new("categoryId", "billing").unwrap();
    let sub = || CategoryKey::try_new("subcategoryId", "card").unwrap();
    prop_oneof![
        Just(open()),
        Just(TicketCommand::Start),
        Just(TicketCommand::Resume),
        Just(TicketCommand::ChangeSubject {
            subject: Subject::try_new("другое").unwrap()
        }),
        Just(TicketCommand::Categorize {
            category: Some((key(), None)),
            by: ClassifiedBy::Agent
        }),
        Just(TicketCommand::Categorize {
            category: Some((key(), Some(sub()))),
            by: ClassifiedBy::Rule
        }),
        Just(TicketCommand::Categorize {
            category: None,
            by: ClassifiedBy::Agent
        }),
        prop::sample::select(Priority::ALL).prop_map(|priority| TicketCommand::Prioritize { priority, reason: None }),
        (prop::sample::select(HoldReason::ALL), prop::option::of(-5_i64..5)).prop_map(|(reason, hours)| {
            TicketCommand::PutOnHold {
                reason,
                until: hours.map(|it| noon() + TimeDelta::hours(it)),
            }
        }),
        prop::sample::select(ResolutionReason::ALL).prop_map(|reason| TicketCommand::Resolve { reason, note: None }),
        prop::option::of(prop::sample::select(ResolutionReason::ALL)).prop_map(|reason| TicketCommand::Close {
            cause: CloseCause::Agent,
            reason
        }),
        Just(TicketCommand::Reopen {
            cause: ReopenCause::Agent
        }),
        Just(TicketCommand::Reopen {
            cause: ReopenCause::CustomerReply
        }),
        prop::sample::select(Verdict::ALL).prop_map(TicketCommand::Judge),
        Just(TicketCommand::Archive { policy_id: None }),
        any_mark().prop_map(TicketCommand::Mark),
        any_pause().prop_map(TicketCommand::Pause),
        any_join().prop_map(TicketCommand::Join),
        any_track().prop_map(TicketCommand::Track),
        (1..3_u64).prop_map(|basis_version| TicketCommand::Estimate(Estimate {
            eta: noon() + TimeDelta::hours(8),
            p50_s: 3600,
            p90_s: 86_400,
            basis_version,
            basis: None,
        })),
    ]
}

fn some_id() -> impl Strategy<Value = Uuid> {
    (5..9_u128).prop_map(Uuid::from_u128)
}

fn any_mark() -> impl Strategy<Value = Mark> {
    let tags = || prop::collection::btree_set(some_id(), 0..4);
    prop_oneof![
        prop::sample::select(TicketType::ALL).prop_map(|ticket_type| Mark::ChangeType { ticket_type }),
        tags().prop_map(|tag_ids| Mark::Tag {
            tag_ids: tag_ids.into_iter().collect()
        }),
        tags().prop_map(|tag_ids| Mark::Untag { tag_ids }),
        (some_id(), prop::option::of(any::<bool>())).prop_map(|(field_id, value)| Mark::SetField {
            field_id,
            value: value.map(FieldValue::Boolean),
        }),
        some_id().prop_map(|it| Mark::Follow { user_id: AgentId(it) }),
        some_id().prop_map(|it| Mark::Unfollow { user_id: AgentId(it) }),
        (some_id(), prop::sample::select(Relation::ALL)).prop_map(|(it, relation)| Mark::Link {
            other_id: TicketId(it),
            relation,
        }),
        (some_id(), prop::sample::select(Relation::ALL)).prop_map(|(it, relation)| Mark::Unlink {
            other_id: TicketId(it),
            relation,
        }),
        (some_id(), prop::sample::select(&StatusCategory::ALL[..]), any::<bool>()).prop_map(|(it, category, owned)| {
            Mark::Label {
                status_id: Some(it),
                category: Some(category),
                owned,
            }
        }),
        any::<bool>().prop_map(|owned| Mark::Label {
            status_id: None,
            category: None,
            owned,
        }),
    ]
}

fn any_pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        prop::option::of(-5_i64..5).prop_map(|hours| Pause::Snooze {
            until: hours.map(|it| noon() + TimeDelta::hours(it)),
        }),
        prop::sample::select(WakeCause::ALL).prop_map(|cause| Pause::Wake { cause }),
        Just(Pause::EndDue),
    ]
}

fn any_join() -> impl Strategy<Value = Join> {
    prop_oneof![
        some_id().prop_map(|it| Join::MergeInto { into: TicketId(it) }),
        Just(Join::Unmerge),
        some_id().prop_map(|it| Join::Absorb {
            ticket_id: TicketId(it)
        }),
        some_id().prop_map(|it| Join::Separate {
            ticket_id: TicketId(it)
        }),
        (some_id(), 1..9_u64).prop_map(|(it, from_message_seq)| Join::Split {
            new_ticket_id: TicketId(it),
            from_message_seq,
            subject: Subject::try_new("часть").unwrap(),
        }),
        some_id().prop_map(|it| Join::NoteSplit {
            from: TicketId(it),
            from_message_seq: 3,
        }),
        (some_id(), prop::option::of(0..5_i64)).prop_map(|(it, hours)| Join::CarryQuestion {
            from: TicketId(it),
            since: hours.map(|it| noon() - TimeDelta::hours(it)),
        }),
    ]
}

fn any_track() -> impl Strategy<Value = Track> {
    prop_oneof![
        (0..3_u8, prop::option::of(-5_i64..5)).prop_map(|(hash, days)| Track::Issue {
            token_hash: hash.to_string(),
            expires_at: days.map(|it| noon() + TimeDelta::days(it)),
        }),
        Just(Track::Revoke),
    ]
}

proptest! {
    #[test]
    fn every_accepted_sequence_folds_and_the_same_command_twice_changes_nothing(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut history = vec![opened()];
        for command in commands {
            let Ok(events) = answer(&history, &command) else { continue };
            let changed = !events.is_empty();
            let before = Ticket::fold(&history);
            history.extend(events);
            let after = Ticket::fold(&history);
            prop_assert!(after.is_some());
            prop_assert_eq!(changed, before != after, "an event that changes nothing: {:?}", &command);
            let again = answer(&history, &command);
            if matches!(command, TicketCommand::Join(Join::Unmerge)) {
                prop_assert_eq!(again, Err(TicketRefusal::NotMerged));
            } else {
                prop_assert_eq!(again, Ok(vec![]), "twice: {:?}", &command);
            }
        }
    }

    #[test]
    fn merged_and_archived_tickets_stay_as_they_are(commands in prop::collection::vec(any_command(), 0..60)) {
        let mut history = vec![opened()];
        let mut asleep = None;
        for command in commands {
            let Ok(events) = answer(&history, &command) else { continue };
            history.extend(events);
            let now = Ticket::fold(&history).unwrap();
            prop_assert!(now.merged_into.is_none() || !now.archived, "both merged and archived");
            prop_assert!(!now.archived || now.status == Status::Closed, "archived and not closed");
            prop_assert!(now.snooze.is_none() || !matches!(now.status, Status::Resolved(_) | Status::Closed));
            prop_assert!(now.merged_into.is_none_or(|it| it.0 != context().id), "merged into itself");
            prop_assert!(!now.merged_into.is_some_and(|it| now.absorbed.contains(&it)), "a ring of two");
            match (&asleep, now.merged_into.is_some()) {
                (None, true) => asleep = Some(now),
                (Some(_), true) => prop_assert_eq!(asleep_of(asleep.as_ref()), asleep_of(Some(&now))),
                (Some(_), false) => {
                    let before = asleep_of(asleep.as_ref()).map(|it| Ticket { merged_into: None, ..it });
                    prop_assert_eq!(before, asleep_of(Some(&now)), "unmerged otherwise than it was");
                    asleep = None;
                }
                (None, false) => {}
            }
        }
    }

    #[test]
    fn folding_is_total(order in prop::collection::vec(0..6_usize, 0..20)) {
        let events = [
            opened(), resolved(), closed(), on_hold(HoldReason::Vendor), TicketEvent::Resumed {}, TicketEvent::Started {},
        ];
        let history: Vec<_> = order.iter().map(|it| events[*it].clone()).collect();
        let born = history.iter().any(|it| matches!(it, TicketEvent::Opened { .. }));
        prop_assert_eq!(Ticket::fold(&history).is_some(), born);
    }
}
