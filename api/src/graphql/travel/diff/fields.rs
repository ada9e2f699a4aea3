//! Which fields of a ticket differ, in values and in words.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID, Result, SimpleObject};
use chrono::{DateTime, SecondsFormat, Utc};
use commands::words::{instant, priority};
use domain::{
    organisation::{Category, FieldValue, Kind as ItemKind},
    ticket::{StatusCategory, Verdict},
    values::{HoldReason, Priority, ResolutionReason, TicketType},
};
use projections::{TicketRow, organisation::by_ids_at};
use uuid::Uuid;

use super::super::{
    past::Past,
    words::{self, Names},
};
use crate::{
    graphql::{
        caller,
        ids::{Kind, global},
        parts, postgres,
        ticket::is_of_team,
        words::priority as rank,
    },
    problem::Language,
};

/// A field of a ticket that differs.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct TicketFieldDiff {
    /// Name of the field in `Ticket`; `fields` for a custom field.
    field: String,
    /// Id of the custom field; null for any other.
    field_id: Option<ID>,
    /// What people call it, in the language of `Accept-Language`.
    name: String,
    /// What it said before, as `Ticket` writes it; empty when nothing, several for tags, followers and options.
    before: Vec<String>,
    /// What it said after.
    after: Vec<String>,
    /// What it said before, in words; null when nothing.
    before_text: Option<String>,
    /// What it said after, in words; null when nothing.
    after_text: Option<String>,
}

/// What a field says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    values: Vec<String>,
    words: Vec<String>,
}

/// A field, and what it is called in Russian and English.
#[derive(Debug, Clone, Copy)]
struct Field(&'static str, &'static str, &'static str);

/// All that a ticket says at one moment.
struct State<'a> {
    row: &'a TicketRow,
    items: HashMap<Uuid, String>,
    names: &'a Names,
    russian: bool,
}

/// The fields that differ between two rows of a ticket that the caller may see as it is `now`.
pub(super) async fn differing(
    ctx: &Context<'_>,
    (former, before): (&Past, Option<&TicketRow>),
    (later, after): (&Past, Option<&TicketRow>),
    now: &TicketRow,
) -> Result<Vec<TicketFieldDiff>> {
    let rows = [before, after].into_iter().flatten();
    let people: HashSet<Uuid> = rows
        .flat_map(|it| it.follower_ids.iter().copied().chain(it.assignee_id))
        .collect();
    let names = Names::of(ctx, &people.into_iter().collect::<Vec<_>>()).await?;
    let staff = is_of_team(ctx, &now.place());
    let before = state(ctx, former, before, &names).await?;
    let after = state(ctx, later, after, &names).await?;
    let (before, after) = (before.as_ref(), after.as_ref());
    let mut all = compare(before, after, staff);
    all.extend(custom(before, after));
    Ok(all)
}

async fn state<'a>(
    ctx: &Context<'_>,
    past: &Past,
    row: Option<&'a TicketRow>,
    names: &'a Names,
) -> Result<Option<State<'a>>> {
    let Some(row) = row else { return Ok(None) };
    let russian = caller(ctx)?.language == Language::Russian;
    let keys = [&row.category_id, &row.subcategory_id].into_iter().flatten();
    let mut ids: Vec<Uuid> = keys.map(|it| Category::id_of(it)).collect();
    ids.extend(
        [row.inbox_id, row.branch_id, row.team_id, row.status_label_id]
            .into_iter()
            .flatten(),
    );
    ids.extend(&row.tag_ids);
    ids.extend(row.fields.iter().map(|(id, _)| id));
    let items = by_ids_at(&parts(ctx)?.pool, &ids, past.instant()).await;
    let items = items.map_err(|it| postgres(ctx, &it))?;
    Ok(Some(State {
        row,
        items: items.iter().map(|it| (it.id, words::item(it, russian))).collect(),
        names,
        russian,
    }))
}

fn compare(before: Option<&State<'_>>, after: Option<&State<'_>>, staff: bool) -> Vec<TicketFieldDiff> {
    let russian = [before, after].into_iter().flatten().any(|it| it.russian);
    let said = |it: Option<&State<'_>>| it.map(|it| it.fields(staff)).unwrap_or_default();
    let (old, new) = (said(before), said(after));
    let told = if new.is_empty() { &old } else { &new };
    let differing = told.iter().enumerate().filter_map(|(index, (field, _))| {
        let said = |all: &[(Field, Said)]| all.get(index).map(|it| it.1.clone()).unwrap_or_default();
        let name = if russian { field.1 } else { field.2 };
        differs(field.0, None, name.to_owned(), said(&old), said(&new))
    });
    differing.collect()
}

