//! What requests say: parameters and bodies. What their values may be, the schema says.

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, Error, IntoDeserializer,
        value::{self, StrDeserializer},
    },
};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::graphql::{Hold, Resolution, Sort, Status, Urgency};

/// Tickets of a page where nobody says how many.
const PAGE: i32 = 20;

fn page() -> i32 {
    PAGE
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// At most so many.
    #[serde(default = "page")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(super) limit: i32,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// A `position`: wait, at most 2 s, until everything up to it shows; 503 when it does not.
    #[param(example = "42")]
    pub(super) min_position: Option<String>,
}

/// How fresh what is shown must be.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Fresh {
    /// A `position`: wait, at most 2 s, until everything up to it shows.
    #[param(example = "42")]
    pub(super) min_position: Option<String>,
}

/// Which of one's own tickets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Own {
    /// Only where it stands so, one or several.
    #[serde(default, deserialize_with = "several")]
    #[param(style = Form, explode = false, value_type = Option<Vec<Status>>)]
    status: Option<Vec<Status>>,
    /// Id of a customer, whose tickets they are; needed by programs, which have none of their own.
    #[param(example = "6f1a2d9e-5c1b-4b7e-9f43-0d8f3f4b2a10")]
    pub(super) contact: Option<String>,
    /// At most so many.
    #[serde(default = "page")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i32,
    /// `next` of the page before.
    after: Option<String>,
    /// A `position`: wait, at most 2 s, until everything up to it shows.
    #[param(example = "42")]
    min_position: Option<String>,
}

/// Which of all tickets, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct All {
    /// Only where it stands so, one or several.
    #[serde(default, deserialize_with = "several")]
    #[param(style = Form, explode = false, value_type = Option<Vec<Status>>)]
    status: Option<Vec<Status>>,
    /// Only so urgent, one or several.
    #[serde(default, deserialize_with = "several")]
    #[param(style = Form, explode = false, value_type = Option<Vec<Urgency>>)]
    priority: Option<Vec<Urgency>>,
    /// Only with this key of a category.
    #[param(example = "payment")]
    category: Option<String>,
    /// Only those of this agent, by id; `none` for those of nobody.
    #[param(example = "none")]
    assignee: Option<String>,
    /// Only those of this customer, by id.
    contact: Option<String>,
    /// Only those that came through this inbox, by id.
    inbox: Option<String>,
    /// Only those of this branch, by id.
    branch: Option<String>,
    /// Only those of this team, by id.
    team: Option<String>,
    /// Only those opened then or later.
    opened_from: Option<DateTime<Utc>>,
    /// Only those opened then or earlier.
    opened_to: Option<DateTime<Utc>>,
    /// In which order; `-` puts the greatest first. The newest number is first by default.
    #[serde(default, deserialize_with = "several")]
    #[param(style = Form, explode = false, value_type = Option<Vec<Sorting>>, example = json!(["-priority", "openedAt"]))]
    sort: Option<Vec<Sorting>>,
    /// At most so many.
    #[serde(default = "page")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i32,
    /// `next` of the page before, with the same `sort`.
    after: Option<String>,
    /// A `position`: wait, at most 2 s, until everything up to it shows.
    #[param(example = "42")]
    min_position: Option<String>,
}

/// A key of an order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub(super) enum Sorting {
    #[serde(rename = "number")]
    Number,
    #[serde(rename = "-number")]
    NumberDown,
    #[serde(rename = "openedAt")]
    OpenedAt,
    #[serde(rename = "-openedAt")]
    OpenedAtDown,
    #[serde(rename = "updatedAt")]
    UpdatedAt,
    #[serde(rename = "-updatedAt")]
    UpdatedAtDown,
    #[serde(rename = "priority")]
    Priority,
    #[serde(rename = "-priority")]
    PriorityDown,
}

