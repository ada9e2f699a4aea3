//! What an operation asks for, counted before anything else looks at it.
//!
//! The executor's own limits come after its validation, which follows every fragment wherever it is spread: a few
//! hundred bytes can make it look at billions of fields. Here each fragment is counted once.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet},
};

use async_graphql_value::Value as Written;

use super::COMPLEXITY;
use crate::problem::Problem;

/// Fields with a name of their own in one document.
const ALIASES: u64 = 250;
/// Selections inside each other, fragments followed.
const NESTING: usize = 200;
/// Most nodes of a page.
const PAGE: u64 = 100;
/// What a change costs beside the fields that are asked for.
const CHANGE: u64 = 10;

/// What an operation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    /// What it does.
    pub(crate) kind: OperationType,
    /// Names of the fields at its root, each time they are asked for.
    pub(crate) roots: Vec<String>,
    /// Most that it can cost, in points.
    pub(crate) cost: u32,
    /// Whether it asks what the API offers.
    pub(crate) introspects: bool,
}

/// Measures the operation that is to be carried out; `None` when the document does not say which, which the executor
/// refuses.
///
/// # Errors
/// Why the document is refused: it is too large.
pub(crate) fn measure(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
) -> Result<Option<Measure>, Problem> {
    let mut count = Count {
        document,
        variables,
        operation: None,
        fragments: HashMap::new(),
        nesting: 0,
    };
    let mut whole = Totals::default();
    let mut chosen = None;
    let several = document.operations.iter().count() > 1;
    for (name, operation) in document.operations.iter() {
        count.operation = Some(&operation.node);
        count.fragments.clear();
        let totals = count.set(&operation.node.selection_set.node);
        whole = whole.and(&totals);
        let meant = name.map(Name::as_str) == operation_name || (operation_name.is_none() && !several);
        if meant {
            chosen = Some((&operation.node, totals));
        }
    }
    refuse(&whole)?;
    Ok(chosen.map(|(operation, totals)| {
        let roots = count.roots(&operation.selection_set.node);
        let changes = match operation.ty {
            OperationType::Mutation => CHANGE.saturating_mul(roots.len() as u64),
            OperationType::Query | OperationType::Subscription => 0,
        };
        let cost = totals.cost.saturating_add(changes).max(1);
        Measure {
            kind: operation.ty,
            introspects: roots.iter().any(|it| it == "__schema" || it == "__type"),
            roots,
            // What the executor refuses need not be told apart.
            cost: u32::try_from(cost).unwrap_or(u32::MAX).min(COMPLEXITY),
        }
    }))
}

fn refuse(whole: &Totals) -> Result<(), Problem> {
    let bad = |what: &str, count: u64, russian: String, english: String| {
        Err(Problem::bad_input(what, &count.to_string(), &russian, &english))
    };
    let most = u64::from(COMPLEXITY);
    if whole.too_deep {
        return bad(
            "depth",
            NESTING as u64,
            "не больше 20".to_owned(),
            "at most 20".to_owned(),
        );
    }
    if whole.aliases > ALIASES {
        let (russian, english) = (format!("не больше {ALIASES}"), format!("at most {ALIASES}"));
        return bad("aliases", whole.aliases, russian, english);
    }
    if whole.selections > most {
        let (russian, english) = (format!("не больше {most}"), format!("at most {most}"));
        return bad("fields", whole.selections, russian, english);
    }
    Ok(())
}

/// How many points a response is worth: one for each field in it.
pub(crate) fn worth(data: &Value) -> u64 {
    match data {
        Value::Object(fields) => fields.values().map(|it| 1 + worth(it)).sum(),
        Value::List(items) => items.iter().map(worth).sum(),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) => 0,
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    /// Fields and spreads, as if all fragments were written out.
    selections: u64,
    aliases: u64,
    cost: u64,
    too_deep: bool,
}

