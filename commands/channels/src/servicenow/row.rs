//! One row's values, checked.

use std::str;

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use csv::ByteRecord;
use domain::{
    ids::{AgentId, ContactId, foreign},
    values::{CategoryKey, HoldReason, Priority, Subject},
};
use uuid::Uuid;

use super::{
    CHANNEL,
    header::{Column, Columns},
    rejects::{Reject, shown},
};

/// What ServiceNow writes when it knows nothing.
const UNKNOWN: &str = "?";
/// Day before month, as the log has it; and the form of an export by script.
const DATE_FORMS: [&str; 2] = ["%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S"];
/// Years outside are typing errors.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    New,
    Active,
    Awaiting(HoldReason),
    Resolved,
    Closed,
}

/// An incident after one update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Line it begins in.
    pub(super) line: u64,
    /// How many updates there were before.
    pub(super) mod_count: u64,
    pub(super) state: State,
    pub(super) caller: Option<ContactId>,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// Category and subcategory; a subcategory without category does not count.
    pub(super) category: Option<(CategoryKey, Option<CategoryKey>)>,
    pub(super) priority: Priority,
    pub(super) assignee: Option<AgentId>,
    /// What the assignee is called there.
    pub(super) resolver: Option<String>,
    /// What the group is called there that works on it.
    pub(super) group: Option<String>,
    pub(super) close_code: Option<String>,
}

/// A record of the file whose values are looked at.
pub(super) struct Fields<'a> {
    pub(super) line: u64,
    pub(super) columns: &'a Columns,
    pub(super) record: &'a ByteRecord,
}

impl Row {
    /// The team that the group becomes.
    pub(super) fn team(&self) -> Option<Uuid> {
        self.group.as_deref().map(|it| foreign(CHANNEL, "group", it))
    }
}

impl Fields<'_> {
    /// The incident's number, and the subject that its ticket gets.
    pub(super) fn number(&self) -> Result<(&str, Subject), Reject> {
        let found = self.record.len();
        if found != self.columns.width {
            return Err(self.whole(format!("{} fields are expected, {found} are there", self.columns.width)));
        }
        let number = self
            .known(Column::Number)?
            .ok_or_else(|| self.wrong(Column::Number, "the number is missing"))?;
        let subject = Subject::try_new(&format!("Incident {number}"));
        Ok((
            number,
            subject.map_err(|error| self.wrong(Column::Number, error.accepted))?,
        ))
    }

    /// All that is needed of the row.
    pub(super) fn row(&self) -> Result<Row, Reject> {
        let key = |kind, it: Option<&str>| it.map(|it| foreign(CHANNEL, kind, it));
        Ok(Row {
            line: self.line,
            mod_count: self.mod_count()?,
            state: self.state()?,
            caller: key("caller", self.known(Column::Caller)?).map(ContactId),
            opened_at: self.instant(Column::OpenedAt)?,
            updated_at: self.instant(Column::UpdatedAt)?,
            category: self.category()?,
            priority: self.priority()?,
            assignee: key("resolver", self.known(Column::AssignedTo)?).map(AgentId),
            resolver: self.known(Column::AssignedTo)?.map(str::to_owned),
            group: self.known(Column::Group)?.map(str::to_owned),
            close_code: self.close_code()?,
        })
    }

    /// A reject of the whole row.
    pub(super) fn whole(&self, reason: String) -> Reject {
        let number = shown(self.columns.value(self.record, Column::Number));
        Reject {
            line: self.line,
            number,
            column: "",
            value: String::new(),
            reason,
        }
    }

    fn wrong(&self, column: Column, reason: &str) -> Reject {
        let value = shown(self.columns.value(self.record, column));
        Reject {
            column: column.name(),
            value,
            ..self.whole(reason.to_owned())
        }
    }

    fn text(&self, column: Column) -> Result<&str, Reject> {
        let bytes = self.columns.value(self.record, column);
        str::from_utf8(bytes)
            .map(str::trim)
            .map_err(|error| self.wrong(column, &format!("not UTF-8: {error}")))
    }

    /// The text, `None` when it is unknown.
    fn known(&self, column: Column) -> Result<Option<&str>, Reject> {
        Ok(Some(self.text(column)?).filter(|it| !it.is_empty() && *it != UNKNOWN))
    }

    fn mod_count(&self) -> Result<u64, Reject> {
        let text = self.text(Column::ModCount)?;
        text.parse()
            .map_err(|error| self.wrong(Column::ModCount, &format!("not a count of updates: {error}")))
    }

    fn state(&self) -> Result<State, Reject> {
        match self.text(Column::State)?.to_ascii_lowercase().as_str() {
            "new" => Ok(State::New),
            "active" => Ok(State::Active),
            "awaiting user info" => Ok(State::Awaiting(HoldReason::Customer)),
            "awaiting vendor" => Ok(State::Awaiting(HoldReason::Vendor)),
            "awaiting problem" => Ok(State::Awaiting(HoldReason::Problem)),
            "awaiting evidence" => Ok(State::Awaiting(HoldReason::Evidence)),
            "resolved" => Ok(State::Resolved),
            "closed" => Ok(State::Closed),
            _ => Err(self.wrong(Column::State, "not a state of an incident")),
        }
    }

    fn instant(&self, column: Column) -> Result<DateTime<Utc>, Reject> {
        let text = self.text(column)?;
        let parsed = DATE_FORMS
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        parsed
            .filter(|it| YEARS.contains(&it.year()))
            .map(|it| it.and_utc())
            .ok_or_else(|| self.wrong(column, "not a date: day/month/year hour:minute is expected"))
    }

    fn category(&self) -> Result<Option<(CategoryKey, Option<CategoryKey>)>, Reject> {
        let key = |column: Column| {
            let key = self
                .known(column)?
                .map(|it| CategoryKey::try_new(column.name(), it))
                .transpose();
            key.map_err(|error| self.wrong(column, &format!("not acceptable: {}", error.accepted)))
        };
        let (category, subcategory) = (key(Column::Category)?, key(Column::Subcategory)?);
        Ok(category.map(|it| (it, subcategory)))
    }

    /// `1` to `4`, also with its word: `1 - Critical`.
    fn priority(&self) -> Result<Priority, Reject> {
        let text = self.text(Column::Priority)?;
        let digits = text
            .find(|it: char| !it.is_ascii_digit())
            .map_or(text, |end| &text[..end]);
        match digits {
            "1" => Ok(Priority::Urgent),
            "2" => Ok(Priority::High),
            "3" => Ok(Priority::Medium),
            "4" => Ok(Priority::Low),
            _ => Err(self.wrong(Column::Priority, "not a priority: 1 to 4 is expected")),
        }
    }

    fn close_code(&self) -> Result<Option<String>, Reject> {
        let code = self.known(Column::CloseCode)?;
        match code {
            Some(code) if code.chars().count() > 100 => {
                Err(self.wrong(Column::CloseCode, "a close code has at most 100 characters"))
            }
            Some(_) | None => Ok(code.map(str::to_owned)),
        }
    }
}
