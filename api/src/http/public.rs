//! What may be asked without a credential: to be let in.

use async_graphql::{
    Request,
    parser::types::{OperationType, Selection},
};

/// Fields of mutations that need no credential.
const OPEN: [&str; 5] = [
    "setUp",
    "signIn",
    "refreshSession",
    "followLink",
    "requestPasswordRecovery",
];

/// Whether a request asks for nothing but to be let in.
pub(super) fn is_public(request: &mut Request) -> bool {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else {
        return false;
    };
    let mut operations = document.operations.iter();
    let operation = operations.find(|(it, _)| name.is_none() || it.map(async_graphql::Name::as_str) == name.as_deref());
    operation.is_some_and(|(_, operation)| {
        operation.node.ty == OperationType::Mutation
            && operation.node.selection_set.node.items.iter().all(|it| match &it.node {
                Selection::Field(field) => OPEN.contains(&field.node.name.node.as_str()),
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
            })
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::Request;

    use super::is_public;

    #[test]
    fn only_the_door_is_open_to_everybody() {
        for (query, public) in [
            ("mutation { signIn(input: {}) { user { id } } }", true),
            (
                "mutation { a: signIn(input: {}) { user { id } } b: refreshSession { user { id } } }",
                true,
            ),
            (
                "mutation { signIn(input: {}) { user { id } } openTicket(input: {}) { position } }",
                false,
            ),
            (
                "mutation { ... on Mutation { signIn(input: {}) { user { id } } } }",
                false,
            ),
            ("query { signIn }", false),
            ("{ tickets(first: 1) { nodes { id } } }", false),
            ("mutation {", false),
        ] {
            assert_eq!(is_public(&mut Request::new(query)), public, "{query}");
        }
    }
}
