//! The events of a package: bytes, hashes, ways to the seals; and whether the entries say what the events say.

use chrono::{DateTime, Utc};
use event_store::{
    Leaf,
    inclusion::{Inclusion, PROOFS},
};
use serde_json::Value;

use super::{Findings, entries::Entries, faults::Faults, open::Package, seals::Seals};

/// What an event says of what an entry says too; of one whose bytes are not given out, only where it stands.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) position: u64,
    pub(super) id: String,
    pub(super) more: Option<More>,
}

/// What stands in the bytes of an event.
#[derive(Debug)]
pub(super) struct More {
    pub(super) event_type: String,
    pub(super) stream: String,
    pub(super) version: u64,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) actor: String,
    pub(super) matter: String,
    pub(super) command: String,
}

pub(super) fn check(
    package: &mut Package,
    seals: &Seals,
    entries: &mut Entries<'_>,
    findings: &mut Findings,
    faults: &mut Faults,
) {
    let mut last = 0;
    package.lines(PROOFS, faults, &mut |line, text, faults| {
        let checked = read(text).and_then(|it| {
            if it.position <= last {
                return Err("stands out of order".to_owned());
            }
            last = it.position;
            let fact = fact(&it);
            if let Ok(fact) = &fact {
                entries.compare(fact, faults);
            }
            fact.and_then(|_| vouch(&it, seals)).map(|()| it)
        });
        match checked {
            Ok(it) => {
                findings.proven += u64::from(it.seal.is_some());
                findings.unsealed += u64::from(it.seal.is_none());
                findings.withheld += u64::from(it.event.is_none());
            }
            Err(what) => faults.add(PROOFS, Some(line), what),
        }
    });
    findings.compared = entries.end(faults);
}

fn read(text: &[u8]) -> Result<Inclusion, String> {
    let it: Inclusion = serde_json::from_slice(text).map_err(|it| format!("is no proof: {it}"))?;
    let again = serde_json::to_vec(&it).map_err(|it| it.to_string())?;
    if again == text {
        Ok(it)
    } else {
        Err("is not written as a proof is".to_owned())
    }
}

fn fact(it: &Inclusion) -> Result<Fact, String> {
    let about = |what: &dyn std::fmt::Display| format!("position {}, event {}: {what}", it.position, it.id);
    let fact = |more| Fact {
        position: it.position,
        id: it.id.to_string(),
        more,
    };
    let Some(bytes) = it.bytes().map_err(|what| about(&what))? else {
        return Ok(fact(None));
    };
    let leaf = Leaf::parse(&bytes).ok_or_else(|| about(&"the event's bytes are no leaf"))?;
    if (leaf.position, leaf.id) != (it.position, it.id) {
        return Err(about(&event_store::inclusion::Excluded::Other));
    }
    Ok(fact(Some(more(&leaf))))
}

fn more(leaf: &Leaf<'_>) -> More {
    let metadata: Value = serde_json::from_slice(leaf.metadata).unwrap_or_default();
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
    More {
        event_type: leaf.event_type.to_owned(),
        stream: leaf.stream.to_owned(),
        version: leaf.revision + 1,
        at: text("at").parse().ok(),
        actor: text("actor"),
        matter: text("$correlationId"),
        command: text("command_id"),
    }
}

fn vouch(it: &Inclusion, seals: &Seals) -> Result<(), String> {
    let about = |what: &str| format!("position {}, event {}: {what}", it.position, it.id);
    let Some(revision) = it.seal else {
        let is_bare = it.index.is_none() && it.path.is_empty();
        return if is_bare {
            Ok(())
        } else {
            Err(about("it has a way to a seal and names none"))
        };
    };
    let seal = seals
        .get(&revision)
        .ok_or_else(|| about(&format!("nobody trusted vouches for its seal {revision}")))?;
    it.check(seal).map_err(|what| about(&what.to_string()))
}
