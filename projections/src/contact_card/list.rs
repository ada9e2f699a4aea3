//! What contacts can be asked for and sorted by.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CardRow;
use crate::list::{
    self, Table, columns,
    page::{Key, KeyKind},
};

/// The table of contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contacts {}

impl Table for Contacts {
    type Row = CardRow;
    type Text = TextColumn;
    type Id = IdColumn;
    type Number = NumberColumn;
    type Instant = InstantColumn;
    type Ids = list::NoColumn;
    type Fields = list::NoColumn;
    type Flag = list::NoColumn;
    type Order = OrderColumn;

    const NAME: &'static str = "contact_card";
}

/// A condition on a contact.
pub type Condition = list::filter::Condition<Contacts>;

columns!(
    /// Columns of text.
    TextColumn of CardRow => String {
        Kind = kind: |it| Some(it.kind.clone()),
        NameKey = name_key: |it| Some(it.name_key.clone()),
        Locale = locale: |it| it.locale.clone(),
    }
);

columns!(
    /// Columns of ids.
    IdColumn of CardRow => Uuid {
        Contact = contact_id: |it| Some(it.contact_id),
        Organization = organization_id: |it| it.organization_id,
        MergedInto = merged_into: |it| it.merged_into,
    }
);

columns!(
    /// Columns of whole numbers.
    NumberColumn of CardRow => i64 {
        Version = version: |it| Some(it.version),
    }
);

columns!(
    /// Columns of instants.
    InstantColumn of CardRow => DateTime<Utc> {
        CreatedAt = created_at: |it| Some(it.created_at),
        UpdatedAt = updated_at: |it| Some(it.updated_at),
        BlockedAt = blocked_at: |it| it.blocked_at,
    }
);

/// A column that contacts can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderColumn {
    /// By name, those without one first.
    Name,
    /// By the instant of creation.
    CreatedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By id; every order ends with it.
    Id,
}

impl list::OrderColumn<CardRow> for OrderColumn {
    const TAIL: &'static [(Self, bool)] = &[(Self::Id, false)];

    fn sql(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Id => "contact_id",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Name => 'a',
            Self::CreatedAt => 'b',
            Self::UpdatedAt => 'c',
            Self::Id => 'd',
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::Name => KeyKind::Text,
            Self::CreatedAt | Self::UpdatedAt => KeyKind::Instant,
            Self::Id => KeyKind::Id,
        }
    }

    fn key(self, row: &CardRow) -> Key {
        match self {
            Self::Name => Key::Text(row.name_key.clone()),
            Self::CreatedAt => Key::Instant(row.created_at),
            Self::UpdatedAt => Key::Instant(row.updated_at),
            Self::Id => Key::Id(row.contact_id),
        }
    }
}
