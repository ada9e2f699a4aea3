//! What a new schema takes from clients of an older one.
//!
//! Additions break nobody. Removals do, and so do other types, arguments that have become necessary, and answers that
//! may now be null. A field must be deprecated in a release before it is removed in another.

use std::{collections::BTreeMap, path::Path};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition},
};

/// Why schemas cannot be compared, or do not go together.
#[derive(Debug, thiserror::Error)]
pub enum SchemaCheckError {
    /// The file of the older schema.
    #[error("{file} cannot be read ({source}): name a file that `letopis schema` wrote")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A text that is no schema.
    #[error("the {which} schema does not parse ({source})")]
    Malformed {
        /// Which of the two.
        which: &'static str,
        /// What is wrong with it.
        source: async_graphql::parser::Error,
    },
    /// Clients of the older schema would break.
    #[error("{} change(s) would break clients: {}", .0.len(), .0.join("; "))]
    Breaking(Vec<String>),
}

/// Compares this program's schema with an older one.
///
/// # Errors
/// [`SchemaCheckError::Breaking`] with everything that clients would miss.
pub fn against(file: &Path) -> Result<(), SchemaCheckError> {
    let old = std::fs::read_to_string(file).map_err(|source| SchemaCheckError::Unreadable {
        file: file.display().to_string(),
        source,
    })?;
    let breaking = breaking(&old, &crate::graphql::sdl())?;
    if breaking.is_empty() {
        Ok(())
    } else {
        Err(SchemaCheckError::Breaking(breaking))
    }
}

/// Each change from `old` to `new` that breaks clients, in one sentence.
fn breaking(old: &str, new: &str) -> Result<Vec<String>, SchemaCheckError> {
    let (old, new) = (types("older", old)?, types("newer", new)?);
    let mut found = Vec::new();
    for (name, old) in &old {
        match new.get(name) {
            None => found.push(format!("{name} is gone")),
            Some(new) => compare(name, &old.kind, &new.kind, &mut found),
        }
    }
    Ok(found)
}

fn types(which: &'static str, text: &str) -> Result<BTreeMap<String, TypeDefinition>, SchemaCheckError> {
    let parsed = parse_schema(text).map_err(|source| SchemaCheckError::Malformed { which, source })?;
    let definitions = parsed.definitions.into_iter().filter_map(|it| match it {
        TypeSystemDefinition::Type(it) => Some((it.node.name.node.to_string(), it.node)),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    Ok(definitions.collect())
}

fn compare(name: &str, old: &TypeKind, new: &TypeKind, found: &mut Vec<String>) {
    match (old, new) {
        (TypeKind::Scalar, TypeKind::Scalar) => {}
        (TypeKind::Object(old), TypeKind::Object(new)) => {
            missing(name, &words(&old.implements), &words(&new.implements), found);
            fields(
                name,
                old.fields.iter().map(|it| &it.node),
                new.fields.iter().map(|it| &it.node),
                found,
            );
        }
        (TypeKind::Interface(old), TypeKind::Interface(new)) => {
            missing(name, &words(&old.implements), &words(&new.implements), found);
            fields(
                name,
                old.fields.iter().map(|it| &it.node),
                new.fields.iter().map(|it| &it.node),
                found,
            );
        }
        (TypeKind::Union(old), TypeKind::Union(new)) => {
            missing(name, &words(&old.members), &words(&new.members), found);
        }
        (TypeKind::Enum(old), TypeKind::Enum(new)) => {
            let values = |it: &async_graphql::parser::types::EnumType| -> Vec<String> {
                it.values.iter().map(|it| it.node.value.node.to_string()).collect()
            };
            missing(name, &values(old), &values(new), found);
        }
        (TypeKind::InputObject(old), TypeKind::InputObject(new)) => {
            inputs(
                name,
                old.fields.iter().map(|it| &it.node),
                new.fields.iter().map(|it| &it.node),
                found,
            );
        }
        (
            TypeKind::Scalar
            | TypeKind::Object(_)
            | TypeKind::Interface(_)
            | TypeKind::Union(_)
            | TypeKind::Enum(_)
            | TypeKind::InputObject(_),
            _,
        ) => found.push(format!("{name} is of another kind")),
    }
}

fn words(names: &[async_graphql::Positioned<async_graphql::Name>]) -> Vec<String> {
    names.iter().map(|it| it.node.to_string()).collect()
}

fn missing(of: &str, old: &[String], new: &[String], found: &mut Vec<String>) {
    let gone = old.iter().filter(|it| !new.contains(it));
    found.extend(gone.map(|it| format!("{of}.{it} is gone")));
}

fn fields<'a>(
    of: &str,
    old: impl Iterator<Item = &'a FieldDefinition>,
    new: impl Iterator<Item = &'a FieldDefinition>,
    found: &mut Vec<String>,
) {
    let new: Vec<_> = new.collect();
    for field in old {
        let path = format!("{of}.{}", field.name.node);
        let Some(now) = new.iter().find(|it| it.name.node == field.name.node) else {
            found.push(format!("{path} is gone"));
            continue;
        };
        let (was, is) = (&field.ty.node, &now.ty.node);
        if !serves(is, was) {
            found.push(format!("{path} was {was} and is {is}"));
        }
        let arguments = |it: &'a FieldDefinition| it.arguments.iter().map(|it| &it.node);
        inputs(&path, arguments(field), arguments(now), found);
    }
}

fn inputs<'a>(
    of: &str,
    old: impl Iterator<Item = &'a InputValueDefinition>,
    new: impl Iterator<Item = &'a InputValueDefinition>,
    found: &mut Vec<String>,
) {
    let (old, new): (Vec<_>, Vec<_>) = (old.collect(), new.collect());
    for input in &old {
        let path = format!("{of}.{}", input.name.node);
        match new.iter().find(|it| it.name.node == input.name.node) {
            None => found.push(format!("{path} is gone")),
            // What was given must be taken still.
            Some(now) if !serves(&input.ty.node, &now.ty.node) => {
                found.push(format!("{path} was {} and is {}", input.ty.node, now.ty.node));
            }
            Some(now) if input.default_value.is_some() && now.default_value != input.default_value => {
                found.push(format!("{path} has another default"));
            }
            Some(_) => {}
        }
    }
    let needed = |it: &&&InputValueDefinition| !it.ty.node.nullable && it.default_value.is_none();
    let is_new = |it: &&&InputValueDefinition| !old.iter().any(|old| old.name.node == it.name.node);
    let added = new.iter().filter(needed).filter(is_new);
    found.extend(added.map(|it| format!("{of}.{} is new and has to be given", it.name.node)));
}

