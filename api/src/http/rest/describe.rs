//! What the OpenAPI document says of all routes alike.

use utoipa::{
    OpenApi,
    openapi::{
        Components, Content, OpenApi as Document, Ref, RefOr, Required, Response,
        header::Header,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        response::ResponseBuilder,
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    failure::{Details, MEDIA_TYPE},
    input::Sorting,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Letopis REST API",
        description = "Tickets for small integrations, as plain JSON. Each route asks the GraphQL API, so rights, limits, \
            idempotency and codes are the same; docs/rest.md has the rest.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "own", description = "What a person does with their tickets."),
        (name = "desk", description = "What the support team does with all tickets.")
    ),
    security(("bearer" = [])),
    components(schemas(Details, Sorting))
)]
struct Head;

/// The document before it has routes.
pub(super) fn document() -> Document {
    let mut document = Head::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document
}

/// Name, status and meaning of what any request may be answered.
const ALWAYS: [(&str, &str, &str); 8] = [
    (
        "BadRequest",
        "400",
        "A parameter, a header or the body does not read, or has a value that is not accepted.",
    ),
    ("Unauthorized", "401", "No valid credential."),
    ("Forbidden", "403", "Whoever asks has no right to it."),
    ("MethodNotAllowed", "405", "The address has no such method."),
    (
        "TooManyRequests",
        "429",
        "A budget or a limit is used up: come back after `Retry-After`.",
    ),
    (
        "Internal",
        "500",
        "A fault; the server's log has the details. Repeat a change with the same key.",
    ),
    (
        "Unavailable",
        "503",
        "The server is starting or stopping, or the log does not answer. Repeat with the same key.",
    ),
    (
        "TimedOut",
        "504",
        "It took longer than the operator allows. Repeat a change with the same key.",
    ),
];
/// The same of what names a ticket.
const OF_ONE: (&str, &str, &str) = ("NotFound", "404", "There is no such ticket.");
/// The same of changes.
const OF_CHANGES: [(&str, &str, &str); 2] = [
    (
        "Conflict",
        "409",
        "The ticket has another version than `expectedVersion`: look at it again.",
    ),
    (
        "Refused",
        "422",
        "A rule forbids it; `code` says which. Nothing has changed.",
    ),
];
/// The same of bodies.
const OF_BODIES: [(&str, &str, &str); 2] = [
    ("TooLarge", "413", "The body is larger than 1 MiB."),
    ("NotJson", "415", "The body is not `application/json`."),
];

/// Adds what all routes have in common.
pub(super) fn complete(document: &mut Document) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, or the access token of a person."));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    add_responses(components);
    for (path, item) in &mut document.paths.paths {
        for (operation, changes) in operations(item) {
            complete_operation(operation, path, changes);
        }
    }
}

fn add_responses(components: &mut Components) {
    let all = ALWAYS.iter().chain([&OF_ONE]).chain(&OF_CHANGES).chain(&OF_BODIES);
    for (name, status, meaning) in all {
        components
            .responses
            .insert((*name).to_owned(), RefOr::T(failure(status, meaning)));
    }
}

fn failure(status: &str, meaning: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new().description(meaning).content(MEDIA_TYPE, content);
    match status {
        "429" | "503" => response.header("Retry-After", seconds()).build(),
        "401" => response.header("WWW-Authenticate", text("`Bearer`.")).build(),
        _ => response.build(),
    }
}

fn seconds() -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::Integer).build());
    header.description = Some("Seconds to wait.".to_owned());
    header
}

fn text(meaning: &str) -> Header {
    let mut header = Header::default();
    header.description = Some(meaning.to_owned());
    header
}

/// The operations of a path, each with whether it changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let reading = item.get.as_mut().map(|it| (it, false));
    let changing = [&mut item.post, &mut item.patch, &mut item.delete];
    let changing = changing.into_iter().filter_map(|it| it.as_mut().map(|it| (it, true)));
    reading.into_iter().chain(changing)
}

fn complete_operation(operation: &mut Operation, path: &str, changes: bool) {
    let mut failures: Vec<_> = ALWAYS.iter().collect();
    if path.contains("{id}") {
        failures.push(&OF_ONE);
    }
    if changes {
        failures.extend(&OF_CHANGES);
    }
    if operation.request_body.is_some() {
        failures.extend(&OF_BODIES);
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            add_headers(response);
        }
    }
    for (name, status, _) in failures {
        let response = RefOr::Ref(Ref::from_response_name(*name));
        operation.responses.responses.insert((*status).to_owned(), response);
    }
    if changes {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(
                "Your name of this wish: sent again with the same key it does nothing twice.",
            ))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(1))
                    .max_length(Some(200))
                    .pattern(Some("\\S")),
            ))
            .example(Some("5f0e8a52-0d8e-4b7e-9d0b-3f3b6f1f2a01".into()));
        operation.parameters.get_or_insert_default().push(RefOr::T(key.build()));
    }
}

fn add_headers(response: &mut Response) {
    for (name, meaning) in [
        ("x-request-id", "Name of the request."),
        (
            "RateLimit-Policy",
            "The budget in points, and in how many seconds it comes back; absent without a limit.",
        ),
        ("RateLimit", "What is left of it."),
    ] {
        response.headers.insert(name.to_owned(), RefOr::T(text(meaning)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BASE, openapi};

    #[test]
    fn document_says_where_its_routes_lie() {
        let document = openapi();
        let servers = document.servers.unwrap_or_default();
        assert_eq!(servers.first().map(|it| it.url.as_str()), Some(BASE));
    }
}
