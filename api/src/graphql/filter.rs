//! Which tickets, in which order: one shape for lists and subscriptions.

use async_graphql::{ID, InputObject, InputType, MaybeUndefined};
use chrono::{DateTime, Datelike, SubsecRound, Utc};
use domain::{
    organisation::Kind as ItemKind,
    ticket::{StatusCategory, Verdict},
    values,
};
use projections::{
    list::{
        Table,
        filter::{self, Test},
    },
    priority_rank,
    ticket_list::filter::{Condition, IdColumn, IdsColumn, InstantColumn, NumberColumn, TextColumn, TicketFlag},
};
use uuid::Uuid;

pub(super) use super::order::{OrderDirection, TicketOrder, TicketOrderField, order, ordered};
use super::{
    contacts::ContactKind,
    ids::{Kind, required},
    life::{Judgement, Named, TicketFieldTest},
    words::{Resolution, Sort, Status, Urgency},
};
use crate::problem::Problem;

/// Conditions of one filter, nested ones included.
pub(super) const MOST_CONDITIONS: usize = 100;
/// Values of one `in`.
const MOST_VALUES: usize = 500;

/// What a value must be; all that is given must hold.
#[derive(Debug, Clone, InputObject)]
#[graphql(concrete(name = "TicketStatusTest", params(Status)))]
#[graphql(concrete(name = "TicketTypeTest", params(Sort)))]
#[graphql(concrete(name = "ResolutionReasonTest", params(Resolution)))]
#[graphql(concrete(name = "StringTest", params(String)))]
#[graphql(concrete(name = "IDTest", params(ID)))]
#[graphql(concrete(name = "ContactKindTest", params(ContactKind)))]
#[graphql(concrete(name = "ResolutionVerdictTest", params(Judgement)))]
pub(super) struct ChoiceTest<T: InputType> {
    /// Is this.
    pub(super) eq: MaybeUndefined<T>,
    /// Is one of these, at most 500.
    #[graphql(name = "in")]
    pub(super) one_of: MaybeUndefined<Vec<T>>,
    /// Is absent, or with `false` present.
    is_null: MaybeUndefined<bool>,
}

/// What a value that has an order must be; all that is given must hold.
#[derive(Debug, Clone, InputObject)]
#[graphql(concrete(name = "TicketPriorityTest", params(Urgency)))]
#[graphql(concrete(name = "IntTest", params(i64)))]
#[graphql(concrete(name = "DateTimeTest", params(DateTimeUtc)))]
pub(super) struct RangeTest<T: InputType> {
    /// Is this.
    eq: MaybeUndefined<T>,
    /// Is one of these, at most 500.
    #[graphql(name = "in")]
    one_of: MaybeUndefined<Vec<T>>,
    /// Is this or greater (later, more urgent).
    gte: MaybeUndefined<T>,
    /// Is this or less (earlier, less urgent).
    lte: MaybeUndefined<T>,
    /// Is absent, or with `false` present.
    is_null: MaybeUndefined<bool>,
}

impl<T: InputType> From<ChoiceTest<T>> for RangeTest<T> {
    fn from(ChoiceTest { eq, one_of, is_null }: ChoiceTest<T>) -> Self {
        Self {
            eq,
            one_of,
            gte: MaybeUndefined::Undefined,
            lte: MaybeUndefined::Undefined,
            is_null,
        }
    }
}

pub(super) type DateTimeUtc = DateTime<Utc>;

