//! Opaque ids and positions.

use async_graphql::{ID, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::organisation;
use event_store::Position;
use projections::Turn;
use uuid::Uuid;

use crate::problem::Problem;

/// Kinds of things that have a global id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ticket,
    Agent,
    Contact,
    /// A piece of configuration.
    Item(organisation::Kind),
    Session,
    ApiKey,
    ContactHandle,
    Organization,
    Message,
    Attachment,
    View,
    Bulk,
    WhatIf,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ticket => "Ticket",
            Self::Agent => "Agent",
            Self::Contact => "Contact",
            Self::Item(kind) => item_name(kind),
            Self::Session => "Session",
            Self::ApiKey => "ApiKey",
            Self::ContactHandle => "ContactHandle",
            Self::Organization => "Organization",
            Self::Message => "Message",
            Self::Attachment => "Attachment",
            Self::View => "View",
            Self::Bulk => "BulkOperation",
            Self::WhatIf => "WhatIf",
        }
    }
}

macro_rules! items {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        fn item_name(kind: organisation::Kind) -> &'static str {
            match kind { $(organisation::Kind::$kind => stringify!($kind)),+ }
        }
    };
}

domain::each_kind!(items);

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

/// The kind and uuid of a global id of what [`super::node`] finds; a bare uuid is a ticket's.
pub(super) fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let kinds = [
        Kind::Ticket,
        Kind::Contact,
        Kind::Organization,
        Kind::Agent,
        Kind::Message,
        Kind::View,
        Kind::Bulk,
    ];
    let items = organisation::Kind::ALL.iter().map(|it| Kind::Item(*it));
    let mut kinds = kinds.into_iter().chain(items);
    kinds.find_map(|kind| Some((kind, local(kind, id)?)))
}

/// The uuid in an id argument.
pub(super) fn required(kind: Kind, field: &str, id: &ID) -> Result<Uuid, Problem> {
    let (russian, english) = match kind {
        Kind::Ticket => ("id заявки", "the id of a ticket"),
        Kind::Agent => ("id агента или uuid", "the id of an agent, or a uuid"),
        Kind::Contact => ("id контакта или uuid", "the id of a contact, or a uuid"),
        Kind::Item(_) => (
            "id, как его дал этот API, или uuid",
            "an id as this API gave it, or a uuid",
        ),
        Kind::Session => ("id сеанса или uuid", "the id of a session, or a uuid"),
        Kind::ApiKey => ("id ключа API или uuid", "the id of an API key, or a uuid"),
        Kind::ContactHandle => ("id адреса контакта", "the id of a contact's handle"),
        Kind::Organization => ("id организации или uuid", "the id of an organization, or a uuid"),
        Kind::Message => ("id сообщения или uuid", "the id of a message, or a uuid"),
        Kind::Attachment => ("id файла или uuid", "the id of a file, or a uuid"),
        Kind::Bulk => ("id операции или uuid", "the id of an operation, or a uuid"),
        Kind::WhatIf => (
            "id проверки или uuid",
            "the id of a replay under other rules, or a uuid",
        ),
        Kind::View => ("id представления или uuid", "the id of a view, or a uuid"),
    };
    local(kind, id.as_str()).ok_or_else(|| Problem::bad_input(field, id, russian, english))
}

/// A place in the event log: opaque, increasing, given back as it came. The turn of a change that was parked names two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition(pub Turn);

impl From<Position> for LogPosition {
    fn from(position: Position) -> Self {
        Self(Turn::of(position))
    }
}

/// A turn as [`LogPosition`] writes it; Postgres keeps positions as signed numbers.
fn turn(text: &str) -> Option<Turn> {
    let position = |text: &str| {
        let number: i64 = text.parse().ok()?;
        Some(Position(number.try_into().ok()?))
    };
    match text.split_once('-') {
        Some((shown_at, late)) => Turn::late(position(late)?, position(shown_at)?),
        None => Some(Turn::of(position(text)?)),
    }
}

/// A place in the event log: opaque, increasing, given back as it came in `after` and `minPosition`.
#[Scalar(name = "Position")]
impl ScalarType for LogPosition {
    fn parse(value: Value) -> InputValueResult<Self> {
        let turn = match &value {
            Value::String(text) => turn(text),
            Value::Number(number) => turn(&number.to_string()),
            Value::Null | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) | Value::List(_) | Value::Object(_) => {
                None
            }
        };
        match turn {
            Some(turn) => Ok(Self(turn)),
            None => Err(InputValueError::custom(format!(
                "position {value} is not acceptable; accepted: a position as this API gave it, such as \"42\""
            ))),
        }
    }

    fn to_value(&self) -> Value {
        let shown_at = self.0.shown_at();
        Value::String(match self.0.place_if_late() {
            Some(position) => format!("{shown_at}-{position}"),
            None => shown_at.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ID, ScalarType, Value};
    use uuid::Uuid;

    use super::{Kind, LogPosition, global, local};

    #[test]
    fn position_is_given_back_as_it_came_and_nothing_else_is_taken() {
        for text in ["0", "42", "42-7", "9223372036854775807"] {
            let given = Value::String(text.to_owned());
            assert_eq!(LogPosition::parse(given.clone()).unwrap().to_value(), given);
        }
        for text in [
            "",
            "-1",
            "42-",
            "42-42",
            "42-0",
            "7-42",
            "42-7-1",
            "9223372036854775808",
            "4.2",
        ] {
            assert!(LogPosition::parse(Value::String(text.to_owned())).is_err(), "{text}");
        }
    }

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
