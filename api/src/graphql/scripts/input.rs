use std::collections::BTreeMap;

use async_graphql::{Enum, ID, InputObject};
use domain::organisation::{VARIABLES, starter};

use crate::problem::Problem;

/// Characters of a value at most.
const LONGEST: usize = 1000;

/// What is to stand in a place of a text.
#[derive(Debug, Clone, InputObject)]
pub(super) struct TemplateValueInput {
    /// Name of the place, such as `contact.name`.
    name: String,
    /// What is to stand there, 1 to 1000 characters.
    value: String,
}

/// The values by the names of their places.
///
/// # Errors
/// When a name is none, comes twice, or a value is not acceptable.
pub(super) fn values(given: Option<Vec<TemplateValueInput>>) -> Result<BTreeMap<String, String>, Problem> {
    let mut values = BTreeMap::new();
    for (index, it) in given.unwrap_or_default().into_iter().enumerate() {
        let bad = |value: &str, russian: &str, english: &str| {
            let place = ["input".to_owned(), "values".to_owned(), index.to_string()];
            Problem {
                field: place.to_vec(),
                ..Problem::bad_input("values", value, russian, english)
            }
        };
        if !VARIABLES.contains(&it.name.as_str()) {
            let all = VARIABLES.join(", ");
            return Err(bad(
                &it.name,
                &format!("имена мест: {all}"),
                &format!("names of places: {all}"),
            ));
        }
        if it.value.trim().is_empty() || it.value.chars().count() > LONGEST {
            return Err(bad(&it.value, "от 1 до 1000 символов", "1 to 1000 characters"));
        }
        if values.insert(it.name.clone(), it.value).is_some() {
            return Err(bad(&it.name, "каждое место один раз", "each place once"));
        }
    }
    Ok(values)
}

/// A macro that is to be run on a ticket.
#[derive(Debug, InputObject)]
pub(super) struct RunMacroInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it runs nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the ticket.
    pub(super) ticket_id: ID,
    /// Id of the macro.
    pub(super) macro_id: ID,
    /// What is to stand in places of its texts, whatever is known of them.
    pub(super) values: Option<Vec<TemplateValueInput>>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A run of a macro that is to be taken back.
#[derive(Debug, InputObject)]
pub(super) struct UndoMacroRunInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the run.
    pub(super) run_id: ID,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A language that Letopis speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(in crate::graphql) enum ScriptLanguage {
    /// По-русски.
    Ru,
    /// In English.
    En,
}

impl ScriptLanguage {
    /// These languages; `None` when there is none.
    pub(in crate::graphql) fn all(chosen: &[Self]) -> Option<starter::Languages> {
        let languages = starter::Languages {
            russian: chosen.contains(&Self::Ru),
            english: chosen.contains(&Self::En),
        };
        (!chosen.is_empty()).then_some(languages)
    }
}

/// The scripts that Letopis comes with, to be installed.
#[derive(Debug, InputObject)]
pub(super) struct InstallStarterScriptsInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// In which languages; both by default. Scripts that are there already stay as they are.
    pub(super) locales: Option<Vec<ScriptLanguage>>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}
