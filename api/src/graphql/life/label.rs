use async_graphql::{Context, Result};
use chrono::{DateTime, Utc};
use domain::{
    organisation::{self, Kind},
    ticket::StatusCategory,
};
use projections::organisation::{ItemRow, Section, Wanted, list_at, page};

use crate::graphql::{parts, postgres};

/// Words of all statuses together, at most.
const MOST: i64 = 500;

/// The organisation's words that are meant when only the status is known, the most important first; at
/// an instant, or now.
pub(in crate::graphql) async fn default_labels(ctx: &Context<'_>, at: Option<DateTime<Utc>>) -> Result<Vec<ItemRow>> {
    let wanted = Wanted {
        kind: Kind::StatusLabel,
        name_contains: None,
        retired: Some(false),
    };
    let section = Section {
        after: None,
        before: None,
        limit: MOST,
        from_end: false,
    };
    let pool = &parts(ctx)?.pool;
    let rows = match at {
        Some(at) => list_at(pool, &wanted, at).await,
        None => page(pool, &wanted, section).await,
    };
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    let mut usual: Vec<(i32, ItemRow)> = rows
        .into_iter()
        .filter_map(|row| Some((definition(&row).filter(|it| it.is_default)?.order, row)))
        .collect();
    usual.sort_by_key(|it| it.0);
    Ok(usual.into_iter().map(|it| it.1).collect())
}

/// What an item says, if it is a word for a status.
pub(super) fn definition(row: &ItemRow) -> Option<organisation::StatusLabel> {
    (row.kind == Kind::StatusLabel.as_str())
        .then(|| serde_json::from_str(&row.definition).ok())
        .flatten()
}

/// The status that a word stands for.
pub(in crate::graphql) fn stands_for(row: &ItemRow) -> Option<StatusCategory> {
    definition(row).map(|it| it.category)
}