/// Which tickets. All that is given must hold; `{}` is every ticket.
#[derive(Debug, Clone, Default, InputObject)]
pub(super) struct TicketFilter {
    /// All of these hold.
    pub(super) and: Option<Vec<TicketFilter>>,
    /// One of these holds; none does when the list is empty.
    pub(super) or: Option<Vec<TicketFilter>>,
    /// This does not hold.
    pub(super) not: Option<Box<TicketFilter>>,
    /// Id of the ticket.
    id: Option<ChoiceTest<ID>>,
    /// Number of the ticket.
    number: Option<RangeTest<i64>>,
    /// Where it stands.
    status: Option<ChoiceTest<Status>>,
    /// How urgent it is.
    priority: Option<RangeTest<Urgency>>,
    /// What sort of request it is.
    #[graphql(name = "type")]
    sort: Option<ChoiceTest<Sort>>,
    /// Key of its category.
    pub(super) category_id: Option<ChoiceTest<String>>,
    /// Key of its subcategory.
    pub(super) subcategory_id: Option<ChoiceTest<String>>,
    /// Id of the agent who owns it; `me` is whoever asks.
    pub(super) assignee: Option<ChoiceTest<ID>>,
    /// Id of the customer.
    contact: Option<ChoiceTest<ID>>,
    /// Id of the inbox it came through.
    pub(super) inbox: Option<ChoiceTest<ID>>,
    /// Id of the branch that answers for it.
    pub(super) branch: Option<ChoiceTest<ID>>,
    /// Id of the team that works on it.
    pub(super) team: Option<ChoiceTest<ID>>,
    /// How it ended.
    resolution_reason: Option<ChoiceTest<Resolution>>,
    /// Where it came from.
    channel: Option<ChoiceTest<String>>,
    /// Its own name there.
    external_id: Option<ChoiceTest<String>>,
    /// How many times it was reopened.
    reopen_count: Option<RangeTest<i64>>,
    /// When it was opened.
    opened_at: Option<RangeTest<DateTimeUtc>>,
    /// When it last changed.
    updated_at: Option<RangeTest<DateTimeUtc>>,
    /// When it was last resolved.
    resolved_at: Option<RangeTest<DateTimeUtc>>,
    /// When it was last closed.
    closed_at: Option<RangeTest<DateTimeUtc>>,
    /// Id of a tag: one of its tags is this, or one of these; `isNull` is for tickets without any.
    pub(super) tag: Option<ChoiceTest<ID>>,
    /// Id of a user who wants to hear of it, `me` is whoever asks; `isNull` is for tickets that nobody follows.
    pub(super) follower: Option<ChoiceTest<ID>>,
    /// What custom fields say: all of these hold.
    pub(super) fields: Option<Vec<TicketFieldTest>>,
    /// Id of the word that was chosen for its status; `isNull` is for the usual one.
    pub(super) status_label: Option<ChoiceTest<ID>>,
    /// Whether it is snoozed.
    snoozed: Option<bool>,
    /// Until when it is snoozed; absent, too, when until the customer writes.
    snoozed_until: Option<RangeTest<DateTimeUtc>>,
    /// Until when it waits at most.
    hold_until: Option<RangeTest<DateTimeUtc>>,
    /// What the customer said of the newest resolution.
    resolution_verdict: Option<ChoiceTest<Judgement>>,
    /// Whether it was put away. Lists leave those out unless a filter names this.
    pub(super) archived: Option<bool>,
    /// Whether it was merged into another. Lists leave those out unless a filter names this or `mergedInto`.
    pub(super) merged: Option<bool>,
    /// Id of the ticket it was merged into.
    pub(super) merged_into: Option<ChoiceTest<ID>>,
    /// Id of the ticket it was a part of.
    split_from: Option<ChoiceTest<ID>>,
    /// When it will be resolved, as it was last worked out.
    eta: Option<RangeTest<DateTimeUtc>>,
    /// Whether work on it goes on: it is `NEW`, `OPEN`, `PENDING` or `ON_HOLD`.
    in_work: Option<bool>,
    /// Whether it waits (`PENDING`, `ON_HOLD`) or is snoozed.
    paused: Option<bool>,
    /// Whether the customer was last to speak, so that an answer is due. Not for `ticketChanged`.
    pub(super) needs_answer: Option<bool>,
    /// Since when the customer waits for an answer. Not for `ticketChanged`.
    pub(super) needs_answer_since: Option<RangeTest<DateTimeUtc>>,
}

