//! What may be asked without a credential: to be let in, and what a tracking link shows.

use async_graphql::{
    Request,
    parser::types::{OperationType, Selection},
};

/// Fields of mutations that need no credential.
const OPEN: [&str; 12] = [
    "setUp",
    "signIn",
    "refreshSession",
    "followLink",
    "requestPasswordRecovery",
    "register",
    "startVisit",
    "takeUpSignIn",
    "confirmTrackedResolution",
    "rejectTrackedResolution",
    "closeTrackedTicket",
    "answerTrackedTicket",
];

/// The same of queries: what they ask for is named by a secret that they carry.
const OPEN_QUERIES: [&str; 1] = ["trackedTicket"];

/// The one of them that takes what people choose themselves, and others guess.
const GUESSED: &str = "signIn";

/// What somebody without a credential asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knock {
    /// More than to be let in.
    More,
    /// To be let in, by a secret that nobody guesses.
    BySecret,
    /// To be let in, perhaps by a password.
    ByPassword,
}

/// What a request asks for, when it comes without a credential.
pub(super) fn knock(request: &mut Request) -> Knock {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else {
        return Knock::More;
    };
    let mut operations = document.operations.iter();
    let operation = operations.find(|(it, _)| name.is_none() || it.map(async_graphql::Name::as_str) == name.as_deref());
    let Some((_, operation)) = operation else {
        return Knock::More;
    };
    let open: &[&str] = match operation.node.ty {
        OperationType::Mutation => &OPEN,
        OperationType::Query => &OPEN_QUERIES,
        OperationType::Subscription => return Knock::More,
    };
    let mut knock = Knock::BySecret;
    for selection in &operation.node.selection_set.node.items {
        match &selection.node {
            Selection::Field(field) if !open.contains(&field.node.name.node.as_str()) => return Knock::More,
            Selection::Field(field) if field.node.name.node == GUESSED => knock = Knock::ByPassword,
            Selection::Field(_) => {}
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => return Knock::More,
        }
    }
    knock
}

#[cfg(test)]
mod tests {
    use async_graphql::Request;

    use super::{Knock, knock};

    #[test]
    fn only_the_door_is_open_to_everybody() {
        for (query, expected) in [
            ("mutation { signIn(input: {}) { user { id } } }", Knock::ByPassword),
            (
                "mutation { a: signIn(input: {}) { user { id } } b: refreshSession { user { id } } }",
                Knock::ByPassword,
            ),
            (
                "mutation { signIn(input: {}) { user { id } } openTicket(input: {}) { position } }",
                Knock::More,
            ),
            (
                "mutation { ... on Mutation { signIn(input: {}) { user { id } } } }",
                Knock::More,
            ),
            ("mutation { refreshSession { user { id } } }", Knock::BySecret),
            ("query { signIn }", Knock::More),
            ("{ trackedTicket(token: \"\") { number } }", Knock::BySecret),
            (
                "{ trackedTicket(token: \"\") { number } tickets(first: 1) { nodes { id } } }",
                Knock::More,
            ),
            ("mutation { trackedTicket(token: \"\") { number } }", Knock::More),
            ("{ tickets(first: 1) { nodes { id } } }", Knock::More),
            ("mutation {", Knock::More),
        ] {
            assert_eq!(knock(&mut Request::new(query)), expected, "{query}");
        }
    }
}
