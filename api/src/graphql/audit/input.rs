use async_graphql::{ID, InputObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::actor::Actor;
use projections::{
    audit_entry::{TYPES, Wanted},
    words,
};
use uuid::Uuid;

use crate::{
    graphql::ids::{self, Kind},
    looks::Looks,
    problem::Problem,
};

/// Types and categories in one filter at most.
const MOST_TYPES: usize = 50;

/// Which entries are wanted: those for which all of this holds.
#[derive(Debug, Default, InputObject)]
pub(super) struct AuditFilter {
    /// Who did it: `kind:id` as `actor` gives it, or the id of a user, a contact or an API key.
    actor: Option<String>,
    /// The thing that it was done to, or that it names: its id, or a uuid.
    object: Option<ID>,
    /// The person whom it concerns, customer or user: their id, or a uuid.
    person: Option<ID>,
    /// What happened: stored types such as `ticket.resolved`, or categories such as `ticket`.
    types: Option<Vec<String>>,
    /// At this instant or later.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    to: Option<DateTime<Utc>>,
    /// The whole matter, as `matter` of an entry gives it.
    matter: Option<ID>,
    /// Searches for this text; the record has no texts, but can tell whether one was looked for.
    searched_for: Option<String>,
}

impl AuditFilter {
    /// # Errors
    /// What names nothing.
    pub(super) fn wanted(self, looks: &Looks) -> Result<Wanted, Problem> {
        let about = [("object", self.object), ("person", self.person)];
        let about = about.into_iter().filter_map(|(field, id)| Some(thing(field, &id?)));
        let mut wanted = Wanted {
            actor: self.actor.map(|it| actor(&it)).transpose()?,
            about: about.collect::<Result<_, _>>()?,
            from: self.from,
            to: self.to,
            correlation_id: self.matter.map(|it| thing("matter", &it)).transpose()?,
            searched: self.searched_for.map(|it| looks.fingerprint(&it)),
            ..Wanted::default()
        };
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            let shown = to.to_rfc3339();
            return Err(bad("to", &shown, "момент позже from", "an instant later than from"));
        }
        let types = self.types.unwrap_or_default();
        if types.len() > MOST_TYPES {
            let count = types.len().to_string();
            return Err(bad("types", &count, "до 50 типов", "up to 50 types"));
        }
        for it in types {
            sort(it, &mut wanted)?;
        }
        Ok(wanted)
    }
}

fn sort(name: String, wanted: &mut Wanted) -> Result<(), Problem> {
    let is_category = TYPES.iter().any(|it| it.strip_suffix('.') == Some(&name));
    if is_category {
        wanted.categories.push(name);
    } else if words(&name).is_some() {
        wanted.types.push(name);
    } else {
        let (russian, english) = (
            "тип события, например ticket.resolved, или категория, например ticket",
            "the type of an event such as ticket.resolved, or a category such as ticket",
        );
        return Err(bad("types", &name, russian, english));
    }
    Ok(())
}

fn actor(text: &str) -> Result<String, Problem> {
    if let Ok(actor) = text.parse::<Actor>() {
        return Ok(actor.to_string());
    }
    let kinds = [
        (Kind::Agent, "agent"),
        (Kind::Contact, "contact"),
        (Kind::ApiKey, "api_key"),
    ];
    let is_bare = Uuid::parse_str(text).is_ok();
    let found = kinds
        .into_iter()
        .find_map(|(kind, word)| Some((word, ids::local(kind, text)?)));
    match found {
        Some((word, id)) if !is_bare => Ok(format!("{word}:{id}")),
        _ => Err(bad(
            "actor",
            text,
            "вид:id, например agent:…, или id сотрудника, контакта или ключа API",
            "kind:id such as agent:…, or the id of a user, a contact or an API key",
        )),
    }
}

/// The uuid in a global id of whatever kind.
fn thing(field: &'static str, id: &ID) -> Result<Uuid, Problem> {
    let within = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).ok()?).ok()?;
        let (kind, uuid) = text.split_once(':')?;
        uuid.parse()
            .ok()
            .filter(|_| kind.bytes().all(|it| it.is_ascii_alphabetic()))
    };
    let found = Uuid::parse_str(id).ok().or_else(within);
    found.ok_or_else(|| {
        bad(
            field,
            id,
            "id, как его дал этот API, или uuid",
            "an id as this API gave it, or a uuid",
        )
    })
}

fn bad(field: &'static str, value: &str, russian: &str, english: &str) -> Problem {
    Problem::bad_input(field, value, russian, english).about(field)
}
