use async_graphql::SimpleObject;

use crate::graphql::{
    ids::LogPosition,
    payload::{Reply, UserError, payloads},
    ticket::Ticket,
};

payloads!(
    /// What `changeTicketType` answers.
    ChangeTicketTypePayload,
    /// What `tagTicket` answers.
    TagTicketPayload,
    /// What `untagTicket` answers.
    UntagTicketPayload,
    /// What `setTicketField` answers.
    SetTicketFieldPayload,
    /// What `followTicket` answers.
    FollowTicketPayload,
    /// What `unfollowTicket` answers.
    UnfollowTicketPayload,
    /// What `linkTickets` answers.
    LinkTicketsPayload,
    /// What `unlinkTickets` answers.
    UnlinkTicketsPayload,
    /// What `setTicketStatusLabel` answers.
    SetTicketStatusLabelPayload,
    /// What `snoozeTicket` answers.
    SnoozeTicketPayload,
    /// What `wakeTicket` answers.
    WakeTicketPayload,
    /// What `confirmResolution` answers.
    ConfirmResolutionPayload,
    /// What `rejectResolution` answers.
    RejectResolutionPayload,
    /// What `mergeTickets` answers.
    MergeTicketsPayload,
    /// What `unmergeTicket` answers.
    UnmergeTicketPayload,
    /// What `archiveTicket` answers.
    ArchiveTicketPayload,
    /// What `revokeTrackingLink` answers.
    RevokeTrackingLinkPayload,
);

/// What `splitTicket` answers.
#[derive(Debug, SimpleObject)]
pub(super) struct SplitTicketPayload {
    /// The ticket that was split, as it is now; null when there is none.
    ticket: Option<Ticket>,
    /// The ticket that was made of a part of it; null when nothing was carried out.
    new_ticket: Option<Ticket>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    position: Option<LogPosition>,
    /// Whether lists and queries do not show the change yet; `ticket` shows it all the same.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

impl SplitTicketPayload {
    pub(super) fn new(reply: Reply, new_ticket: Option<Ticket>, client_mutation_id: Option<String>) -> Self {
        let Reply {
            ticket,
            position,
            stale,
            user_errors,
        } = reply;
        Self {
            ticket,
            new_ticket,
            position,
            stale,
            user_errors,
            client_mutation_id,
        }
    }
}

/// What `issueTrackingLink` answers.
#[derive(Debug, SimpleObject)]
pub(super) struct IssueTrackingLinkPayload {
    /// The ticket as it is now; null when there is none.
    ticket: Option<Ticket>,
    /// Opens `trackedTicket` for whoever has it; shown here only, and again to the same request.
    token: Option<String>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    position: Option<LogPosition>,
    /// Whether lists and queries do not show the change yet; `ticket` shows it all the same.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

impl IssueTrackingLinkPayload {
    pub(super) fn new(reply: Reply, token: String, client_mutation_id: Option<String>) -> Self {
        let Reply {
            ticket,
            position,
            stale,
            user_errors,
        } = reply;
        Self {
            ticket,
            token: user_errors.is_empty().then_some(token),
            position,
            stale,
            user_errors,
            client_mutation_id,
        }
    }
}
