//! What a person does with their tickets.

use domain::actor::ActorKind;
use serde_json::json;

use super::{
    BASE, Failure,
    ask::{Asked, Asking, Given, Id},
    input::{Closing, Fresh, NewTicket, Own, Part, input},
    objects::{Changed, HistoryPage, Listed, TICKETS, Ticket, TicketPage, WithHistory, change, ticket},
    told::{Created, Told},
};
use crate::problem::Problem;

const ONE: &str = concat!(
    "query($id: ID!, $minPosition: Position) { answer: ticket(id: $id, minPosition: $minPosition) { ",
    ticket!(),
    " } }"
);
const HISTORY: &str = concat!(
    "query($id: ID!, $first: Int, $after: String, $minPosition: Position) { \
     answer: ticket(id: $id, minPosition: $minPosition) { \
     history(first: $first, after: $after) { items: nodes { type at actor position ticket { ",
    ticket!(),
    " } } pageInfo { hasNextPage endCursor } } } }"
);

/// The tickets of whoever asks.
///
/// A customer sees those opened for them, an agent those they own. A program names a customer by `contact`.
#[utoipa::path(
    get, path = "/tickets", operation_id = "listOwnTickets", tag = "own", params(Own),
    responses((status = 200, description = "A page of them, the newest number first.", body = TicketPage))
)]
pub(super) async fn list(asking: Asking, Asked(own): Asked<Own>) -> Result<Told<TicketPage>, Failure> {
    let contact = own.contact.clone();
    let contact = contact.as_deref().or_else(|| asking.own_id(ActorKind::Contact));
    let owner = asking.own_id(ActorKind::Agent).map(|it| ("assignee", it));
    let whose = contact.map(|it| ("contact", it)).or(owner);
    let whose = whose.ok_or_else(|| asking.malformed(whose_tickets()))?;
    let page: Told<Listed<Ticket>> = asking.ask(TICKETS, own.variables(whose)).await?;
    Ok(page.map(TicketPage::from))
}

fn whose_tickets() -> Problem {
    let (russian, english) = (
        "id контакта: у программы своих заявок нет",
        "the id of a contact: programs have no tickets of their own",
    );
    Problem::bad_input("contact", "", russian, english)
}

/// Opens a ticket.
#[utoipa::path(
    post, path = "/tickets", operation_id = "openTicket", tag = "own", request_body = NewTicket,
    responses((
        status = 201, description = "It was opened, now or by an earlier request with the same key.", body = Changed,
        headers(("Location" = String, description = "Where it lies; absent for those who may not see tickets."))
    ))
)]
pub(super) async fn create(asking: Asking, Given(new): Given<NewTicket>) -> Result<Told<Changed>, Failure> {
    let variables = json!({"input": new});
    let told: Told<Changed> = asking.ask(change!("openTicket", "OpenTicketInput"), variables).await?;
    let place = told.body.id().map(|id| format!("{BASE}/tickets/{id}"));
    let created = place.map_or(Created::Unseen, Created::At);
    Ok(Told { created, ..told })
}

/// A ticket.
#[utoipa::path(
    get, path = "/tickets/{id}", operation_id = "getTicket", tag = "own",
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid."), Fresh),
    responses((status = 200, description = "The ticket.", body = Ticket))
)]
pub(super) async fn one(asking: Asking, Id(id): Id, Asked(fresh): Asked<Fresh>) -> Result<Told<Ticket>, Failure> {
    asking
        .ask(ONE, json!({"id": id, "minPosition": fresh.min_position}))
        .await
}

/// What happened to a ticket, oldest first.
#[utoipa::path(
    get, path = "/tickets/{id}/history", operation_id = "getTicketHistory", tag = "own",
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid."), Part),
    responses((status = 200, description = "A page of it.", body = HistoryPage))
)]
pub(super) async fn history(
    asking: Asking,
    Id(id): Id,
    Asked(part): Asked<Part>,
) -> Result<Told<HistoryPage>, Failure> {
    let variables = json!({"id": id, "first": part.limit, "after": part.after, "minPosition": part.min_position});
    let told: Told<WithHistory> = asking.ask(HISTORY, variables).await?;
    Ok(told.map(|it| HistoryPage::from(it.history)))
}

/// Closes a ticket: nothing more will be done.
#[utoipa::path(
    post, path = "/tickets/{id}/close", operation_id = "closeTicket", tag = "own", request_body = Closing,
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid.")),
    responses((status = 200, description = "It is closed, now or already.", body = Changed))
)]
pub(super) async fn close(
    asking: Asking,
    Id(id): Id,
    Given(closing): Given<Closing>,
) -> Result<Told<Changed>, Failure> {
    asking
        .ask(change!("closeTicket", "CloseTicketInput"), input(&id, &closing))
        .await
}
