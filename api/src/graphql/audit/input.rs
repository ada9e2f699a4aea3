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

/// What is called wrong when it is the name of a parameter.
const PARAMETER: &str = "parameter";
const PARAMETERS: &str = "format, actor, object, person, types, from, to, matter, searchedFor";

/// Which entries are wanted: those for which all of this holds.
#[derive(Debug, Default, InputObject)]
pub(crate) struct AuditFilter {
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
    /// A filter out of the parameters of an address, each given once; `types` with commas between.
    ///
    /// # Errors
    /// What is no parameter, or does not read.
    pub(crate) fn of_parameter(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let (is_given, names) = match name {
            "actor" => (self.actor.replace(value).is_some(), true),
            "object" => (self.object.replace(ID(value)).is_some(), true),
            "person" => (self.person.replace(ID(value)).is_some(), true),
            "types" => {
                let types = value.split(',').map(|it| it.trim().to_owned()).collect();
                (self.types.replace(types).is_some(), true)
            }
            "from" => (self.from.replace(instant("from", &value)?).is_some(), true),
            "to" => (self.to.replace(instant("to", &value)?).is_some(), true),
            "matter" => (self.matter.replace(ID(value)).is_some(), true),
            "searchedFor" => (self.searched_for.replace(value).is_some(), true),
            _ => (false, false),
        };
        match (is_given, names) {
            (true, _) => Err(bad(PARAMETER, name, "каждый параметр один раз", "each parameter once")),
            (_, false) => Err(bad(
                PARAMETER,
                name,
                &format!("один из {PARAMETERS}"),
                &format!("one of {PARAMETERS}"),
            )),
            (false, true) => Ok(()),
        }
    }

    /// # Errors
    /// What names nothing.
    pub(crate) fn wanted(self, looks: &Looks) -> Result<Wanted, Problem> {
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

fn instant(field: &'static str, value: &str) -> Result<DateTime<Utc>, Problem> {
    let read = DateTime::parse_from_rfc3339(value).map(|it| it.to_utc());
    read.map_err(|_unreadable| {
        let (russian, english) = (
            "момент по RFC 3339, например 2026-11-22T00:00:00Z",
            "an instant of RFC 3339 such as 2026-11-22T00:00:00Z",
        );
        bad(field, value, russian, english)
    })
}

fn bad(field: &'static str, value: &str, russian: &str, english: &str) -> Problem {
    Problem::bad_input(field, value, russian, english).about(field)
}
