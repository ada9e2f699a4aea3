//! What a read asks for, checked once and put into our own words.

use std::sync::Arc;

use tonic::Status;

use super::status::invalid;
use crate::proto::StreamIdentifier;
use crate::proto::streams::ReadReq;
use crate::proto::streams::read_req::Options;
use crate::proto::streams::read_req::options::all_options::AllOption;
use crate::proto::streams::read_req::options::filter_options::{self, Expression, Window};
use crate::proto::streams::read_req::options::stream_options::RevisionOption;
use crate::proto::streams::read_req::options::{
    CountOption, FilterOption, FilterOptions, ReadDirection, StreamOption, uuid_option,
};
use crate::storage::{Direction, Field, Filter, Rule};

/// Considered events per checkpoint when the client does not say.
const DEFAULT_WINDOW: u32 = 32;
/// How the official client spells "exclude system events", with and without its needless backslash.
const NO_SYSTEM_NAMES: [&str; 2] = [r"^[^\$].*", "^[^$].*"];

#[derive(Debug)]
pub(crate) enum Plan {
    Read(Read),
    Subscribe(Subscription),
}

/// A read that ends.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) source: Source,
    pub(crate) direction: Direction,
    pub(crate) from: From,
    pub(crate) count: u64,
    /// Tell the first and last revision of a stream.
    pub(crate) tell_ends: bool,
    pub(crate) ids: Ids,
}

/// A read that goes on with what is appended later.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) source: Source,
    /// Exclusive; the end means: only what is new.
    pub(crate) after: From,
    pub(crate) ids: Ids,
}

#[derive(Debug)]
pub(crate) enum Source {
    All(Option<Filtered>),
    Stream(Arc<str>),
}

#[derive(Debug)]
pub(crate) struct Filtered {
    pub(crate) filter: Arc<Filter>,
    /// Considered events from one checkpoint to the next, at least 1.
    pub(crate) window: i64,
}

/// A revision of a stream or a position of `$all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    At(i64),
    End,
}

/// How event ids are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    Structured,
    Text,
}

pub(crate) fn plan(request: ReadReq) -> Result<Plan, Status> {
    let Some(options) = request.options else {
        return Err(invalid("options is not set"));
    };
    let direction = match options.read_direction() {
        ReadDirection::Forwards => Direction::Forwards,
        ReadDirection::Backwards => Direction::Backwards,
    };
    let ids = match options.uuid_option.and_then(|option| option.content) {
        Some(uuid_option::Content::String(_)) => Ids::Text,
        Some(uuid_option::Content::Structured(_)) | None => Ids::Structured,
    };
    let tell_ends = options.control_option.is_some_and(|control| control.compatibility >= 1);
    let count = options.count_option;
    let (source, from) = source(options)?;
    match count {
        Some(CountOption::Count(count)) => Ok(Plan::Read(Read {
            source,
            direction,
            from,
            count,
            tell_ends,
            ids,
        })),
        Some(CountOption::Subscription(_)) if direction == Direction::Backwards => Err(invalid(
            "options.read_direction is Backwards; a subscription goes forwards",
        )),
        Some(CountOption::Subscription(_)) => Ok(Plan::Subscribe(Subscription {
            source,
            after: from,
            ids,
        })),
        None => Err(invalid("options.count_option is not set")),
    }
}

fn source(options: Options) -> Result<(Source, From), Status> {
    let filtered = match options.filter_option {
        Some(FilterOption::Filter(filter)) => Some(filtered(filter)?),
        Some(FilterOption::NoFilter(_)) | None => None,
    };
    match options.stream_option {
        Some(StreamOption::Stream(_)) if filtered.is_some() => {
            Err(invalid("options.filter is set; only $all can be filtered"))
        }
        Some(StreamOption::Stream(stream)) => {
            let from = match stream.revision_option {
                Some(RevisionOption::Revision(revision)) => at(revision),
                Some(RevisionOption::Start(_)) => From::Start,
                Some(RevisionOption::End(_)) => From::End,
                None => return Err(invalid("options.stream.revision_option is not set")),
            };
            Ok((Source::Stream(stream_name(stream.stream_identifier)?), from))
        }
        Some(StreamOption::All(all)) => {
            let from = match all.all_option {
                Some(AllOption::Position(position)) => at(position.commit_position),
                Some(AllOption::Start(_)) => From::Start,
                Some(AllOption::End(_)) => From::End,
                None => return Err(invalid("options.all.all_option is not set")),
            };
            Ok((Source::All(filtered), from))
        }
        None => Err(invalid("options.stream_option is not set")),
    }
}

/// Nothing lies beyond `i64::MAX`, so what is larger means the same.
fn at(number: u64) -> From {
    From::At(i64::try_from(number).unwrap_or(i64::MAX))
}

fn filtered(options: FilterOptions) -> Result<Filtered, Status> {
    let (field, expression) = match options.filter {
        Some(filter_options::Filter::StreamIdentifier(expression)) => (Field::StreamName, expression),
        Some(filter_options::Filter::EventType(expression)) => (Field::EventType, expression),
        None => return Err(invalid("options.filter.filter is not set")),
    };
    let window = match options.window {
        Some(Window::Max(max)) => max.max(1),
        Some(Window::Count(_)) | None => DEFAULT_WINDOW,
    };
    let multiplier = options.checkpoint_interval_multiplier.max(1);
    let filter = Arc::new(Filter {
        field,
        rule: rule(expression)?,
    });
    Ok(Filtered {
        filter,
        window: i64::from(window).saturating_mul(i64::from(multiplier)),
    })
}

fn rule(expression: Expression) -> Result<Rule, Status> {
    if NO_SYSTEM_NAMES.contains(&expression.regex.as_str()) {
        return Ok(Rule::NoSystemNames);
    }
    if !expression.regex.is_empty() {
        let text = format!(
            "options.filter has the regex {:?}; only prefixes are supported for now",
            expression.regex
        );
        return Err(invalid(text));
    }
    if expression.prefix.is_empty() {
        return Err(invalid(
            "options.filter has neither a prefix nor a regex; it would let nothing through",
        ));
    }
    Ok(Rule::Prefixes(expression.prefix))
}

pub(crate) fn stream_name(identifier: Option<StreamIdentifier>) -> Result<Arc<str>, Status> {
    let name = identifier.map(|identifier| identifier.stream_name).unwrap_or_default();
    if name.is_empty() {
        return Err(invalid("stream_identifier.stream_name is \"\"; a stream needs a name"));
    }
    match std::str::from_utf8(&name) {
        Ok(name) => Ok(name.into()),
        Err(error) => {
            let text = format!("stream_identifier.stream_name is \"{}\": {error}", name.escape_ascii());
            Err(invalid(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Filtered, Plan, filtered, plan, stream_name};
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
    fn only_prefixes_and_the_clients_own_regex_are_taken() {
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
        assert!(
            ask("^ticket")
                .unwrap_err()
                .message()
                .contains("\"^ticket\"; only prefixes are supported")
        );
        assert!(ask("").is_err());
    }
}