/// The condition that a filter means when this person asks; the nil id when no person does.
pub(super) fn condition(filter: Option<TicketFilter>, me: Uuid) -> Result<Condition, Problem> {
    let mut budget = MOST_CONDITIONS;
    let mut filter = filter.unwrap_or_default();
    filter.meant_by(me);
    filter.condition(&mut budget)
}

/// The same for a list: what was put away, or merged into another, is left out unless the filter names that.
pub(super) fn listed(filter: Option<TicketFilter>, me: Uuid) -> Result<Condition, Problem> {
    let named = filter.as_ref().map_or_else(Named::default, TicketFilter::named);
    let mut all = vec![condition(filter, me)?];
    if !named.archived {
        all.push(Condition::Instant(InstantColumn::ArchivedAt, Test::IsNull(true)));
    }
    if !named.merged {
        all.push(Condition::Id(IdColumn::MergedInto, Test::IsNull(true)));
    }
    Ok(Condition::And(all))
}

/// Counts one more condition of a filter.
pub(super) fn spend(budget: &mut usize) -> Result<(), Problem> {
    let too_many = || Problem::bad_input("filter", "…", "не больше 100 условий", "at most 100 conditions");
    *budget = budget.checked_sub(1).ok_or_else(too_many)?;
    Ok(())
}

pub(super) fn plain<T, U>(convert: impl Fn(T) -> U) -> impl Fn(T) -> Result<U, Problem> {
    move |it| Ok(convert(it))
}

impl TicketFilter {
    fn condition(mut self, budget: &mut usize) -> Result<Condition, Problem> {
        spend(budget)?;
        let marks = self.marks(budget)?;
        let instants = self.instants()?;
        let mut all = Vec::new();
        for nested in self.and.into_iter().flatten() {
            all.push(nested.condition(budget)?);
        }
        if let Some(any) = self.or {
            let any: Result<_, _> = any.into_iter().map(|it| it.condition(budget)).collect();
            all.push(Condition::Or(any?));
        }
        if let Some(nested) = self.not {
            all.push(Condition::Not(Box::new(nested.condition(budget)?)));
        }
        push_texts(
            &mut all,
            [
                (TextColumn::Category, "categoryId", self.category_id),
                (TextColumn::Subcategory, "subcategoryId", self.subcategory_id),
                (TextColumn::Channel, "channel", self.channel),
                (TextColumn::ExternalId, "externalId", self.external_id),
            ],
        )?;
        if self.status.as_ref().is_some_and(only_in_work) {
            // Said once more in the words that indexes are made for.
            all.push(Condition::Is(TicketFlag::InWork));
        }
        let status = plain(|it: Status| StatusCategory::from(it).as_str().to_owned());
        push(&mut all, "status", self.status, status, |test| {
            Condition::Text(TextColumn::Status, test)
        })?;
        let sort = plain(|it: Sort| values::TicketType::from(it).as_str().to_owned());
        push(&mut all, "type", self.sort, sort, |test| {
            Condition::Text(TextColumn::Type, test)
        })?;
        let reason = plain(|it: Resolution| values::ResolutionReason::from(it).as_str().to_owned());
        push(&mut all, "resolutionReason", self.resolution_reason, reason, |test| {
            Condition::Text(TextColumn::ResolutionReason, test)
        })?;
        let rank = plain(|it: Urgency| i64::from(priority_rank(values::Priority::from(it))));
        push(&mut all, "priority", self.priority, rank, |test| {
            Condition::Number(NumberColumn::Priority, test)
        })?;
        for (column, field, test) in [
            (NumberColumn::Number, "number", self.number),
            (NumberColumn::ReopenCount, "reopenCount", self.reopen_count),
        ] {
            push(&mut all, field, test, plain(|it| it), |test| {
                Condition::Number(column, test)
            })?;
        }
        for (column, kind, field, test) in [
            (IdColumn::Ticket, Kind::Ticket, "id", self.id),
            (IdColumn::Assignee, Kind::Agent, "assignee", self.assignee),
            (IdColumn::Contact, Kind::Contact, "contact", self.contact),
            (IdColumn::Inbox, Kind::Item(ItemKind::Inbox), "inbox", self.inbox),
            (IdColumn::Branch, Kind::Item(ItemKind::Branch), "branch", self.branch),
            (IdColumn::Team, Kind::Item(ItemKind::Team), "team", self.team),
            (
                IdColumn::StatusLabel,
                Kind::Item(ItemKind::StatusLabel),
                "statusLabel",
                self.status_label,
            ),
            (IdColumn::MergedInto, Kind::Ticket, "mergedInto", self.merged_into),
            (IdColumn::SplitFrom, Kind::Ticket, "splitFrom", self.split_from),
        ] {
            let uuid = |id: ID| -> Result<Uuid, Problem> { required(kind, field, &id) };
            push(&mut all, field, test, uuid, |test| Condition::Id(column, test))?;
        }
        all.extend(instants);
        all.extend(marks);
        Ok(Condition::And(all))
    }

