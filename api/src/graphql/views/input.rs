//! What mutations of views are given, checked field by field.

use async_graphql::{ID, InputObject};
use domain::{
    ids::AgentId,
    organisation::Kind as ItemKind,
    view::{Audience, Definition},
};
use uuid::Uuid;

use super::{
    object::ViewAudience,
    saved::{SavedFilter, kept_order},
};
use crate::{
    graphql::{
        filter::{TicketFilter, TicketOrder, listed, order, searchable},
        ids::{Kind, required},
    },
    problem::Problem,
};

/// Characters of a name at most.
const NAME: usize = 100;
/// Columns at most, and characters of one and of a picture's name.
const COLUMNS: usize = 50;
const WORD: usize = 50;

/// All that a view says.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct ViewInput {
    /// What it is called, 1 to 100 characters in one line; two views that the same people see may not share it.
    name: String,
    /// Who sees it. `OWN` is you; `TEAM` takes the right `views:share` there, `SHARED` takes `organisation:write`.
    audience: ViewAudience,
    /// Id of the team, for `TEAM`.
    team_id: Option<ID>,
    /// Which tickets it shows; `me` in it is whoever asks.
    filter: TicketFilter,
    /// In which order; newest number first by default.
    #[graphql(default)]
    order_by: Vec<TicketOrder>,
    /// Names of the columns that a screen shows, in their order: at most 50, each 1 to 50 of a-z, A-Z, 0-9, `_`, `.`, `:`
    /// and `-`, each once.
    #[graphql(default)]
    columns: Vec<String>,
    /// Name of its picture, of the same letters.
    icon: Option<String>,
    /// Where it stands among others, the least first; behind all that say by default.
    position: Option<i32>,
}

/// A view to be.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct CreateViewInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it creates nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// All that it says.
    pub(super) definition: ViewInput,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// Another definition of a view, whole.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct ReviseViewInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the view.
    pub(super) id: ID,
    /// All that it says from now on.
    pub(super) definition: ViewInput,
    /// The version you saw: if the view has another, nothing happens and you get CONFLICT.
    pub(super) expected_version: Option<i64>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A view that nobody is to see any more.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct RetireViewInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the view.
    pub(super) id: ID,
    /// The version you saw: if the view has another, nothing happens and you get CONFLICT.
    pub(super) expected_version: Option<i64>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A view that is to be seen again.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct RestoreViewInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the view.
    pub(super) id: ID,
    /// The version you saw: if the view has another, nothing happens and you get CONFLICT.
    pub(super) expected_version: Option<i64>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

impl ViewInput {
    /// The definition it means when this person gives it.
    pub(super) fn definition(self, me: Uuid) -> Result<Definition, Problem> {
        let audience = audience(self.audience, self.team_id.as_ref(), me)?;
        let filter = SavedFilter::of(&self.filter);
        listed(Some(self.filter), me).map_err(within)?;
        let kept = kept_order(&self.order_by);
        order(Some(self.order_by)).map_err(within)?;
        for (at, column) in self.columns.iter().enumerate() {
            word("columns", column)?;
            if self.columns.iter().take(at).any(|it| it == column) {
                return Err(bad("columns", column, "каждый столбец один раз", "each column once"));
            }
        }
        if self.columns.len() > COLUMNS {
            let count = self.columns.len().to_string();
            return Err(bad("columns", &count, "не больше 50 столбцов", "at most 50 columns"));
        }
        self.icon.as_deref().map_or(Ok(()), |it| word("icon", it))?;
        Ok(Definition {
            name: name(&self.name)?,
            audience,
            filter,
            order: kept,
            columns: self.columns,
            icon: self.icon,
            position: self.position,
        })
    }
}

fn audience(audience: ViewAudience, team: Option<&ID>, me: Uuid) -> Result<Audience, Problem> {
    match (audience, team) {
        (ViewAudience::Own, None) => Ok(Audience::Own(AgentId(me))),
        (ViewAudience::Shared, None) => Ok(Audience::Shared),
        (ViewAudience::Team, Some(id)) => {
            let id = required(Kind::Item(ItemKind::Team), "teamId", id).map_err(within)?;
            Ok(Audience::Team(id))
        }
        (ViewAudience::Team, None) | (ViewAudience::Own | ViewAudience::Shared, Some(_)) => {
            let (russian, english) = (
                "id команды для TEAM, и только для него",
                "a team's id for TEAM, and only for it",
            );
            let given = team.map(|it| it.0.clone()).unwrap_or_default();
            Err(bad("teamId", &given, russian, english))
        }
    }
}

fn name(text: &str) -> Result<String, Problem> {
    let name = searchable("name", text.trim().to_owned()).map_err(within)?;
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(bad(
            "name",
            text,
            "от 1 до 100 символов в одну строку",
            "1 to 100 characters in one line",
        ));
    }
    Ok(name)
}

fn word(field: &str, text: &str) -> Result<(), Problem> {
    let known = |it: u8| it.is_ascii_alphanumeric() || b"_.:-".contains(&it);
    if (1..=WORD).contains(&text.len()) && text.bytes().all(known) {
        return Ok(());
    }
    Err(bad(
        field,
        text,
        "от 1 до 50 символов из a-z, A-Z, 0-9, _, ., : и -",
        "1 to 50 of a-z, A-Z, 0-9, _, ., : and -",
    ))
}

fn bad(field: &str, value: &str, russian: &str, english: &str) -> Problem {
    within(Problem::bad_input(field, value, russian, english))
}

/// The same about a field of the definition; of a filter, the field of the filter is named.
fn within(problem: Problem) -> Problem {
    let at = ["input", "definition"].map(str::to_owned).into_iter();
    Problem {
        field: at.chain(problem.field.clone()).collect(),
        ..problem
    }
}
