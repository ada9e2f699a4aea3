//! What organizations can be asked for and sorted by.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::OrganizationRow;
use crate::list::{
    self, Table, columns,
    page::{Key, KeyKind},
};

/// The table of organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Organizations {}

impl Table for Organizations {
    type Row = OrganizationRow;
    type Text = TextColumn;
    type Id = IdColumn;
    type Number = NumberColumn;
    type Instant = InstantColumn;
    type Ids = list::NoColumn;
    type Fields = list::NoColumn;
    type Flag = list::NoColumn;
    type Order = OrderColumn;

    const NAME: &'static str = "organization";
}

/// A condition on an organization.
pub type Condition = list::filter::Condition<Organizations>;

columns!(
    /// Columns of text.
    TextColumn of OrganizationRow => String {
        NameKey = name_key: |it| Some(it.name_key.clone()),
    }
);

columns!(
    /// Columns of ids.
    IdColumn of OrganizationRow => Uuid {
        Organization = organization_id: |it| Some(it.organization_id),
    }
);

columns!(
    /// Columns of whole numbers.
    NumberColumn of OrganizationRow => i64 {
        Revision = revision: |it| Some(i64::from(it.revision)),
    }
);

columns!(
    /// Columns of instants.
    InstantColumn of OrganizationRow => DateTime<Utc> {
        CreatedAt = created_at: |it| Some(it.created_at),
        UpdatedAt = updated_at: |it| Some(it.updated_at),
        RetiredAt = retired_at: |it| it.retired_at,
    }
);

/// A column that organizations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderColumn {
    /// By name.
    Name,
    /// By the instant of creation.
    CreatedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By id; every order ends with it.
    Id,
}

impl list::OrderColumn<OrganizationRow> for OrderColumn {
    const TAIL: &'static [(Self, bool)] = &[(Self::Id, false)];

    fn sql(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Id => "organization_id",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Name => 'e',
            Self::CreatedAt => 'f',
            Self::UpdatedAt => 'g',
            Self::Id => 'h',
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::Name => KeyKind::Text,
            Self::CreatedAt | Self::UpdatedAt => KeyKind::Instant,
            Self::Id => KeyKind::Id,
        }
    }

    fn key(self, row: &OrganizationRow) -> Key {
        match self {
            Self::Name => Key::Text(row.name_key.clone()),
            Self::CreatedAt => Key::Instant(row.created_at),
            Self::UpdatedAt => Key::Instant(row.updated_at),
            Self::Id => Key::Id(row.organization_id),
        }
    }
}