impl Sorting {
    fn order(self) -> Value {
        let (field, direction) = match self {
            Self::Number => ("NUMBER", "ASC"),
            Self::NumberDown => ("NUMBER", "DESC"),
            Self::OpenedAt => ("OPENED_AT", "ASC"),
            Self::OpenedAtDown => ("OPENED_AT", "DESC"),
            Self::UpdatedAt => ("UPDATED_AT", "ASC"),
            Self::UpdatedAtDown => ("UPDATED_AT", "DESC"),
            Self::Priority => ("PRIORITY", "ASC"),
            Self::PriorityDown => ("PRIORITY", "DESC"),
        };
        json!({"field": field, "direction": direction})
    }
}

/// Several words in one parameter, with commas between them.
fn several<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let word = |it: &str| {
        let word: StrDeserializer<'_, value::Error> = it.into_deserializer();
        T::deserialize(word).map_err(D::Error::custom)
    };
    text.map(|it| it.split(',').map(word).collect()).transpose()
}

/// An instant whose error names its field, which serde forgets in what has a tag.
fn until<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let instant = |it: String| {
        let accepted = "accepted: an instant such as 2026-03-01T09:00:00Z";
        let read = DateTime::parse_from_rfc3339(&it).map(|it| it.to_utc());
        read.map_err(|why| D::Error::custom(format!("until: {it:?} is not acceptable ({why}); {accepted}")))
    };
    text.map(instant).transpose()
}

impl Own {
    /// Variables of a page of the tickets that have this id in this field.
    pub(super) fn variables(self, whose: (&str, &str)) -> Value {
        let (column, id) = whose;
        let mut filter = Map::new();
        put(&mut filter, "status", "in", self.status);
        put(&mut filter, column, "eq", Some(id));
        json!({"first": self.limit, "after": self.after, "minPosition": self.min_position, "filter": filter})
    }
}

impl All {
    /// Variables of a page of tickets.
    pub(super) fn variables(self) -> Value {
        let mut filter = Map::new();
        put(&mut filter, "status", "in", self.status);
        put(&mut filter, "priority", "in", self.priority);
        put(&mut filter, "categoryId", "eq", self.category);
        put(&mut filter, "contact", "eq", self.contact);
        let nobody = self.assignee.as_deref() == Some("none");
        put(&mut filter, "assignee", "isNull", nobody.then_some(true));
        put(&mut filter, "assignee", "eq", self.assignee.filter(|_| !nobody));
        put(&mut filter, "inbox", "eq", self.inbox);
        put(&mut filter, "branch", "eq", self.branch);
        put(&mut filter, "team", "eq", self.team);
        put(&mut filter, "openedAt", "gte", self.opened_from);
        put(&mut filter, "openedAt", "lte", self.opened_to);
        let order: Option<Vec<Value>> = self.sort.map(|it| it.into_iter().map(Sorting::order).collect());
        json!({
            "first": self.limit, "after": self.after, "minPosition": self.min_position, "filter": filter,
            "orderBy": order,
        })
    }
}

/// Adds a test of a column, if there is one: a null would be refused.
fn put(filter: &mut Map<String, Value>, column: &str, test: &str, value: Option<impl Serialize>) {
    if let Some(value) = value.and_then(|it| serde_json::to_value(it).ok()) {
        let tests = filter.entry(column).or_insert_with(|| json!({}));
        tests[test] = value;
    }
}

/// A new ticket.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewTicket {
    /// What it is about, in one line.
    #[schema(min_length = 1, max_length = 300, example = "Деньги списаны дважды")]
    subject: String,
    /// What sort of request it is; QUESTION by default.
    #[serde(rename = "type")]
    sort: Option<Sort>,
    /// How urgent it is; MEDIUM by default.
    priority: Option<Urgency>,
    /// Key of its category, in one line.
    #[schema(min_length = 1, max_length = 100, example = "payment")]
    category_id: Option<String>,
    /// Key of a finer category under it.
    #[schema(min_length = 1, max_length = 100)]
    subcategory_id: Option<String>,
    /// Id of the customer; of a customer who asks, they themselves.
    contact_id: Option<String>,
    /// Id of the inbox it came through; of a customer who asks, the one they came by.
    inbox_id: Option<String>,
    /// Id of the branch that answers for it; by default the team's, else the inbox's.
    branch_id: Option<String>,
    /// Id of the team that works on it.
    team_id: Option<String>,
}

