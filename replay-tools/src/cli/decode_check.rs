//! `letopis-replay decode-check`.

use anyhow::Result;
use clap::Args;
use replay_tools::{Checked, decode_check};

use super::{Outcome, Place, bar, filters::What, shown::plain, stop::Stop, tell};

const EXAMPLES: &str = "Examples:
  letopis-replay decode-check --data data          before an update: does the new program read the whole log?
  letopis-replay decode-check --url 'esdb://host:2113?tls=false' --json | jq .unread

What is sealed stays so: whether personal data opens is for `letopis vault check` to say.
Exit code: 0 when every event reads, 1 when some do not, 2 when the log cannot be read, 130 when it was interrupted.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DecodeCheckArgs {
    #[command(flatten)]
    place: Place,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    what: What,
}

pub(super) fn run(args: &DecodeCheckArgs) -> Result<Outcome> {
    let source = args.place.source()?;
    let scope = args.what.scope(&source)?;
    let stop = Stop::listen()?;
    let bar = bar(source.head().unwrap_or_default());
    let checked = decode_check(&source, &scope, &mut stop.watch(&bar));
    bar.finish_and_clear();
    let checked = checked?;
    tell(args.json, &checked, &in_words(&checked))?;
    Ok(match (checked.unread.is_empty(), checked.complete) {
        (false, _) => Outcome::Problem,
        (true, true) => Outcome::Fine,
        (true, false) => Outcome::Interrupted,
    })
}

fn in_words(checked: &Checked) -> String {
    let mut lines = vec![format!("{:>12} schema  type", "events")];
    let read = checked.read.iter();
    lines.extend(read.map(|it| format!("{:>12} {:>6}  {}", it.events, plain(&it.schema), plain(&it.event_type))));
    lines.push(String::new());
    lines.extend(checked.unread.iter().map(|it| {
        format!(
            "UNREAD: {} events {}, schema {:?}, the first at position {}: {}",
            it.kind.events,
            plain(&it.kind.event_type),
            it.kind.schema,
            it.first_position,
            plain(&it.reason)
        )
    }));
    let unread: u64 = checked.unread.iter().map(|it| it.kind.events).sum();
    let verdict = match (unread, checked.complete) {
        (0, true) => "this program reads all of it".to_owned(),
        (0, false) => "interrupted: what was looked at reads".to_owned(),
        (unread, _) => format!("{unread} do not read"),
    };
    lines.push(format!("{} events, {verdict}", checked.events));
    if checked.store_events > 0 {
        lines.push(format!("{} more are the store's own", checked.store_events));
    }
    lines.join("\n")
}