fn differs(field: &str, field_id: Option<ID>, name: String, before: Said, after: Said) -> Option<TicketFieldDiff> {
    let text = |it: &Said| (!it.words.is_empty()).then(|| it.words.join(", "));
    (before.values != after.values).then(|| TicketFieldDiff {
        field: field.to_owned(),
        field_id,
        name,
        before_text: text(&before),
        after_text: text(&after),
        before: before.values,
        after: after.values,
    })
}

/// The custom fields that differ, by their ids.
fn custom(before: Option<&State<'_>>, after: Option<&State<'_>>) -> Vec<TicketFieldDiff> {
    let states = || [after, before].into_iter().flatten();
    let mut ids: Vec<Uuid> = states().flat_map(|it| it.row.fields.iter().map(|(id, _)| id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let said = |it: Option<&State<'_>>, id: Uuid| {
        let value = it.and_then(|it| it.row.fields.get(id));
        value.map(Said::of_field).unwrap_or_default()
    };
    let differing = ids.into_iter().filter_map(|id| {
        let name = states().find_map(|it| it.items.get(&id)).cloned().unwrap_or_default();
        let field = Some(global(Kind::Item(ItemKind::CustomField), id));
        differs("fields", field, name, said(before, id), said(after, id))
    });
    differing.collect()
}

impl Said {
    fn one(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            values: vec![value.into()],
            words: vec![words.into()],
        }
    }

    fn plain(value: Option<impl Into<String>>) -> Self {
        value
            .map(Into::into)
            .map_or_else(Self::default, |it: String| Self::one(it.clone(), it))
    }

    fn of_field(value: &FieldValue) -> Self {
        let values = match value {
            FieldValue::Text(text) | FieldValue::Select(text) | FieldValue::Url(text) | FieldValue::Email(text) => {
                vec![text.clone()]
            }
            FieldValue::Number(number) => vec![number.get().to_string()],
            FieldValue::Boolean(boolean) => vec![boolean.to_string()],
            FieldValue::Date(date) => vec![date.to_string()],
            FieldValue::MultiSelect(keys) => keys.clone(),
        };
        Self {
            words: values.clone(),
            values,
        }
    }
}

/// As the API writes an enum.
fn upper(word: &str) -> String {
    word.to_uppercase()
}

