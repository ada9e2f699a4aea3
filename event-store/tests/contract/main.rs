//! What the log promises, whatever server stands behind it: each rule is written once and holds for the node in
//! process, for the node as a program, and, when `EVENT_STORE_URL` is set, for the server it names.
//!
//! Where each promise of the protocol is held to (`file::rule` under `protocol`, others by their file):
//!
//! | Promise | Rules |
//! |---|---|
//! | Supported methods, version of digits | `calls::features_are_named_as_clients_look_them_up` |
//! | Gossip, discovery of several hosts | `calls::gossip_shows_the_node_alone_alive_and_leading`, `calls::client_that_discovers_finds_the_node` |
//! | Credentials, connection name, wish for a leader | `calls::credentials_and_wishes_are_ignored` |
//! | Services that are absent | `calls::services_that_are_absent_say_so` |
//! | Expected revisions `any`, `no_stream`, `stream_exists`, exact | `appends::append_answers_with_revision_and_position`, `appends::expectation_that_does_not_hold_is_answered_with_what_was_found`, `appends::stream_exists_by_its_events_or_its_metadata`, `appends::deleted_stream_does_not_exist_but_takes_an_append` |
//! | A wrong version of an append is a reply, of a deletion a status | `replies::wrong_version_is_told_in_the_fields_of_both_ages`, `replies::wrong_version_of_a_deletion_is_a_status_with_trailers`, `deletion::refused_deletion_tells_what_was_expected_and_what_was_found` |
//! | Idempotence by event id, whole and in part | `appends::whole_repeat_is_answered_as_the_first_time`, `appends::repeat_with_other_or_more_events_is_a_conflict`, `port::repeated_append_is_the_same_append` |
//! | An append of nothing | `appends::append_of_nothing_only_checks`, `replies::append_is_answered_with_a_choice_of_each_kind` |
//! | Sizes, missing properties, malformed ids and names | `appends::append_over_the_limit_is_refused_and_leaves_nothing`, `limits::*` |
//! | Batches: parts, failures in band, limits | `batch::*` |
//! | Reads of a stream, unknown ones, both ends told | `reads::stream_*`, `reads::read_of_a_stream_tells_its_ends`, `reads::empty_page_of_a_stream_tells_both_ends`, `replies::read_of_an_unknown_stream_is_a_message_and_not_a_status` |
//! | Reads of `$all`: inclusive forwards, exclusive backwards, system events too | `reads::all_is_read_forwards_with_its_position_and_backwards_without`, `reads::whole_log_is_read_in_both_directions`, `replies::position_beyond_every_number_is_the_end` |
//! | Positions from 1 on, commit and prepare the same, rising | `appends::append_answers_with_revision_and_position`, `replies::append_is_answered_with_a_choice_of_each_kind` |
//! | Type, content type and ticks of an event; form of ids | `reads::event_comes_back_as_it_was_appended`, `replies::event_has_its_id_in_the_form_asked_for_and_the_properties_of_the_store` |
//! | Filters: prefixes, expressions with look-ahead | `reads::all_is_filtered_by_stream_or_type_by_prefix_or_expression`, `reads::expression_that_cannot_be_used_is_refused_and_one_that_explodes_ends_the_read` |
//! | Subscriptions: confirmed first, exclusive start, end, order, once | `subscriptions::*`, `replies::subscription_is_confirmed_first_and_never_told_that_there_is_no_stream` |
//! | Checkpoints by window, one before caught-up | `subscriptions::subscription_tells_how_far_it_looked_and_when_it_is_live`, `replies::checkpoint_and_caught_up_have_position_and_time` |
//! | Metastreams, `$maxCount`, `$maxAge`, `$tb` | `metadata::*` |
//! | Delete and tombstone, `stream-deleted` | `deletion::*`, `replies::stream_deleted_is_a_status_with_trailers` |
//! | Links | `links::*` |
//! | Deadlines, pings | `deadlines::*` |
//! | Streams end with an error, never with OK | `subscriptions::stop_ends_subscriptions_with_an_error`, `batch::stop_ends_the_session_with_an_error`, `deadlines::read_ends_with_its_deadline` |
//! | Whatever arrives is answered | `fuzz::server_survives_whatever_arrives_in_bounded_memory` |
//! | Another leader, lost and cut connections, servers that end with OK | `foreign`, `faults`, `restarts` |

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::panic, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole crate is tests")]

mod chain;
mod faults;
mod foreign;
mod impostor;
mod port;
mod protocol;
mod proxy;
mod restarts;
mod server;
mod wire;

use std::time::Duration;

use event_store::{Delivery, LogError, Raw, Subscription};
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

fn ids(events: &[Raw]) -> Vec<u128> {
    events.iter().map(|it| it.id.as_u128()).collect()
}

fn is_conflict<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Conflict { .. }))
}

/// The next so many events of a subscription; `Passed` never lies behind them.
async fn take(subscription: &mut Subscription, count: usize) -> Vec<Raw> {
    let mut events: Vec<Raw> = Vec::new();
    while events.len() < count {
        let batch = timeout(PATIENCE, subscription.next_batch(count - events.len())).await;
        for delivery in batch
            .unwrap_or_else(|_| panic!("{} of {count} events came", events.len()))
            .unwrap()
        {
            match delivery {
                Delivery::Event(event) => events.push(*event),
                Delivery::Passed(position) => assert!(events.last().is_none_or(|it| it.position <= position)),
                Delivery::CaughtUp => {}
            }
        }
    }
    events
}

/// Waits until the subscription has delivered all there is.
async fn caught_up(subscription: &mut Subscription) {
    loop {
        let batch = timeout(PATIENCE, subscription.next_batch(1)).await;
        if matches!(batch.unwrap().unwrap()[..], [Delivery::CaughtUp]) {
            return;
        }
    }
}

/// Looks every 10 ms whether something has come about.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