/// Whether every value of type `given` is one of type `expected`.
fn serves(given: &Type, expected: &Type) -> bool {
    let bases = match (&given.base, &expected.base) {
        (BaseType::Named(given), BaseType::Named(expected)) => given == expected,
        (BaseType::List(given), BaseType::List(expected)) => serves(given, expected),
        (BaseType::Named(_), BaseType::List(_)) | (BaseType::List(_), BaseType::Named(_)) => false,
    };
    bases && (expected.nullable || !given.nullable)
}

#[cfg(test)]
mod tests {
    use super::breaking;

    const OLD: &str = "
        enum Color { RED GREEN }
        union Thing = A | B
        interface Node { id: ID! }
        input Filter { eq: Int, of: [String!] }
        scalar Position
        type A implements Node { id: ID!, name: String!, tags(first: Int = 5, filter: Filter!): [String!]! }
        type B { id: ID, name: String }";

    #[test]
    fn additions_and_loosenings_break_nobody() {
        let new = "
            enum Color { RED GREEN BLUE }
            union Thing = A | B | C
            interface Node { id: ID! }
            input Filter { eq: Int, of: [String], more: Int!=3 }
            scalar Position
            type A implements Node {
                id: ID!, name: String!, tags(first: Int = 5, filter: Filter, last: Int): [String!]!, more: Int
            }
            type B { id: ID!, name: String! }
            type C { id: ID }";
        assert_eq!(breaking(OLD, OLD).unwrap(), Vec::<String>::new());
        assert_eq!(breaking(OLD, new).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn each_change_that_breaks_is_told() {
        for (was, is, told) in [
            ("RED GREEN", "RED", "Color.GREEN is gone"),
            ("A | B", "A", "Thing.B is gone"),
            ("scalar Position", "", "Position is gone"),
            ("scalar Position", "enum Position { A }", "Position is of another kind"),
            ("A implements Node", "A", "A.Node is gone"),
            ("name: String!,", "name: String,", "A.name was String! and is String"),
            ("id: ID, name: String", "name: String", "B.id is gone"),
            ("id: ID, name", "id: Int, name", "B.id was ID and is Int"),
            ("): [String!]!", "): String!", "A.tags was [String!]! and is String!"),
            ("first: Int = 5", "first: Int = 6", "A.tags.first has another default"),
            ("first: Int = 5, ", "", "A.tags.first is gone"),
            (
                "filter: Filter!)",
                "filter: Filter!, more: Int!)",
                "A.tags.more is new and has to be given",
            ),
            ("eq: Int,", "eq: Int!,", "Filter.eq was Int and is Int!"),
            (
                "eq: Int,",
                "eq: Int, more: Int!",
                "Filter.more is new and has to be given",
            ),
            ("of: [String!]", "of: [Int!]", "Filter.of was [String!] and is [Int!]"),
        ] {
            let new = OLD.replacen(was, is, 1);
            assert_ne!(new, OLD);
            let found = breaking(OLD, &new).unwrap();
            assert_eq!(found, [told], "{was} -> {is}");
        }
    }

    #[test]
    fn text_that_is_no_schema_is_refused() {
        assert!(breaking("type {", OLD).unwrap_err().to_string().contains("older"));
        assert!(
            super::against("/nowhere".as_ref())
                .unwrap_err()
                .to_string()
                .contains("/nowhere")
        );
    }
}
