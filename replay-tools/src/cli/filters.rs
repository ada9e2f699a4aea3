//! Options that say which events are meant.

use anyhow::Result;
use clap::{Args, builder::NonEmptyStringValueParser};
use replay_tools::{Bound, Scope, Source};

use super::models::decision::now;

#[derive(Debug, Args)]
#[command(next_help_heading = "Which events")]
pub(super) struct What {
    /// Only types that begin so, such as `ticket.` or `ticket.opened,assignment.`; may be repeated
    #[arg(long, value_name = "PREFIXES", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    types: Vec<String>,
    /// Only this stream; may be repeated
    #[arg(long = "stream", value_name = "NAME")]
    streams: Vec<String>,
    /// Only the streams of this ticket (its own, its assignment, its conversation): its number, its uuid, or its id in
    /// the API; may be repeated
    #[arg(long = "ticket", value_name = "TICKET")]
    tickets: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Which events")]
pub(super) struct When {
    /// From here on: a position, or an instant or a day (UTC) at which the log took events
    #[arg(long, value_name = "PLACE")]
    from: Option<Bound>,
    /// Up to here, this one included: a position, or an instant or the beginning of a day
    #[arg(long, value_name = "PLACE")]
    to: Option<Bound>,
}

impl What {
    /// What is asked for, of everything from beginning to end.
    pub(super) fn scope(&self, source: &Source) -> Result<Scope> {
        let mut scope = Scope {
            types: self.types.iter().cloned().collect(),
            ..Scope::default()
        };
        for stream in &self.streams {
            scope.add_stream(source, stream)?;
        }
        for ticket in &self.tickets {
            scope.add_ticket(source, ticket)?;
        }
        Ok(scope)
    }

    /// The same within bounds that the log has.
    pub(super) fn within(&self, when: &When, source: &Source) -> Result<Scope> {
        let scope = Scope {
            from: when.from,
            to: when.to,
            ..self.scope(source)?
        };
        scope.check(source, now())?;
        Ok(scope)
    }
}
