//! `letopis-replay erase`: forgets a person at once, and says what is left of them where.

use std::time::Duration;

use anyhow::{Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use commands::{Clock, Handler, Sharing};
use domain::{
    actor::{Actor, ActorKind},
    personal::DataSubject,
};
use event_store::{SubjectKey, vault::NO_KEY};
use projections::{registry, remains, search_path};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{LOOK, Reach, Target, block_on};
use crate::cli::{Outcome, tell};

/// How long it is waited for the read models to forget.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(in crate::cli) struct EraseArgs {
    /// The person: id of a contact, a user, or a ticket whose customer is not known, as the API gives it or as a uuid
    #[arg(value_name = "PERSON", value_parser = person)]
    person: Uuid,
    /// Only tell where how much of the person's data stands
    #[arg(long)]
    dry_run: bool,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

/// The uuid, or the one in a global id, which is `kind:uuid` in base64.
fn person(text: &str) -> Result<Uuid, String> {
    let within = || {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()?;
        let (kind, id) = plain.split_once(':')?;
        id.parse()
            .ok()
            .filter(|_| ["Contact", "Agent", "Ticket"].contains(&kind))
    };
    let otherwise = || "give the id of a contact, a user or a ticket, or its uuid".to_owned();
    text.parse().ok().or_else(within).ok_or_else(otherwise)
}

pub(in crate::cli) fn run(args: &EraseArgs) -> Result<Outcome> {
    block_on(async {
        let target = args.reach.target().await?;
        // Read models are found by their names alone.
        let served = target
            .database
            .clone()
            .options([("search_path", search_path(&registry()))]);
        let tables = PgPool::connect_with(served).await?;
        let outcome = erase(&target, &tables, args).await;
        tables.close().await;
        target.close().await?;
        outcome
    })
}

async fn erase(target: &Target, tables: &PgPool, args: &EraseArgs) -> Result<Outcome> {
    let person = DataSubject(args.person);
    let key = target.vault.fingerprint(person).await?;
    if key == NO_KEY {
        bail!("the vault has no key of {person}: check the id; nothing was erased");
    }
    let keys = target.vault.keys(&[person]).await?;
    if !args.dry_run && keys.get(person) == Some(&SubjectKey::Destroyed) {
        bail!("the data of {person} was erased already: the key {key} is destroyed");
    }
    if args.dry_run {
        let found = everywhere(tables, args.person).await?;
        let text = format!("nothing is changed; rows with data of {person}, whose key is {key}:");
        show(args, &key, false, &text, &found)?;
        return Ok(Outcome::Fine);
    }
    let handler = Handler::new(target.log.clone(), target.vault.clone(), Clock::System, Sharing::Shared).await?;
    let actor = Actor::new(ActorKind::System, "operator");
    handler.forget(person, &actor).await?;
    let left = forgotten(tables, args.person).await?;
    let is_gone = left.iter().all(|(_, count)| *count == 0);
    let text = if is_gone {
        format!("the key {key} of {person} is destroyed, and no row has data of them; a server certifies it")
    } else {
        format!("the key {key} of {person} is destroyed; read models forget when a server runs. Left for now:")
    };
    show(args, &key, true, &text, &left)?;
    Ok(if is_gone { Outcome::Fine } else { Outcome::Problem })
}

/// What is left once the read models have come to it, or nobody moves them.
async fn forgotten(tables: &PgPool, person: Uuid) -> Result<Vec<(&'static str, i64)>> {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = everywhere(tables, person).await?;
        if left.iter().all(|(_, count)| *count == 0) || Instant::now() > end {
            return Ok(left);
        }
        sleep(LOOK).await;
    }
}

/// What is kept of a person, the records that are shown as one with theirs included.
async fn everywhere(tables: &PgPool, person: Uuid) -> Result<Vec<(&'static str, i64)>> {
    const RECORDS: &str = "SELECT it.contact_id FROM contact_card AS it, contact_card AS named
        WHERE named.contact_id = $1 AND it.contact_id <> $1
            AND COALESCE(it.merged_into, it.contact_id) = COALESCE(named.merged_into, named.contact_id)";
    let mut all = remains::of(tables, person).await?;
    let others: Vec<Uuid> = sqlx::query_scalar(RECORDS).bind(person).fetch_all(tables).await?;
    for other in others {
        for ((_, sum), (_, count)) in all.iter_mut().zip(remains::of(tables, other).await?) {
            *sum += count;
        }
    }
    Ok(all)
}

fn show(args: &EraseArgs, key: &str, erased: bool, text: &str, found: &[(&'static str, i64)]) -> Result<()> {
    let rows: Map<String, Value> = found
        .iter()
        .map(|(place, count)| ((*place).to_owned(), json!(count)))
        .collect();
    let answer = json!({"person": args.person, "key_fingerprint": key, "erased": erased, "rows": rows});
    let there = found.iter().filter(|(_, count)| *count > 0);
    let lines: Vec<String> = there.map(|(place, count)| format!("\n{count:>8}  {place}")).collect();
    tell(args.json, &answer, &format!("{text}{}", lines.concat()))
}
