//! `letopis-replay inspect`.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use event_store::Raw;
use replay_tools::{
    Bound,
    inspect::{Opened, Subject, Told, Until, opened, tell},
};

use super::{
    Outcome, Place,
    models::{block_on, decision::now, reach::VaultPlace},
    put,
    shown::{Ink, Look, Style},
    told::{as_json, paragraph},
};

const EXAMPLES: &str = "Examples:
  letopis-replay inspect 4711 --data data                 ticket 4711 with its assignment and its conversation
  letopis-replay inspect 4711 --data data --as-of 2026-03-01T12:00:00Z
  letopis-replay inspect inbox-9b0c… --url 'esdb://host:2113?tls=false' --lang ru
  letopis-replay inspect 4711 --data data --json | jq 'select(.before.priority)'

Marks: + a field that the stream did not have before, ~ one with another value than before, none: the same again.
Exit code: 0 when it was told, 2 when there is no such stream, ticket, version or time.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InspectArgs {
    /// A stream such as `ticket-2513a464-18d5-5124-9637-3fc8edf6b751`, or a ticket by its number, its uuid or its id in
    /// the API
    #[arg(value_name = "STREAM|TICKET")]
    what: String,
    #[command(flatten)]
    place: Place,
    /// Only what the log had at this instant (`2026-03-01T12:00:00Z`), at the beginning of this day, or at this position
    #[arg(long, value_name = "PLACE")]
    as_of: Option<Bound>,
    /// Only up to this version: of a ticket as the API counts it, of a stream its number of events
    #[arg(long, value_name = "N")]
    at_version: Option<u64>,
    /// Show personal data too, with the keys of the vault; nothing records that you saw it
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    look: Look,
    /// One line of JSON for each event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    vault: VaultPlace,
}

pub(super) fn run(args: &InspectArgs) -> Result<Outcome> {
    let source = args.place.source()?;
    let subject = Subject::find(&source, &args.what)?;
    let mut events = subject.events(&source)?;
    let until = Until {
        as_of: args.as_of,
        version: args.at_version,
    };
    subject.cut(&source, &mut events, until, now())?;
    let opened = if args.open { open(args, &events)? } else { Vec::new() };
    let told = tell(&events, &opened);
    let style = args.look.style();
    let mut out = std::io::stdout().lock();
    if args.json {
        for it in &told {
            if !put(&mut out, &format!("{}\n", as_json(it, style)))? {
                break;
            }
        }
        return Ok(Outcome::Fine);
    }
    put(&mut out, &text(&subject, &told, style))?;
    Ok(Outcome::Fine)
}

fn open(args: &InspectArgs, events: &[Raw]) -> Result<Vec<Opened>> {
    block_on(async {
        let vault = args.vault.open(args.place.data.as_deref()).await?;
        Ok(opened(&vault, events).await?)
    })
}

fn text(subject: &Subject, told: &[Told<'_>], style: Style) -> String {
    let streams: BTreeSet<&str> = told.iter().map(|it| it.raw.stream.as_str()).collect();
    let name = match subject {
        Subject::Stream(name) => name.clone(),
        Subject::Ticket(id) => format!("ticket {id}"),
    };
    let heading = format!("{name}: {} events in {} streams", told.len(), streams.len());
    let mut text = style.paint(Ink::Heading, &super::shown::plain(&heading));
    for it in told {
        text.push_str("\n\n");
        text.push_str(&paragraph(it, style));
    }
    text.push('\n');
    text
}
