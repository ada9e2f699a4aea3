//! What a view names and is not in use any more.

use async_graphql::{Context, MaybeUndefined, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::organisation::{Category, Definition, Kind};
use projections::organisation::{by_ids, by_ids_at};
use uuid::Uuid;

use crate::graphql::{
    filter::{ChoiceTest, TicketFilter},
    ids::{self, global},
    parts, postgres,
};

/// Something that a view names and that is not in use any more: the view shows what it can.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
#[graphql(name = "ViewMissing")]
pub(in crate::graphql) struct Missing {
    /// The field of the filter that names it.
    field: String,
    /// Id, or the key of a category, as the filter has it.
    id: String,
    /// Whether it is retired; otherwise there is no such thing.
    retired: bool,
}

/// A thing of configuration that a filter names.
struct Named {
    field: &'static str,
    kind: Kind,
    id: Uuid,
    said: String,
}

/// What of that which the filter names is not in use, at an instant or now.
pub(super) async fn missing(
    ctx: &Context<'_>,
    filter: &TicketFilter,
    as_of: Option<DateTime<Utc>>,
) -> Result<Vec<Missing>> {
    let mut named = Vec::new();
    collect(filter, &mut named);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = named.iter().map(|it| it.id).collect();
    let pool = &parts(ctx)?.pool;
    let rows = match as_of {
        Some(at) => by_ids_at(pool, &ids, at).await,
        None => by_ids(pool, &ids).await,
    };
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    let gone = named.into_iter().filter_map(|it| {
        let row = rows.iter().find(|row| row.id == it.id && row.kind == it.kind.as_str());
        let retired = row.is_some_and(|row| row.retired);
        (row.is_none() || retired).then(|| Missing {
            field: it.field.to_owned(),
            id: it.said,
            retired,
        })
    });
    let mut all: Vec<Missing> = Vec::new();
    for it in gone {
        if !all.contains(&it) {
            all.push(it);
        }
    }
    Ok(all)
}

fn collect(filter: &TicketFilter, named: &mut Vec<Named>) {
    for (field, kind, test) in [
        ("tag", Kind::Tag, &filter.tag),
        ("inbox", Kind::Inbox, &filter.inbox),
        ("branch", Kind::Branch, &filter.branch),
        ("team", Kind::Team, &filter.team),
        ("statusLabel", Kind::StatusLabel, &filter.status_label),
    ] {
        for id in values(test.as_ref()) {
            named.extend(ids::local(ids::Kind::Item(kind), id.as_str()).map(|it| thing(field, kind, it)));
        }
    }
    for it in filter.fields.iter().flatten() {
        let id = ids::local(ids::Kind::Item(Kind::CustomField), it.field_id.as_str());
        named.extend(id.map(|it| thing("fields", Kind::CustomField, it)));
    }
    for (field, test) in [
        ("categoryId", &filter.category_id),
        ("subcategoryId", &filter.subcategory_id),
    ] {
        named.extend(values(test.as_ref()).map(|key| Named {
            field,
            kind: Category::KIND,
            id: Category::id_of(key),
            said: key.clone(),
        }));
    }
    let nested = filter.and.iter().chain(&filter.or).flatten();
    nested.chain(filter.not.as_deref()).for_each(|it| collect(it, named));
}

fn thing(field: &'static str, kind: Kind, id: Uuid) -> Named {
    let said = global(ids::Kind::Item(kind), id).0;
    Named { field, kind, id, said }
}

fn values<T: async_graphql::InputType>(test: Option<&ChoiceTest<T>>) -> impl Iterator<Item = &T> {
    let one = test.and_then(|it| match &it.eq {
        MaybeUndefined::Value(value) => Some(value),
        MaybeUndefined::Null | MaybeUndefined::Undefined => None,
    });
    let many = test.and_then(|it| match &it.one_of {
        MaybeUndefined::Value(values) => Some(values),
        MaybeUndefined::Null | MaybeUndefined::Undefined => None,
    });
    one.into_iter().chain(many.into_iter().flatten())
}
