//! What the support team does with all tickets.

use domain::actor::ActorKind;
use serde_json::{Value, json};

use super::{
    Failure,
    ask::{Asked, Asking, Given, Id},
    input::{All, NewAssignee, NewPriority, NewStatus, NoAssignee, input},
    objects::{Changed, Listed, TICKETS, Ticket, TicketPage, change},
    told::Told,
};
use crate::{graphql::Status, problem::Problem};

/// All tickets that whoever asks may see.
#[utoipa::path(
    get, path = "/tickets/all", operation_id = "listTickets", tag = "desk", params(All),
    responses((status = 200, description = "A page of them.", body = TicketPage))
)]
pub(super) async fn list(asking: Asking, Asked(all): Asked<All>) -> Result<Told<TicketPage>, Failure> {
    let page: Told<Listed<Ticket>> = asking.ask(TICKETS, all.variables()).await?;
    Ok(page.map(TicketPage::from))
}

/// Makes an agent the owner of a ticket: whoever asks, unless another is named.
#[utoipa::path(
    patch, path = "/tickets/{id}/assign", operation_id = "assignTicket", tag = "desk", request_body = NewAssignee,
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid.")),
    responses((status = 200, description = "They own it, now or already.", body = Changed))
)]
pub(super) async fn assign(
    asking: Asking,
    Id(id): Id,
    Given(new): Given<NewAssignee>,
) -> Result<Told<Changed>, Failure> {
    let new = new.or_by(asking.own_id(ActorKind::Agent));
    if !new.names_somebody() {
        return Err(asking.malformed(which_agent()));
    }
    asking
        .ask(change!("assignTicket", "AssignTicketInput"), input(&id, &new))
        .await
}

fn which_agent() -> Problem {
    let (russian, english) = (
        "id агента: программа не может взять заявку себе",
        "the id of an agent: a program cannot own a ticket itself",
    );
    Problem::bad_input("agentId", "", russian, english)
}

/// Leaves a ticket without an owner.
#[utoipa::path(
    delete, path = "/tickets/{id}/assign", operation_id = "unassignTicket", tag = "desk",
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid."), NoAssignee),
    responses((status = 200, description = "Nobody owns it, now or already.", body = Changed))
)]
pub(super) async fn unassign(
    asking: Asking,
    Id(id): Id,
    Asked(why): Asked<NoAssignee>,
) -> Result<Told<Changed>, Failure> {
    asking
        .ask(change!("unassignTicket", "UnassignTicketInput"), input(&id, &why))
        .await
}

/// Gives a ticket another priority.
#[utoipa::path(
    patch, path = "/tickets/{id}/priority", operation_id = "changeTicketPriority", tag = "desk",
    request_body = NewPriority,
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid.")),
    responses((status = 200, description = "It has that priority, now or already.", body = Changed))
)]
pub(super) async fn priority(
    asking: Asking,
    Id(id): Id,
    Given(new): Given<NewPriority>,
) -> Result<Told<Changed>, Failure> {
    let document = change!("changeTicketPriority", "ChangeTicketPriorityInput");
    asking.ask(document, input(&id, &new)).await
}

/// Puts a ticket where it shall stand.
///
/// Each status is a wish of its own. `OPEN` is three: `from` says which, so that a repeated request is the same wish
/// whatever happened meanwhile.
#[utoipa::path(
    patch, path = "/tickets/{id}/status", operation_id = "changeTicketStatus", tag = "desk", request_body = NewStatus,
    params(("id" = String, Path, description = "Id of the ticket, as this API gave it or a uuid.")),
    responses((status = 200, description = "It stands there, now or already.", body = Changed))
)]
pub(super) async fn status(asking: Asking, Id(id): Id, Given(new): Given<NewStatus>) -> Result<Told<Changed>, Failure> {
    let (document, fields) = wish(new);
    asking.ask(document, input(&id, &fields)).await
}

/// The mutation of the intent behind a status, and its input without the ticket.
fn wish(new: NewStatus) -> (&'static str, Value) {
    match new {
        NewStatus::Open { from, expected_version } => {
            let document = match from {
                Status::New | Status::Open => change!("startTicket", "StartTicketInput"),
                Status::Pending | Status::OnHold => change!("resumeTicket", "ResumeTicketInput"),
                Status::Resolved | Status::Closed => change!("reopenTicket", "ReopenTicketInput"),
            };
            (document, json!({"expectedVersion": expected_version}))
        }
        NewStatus::Pending {
            until,
            expected_version,
        } => (
            change!("putTicketOnHold", "PutTicketOnHoldInput"),
            json!({"reason": "CUSTOMER", "until": until, "expectedVersion": expected_version}),
        ),
        NewStatus::OnHold {
            reason,
            until,
            expected_version,
        } => (
            change!("putTicketOnHold", "PutTicketOnHoldInput"),
            json!({"reason": reason, "until": until, "expectedVersion": expected_version}),
        ),
        NewStatus::Resolved {
            reason,
            note,
            expected_version,
        } => (
            change!("resolveTicket", "ResolveTicketInput"),
            json!({"reason": reason, "note": note, "expectedVersion": expected_version}),
        ),
        NewStatus::Closed {
            reason,
            expected_version,
        } => (
            change!("closeTicket", "CloseTicketInput"),
            json!({"reason": reason, "expectedVersion": expected_version}),
        ),
    }
}
