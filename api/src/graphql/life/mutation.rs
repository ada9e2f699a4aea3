use async_graphql::{Context, Object, Result};
use commands::{Command, Request};
use domain::{
    ids::TicketId,
    ticket::{TicketCommand, Track},
};

use super::{input, payload};
use crate::{
    auth::hash_of,
    graphql::{
        caller,
        input::Wish,
        mutation::{carry_out, look_at, request, shown, told},
        parts, problem,
    },
    problem::internal,
};

/// What can be told about tickets beyond the steps of their life.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct LifeMutation;

macro_rules! mutations {
    ($($(#[doc = $doc:literal])* $name:ident($input:ident) -> $payload:ident;)+; $($more:tt)*) => {
        /// What can be told about tickets beyond the steps of their life.
        #[Object(name = "TicketLifeMutation")]
        impl LifeMutation {
            $(
                $(#[doc = $doc])*
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: input::$input,
                ) -> Result<payload::$payload> {
                    let client_mutation_id = input.frame().client_mutation_id;
                    Ok(payload::$payload::new(carry_out(ctx, input).await?, client_mutation_id))
                }
            )+
            $($more)*
        }
    };
}

mutations! {
    /// Says that a ticket is another sort of request.
    change_ticket_type(ChangeTicketTypeInput) -> ChangeTicketTypePayload;
    /// Marks a ticket with tags.
    tag_ticket(TagTicketInput) -> TagTicketPayload;
    /// Takes tags off a ticket.
    untag_ticket(UntagTicketInput) -> UntagTicketPayload;
    /// Fills a custom field of a ticket, or empties it.
    set_ticket_field(SetTicketFieldInput) -> SetTicketFieldPayload;
    /// Lets somebody hear of what happens to a ticket.
    follow_ticket(FollowTicketInput) -> FollowTicketPayload;
    /// Lets somebody hear of a ticket no longer.
    unfollow_ticket(UnfollowTicketInput) -> UnfollowTicketPayload;
    /// Links two tickets; both show it, each from its side.
    link_tickets(LinkTicketsInput) -> LinkTicketsPayload;
    /// Takes a link of two tickets away, named from either side.
    unlink_tickets(UnlinkTicketsInput) -> UnlinkTicketsPayload;
    /// Chooses one of the organisation's words for the status that a ticket has; another status drops it.
    set_ticket_status_label(SetTicketStatusLabelInput) -> SetTicketStatusLabelPayload;
    /// Puts a ticket out of sight until an instant, or until the customer writes.
    snooze_ticket(SnoozeTicketInput) -> SnoozeTicketPayload;
    /// Gets a snoozed ticket back.
    wake_ticket(WakeTicketInput) -> WakeTicketPayload;
    /// Says for the customer that the resolution helped. Customers may do it for their own tickets.
    confirm_resolution(ConfirmResolutionInput) -> ConfirmResolutionPayload;
    /// Says for the customer that the resolution did not help, which reopens the ticket. Customers may do it for their own
    /// tickets.
    reject_resolution(RejectResolutionInput) -> RejectResolutionPayload;
    /// Merges a ticket into another: it takes nothing any more but `unmergeTicket`, and lists leave it out.
    merge_tickets(MergeTicketsInput) -> MergeTicketsPayload;
    /// Lets a merged ticket be by itself again, exactly as it was.
    unmerge_ticket(UnmergeTicketInput) -> UnmergeTicketPayload;
    /// Puts a closed ticket away: it takes nothing any more but `reopenTicket`, and lists leave it out.
    archive_ticket(ArchiveTicketInput) -> ArchiveTicketPayload;
    /// Lets a ticket's tracking link count no more.
    revoke_tracking_link(RevokeTrackingLinkInput) -> RevokeTrackingLinkPayload;
    ;
    /// Makes a new ticket of a part of another: of its messages from one on.
    async fn split_ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: input::SplitTicketInput,
    ) -> Result<payload::SplitTicketPayload> {
        let client_mutation_id = input.frame().client_mutation_id;
        let made = request(ctx, caller(ctx)?, input);
        let opened = made.as_ref().ok().map(|it| TicketId::opened_by(it.1.command_id));
        let reply = shown(ctx, told(ctx, made).await?);
        let new_ticket = match opened.filter(|_| reply.user_errors.is_empty()) {
            Some(id) => look_at(ctx, id, reply.stale).await?,
            None => None,
        };
        Ok(payload::SplitTicketPayload::new(reply, new_ticket, client_mutation_id))
    }

    /// Makes the link by which a ticket is followed without signing in; one before it counts no more.
    async fn issue_tracking_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: input::IssueTrackingLinkInput,
    ) -> Result<payload::IssueTrackingLinkPayload> {
        let client_mutation_id = input.frame().client_mutation_id;
        // The token follows from the command's id: the same request is told the same token.
        let draft = request(ctx, caller(ctx)?, input);
        let secrets = &parts(ctx)?.door.secrets;
        let token = match &draft {
            Ok((ticket, request)) => secrets.tracking(ticket.0, request.command_id).await,
            Err(_) => Ok(String::new()),
        };
        let token = token.map_err(|it| problem(ctx, internal(&it)))?;
        let made = draft.map(|(ticket, request)| (ticket, with_hash(request, hash_of(token.as_bytes()))));
        let reply = shown(ctx, told(ctx, made).await?);
        Ok(payload::IssueTrackingLinkPayload::new(reply, token, client_mutation_id))
    }
}

/// The request with what the log is to keep of the token.
fn with_hash(request: Request, hash: String) -> Request {
    let Command::Ticket(id, TicketCommand::Track(Track::Issue { expires_at, .. })) = request.command else {
        return request;
    };
    let issue = Track::Issue {
        token_hash: hash,
        expires_at,
    };
    Request {
        command: Command::Ticket(id, TicketCommand::Track(issue)),
        ..request
    }
}
