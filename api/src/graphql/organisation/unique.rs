//! What no two things in use may both say, although their ids do not follow from it.
//!
//! Keys are unique by the log itself: their items' ids follow from them. Names of branches, teams and inboxes may
//! change, and which item is the default one moves about, so they are looked up in the read model, which shows what was
//! carried out before; two wishes at the very same instant can both pass. Then both show, and the older default counts.

use async_graphql::{Context, Result};
use domain::organisation::{self, Definition, Kind};
use projections::organisation::{holding, is_named};
use uuid::Uuid;

use crate::{
    graphql::{parts, postgres},
    problem::Problem,
};

/// A value that only one thing in use may have.
pub(super) enum Claim {
    /// Its name.
    Name(String),
    /// That it is the default one among those whose definitions hold this.
    Default(String),
}

/// What a definition claims for itself alone.
pub(super) trait Claims: Definition {
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }
}

impl Claims for organisation::Branch {
    fn claims(&self) -> Vec<Claim> {
        let default = self
            .is_default
            .then(|| Claim::Default(r#"{"is_default": true}"#.to_owned()));
        [Some(Claim::Name(self.name.clone())), default]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Claims for organisation::Team {
    fn claims(&self) -> Vec<Claim> {
        vec![Claim::Name(self.name.clone())]
    }
}

impl Claims for organisation::Inbox {
    fn claims(&self) -> Vec<Claim> {
        vec![Claim::Name(self.name.clone())]
    }
}

impl Claims for organisation::StatusLabel {
    fn claims(&self) -> Vec<Claim> {
        let part = format!(r#"{{"is_default": true, "category": "{}"}}"#, self.category.as_str());
        self.is_default.then_some(Claim::Default(part)).into_iter().collect()
    }
}

impl Claims for organisation::Skill {}
impl Claims for organisation::Category {}
impl Claims for organisation::Tag {}
impl Claims for organisation::CustomField {}
impl Claims for organisation::RegionMap {}
impl Claims for organisation::CannedReply {}
impl Claims for organisation::Macro {}
impl Claims for organisation::Classification {}

/// What others have of that which the definition claims, about fields within the definition.
pub(super) async fn taken<D: Claims>(ctx: &Context<'_>, id: Uuid, definition: &D) -> Result<Vec<Problem>> {
    let pool = &parts(ctx)?.pool;
    let mut problems = Vec::new();
    for claim in definition.claims() {
        match claim {
            Claim::Name(name) => {
                if is_named(pool, D::KIND, &name, id)
                    .await
                    .map_err(|it| postgres(ctx, &it))?
                {
                    problems.push(name_taken(D::KIND));
                }
            }
            Claim::Default(part) => {
                let others = holding(pool, D::KIND, &part).await.map_err(|it| postgres(ctx, &it))?;
                if others.iter().any(|it| *it != id) {
                    problems.push(default_taken());
                }
            }
        }
    }
    Ok(problems)
}

fn name_taken(kind: Kind) -> Problem {
    let english = format!("another {kind} in use has this name: choose another one");
    Problem {
        field: vec!["name".to_owned()],
        ..Problem::new("NAME_TAKEN", "такое название уже есть: выберите другое", english)
    }
}

fn default_taken() -> Problem {
    let (russian, english) = (
        "по умолчанию уже выбрано другое: сначала снимите отметку с него",
        "another one is the default: take the mark from it first",
    );
    Problem {
        field: vec!["isDefault".to_owned()],
        ..Problem::new("DEFAULT_TAKEN", russian, english)
    }
}