/// Who shall own a ticket.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewAssignee {
    /// Id of the agent; the agent who asks by default.
    agent_id: Option<String>,
    /// The version you saw: if the ticket has another, nothing happens and you get 409.
    #[schema(minimum = 0)]
    expected_version: Option<i64>,
}

impl NewAssignee {
    /// The same, for this agent unless it names another.
    pub(super) fn or_by(mut self, agent: Option<&str>) -> Self {
        self.agent_id = self.agent_id.or_else(|| agent.map(str::to_owned));
        self
    }

    pub(super) fn names_somebody(&self) -> bool {
        self.agent_id.is_some()
    }
}

/// Why nobody shall own a ticket.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NoAssignee {
    /// Why.
    #[param(max_length = 2000)]
    reason: Option<String>,
    /// The version you saw: if the ticket has another, nothing happens and you get 409.
    #[param(minimum = 0)]
    expected_version: Option<i64>,
}

/// How urgent a ticket shall be.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPriority {
    /// The new one.
    priority: Urgency,
    /// Why.
    #[schema(max_length = 2000, example = "Магазин не принимает оплату")]
    reason: Option<String>,
    /// The version you saw: if the ticket has another, nothing happens and you get 409.
    #[schema(minimum = 0)]
    expected_version: Option<i64>,
}

/// How a ticket shall end.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Closing {
    /// How it ended; needed when the ticket is not resolved yet.
    reason: Option<Resolution>,
    /// The version you saw: if the ticket has another, nothing happens and you get 409.
    #[schema(minimum = 0)]
    expected_version: Option<i64>,
}

/// Where a ticket shall stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub(super) enum NewStatus {
    /// Somebody works on it: begun, resumed, or reopened.
    Open {
        /// Where you saw it stand: work begins on a new one, goes on with one that waits, and begins again on one that
        /// is done.
        from: Status,
        /// The version you saw: if the ticket has another, nothing happens and you get 409.
        #[serde(rename = "expectedVersion")]
        #[schema(minimum = 0)]
        expected_version: Option<i64>,
    },
    /// It waits for the customer.
    Pending {
        /// Until when at most.
        #[serde(default, deserialize_with = "until")]
        until: Option<DateTime<Utc>>,
        /// The version you saw: if the ticket has another, nothing happens and you get 409.
        #[serde(rename = "expectedVersion")]
        #[schema(minimum = 0)]
        expected_version: Option<i64>,
    },
    /// It waits for something else.
    OnHold {
        /// For what; OTHER by default. One that waits for its CUSTOMER is PENDING.
        reason: Option<Hold>,
        /// Until when at most.
        #[serde(default, deserialize_with = "until")]
        until: Option<DateTime<Utc>>,
        /// The version you saw: if the ticket has another, nothing happens and you get 409.
        #[serde(rename = "expectedVersion")]
        #[schema(minimum = 0)]
        expected_version: Option<i64>,
    },
    /// Its work is done.
    Resolved {
        /// How it ended; SOLVED by default.
        reason: Option<Resolution>,
        /// More about it.
        #[schema(max_length = 2000)]
        note: Option<String>,
        /// The version you saw: if the ticket has another, nothing happens and you get 409.
        #[serde(rename = "expectedVersion")]
        #[schema(minimum = 0)]
        expected_version: Option<i64>,
    },
    /// Nothing more will be done.
    Closed {
        /// How it ended; needed when the ticket is not resolved yet.
        reason: Option<Resolution>,
        /// The version you saw: if the ticket has another, nothing happens and you get 409.
        #[serde(rename = "expectedVersion")]
        #[schema(minimum = 0)]
        expected_version: Option<i64>,
    },
}

/// The input of a mutation of the ticket with this id.
pub(super) fn input(ticket_id: &str, fields: &impl Serialize) -> Value {
    let mut variables = json!({"input": fields});
    variables["input"]["ticketId"] = ticket_id.into();
    variables
}
