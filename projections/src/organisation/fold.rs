use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    each_kind,
    event::DomainEvent,
    organisation::{Definition, ItemEvent, Kind, OrganisationEvent, normal_key},
};
use event_store::Recorded;
use uuid::Uuid;

use crate::ProjectError;

/// One item of configuration at one moment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ItemRow {
    /// Id of the item.
    pub id: Uuid,
    /// Stored form of [`domain::organisation::Kind`].
    pub kind: String,
    /// Number of its events.
    pub version: i64,
    /// The text that other things know it by.
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
    /// The name as [`normal_key`] gives it, by which lists are sorted.
    pub folded_name: String,
    /// All it says, as JSON.
    pub definition: String,
    /// Whether it is out of use.
    pub retired: bool,
    /// When it was created, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
}

/// Items by id, while a batch of events is applied to them.
pub(super) type Rows = HashMap<Uuid, ItemRow>;

/// What a definition is to the tables.
struct Shown {
    key: Option<String>,
    name: String,
    definition: String,
}

/// An event of any kind of item.
enum Change {
    Created(Shown),
    Revised(u64, Shown),
    Retired,
    Restored,
}

fn shown<D: Definition>(it: &D) -> Shown {
    Shown {
        key: it.key().map(str::to_owned),
        name: it.name(),
        // Plain data always serialises.
        definition: serde_json::to_string(it).unwrap_or_default(),
    }
}

impl Change {
    fn of<D: Definition>(event: &ItemEvent<D>) -> Self {
        match event {
            ItemEvent::Created { definition } => Self::Created(shown(definition)),
            ItemEvent::Revised { version, definition } => Self::Revised(*version, shown(definition)),
            ItemEvent::Retired {} => Self::Retired,
            ItemEvent::Restored {} => Self::Restored,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Revised(..) => "revised",
            Self::Retired => "retired",
            Self::Restored => "restored",
        }
    }
}

macro_rules! change {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        fn change(event: &OrganisationEvent) -> Change {
            match event { $(OrganisationEvent::$kind(event) => Change::of(event)),+ }
        }

        /// What a stored definition of a kind is to the tables; `None` when it does not read.
        fn stored(kind: Kind, definition: &str) -> Option<Shown> {
            match kind { $(Kind::$kind => Some(shown(&serde_json::from_str::<domain::organisation::$kind>(definition).ok()?))),+ }
        }
    };
}

each_kind!(change);

impl ItemRow {
    /// The row of an item of which a revision has only the definition; `None` when that does not read.
    pub(super) fn named(mut self) -> Option<Self> {
        let shown = stored(Kind::parse(&self.kind)?, &self.definition)?;
        self.show(shown);
        Some(self)
    }

    fn show(&mut self, shown: Shown) {
        self.folded_name = normal_key(&shown.name);
        (self.key, self.name, self.definition) = (shown.key, shown.name, shown.definition);
    }
}

/// Applies one event to its item; returns what happened and the item as it is then, `None` when the event is not one of
/// configuration.
pub(super) fn fold<'a>(
    rows: &'a mut Rows,
    event: &Recorded<DomainEvent>,
) -> Result<Option<(&'static str, &'a ItemRow)>, ProjectError> {
    let DomainEvent::Organisation(organisation) = &event.event else {
        return Ok(None);
    };
    let (kind, at) = (organisation.kind().as_str(), event.metadata.at);
    let change = change(organisation);
    let word = change.word();
    if let Change::Created(_) = change {
        rows.insert(event.stream_id, unnamed(event.stream_id, kind, at));
    }
    let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection: super::NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its item was never created",
    })?;
    row.version += 1;
    row.updated_at = row.updated_at.max(at);
    match change {
        Change::Created(shown) => row.show(shown),
        Change::Revised(version, shown) => {
            row.version = i64::try_from(version).unwrap_or(row.version);
            row.show(shown);
        }
        Change::Retired => row.retired = true,
        Change::Restored => row.retired = false,
    }
    Ok(Some((word, row)))
}

/// An item as it is before its first event has said anything.
fn unnamed(id: Uuid, kind: &str, at: DateTime<Utc>) -> ItemRow {
    ItemRow {
        id,
        kind: kind.to_owned(),
        version: 0,
        key: None,
        name: String::new(),
        folded_name: String::new(),
        definition: String::new(),
        retired: false,
        created_at: at,
        updated_at: at,
    }
}

/// An item as its own events leave it, given in the order of the log; `None` when none of them creates it.
///
/// For a reader who cannot wait for the tables.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<ItemRow>, ProjectError> {
    let mut rows = Rows::new();
    let mut last = None;
    for event in events {
        last = fold(&mut rows, event)?.map(|(_, row)| row.id);
    }
    Ok(last.and_then(|it| rows.remove(&it)))
}
