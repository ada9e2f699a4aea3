//! Which contacts and organizations, in which order.

use async_graphql::{Enum, ID, InputObject};
use domain::contact;
use projections::{
    contact_card::{
        self,
        list::{Contacts, IdColumn, InstantColumn, OrderColumn, TextColumn},
        name_key,
    },
    list::{
        filter::{Condition, Test},
        page::Order,
    },
    organization::list as organizations,
};
use uuid::Uuid;

use super::types::ContactKind;
use crate::{
    graphql::{
        filter::{
            ChoiceTest, DateTimeUtc, MOST_CONDITIONS, OrderDirection, RangeTest, ordered, plain, push, searchable,
            spend, storable,
        },
        ids::{Kind, required},
    },
    problem::Problem,
};

/// Which contacts. All that is given must hold; `{}` is every contact.
#[derive(Debug, Clone, Default, InputObject)]
pub(super) struct ContactFilter {
    /// All of these hold.
    and: Option<Vec<ContactFilter>>,
    /// One of these holds; none does when the list is empty.
    or: Option<Vec<ContactFilter>>,
    /// This does not hold.
    not: Option<Box<ContactFilter>>,
    /// Id of the contact.
    id: Option<ChoiceTest<ID>>,
    /// How much is known of the person.
    kind: Option<ChoiceTest<ContactKind>>,
    /// Words in the name, in any order; case and ё do not matter.
    name: Option<String>,
    /// Language and region.
    locale: Option<ChoiceTest<String>>,
    /// Id of the organization.
    organization: Option<ChoiceTest<ID>>,
    /// Id of the contact it was merged into.
    merged_into: Option<ChoiceTest<ID>>,
    /// Whether what the person sends is not wanted.
    blocked: Option<bool>,
    /// When it was created.
    created_at: Option<RangeTest<DateTimeUtc>>,
    /// When it last changed.
    updated_at: Option<RangeTest<DateTimeUtc>>,
}

/// What contacts can be sorted by.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "OrderColumn")]
pub(super) enum ContactOrderField {
    /// By name, those without one first.
    Name,
    /// By the instant of creation.
    CreatedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By id.
    Id,
}

/// One key of an order.
#[derive(Debug, Clone, InputObject)]
pub(super) struct ContactOrder {
    /// By what.
    field: ContactOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// What organizations can be sorted by.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "organizations::OrderColumn")]
pub(super) enum OrganizationOrderField {
    /// By name.
    Name,
    /// By the instant of creation.
    CreatedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By id.
    Id,
}

/// One key of an order.
#[derive(Debug, Clone, InputObject)]
pub(super) struct OrganizationOrder {
    /// By what.
    field: OrganizationOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// The order asked for, by name by default.
pub(super) fn order(asked: Option<Vec<ContactOrder>>) -> Result<Vec<Order<Contacts>>, Problem> {
    let by_name = || {
        vec![ContactOrder {
            field: ContactOrderField::Name,
            direction: OrderDirection::Asc,
        }]
    };
    let asked = asked.unwrap_or_else(by_name).into_iter();
    ordered(asked.map(|it| (format!("{:?}", it.field), OrderColumn::from(it.field), it.direction)))
}

/// The order asked for, by name by default.
pub(super) fn order_of_organizations(
    asked: Option<Vec<OrganizationOrder>>,
) -> Result<Vec<Order<organizations::Organizations>>, Problem> {
    let by_name = || {
        vec![OrganizationOrder {
            field: OrganizationOrderField::Name,
            direction: OrderDirection::Asc,
        }]
    };
    let asked = asked.unwrap_or_else(by_name).into_iter();
    ordered(asked.map(|it| {
        let column = organizations::OrderColumn::from(it.field);
        (format!("{:?}", it.field), column, it.direction)
    }))
}

/// The condition that a filter means.
pub(super) fn condition(
    filter: Option<ContactFilter>,
    include_merged: bool,
) -> Result<contact_card::list::Condition, Problem> {
    let mut budget = MOST_CONDITIONS;
    let asked = filter.unwrap_or_default().condition(&mut budget)?;
    Ok(if include_merged {
        asked
    } else {
        Condition::And(vec![Condition::Id(IdColumn::MergedInto, Test::IsNull(true)), asked])
    })
}

/// Organizations with these words in their names; without retired ones unless they are asked for.
pub(super) fn organizations(name: Option<String>, include_retired: bool) -> Result<organizations::Condition, Problem> {
    let mut all = Vec::new();
    if !include_retired {
        let retired = organizations::InstantColumn::RetiredAt;
        all.push(Condition::Instant(retired, Test::IsNull(true)));
    }
    if let Some(name) = name {
        let words = words(&name)?;
        let holds = |it| Condition::Contains(organizations::TextColumn::NameKey, it);
        all.extend(words.into_iter().map(holds));
    }
    Ok(Condition::And(all))
}

/// At most so many words of a search are looked for.
const WORDS: usize = 10;

fn words(text: &str) -> Result<Vec<String>, Problem> {
    let text = searchable("name", text.to_owned())?;
    let key = name_key(&text);
    let words: Vec<String> = key.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if words.len() > WORDS || key.chars().count() > 200 {
        let (russian, english) = (
            "не больше 10 слов и 200 символов",
            "at most 10 words and 200 characters",
        );
        return Err(Problem::bad_input("name", &text, russian, english));
    }
    Ok(words)
}

impl ContactFilter {
    fn condition(self, budget: &mut usize) -> Result<contact_card::list::Condition, Problem> {
        spend(budget)?;
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
        if let Some(name) = self.name {
            let holds = |it| Condition::Contains(TextColumn::NameKey, it);
            all.extend(words(&name)?.into_iter().map(holds));
        }
        let kind = plain(|it: ContactKind| contact::ContactKind::from(it).as_str().to_owned());
        push(&mut all, "kind", self.kind, kind, |test| {
            Condition::Text(TextColumn::Kind, test)
        })?;
        push(
            &mut all,
            "locale",
            self.locale,
            |it| searchable("locale", it),
            |test| Condition::Text(TextColumn::Locale, test),
        )?;
        for (column, kind, field, test) in [
            (IdColumn::Contact, Kind::Contact, "id", self.id),
            (
                IdColumn::Organization,
                Kind::Organization,
                "organization",
                self.organization,
            ),
            (IdColumn::MergedInto, Kind::Contact, "mergedInto", self.merged_into),
        ] {
            let uuid = |id: ID| -> Result<Uuid, Problem> { required(kind, field, &id) };
            push(&mut all, field, test, uuid, |test| Condition::Id(column, test))?;
        }
        for (column, field, test) in [
            (InstantColumn::CreatedAt, "createdAt", self.created_at),
            (InstantColumn::UpdatedAt, "updatedAt", self.updated_at),
        ] {
            let instant = |it: DateTimeUtc| storable(field, it);
            push(&mut all, field, test, instant, |test| Condition::Instant(column, test))?;
        }
        let blocked = |it: bool| Condition::Instant(InstantColumn::BlockedAt, Test::IsNull(!it));
        all.extend(self.blocked.map(blocked));
        Ok(Condition::And(all))
    }
}
