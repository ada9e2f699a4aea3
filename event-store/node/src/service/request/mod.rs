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
use crate::storage::{Direction, Field, Filter, METASTREAM_PREFIX, Pattern, Rule};

/// Names are in every row of an index; more is surely an error.
const MAX_NAME: usize = 1024;
/// Of what is refused, in the text of the refusal.
const SHOWN: usize = 200;
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
    pub(crate) form: Form,
}

/// A read that goes on with what is appended later.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) source: Source,
    /// Exclusive; the end means: only what is new.
    pub(crate) after: From,
    pub(crate) form: Form,
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

/// How events are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) resolve_links: bool,
    pub(crate) ids: Ids,
}

/// How event ids are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    Structured,
    Text,
}

/// Whether [`plan`] will compile one.
pub(crate) fn has_regex(request: &ReadReq) -> bool {
    let filter = match request
        .options
        .as_ref()
        .and_then(|options| options.filter_option.as_ref())
    {
        Some(FilterOption::Filter(filter)) => filter.filter.as_ref(),
        Some(FilterOption::NoFilter(_)) | None => None,
    };
    match filter {
        Some(filter_options::Filter::StreamIdentifier(expression) | filter_options::Filter::EventType(expression)) => {
            !expression.regex.is_empty()
        }
        None => false,
    }
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
    let form = Form {
        resolve_links: options.resolve_links,
        ids,
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
            form,
        })),
        Some(CountOption::Subscription(_)) if direction == Direction::Backwards => Err(invalid(
            "options.read_direction is Backwards; a subscription goes forwards",
        )),
        Some(CountOption::Subscription(_)) => Ok(Plan::Subscribe(Subscription {
            source,
            after: from,
            form,
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
        let pattern = Pattern::try_new(&expression.regex).map_err(|reason| {
            let shown: String = expression.regex.chars().take(SHOWN).collect();
            invalid(format!(
                "options.filter has the regex {shown:?}, which cannot be used: {reason}"
            ))
        })?;
        return Ok(Rule::Pattern(Box::new(pattern)));
    }
    if expression.prefix.is_empty() {
        return Err(invalid(
            "options.filter has neither a prefix nor a regex; it would let nothing through",
        ));
    }
    Ok(Rule::Prefixes(expression.prefix))
}

/// The name of any stream, metastreams of metastreams excepted: there are none.
pub(crate) fn stream_name(identifier: Option<StreamIdentifier>) -> Result<Arc<str>, Status> {
    let name = identifier.map(|identifier| identifier.stream_name).unwrap_or_default();
    let Ok(text) = std::str::from_utf8(&name) else {
        let shown = name.get(..SHOWN).unwrap_or(&name).escape_ascii();
        return Err(invalid(format!(
            "stream_identifier.stream_name is \"{shown}\": it is no UTF-8"
        )));
    };
    let original = text.strip_prefix(METASTREAM_PREFIX);
    name_fits("stream_identifier.stream_name", original.unwrap_or(text))?;
    if original.is_some_and(|original| original.starts_with(METASTREAM_PREFIX)) {
        let text = format!("stream_identifier.stream_name is {text:?}; a metastream has no metadata of its own");
        return Err(invalid(text));
    }
    Ok(text.into())
}

/// The name of a stream that may be deleted.
pub(crate) fn deletable(identifier: Option<StreamIdentifier>) -> Result<Arc<str>, Status> {
    let name = stream_name(identifier)?;
    if name.starts_with(METASTREAM_PREFIX) {
        let text = format!("stream_identifier.stream_name is {name:?}; a metastream cannot be deleted");
        return Err(invalid(text));
    }
    Ok(name)
}

/// Names are neither empty nor endless.
pub(crate) fn name_fits(field: &str, name: &str) -> Result<(), Status> {
    if name.is_empty() {
        return Err(invalid(format!("{field} is \"\"; a name is needed")));
    }
    if name.len() > MAX_NAME {
        let shown: String = name.chars().take(SHOWN).collect();
        let text = format!(
            "{field} is {shown:?}... of {} bytes; the limit is {MAX_NAME}",
            name.len()
        );
        return Err(invalid(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
