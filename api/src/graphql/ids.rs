//! Opaque ids and positions.

use async_graphql::{ID, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use event_store::Position;
use uuid::Uuid;

use crate::problem::Problem;

/// Kinds of things that have a global id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ticket,
    Agent,
    Contact,
    ContactHandle,
    Organization,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ticket => "Ticket",
            Self::Agent => "Agent",
            Self::Contact => "Contact",
            Self::ContactHandle => "ContactHandle",
            Self::Organization => "Organization",
        }
    }
}

/// The global id of a thing: base64url of `Kind:uuid`.
pub(crate) fn global(kind: Kind, id: Uuid) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{}:{id}", kind.name())))
}

/// The uuid in a global id of this kind; a bare uuid is taken too.
pub(crate) fn local(kind: Kind, id: &str) -> Option<Uuid> {
    if let Ok(bare) = Uuid::parse_str(id) {
        return Some(bare);
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).ok()?).ok()?;
    text.strip_prefix(kind.name())?.strip_prefix(':')?.parse().ok()
}

/// The kind and uuid of a global id; a bare uuid has no kind.
pub(super) fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let kinds = [Kind::Ticket, Kind::Contact, Kind::Organization];
    Uuid::parse_str(id).err()?;
    kinds.into_iter().find_map(|kind| Some((kind, local(kind, id)?)))
}

/// The uuid in an id argument.
pub(super) fn required(kind: Kind, field: &str, id: &ID) -> Result<Uuid, Problem> {
    let (russian, english) = match kind {
        Kind::Ticket => ("id заявки", "the id of a ticket"),
        Kind::Agent => ("id агента или uuid", "the id of an agent, or a uuid"),
        Kind::Contact => ("id контакта или uuid", "the id of a contact, or a uuid"),
        Kind::ContactHandle => ("id адреса контакта", "the id of a contact's handle"),
        Kind::Organization => ("id организации или uuid", "the id of an organization, or a uuid"),
    };
    local(kind, id.as_str()).ok_or_else(|| Problem::bad_input(field, id, russian, english))
}

/// A place in the event log: opaque, increasing, given back as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition(pub Position);

/// A place in the event log: opaque, increasing, given back as it came in `after` and `minPosition`.
#[Scalar(name = "Position")]
impl ScalarType for LogPosition {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64(),
            Value::Null | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) | Value::List(_) | Value::Object(_) => {
                None
            }
        };
        // Postgres keeps positions as signed numbers.
        match number.filter(|it| i64::try_from(*it).is_ok()) {
            Some(number) => Ok(Self(Position(number))),
            None => Err(InputValueError::custom(format!(
                "position {value} is not acceptable; accepted: a position as this API gave it, such as \"42\""
            ))),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::ID;
    use uuid::Uuid;

    use super::{Kind, global, local};

    #[test]
    fn id_reads_back_only_as_its_kind() {
        let uuid = Uuid::from_u128(7);
        let id = global(Kind::Ticket, uuid);
        assert_eq!(local(Kind::Ticket, &id), Some(uuid));
        assert_eq!(local(Kind::Agent, &id), None);
        assert_eq!(local(Kind::Agent, &ID(uuid.to_string())), Some(uuid));
        assert_eq!(local(Kind::Ticket, &ID("не id".to_owned())), None);
    }
}