    /// The conditions on instants.
    fn instants(&mut self) -> Result<Vec<Condition>, Problem> {
        let mut all = Vec::new();
        for (column, field, test) in [
            (InstantColumn::OpenedAt, "openedAt", self.opened_at.take()),
            (InstantColumn::UpdatedAt, "updatedAt", self.updated_at.take()),
            (InstantColumn::ResolvedAt, "resolvedAt", self.resolved_at.take()),
            (InstantColumn::ClosedAt, "closedAt", self.closed_at.take()),
            (InstantColumn::SnoozedUntil, "snoozedUntil", self.snoozed_until.take()),
            (InstantColumn::HoldUntil, "holdUntil", self.hold_until.take()),
            (InstantColumn::Eta, "eta", self.eta.take()),
            (
                InstantColumn::NeedsAnswerSince,
                "needsAnswerSince",
                self.needs_answer_since.take(),
            ),
        ] {
            let instant = |it: DateTimeUtc| storable(field, it);
            push(&mut all, field, test, instant, |test| Condition::Instant(column, test))?;
        }
        Ok(all)
    }

    /// The conditions on what a ticket is marked with.
    fn marks(&mut self, budget: &mut usize) -> Result<Vec<Condition>, Problem> {
        let mut all = Vec::new();
        let tag = Kind::Item(ItemKind::Tag);
        for (column, kind, field, test) in [
            (IdsColumn::Tags, tag, "tag", self.tag.take()),
            (IdsColumn::Followers, Kind::Agent, "follower", self.follower.take()),
        ] {
            let uuid = |id: ID| -> Result<Uuid, Problem> { required(kind, field, &id) };
            push(&mut all, field, test, uuid, |test| match test {
                Test::Eq(id) | Test::Gte(id) | Test::Lte(id) => Condition::HasOne(column, vec![id]),
                Test::In(ids) => Condition::HasOne(column, ids),
                Test::IsNull(wanted) => Condition::HasNone(column, wanted),
            })?;
        }
        for test in self.fields.take().into_iter().flatten() {
            spend(budget)?;
            all.push(test.condition()?);
        }
        let verdict = plain(|it: Judgement| Verdict::from(it).as_str().to_owned());
        push(
            &mut all,
            "resolutionVerdict",
            self.resolution_verdict.take(),
            verdict,
            |test| Condition::Text(TextColumn::Verdict, test),
        )?;
        let absent = |it: bool| Test::IsNull(!it);
        all.extend(
            self.needs_answer
                .map(|it| Condition::Instant(InstantColumn::NeedsAnswerSince, absent(it))),
        );
        for (wanted, flag) in [(self.in_work, TicketFlag::InWork), (self.paused, TicketFlag::Paused)] {
            all.extend(wanted.map(|it| {
                let holds = Condition::Is(flag);
                if it { holds } else { Condition::Not(Box::new(holds)) }
            }));
        }
        all.extend(
            self.snoozed
                .map(|it| Condition::Instant(InstantColumn::SnoozedAt, absent(it))),
        );
        all.extend(
            self.archived
                .map(|it| Condition::Instant(InstantColumn::ArchivedAt, absent(it))),
        );
        all.extend(
            self.merged
                .map(|it| Condition::Id(IdColumn::MergedInto, Test::IsNull(!it))),
        );
        Ok(all)
    }
}