impl Totals {
    fn and(&self, other: &Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
            cost: self.cost.saturating_add(other.cost),
            too_deep: self.too_deep || other.too_deep,
        }
    }
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: Option<&'a OperationDefinition>,
    /// Fragments counted already; one that is being counted, and so spreads itself, counts nothing.
    fragments: HashMap<&'a Name, Totals>,
    nesting: usize,
}

impl<'a> Count<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Totals {
        if self.nesting >= NESTING {
            return Totals {
                too_deep: true,
                ..Totals::default()
            };
        }
        self.nesting += 1;
        let mut totals = Totals::default();
        for selection in &set.items {
            let one = self.selection(&selection.node);
            totals = totals.and(&one);
        }
        self.nesting -= 1;
        totals
    }

    fn selection(&mut self, selection: &'a Selection) -> Totals {
        let itself = Totals {
            selections: 1,
            ..Totals::default()
        };
        match selection {
            Selection::Field(field) => self.field(&field.node).and(&itself),
            Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node).and(&itself),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node).and(&itself),
        }
    }

    fn fragment(&mut self, name: &'a Name) -> Totals {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Totals::default();
        };
        self.fragments.insert(name, Totals::default());
        let totals = self.set(&fragment.node.selection_set.node);
        self.fragments.insert(name, totals);
        totals
    }

    fn field(&mut self, field: &'a Field) -> Totals {
        let below = self.set(&field.selection_set.node);
        let own = match field.name.node.as_str() {
            "totalCount" | "projections" | "ticketStatistics" => 10,
            _ => 1,
        };
        Totals {
            cost: below.cost.saturating_mul(self.nodes(field)).saturating_add(own),
            aliases: below.aliases.saturating_add(u64::from(field.alias.is_some())),
            ..below
        }
    }

    /// How many nodes a field asks for.
    fn nodes(&self, field: &Field) -> u64 {
        let argument = |(name, value): &(Positioned<Name>, Positioned<Written>)| match name.node.as_str() {
            "first" | "last" => self.number(&value.node),
            "ids" => self.length(&value.node),
            _ => None,
        };
        field
            .arguments
            .iter()
            .filter_map(argument)
            .max()
            .unwrap_or(1)
            .clamp(1, PAGE)
    }

    fn number(&self, value: &Written) -> Option<u64> {
        match self.known(value)? {
            Value::Number(number) => number.as_u64(),
            Value::Null
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => None,
        }
    }

    fn length(&self, value: &Written) -> Option<u64> {
        if let Written::List(items) = value {
            return Some(items.len() as u64);
        }
        match self.known(value)? {
            Value::List(items) => Some(items.len() as u64),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::Object(_) => None,
        }
    }

    /// The value with its variable, or the default of that, put in.
    fn known(&self, value: &Written) -> Option<Value> {
        match value {
            Written::Variable(name) => self.variables.get(name).cloned().or_else(|| {
                let definitions = &self.operation?.variable_definitions;
                let definition = definitions.iter().find(|it| it.node.name.node == *name)?;
                definition.node.default_value.as_ref().map(|it| it.node.clone())
            }),
            Written::Null
            | Written::Number(_)
            | Written::String(_)
            | Written::Boolean(_)
            | Written::Binary(_)
            | Written::Enum(_)
            | Written::List(_)
            | Written::Object(_) => value.clone().into_const(),
        }
    }

    /// The fields at the root, fragments written out.
    fn roots(&self, set: &SelectionSet) -> Vec<String> {
        let mut roots = Vec::new();
        let mut sets = vec![set];
        let mut seen: Vec<&Name> = Vec::new();
        while let Some(set) = sets.pop() {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => roots.push(field.node.name.node.to_string()),
                    Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let name = &spread.node.fragment_name.node;
                        if let Some(fragment) = self.document.fragments.get(name).filter(|_| !seen.contains(&name)) {
                            seen.push(name);
                            sets.push(&fragment.node.selection_set.node);
                        }
                    }
                }
            }
        }
        roots
    }
}