impl State<'_> {
    /// What each field says, in the order in which they are told.
    fn fields(&self, staff: bool) -> Vec<(Field, Said)> {
        let row = self.row;
        let mut all = self.stands();
        all.extend(self.belongs());
        all.extend(self.marks());
        if staff {
            let note = Said::plain(row.resolution_note.clone());
            all.push((
                Field("resolutionNote", "Пояснение к решению", "Note on the resolution"),
                note,
            ));
        }
        all
    }

    fn stands(&self) -> Vec<(Field, Said)> {
        let (row, ru) = (self.row, self.russian);
        let status = StatusCategory::parse(&row.status);
        let sort = TicketType::parse(&row.ticket_type);
        let hold = row.hold_reason.as_deref().and_then(HoldReason::parse);
        let resolution = row.resolution_reason.as_deref().and_then(ResolutionReason::parse);
        let verdict = row.verdict.as_deref().and_then(Verdict::parse);
        let urgency = Priority::from(rank(row.priority));
        let said = |it: Option<(&str, &str)>| it.map(|it| Said::one(upper(it.0), it.1)).unwrap_or_default();
        vec![
            (Field("subject", "Тема", "Subject"), Said::plain(row.subject.clone())),
            (
                Field("type", "Тип", "Type"),
                said(sort.map(|it| (it.as_str(), words::sort(it, ru)))),
            ),
            (
                Field("status", "Статус", "Status"),
                said(status.map(|it| (it.as_str(), words::status(it, ru)))),
            ),
            (
                Field("statusLabelId", "Название статуса", "Word for the status"),
                self.item(ItemKind::StatusLabel, row.status_label_id),
            ),
            (
                Field("holdReason", "Чего ждёт", "Waits for"),
                said(hold.map(|it| (it.as_str(), words::hold(it, ru)))),
            ),
            (
                Field("holdUntil", "Ждёт до", "Waits until"),
                self.instant(row.hold_until),
            ),
            (
                Field("priority", "Приоритет", "Priority"),
                Said::one(upper(urgency.as_str()), priority(urgency, ru)),
            ),
            (
                Field("categoryId", "Категория", "Category"),
                self.category(row.category_id.as_ref()),
            ),
            (
                Field("subcategoryId", "Подкатегория", "Subcategory"),
                self.category(row.subcategory_id.as_ref()),
            ),
            (
                Field("resolutionReason", "Итог", "Outcome"),
                said(resolution.map(|it| (it.as_str(), words::resolution(it, ru)))),
            ),
            (
                Field("resolutionVerdict", "Отзыв клиента о решении", "The customer's verdict"),
                said(verdict.map(|it| (it.as_str(), words::verdict(it, ru)))),
            ),
            (
                Field("reopenCount", "Открыта снова, раз", "Times reopened"),
                Said::plain(Some(row.reopen_count.to_string())),
            ),
            (
                Field("resolvedAt", "Когда решена", "Resolved at"),
                self.instant(row.resolved_at),
            ),
            (
                Field("closedAt", "Когда закрыта", "Closed at"),
                self.instant(row.closed_at),
            ),
        ]
    }

    fn belongs(&self) -> Vec<(Field, Said)> {
        let row = self.row;
        vec![
            (
                Field("assigneeId", "Исполнитель", "Owner"),
                self.people(row.assignee_id.as_slice()),
            ),
            (
                Field("inboxId", "Входящие", "Inbox"),
                self.item(ItemKind::Inbox, row.inbox_id),
            ),
            (
                Field("branchId", "Филиал", "Branch"),
                self.item(ItemKind::Branch, row.branch_id),
            ),
            (
                Field("teamId", "Команда", "Team"),
                self.item(ItemKind::Team, row.team_id),
            ),
            (
                Field("mergedIntoId", "Объединена с", "Merged into"),
                ticket(row.merged_into),
            ),
            (
                Field("splitFromId", "Выделена из", "Split from"),
                ticket(row.split_from),
            ),
        ]
    }

    fn marks(&self) -> Vec<(Field, Said)> {
        let row = self.row;
        let tags = row.tag_ids.iter().map(|it| self.item(ItemKind::Tag, Some(*it)));
        let mut tagged = Said::default();
        for it in tags {
            tagged.values.extend(it.values);
            tagged.words.extend(it.words);
        }
        vec![
            (Field("tagIds", "Метки", "Tags"), tagged),
            (
                Field("followerIds", "Наблюдатели", "Followers"),
                self.people(&row.follower_ids),
            ),
            (
                Field("snoozedAt", "Скрыта с", "Snoozed at"),
                self.instant(row.snoozed_at),
            ),
            (
                Field("snoozedUntil", "Скрыта до", "Snoozed until"),
                self.instant(row.snoozed_until),
            ),
            (
                Field("archivedAt", "В архиве с", "Archived at"),
                self.instant(row.archived_at),
            ),
            (
                Field("trackedUntil", "Ссылка отслеживания до", "Tracking link until"),
                self.instant(row.tracked_until),
            ),
            (
                Field("eta", "Ожидаемое решение", "Expected resolution"),
                self.instant(row.eta),
            ),
        ]
    }

    fn instant(&self, at: Option<DateTime<Utc>>) -> Said {
        let said = |at: DateTime<Utc>| {
            Said::one(
                at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                instant(at, self.russian),
            )
        };
        at.map(said).unwrap_or_default()
    }

    fn item(&self, kind: ItemKind, id: Option<Uuid>) -> Said {
        let said = |id: Uuid| {
            let value = global(Kind::Item(kind), id).0;
            let name = self.items.get(&id).cloned();
            Said::one(value.clone(), name.unwrap_or(value))
        };
        id.map(said).unwrap_or_default()
    }

    /// A category by its key, which is told as it is when no category has it.
    fn category(&self, key: Option<&String>) -> Said {
        let said = |key: &String| {
            let name = self.items.get(&Category::id_of(key)).cloned();
            Said::one(key.clone(), name.unwrap_or_else(|| key.clone()))
        };
        key.map(said).unwrap_or_default()
    }

    fn people(&self, ids: &[Uuid]) -> Said {
        Said {
            values: ids.iter().map(|it| global(Kind::Agent, *it).0).collect(),
            words: ids.iter().map(|it| self.names.colleague(*it, self.russian)).collect(),
        }
    }
}

fn ticket(id: Option<Uuid>) -> Said {
    Said::plain(id.map(|it| global(Kind::Ticket, it).0))
}