/// Whether a test passes only tickets on which work goes on.
fn only_in_work(test: &ChoiceTest<Status>) -> bool {
    let in_work = |it: &Status| !matches!(it, Status::Resolved | Status::Closed);
    let one = matches!(&test.eq, MaybeUndefined::Value(it) if in_work(it));
    let some = matches!(&test.one_of, MaybeUndefined::Value(all) if !all.is_empty() && all.iter().all(in_work));
    one || some
}

/// Postgres knows fewer years than RFC 3339 can be stretched to.
pub(super) fn storable(field: &str, at: DateTimeUtc) -> Result<DateTimeUtc, Problem> {
    if (1..=9999).contains(&at.year()) {
        // As fine as Postgres keeps it, so that rows and conditions compare the same everywhere.
        return Ok(at.trunc_subsecs(6));
    }
    let (russian, english) = ("момент с 0001 по 9999 год", "an instant of the years 0001 to 9999");
    Err(Problem::bad_input(field, &at.to_rfc3339(), russian, english))
}

fn push_texts(
    all: &mut Vec<Condition>,
    tests: [(TextColumn, &'static str, Option<ChoiceTest<String>>); 4],
) -> Result<(), Problem> {
    for (column, field, test) in tests {
        push(
            all,
            field,
            test,
            |it| searchable(field, it),
            |test| Condition::Text(column, test),
        )?;
    }
    Ok(())
}

/// Postgres keeps no NUL, so it would fail where the answer is simply "none".
pub(super) fn searchable(field: &str, text: String) -> Result<String, Problem> {
    if text.contains('\0') {
        let (russian, english) = ("текст без символа NUL", "text without the NUL character");
        Err(Problem::bad_input(field, &text, russian, english))
    } else {
        Ok(text)
    }
}

/// Adds one condition for each part of the test that is given.
pub(super) fn push<C: Table, T: InputType, U>(
    all: &mut Vec<filter::Condition<C>>,
    field: &str,
    test: Option<impl Into<RangeTest<T>>>,
    convert: impl Fn(T) -> Result<U, Problem>,
    make: impl Fn(Test<U>) -> filter::Condition<C>,
) -> Result<(), Problem> {
    let Some(RangeTest {
        eq,
        one_of,
        gte,
        lte,
        is_null,
    }) = test.map(Into::into)
    else {
        return Ok(());
    };
    let mut tests = Vec::new();
    if let Some(value) = given(field, eq)? {
        tests.push(Test::Eq(convert(value)?));
    }
    if let Some(values) = given(field, one_of)? {
        if values.len() > MOST_VALUES {
            let count = values.len().to_string();
            return Err(Problem::bad_input(
                field,
                &count,
                "не больше 500 значений",
                "at most 500 values",
            ));
        }
        tests.push(Test::In(values.into_iter().map(&convert).collect::<Result<_, _>>()?));
    }
    if let Some(value) = given(field, gte)? {
        tests.push(Test::Gte(convert(value)?));
    }
    if let Some(value) = given(field, lte)? {
        tests.push(Test::Lte(convert(value)?));
    }
    tests.extend(given(field, is_null)?.map(Test::IsNull));
    all.extend(tests.into_iter().map(make));
    Ok(())
}

/// The value, if there is one. A null is refused: taken for "any" it would show more than was asked for.
fn given<T>(field: &str, value: MaybeUndefined<T>) -> Result<Option<T>, Problem> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(value) => Ok(Some(value)),
        MaybeUndefined::Null => {
            let (russian, english) = (
                "значение; отсутствие проверяет isNull: true",
                "a value; isNull: true tests absence",
            );
            Err(Problem::bad_input(field, "null", russian, english))
        }
    }
}
