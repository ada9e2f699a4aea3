use bytes::Bytes;

use super::{Filtered, Plan, deletable, filtered, plan, stream_name};
use crate::proto::streams::ReadReq;
use crate::proto::streams::read_req::Options;
use crate::proto::streams::read_req::options::all_options::AllOption;
use crate::proto::streams::read_req::options::filter_options::{Expression, Filter, Window};
use crate::proto::streams::read_req::options::{
    AllOptions, CountOption, FilterOptions, ReadDirection, StreamOption, SubscriptionOptions,
};
use crate::proto::{Empty, StreamIdentifier};

fn all() -> Options {
    Options {
        stream_option: Some(StreamOption::All(AllOptions {
            all_option: Some(AllOption::Start(Empty {})),
        })),
        count_option: Some(CountOption::Subscription(SubscriptionOptions {})),
        ..Options::default()
    }
}

fn prefixes(window: Option<Window>, checkpoint_interval_multiplier: u32) -> Filtered {
    let expression = Expression {
        regex: String::new(),
        prefix: vec!["ticket-".to_owned()],
    };
    let filter = Some(Filter::StreamIdentifier(expression));
    filtered(FilterOptions {
        filter,
        window,
        checkpoint_interval_multiplier,
    })
    .unwrap()
}

#[test]
fn what_is_missing_is_named() {
    let backwards = Options {
        read_direction: ReadDirection::Backwards.into(),
        ..all()
    };
    let cases = [
        (None, "options is not set"),
        (
            Some(Options {
                stream_option: None,
                ..all()
            }),
            "options.stream_option",
        ),
        (
            Some(Options {
                count_option: None,
                ..all()
            }),
            "options.count_option",
        ),
        (
            Some(Options {
                stream_option: Some(StreamOption::All(AllOptions::default())),
                ..all()
            }),
            "all_option",
        ),
        (Some(backwards), "a subscription goes forwards"),
    ];
    for (options, text) in cases {
        let refusal = plan(ReadReq { options }).unwrap_err();
        assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
        assert!(refusal.message().contains(text), "{refusal}");
    }
    assert!(matches!(plan(ReadReq { options: Some(all()) }), Ok(Plan::Subscribe(_))));
}

#[test]
fn stream_name_is_shown_when_it_is_refused() {
    let identifier = |name: &'static [u8]| {
        Some(StreamIdentifier {
            stream_name: Bytes::from_static(name),
        })
    };
    assert_eq!(&*stream_name(identifier("заявка-1".as_bytes())).unwrap(), "заявка-1");
    assert!(
        stream_name(None)
            .unwrap_err()
            .message()
            .contains("stream_identifier.stream_name is \"\"")
    );
    assert!(
        stream_name(identifier(b"a\xff"))
            .unwrap_err()
            .message()
            .contains(r#"stream_name is "a\xff""#)
    );
}

#[test]
fn window_times_multiplier_is_the_way_to_the_next_checkpoint() {
    assert_eq!(prefixes(Some(Window::Max(10)), 3).window, 30);
    assert_eq!(prefixes(Some(Window::Count(Empty {})), 1).window, 32);
    assert_eq!(prefixes(None, 0).window, 32);
    assert_eq!(prefixes(Some(Window::Max(0)), 0).window, 1);
}

#[test]
fn unusable_filter_is_shown() {
    let ask = |regex: &str| {
        let expression = Expression {
            regex: regex.to_owned(),
            prefix: Vec::new(),
        };
        filtered(FilterOptions {
            filter: Some(Filter::EventType(expression)),
            ..FilterOptions::default()
        })
    };
    assert!(ask(r"^[^\$].*").is_ok());
    assert!(ask(r"^(?!(\$.+)$)").is_ok());
    for (regex, text) in [
        ("ticket(", "the regex \"ticket(\""),
        (&"x".repeat(5000), "it has 5000 bytes"),
    ] {
        let refusal = ask(regex).unwrap_err();
        assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
        assert!(
            refusal.message().contains(text) && refusal.message().len() < 400,
            "{refusal}"
        );
    }
    assert!(ask("").is_err());
}

#[test]
fn metastreams_are_streams_but_have_no_metadata_and_are_not_deleted() {
    let identifier = |name: &str| {
        Some(StreamIdentifier {
            stream_name: Bytes::copy_from_slice(name.as_bytes()),
        })
    };
    assert!(stream_name(identifier("$$ticket-1")).is_ok());
    assert!(deletable(identifier("$ticket-1")).is_ok());
    for refused in ["$$", "$$$$ticket-1"] {
        assert_eq!(
            stream_name(identifier(refused)).unwrap_err().code(),
            tonic::Code::InvalidArgument
        );
    }
    assert!(
        deletable(identifier("$$ticket-1"))
            .unwrap_err()
            .message()
            .contains("cannot be deleted")
    );
    assert!(stream_name(identifier(&"я".repeat(512))).is_ok());
    assert!(
        stream_name(identifier(&"я".repeat(513)))
            .unwrap_err()
            .message()
            .contains("of 1026 bytes")
    );
}
